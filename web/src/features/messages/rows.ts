/** What the list shows: messages, then what is still on its way; with the marks that stand between them. */
import type { Message } from "@/api/types";
import type { Outgoing } from "@/shared/chat/outbox";
import { sameDay } from "@/shared/time";

export type Row =
  | {
      type: "message";
      key: string;
      message: Message;
      day: boolean;
      unreadLine: boolean;
      joined: boolean;
      /** The message that the open thread hangs on. */
      root: boolean;
    }
  | { type: "outgoing"; key: string; outgoing: Outgoing; day: boolean; joined: boolean };

/** Messages of one person this close together share one head. */
const closeMs = 5 * 60_000;

interface Neighbour {
  sender: string | null;
  at: string;
}

function joins(before: Neighbour | null, sender: string | null, at: string): boolean {
  if (!before || sender === null || before.sender !== sender) return false;
  return Date.parse(at) - Date.parse(before.at) < closeMs && sameDay(before.at, at);
}

/**
 * @param unreadAfter the cursor as it was when the conversation was opened; the unread line stands before the first
 *   message of somebody else after it. Null for none.
 * @param root of the open thread, whose replies do not join it; null in the main line.
 */
export function makeRows(
  messages: readonly Message[],
  outgoing: readonly Outgoing[],
  myUserid: string,
  unreadAfter: number | null,
  root: number | null = null,
): Row[] {
  const rows: Row[] = [];
  let before: Neighbour | null = null;
  let lineDrawn = unreadAfter === null;
  for (const message of messages) {
    const sender = message.recalled_at ? null : (message.sender?.userid ?? null);
    const day = !before || !sameDay(before.at, message.sent_at);
    const foreign = message.sender !== null && message.sender.userid !== myUserid;
    const isRoot = message.seq === root;
    const unreadLine = !lineDrawn && foreign && !isRoot && message.seq > (unreadAfter ?? 0);
    if (unreadLine) lineDrawn = true;
    rows.push({
      type: "message",
      key: String(message.seq),
      message,
      day,
      unreadLine,
      joined: !unreadLine && joins(before, sender, message.sent_at),
      root: isRoot,
    });
    before = { sender: isRoot ? null : sender, at: message.sent_at };
  }
  for (const item of outgoing) {
    rows.push({
      type: "outgoing",
      key: item.client_id,
      outgoing: item,
      day: !before || !sameDay(before.at, item.written_at),
      joined: joins(before, myUserid, item.written_at),
    });
    before = { sender: myUserid, at: item.written_at };
  }
  return rows;
}
