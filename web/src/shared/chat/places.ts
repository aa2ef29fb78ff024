/** Where a message stands, as an address: in the main line, or in the panel of its thread. */
import type { Message } from "@/api/types";
import { isThreadOnly } from "./notices";

type Placed = Pick<Message, "seq" | "thread_seq" | "also_in_main">;

export function threadAddress(conversationId: string, root: number, at: number | null = null): string {
  const reply = at === null || at === root ? "" : `&reply=${at}`;
  return `/messages/${conversationId}?at=${root}&panel=thread&seq=${root}${reply}`;
}

export function messageAddress(conversationId: string, message: Placed): string {
  if (message.thread_seq !== null && isThreadOnly(message)) {
    return threadAddress(conversationId, message.thread_seq, message.seq);
  }
  return `/messages/${conversationId}?at=${message.seq}`;
}
