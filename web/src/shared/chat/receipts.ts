import type { Conversation, Me, Message, Receipts } from "@/api/types";

/** Whether read lists are shown here at all: the organisation's policy, then the group's rule. */
export function showsReadLists(conversation: Conversation, org: Me["org"]): boolean {
  if (!conversation.rules.read_lists || org?.settings.read_lists === "off") return false;
  const limit = org?.settings.read_lists_up_to ?? null;
  return limit === null || conversation.member_count <= limit;
}

/** The counts of a message of mine before the server has told any: nobody of the others. */
export function firstReceipts(conversation: Conversation, org: Me["org"]): Receipts | null {
  return showsReadLists(conversation, org) ? { read: 0, total: conversation.member_count - 1 } : null;
}

/** Live events carry no receipts; a new message of mine begins with nobody. */
export function withFirstReceipts(
  message: Message,
  conversation: Conversation,
  me: { userid: string; org: Me["org"] },
): Message {
  if (message.receipts || message.sender?.userid !== me.userid) return message;
  return { ...message, receipts: firstReceipts(conversation, me.org) };
}
