import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const server = process.env.PEGBOARD_DEV_SERVER ?? "http://127.0.0.1:8700";

/** What the chat screen may weigh on its first load, compressed. */
const budgetKib = 350;
const chatChunks = ["index", "Shell", "MessagesPage", "zh-TW", "zh_TW"];

/** Fails the build when the chat screen has grown over its budget. */
function firstLoadBudget(): Plugin {
  return {
    name: "first-load-budget",
    apply: "build",
    generateBundle(_options, bundle) {
      const loaded = new Set<string>();
      const visit = (fileName: string) => {
        const chunk = bundle[fileName];
        if (loaded.has(fileName) || chunk?.type !== "chunk") return;
        loaded.add(fileName);
        for (const imported of chunk.imports) visit(imported);
      };
      for (const chunk of Object.values(bundle)) {
        if (chunk.type === "chunk" && (chunk.isEntry || chatChunks.includes(chunk.name)))
          visit(chunk.fileName);
      }
      let bytes = 0;
      for (const file of Object.values(bundle)) {
        if (file.type === "chunk" && loaded.has(file.fileName)) bytes += gzipSync(file.code).length;
        // All styles together are small; counting them all keeps this simple and on the safe side.
        if (file.type === "asset" && file.fileName.endsWith(".css")) bytes += gzipSync(file.source).length;
      }
      const kib = bytes / 1024;
      const text = `first load of the chat screen: ${kib.toFixed(0)} of ${budgetKib} KiB (gzip)`;
      if (kib > budgetKib)
        this.error(`${text}. Import later (React.lazy, a route's lazy) what it does not need.`);
      this.info(text);
    },
  };
}

/** Compresses once, as well as can be, what the server would else send as it is. After writing: only then it is final. */
function precompressed(): Plugin {
  return {
    name: "precompressed",
    apply: "build",
    writeBundle({ dir = "" }, bundle) {
      for (const fileName of Object.keys(bundle)) {
        if (!/\.(js|css)$/.test(fileName)) continue;
        const path = join(dir, fileName);
        const source = readFileSync(path);
        if (source.length < 1024) continue;
        writeFileSync(`${path}.gz`, gzipSync(source, { level: 9 }));
        writeFileSync(`${path}.br`, brotliCompressSync(source));
      }
    },
  };
}

export default defineConfig({
  base: "/w/",
  plugins: [react(), firstLoadBudget(), precompressed()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../src/pegboard/app/web_dist",
    emptyOutDir: true,
    target: "es2022",
    // Inlined assets would be data: addresses, which the content security policy does not need to allow.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: {
    port: 5173,
    proxy: { "/api": { target: server, ws: true, changeOrigin: false } },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}", "tests/**/*.test.{ts,tsx}"],
    setupFiles: ["tests/setup.ts"],
    css: { modules: { classNameStrategy: "non-scoped" } },
    testTimeout: 20_000,
    restoreMocks: true,
  },
});
