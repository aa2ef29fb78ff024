import type { Conversation } from "@/api/types";

type SilenceReason = "composer.dissolved" | "composer.muteAll" | "composer.adminsOnly" | "composer.peerLeft";

/** Why this person cannot write here, or null. Where all hands meet, few speak, and everybody may reply in threads. */
export function silence(conversation: Conversation, inThread = false): SilenceReason | null {
  const { kind, rules, my_role, peer, dissolved_at } = conversation;
  if (dissolved_at) return "composer.dissolved";
  if (kind === "direct") return peer?.state === "left" ? "composer.peerLeft" : null;
  if (my_role !== "member") return null;
  if (rules.mute_all) return "composer.muteAll";
  return rules.speak === "admins" && !(inThread && kind === "all") ? "composer.adminsOnly" : null;
}
