import { ConfigProvider, theme } from "antd";
import { type ReactNode, useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { configureClient } from "@/api/client";
import { currentLanguage, type Language } from "@/shared/i18n";
import { antdLocale } from "@/shared/i18n/antd";
import { prefersReducedMotion, useThemeMode } from "@/shared/preferences";
import { antdTokens, applyTheme } from "@/shared/theme";

/** Theme and language reach the document, Ant Design and the requests from here. */
export function LookProvider({ children }: { children: ReactNode }) {
  const mode = useThemeMode();
  const { i18n } = useTranslation();
  const locale = antdLocale(i18n.language as Language);
  const simplified = i18n.language === "zh-CN";
  useEffect(() => {
    applyTheme(mode, simplified);
    configureClient({ language: currentLanguage() });
  }, [mode, simplified]);
  const config = useMemo(() => {
    const tokens = antdTokens(mode, simplified);
    return {
      ...tokens,
      token: { ...tokens.token, motion: !prefersReducedMotion() },
      algorithm: mode === "dark" ? theme.darkAlgorithm : theme.defaultAlgorithm,
    };
  }, [mode, simplified]);
  return (
    <ConfigProvider
      theme={config}
      locale={locale}
      button={{ autoInsertSpace: false }}
      // What opens from inside a modal must open in it: the platform's dialog lies above everything else.
      getPopupContainer={(trigger) => trigger?.closest("dialog") ?? document.body}
    >
      {children}
    </ConfigProvider>
  );
}
