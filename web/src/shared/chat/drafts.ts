/** Drafts: on this device as one types, on the server when one leaves the conversation. */
import type { Me } from "@/api/types";
import { recall, remember } from "../preferences";

const prefix = "pegboard.draft.";

/** A person's own key: whoever uses this browser next must not find another's words. */
export function draftKey(me: Me, conversationId: string): string {
  return `${prefix}${me.org?.org_id}.${me.member?.userid}.${conversationId}`;
}

export function localDraft(key: string): string | null {
  return recall(key);
}

export function keepDraft(key: string, text: string): void {
  remember(key, text || null);
}
