/** What a message is to this reader, in the words of the server's badge rule. */
import type { Conversation, Message, NoticeKind } from "@/api/types";

type Place = Pick<Conversation, "kind">;

/** The first that fits, in the order that the server's rule names them. */
export function kindOf(message: Message, conversation: Place, myUserid: string): NoticeKind {
  if (message.sender === null) return "system";
  if (message.mentions.includes(myUserid)) return "mention";
  if (message.reply_to?.sender?.userid === myUserid) return "reply";
  if (message.mentions.includes("all")) return "mention_all";
  if (conversation.kind === "direct") return "direct";
  return isThreadOnly(message) ? "thread_reply" : "group";
}

const calls: ReadonlySet<NoticeKind> = new Set(["mention", "reply", "mention_all"]);

/** Whether it speaks to this reader, by name or as one of all. */
export function callsMe(kind: NoticeKind): boolean {
  return calls.has(kind);
}

/** Whether it stands in its thread and not in the main line. */
export function isThreadOnly(message: Pick<Message, "thread_seq" | "also_in_main">): boolean {
  return message.thread_seq !== null && !message.also_in_main;
}

/** Whether it adds to what is unread: others' words, in a thread only those that call me. */
export function countsAsUnread(message: Message, kind: NoticeKind, myUserid: string): boolean {
  if (kind === "system" || message.sender?.userid === myUserid) return false;
  return !isThreadOnly(message) || callsMe(kind);
}
