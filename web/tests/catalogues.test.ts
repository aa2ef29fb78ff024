import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import en from "@/shared/i18n/en.json";
import zhCN from "@/shared/i18n/zh-CN.json";
import zhTW from "@/shared/i18n/zh-TW.json";

type Tree = { [key: string]: string | Tree };

function entries(tree: Tree, before = ""): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string"
      ? [[`${before}${key}`, value] as [string, string]]
      : entries(value, `${before}${key}.`),
  );
}

/** English has a form for one and a form for many; Chinese has one for all. */
const base = (key: string) => key.replace(/_(one|other)$/, "");

function catalogue(tree: object): Map<string, string[]> {
  const texts = new Map<string, string[]>();
  for (const [key, text] of entries(tree as Tree))
    texts.set(base(key), [...(texts.get(base(key)) ?? []), text]);
  return texts;
}

const catalogues = { "zh-TW": catalogue(zhTW), "zh-CN": catalogue(zhCN), en: catalogue(en) };

function sourceText(folder: string): string {
  return readdirSync(folder, { withFileTypes: true })
    .map((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sourceText(path);
      return /\.tsx?$/.test(entry.name) && !/\.test\./.test(entry.name) ? readFileSync(path, "utf8") : "";
    })
    .join("\n");
}

const source = sourceText(join(__dirname, "..", "src"));
const quoted = new Set([...source.matchAll(/"([a-zA-Z]+(?:\.[a-zA-Z]+)*)"/g)].map((match) => match[1] ?? ""));
const asked = [...source.matchAll(/\bt\(\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
const placeholders = (text: string) => [...text.matchAll(/{{(\w+)}}/g)].map((match) => match[1]).sort();

describe.each(Object.entries(catalogues))("%s", (_language, texts) => {
  it("has every key that another language has", () => {
    const all = new Set(Object.values(catalogues).flatMap((other) => [...other.keys()]));
    expect([...all].filter((key) => !texts.has(key))).toEqual([]);
  });

  it("has every key that the code asks for", () => {
    expect(asked.filter((key) => !texts.has(key))).toEqual([]);
  });

  it("has no key that the code never names", () => {
    expect([...texts.keys()].filter((key) => !quoted.has(key))).toEqual([]);
  });

  it("has no empty text", () => {
    expect([...texts].filter(([, forms]) => forms.some((form) => !form.trim())).map(([key]) => key)).toEqual(
      [],
    );
  });

  it("speaks of the same things as zh-TW", () => {
    const different = [...texts].filter(([key, forms]) => {
      const reference = placeholders(catalogues["zh-TW"].get(key)?.[0] ?? "");
      return forms.some((form) => JSON.stringify(placeholders(form)) !== JSON.stringify(reference));
    });
    expect(different.map(([key]) => key)).toEqual([]);
  });
});
