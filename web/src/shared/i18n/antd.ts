/** Ant Design's own few words, fetched together with our catalogue so that both speak from the first picture on. */
import type { ConfigProviderProps } from "antd";
import type { Language } from "./index";

export type AntdLocale = NonNullable<ConfigProviderProps["locale"]>;

const loaders: Record<Language, () => Promise<{ default: AntdLocale }>> = {
  "zh-TW": () => import("antd/locale/zh_TW"),
  "zh-CN": () => import("antd/locale/zh_CN"),
  en: () => import("antd/locale/en_US"),
};

const loaded = new Map<Language, AntdLocale>();

export async function loadAntdLocale(language: Language): Promise<void> {
  if (!loaded.has(language)) loaded.set(language, (await loaders[language]()).default);
}

/** The locale of a language that was loaded before. */
export function antdLocale(language: Language): AntdLocale | undefined {
  return loaded.get(language);
}
