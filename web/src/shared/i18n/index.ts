import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { recall, remember } from "../preferences";
import { loadAntdLocale } from "./antd";

export const languages = ["zh-TW", "zh-CN", "en"] as const;
export type Language = (typeof languages)[number];

/** How each language calls itself; the same in every catalogue, so not a text of any. */
export const languageNames: Record<Language, string> = {
  "zh-TW": "繁體中文",
  "zh-CN": "简体中文",
  en: "English",
};

const storageKey = "pegboard.language";

/** A browser's language tag to one of ours. Traditional script or region means zh-TW, any other Chinese zh-CN. */
export function matchLanguage(tags: readonly string[]): Language {
  for (const tag of tags) {
    const lower = tag.toLowerCase();
    if (lower.startsWith("zh")) {
      const simplified = /hans/.test(lower) || (/^zh(-(cn|sg|my))?$/.test(lower) && !/hant/.test(lower));
      return simplified ? "zh-CN" : "zh-TW";
    }
    if (lower.startsWith("en")) return "en";
  }
  return "zh-TW";
}

export function initialLanguage(): Language {
  const stored = recall(storageKey);
  const known = languages.find((language) => language === stored);
  return known ?? matchLanguage(navigator.languages ?? [navigator.language]);
}

const catalogues: Record<Language, () => Promise<{ default: object }>> = {
  "zh-TW": () => import("./zh-TW.json"),
  "zh-CN": () => import("./zh-CN.json"),
  en: () => import("./en.json"),
};

const documentLanguages: Record<Language, string> = {
  "zh-TW": "zh-Hant-TW",
  "zh-CN": "zh-Hans-CN",
  en: "en",
};

export async function changeLanguage(language: Language): Promise<void> {
  const foreign = loadAntdLocale(language);
  if (!i18next.hasResourceBundle(language, "translation")) {
    const catalogue = await catalogues[language]();
    i18next.addResourceBundle(language, "translation", catalogue.default);
  }
  await foreign;
  await i18next.changeLanguage(language);
  document.documentElement.lang = documentLanguages[language];
}

/** Called when the person chooses; only then is the choice kept on this device. */
export async function chooseLanguage(language: Language): Promise<void> {
  remember(storageKey, language);
  await changeLanguage(language);
}

export async function startI18n(language: Language = initialLanguage()): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: {},
    interpolation: { escapeValue: false },
    returnNull: false,
    showSupportNotice: false,
  });
  await changeLanguage(language);
}

export function currentLanguage(): Language {
  return (i18next.language as Language | undefined) ?? "zh-TW";
}
