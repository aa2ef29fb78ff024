/** What this device remembers about its person's wishes: theme and language. */
import { useSyncExternalStore } from "react";
import type { ThemeMode } from "./theme";

export type ThemeChoice = ThemeMode | "system";

const themeKey = "pegboard.theme";
const listeners = new Set<() => void>();

/** Storage may be refused (private windows, policies); then the wish lasts as long as the page. */
const memory = new Map<string, string>();

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return memory.get(key) ?? null;
  }
}

export function remember(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    if (value === null) memory.delete(key);
    else memory.set(key, value);
  }
}

/** Removes everything whose name begins so. */
export function forget(prefixes: string[]): void {
  const matches = (name: string) => prefixes.some((prefix) => name.startsWith(prefix));
  for (const name of [...memory.keys()].filter(matches)) memory.delete(name);
  try {
    for (const name of Object.keys(localStorage).filter(matches)) localStorage.removeItem(name);
  } catch {
    // Storage that may not be read holds nothing of ours either.
  }
}

export function themeChoice(): ThemeChoice {
  const stored = recall(themeKey);
  return stored === "light" || stored === "dark" ? stored : "system";
}

export function chooseTheme(choice: ThemeChoice): void {
  remember(themeKey, choice === "system" ? null : choice);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  const system = window.matchMedia?.("(prefers-color-scheme: dark)");
  listeners.add(listener);
  system?.addEventListener("change", listener);
  return () => {
    listeners.delete(listener);
    system?.removeEventListener("change", listener);
  };
}

export function currentThemeMode(): ThemeMode {
  const choice = themeChoice();
  if (choice !== "system") return choice;
  return window.matchMedia?.("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function useThemeMode(): ThemeMode {
  return useSyncExternalStore(subscribe, currentThemeMode);
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, themeChoice);
}

export function prefersReducedMotion(): boolean {
  return window.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false;
}
