import type { Folder } from "@/api/types";
import { useMe } from "@/shared/session/me";

/** The power over everybody's folders. */
export const foldersPower = "attention.folders.manage";

/** Whose name, rules and conversations I may change. */
export function useMayChange(): (folder: Folder) => boolean {
  const me = useMe();
  const manages = me.powers.includes(foldersPower);
  return (folder) => folder.scope === "personal" || manages;
}
