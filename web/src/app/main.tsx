import "@/shared/ui/global.css";
import { createRoot } from "react-dom/client";
import { configureClient } from "@/api/client";
import { currentLanguage, startI18n } from "@/shared/i18n";
import { currentThemeMode } from "@/shared/preferences";
import { rememberedOrganisation } from "@/shared/session/me";
import { applyTheme } from "@/shared/theme";
import { App } from "./App";
import { signedOut } from "./signedOut";

async function start(root: HTMLElement): Promise<void> {
  await startI18n();
  applyTheme(currentThemeMode(), currentLanguage() === "zh-CN");
  configureClient({
    orgId: rememberedOrganisation(),
    language: currentLanguage(),
    onSignedOut: signedOut,
  });
  createRoot(root).render(<App />);
}

const root = document.getElementById("root");
if (root) void start(root);
