import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { chooseLanguage, languageNames, languages } from "@/shared/i18n";
import styles from "./session.module.css";

/** The quiet card in which people arrive. */
export function Frame({ children }: { children: ReactNode }) {
  const { t, i18n } = useTranslation();
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <div className={styles.brand}>
          <img src="/w/favicon.svg" alt="" />
          <span>{t("product")}</span>
        </div>
        {children}
      </div>
      <div className={styles.languages}>
        {languages.map((language) => (
          <button
            key={language}
            type="button"
            lang={language}
            aria-pressed={i18n.language === language}
            onClick={() => void chooseLanguage(language)}
          >
            {languageNames[language]}
          </button>
        ))}
      </div>
    </main>
  );
}
