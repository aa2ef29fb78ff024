/** Drafts: on this device as one types, on the server when one leaves the conversation. */
import { recall, remember } from "../preferences";

const key = (conversationId: string) => `pegboard.draft.${conversationId}`;

export function localDraft(conversationId: string): string | null {
  return recall(key(conversationId));
}

export function keepDraft(conversationId: string, text: string): void {
  remember(key(conversationId), text || null);
}
