import "@/shared/ui/global.css";
import { createRoot } from "react-dom/client";
import { configureClient } from "@/api/client";
import { currentLanguage, startI18n } from "@/shared/i18n";
import { currentThemeMode } from "@/shared/preferences";
import { rememberedOrganisation } from "@/shared/session/me";
import { applyTheme } from "@/shared/theme";
import { App } from "./App";
import { signedOut } from "./signedOut";

/** A page that outlived an installation asks for code that is gone; loading it anew, once, brings the new one. */
const reloadedKey = "pegboard.reloaded";
const reloadAgainAfterMs = 60_000;

window.addEventListener("vite:preloadError", (event) => {
  const last = Number(sessionStorage.getItem(reloadedKey));
  if (Date.now() - last < reloadAgainAfterMs) return;
  event.preventDefault();
  sessionStorage.setItem(reloadedKey, String(Date.now()));
  window.location.reload();
});

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
