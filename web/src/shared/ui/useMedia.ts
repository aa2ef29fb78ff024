import { useSyncExternalStore } from "react";
import { layout } from "../theme";

function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = window.matchMedia?.(query);
      media?.addEventListener("change", listener);
      return () => media?.removeEventListener("change", listener);
    },
    () => window.matchMedia?.(query).matches ?? false,
  );
}

export function useIsPhone(): boolean {
  return useMedia(`(max-width: ${layout.phoneMax}px)`);
}

/** A finger, not a mouse: Enter then writes a new line, as phone keyboards have no Shift+Enter. */
export function useIsTouch(): boolean {
  return useMedia("(hover: none) and (pointer: coarse)");
}
