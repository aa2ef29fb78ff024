import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(__dirname, "..", "src");

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.(ts|tsx)$/.test(entry.name) && !/\.(test|d)\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

interface Source {
  path: string;
  text: string;
  imports: string[];
}

/** Every import as a path from src/. */
const files: Source[] = sources(root).map((file) => {
  const path = relative(root, file).split(sep).join("/");
  const text = readFileSync(file, "utf8");
  const found = [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
  const imports = found
    .filter((name) => name.startsWith("@/") || name.startsWith("."))
    .map((name) => (name.startsWith("@/") ? name.slice(2) : join(path, "..", name).split(sep).join("/")));
  return { path, text, imports };
});

const feature = (path: string) => path.match(/^features\/([^/]+)\//)?.[1];

function breaches(forbidden: (file: Source, imported: string) => boolean): string[] {
  return files.flatMap((file) =>
    file.imports.filter((name) => forbidden(file, name)).map((name) => `${file.path} imports ${name}`),
  );
}

describe("the map of the client", () => {
  it("keeps features apart: what two need belongs in shared, what joins two belongs in app", () => {
    expect(
      breaches((file, name) => {
        const own = feature(file.path);
        const other = feature(`${name}/`);
        return own !== undefined && other !== undefined && own !== other;
      }),
    ).toEqual([]);
  });

  it("lets nobody but app know app, and shared know no feature", () => {
    expect(breaches((file, name) => name.startsWith("app/") && !file.path.startsWith("app/"))).toEqual([]);
    expect(breaches((file, name) => name.startsWith("features/") && file.path.startsWith("shared/"))).toEqual(
      [],
    );
  });

  it("keeps api at the bottom", () => {
    expect(breaches((file, name) => file.path.startsWith("api/") && !name.startsWith("api/"))).toEqual([]);
  });

  it("reads generated shapes in api/types.ts only, so that a new document is answered in one place", () => {
    expect(breaches((file, name) => name.endsWith("api/generated") && file.path !== "api/types.ts")).toEqual(
      [],
    );
  });

  it("gives every feature a component test", () => {
    const folder = join(root, "features");
    const untested = readdirSync(folder).filter(
      (name) =>
        !readdirSync(join(folder, name), { recursive: true }).some((f) => String(f).endsWith(".test.tsx")),
    );
    expect(untested).toEqual([]);
  });
});

describe("what the browser is never given", () => {
  it("no HTML from strings", () => {
    const unsafe = /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/;
    expect(files.filter(({ text }) => unsafe.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it("no address of another origin", () => {
    const foreign = files.filter(
      ({ path, text }) => path !== "api/generated.ts" && /["'`]https?:\/\/[a-z]/i.test(text),
    );
    expect(foreign.map(({ path }) => path)).toEqual([]);
  });
});
