/**
 * A message window: the unbroken stretch of a line (the main one of a conversation, or a thread) that this client holds.
 * Pure functions.
 *
 * `to` and `rev` say what the window knows, not only what it shows: everything the reader may see up to seq `to`,
 * with every change up to rev `rev`. A conversation head beyond them is a gap that somebody must fetch.
 */
import type { ThreadCounts } from "@/api/realtime";
import type { Message, MessageThread } from "@/api/types";

export interface MessageWindow {
  /** Ascending by seq. */
  items: Message[];
  to: number;
  rev: number;
  /** No older message exists for this reader. */
  reachedStart: boolean;
  /** The list position of items[0]; falls as older messages are put in front, so that positions stay true. */
  firstIndex: number;
}

const middle = 1_000_000_000;

const highestRev = (items: Message[]): number => items.reduce((rev, item) => Math.max(rev, item.rev), 0);

/**
 * @param rev a conversation head_rev seen before the items were read: changes up to it are in the items.
 * @param to the seq through which the items are complete.
 */
export function windowFrom(
  items: Message[],
  known: { to: number; rev: number; reachedStart: boolean },
): MessageWindow {
  return { items, to: known.to, rev: known.rev, reachedStart: known.reachedStart, firstIndex: middle };
}

/** Puts older messages in front. `reachedStart` when the page came back short. */
export function withOlder(window: MessageWindow, older: Message[], reachedStart: boolean): MessageWindow {
  const first = window.items[0]?.seq ?? Number.POSITIVE_INFINITY;
  const fresh = older.filter((message) => message.seq < first);
  return {
    ...window,
    items: fresh.length > 0 ? [...fresh, ...window.items] : window.items,
    firstIndex: window.firstIndex - fresh.length,
    reachedStart: window.reachedStart || reachedStart,
  };
}

/** Adds messages read after `window.to`; `to` is the seq through which they are complete. */
export function withNewer(window: MessageWindow, newer: Message[], to: number): MessageWindow {
  const fresh = newer.filter((message) => message.seq > window.to);
  return {
    ...window,
    items: fresh.length > 0 ? [...window.items, ...fresh] : window.items,
    to: Math.max(window.to, to, fresh.at(-1)?.seq ?? 0),
  };
}

/**
 * A message that was just made. Taken only when it is the very next one: anything further is a gap to fetch. What
 * belongs to another line is known and not shown.
 */
export function withCreated(window: MessageWindow, message: Message, belongs = true): MessageWindow {
  if (message.seq > window.to + 1) return window;
  if (message.seq === window.to + 1) {
    return { ...window, items: belongs ? [...window.items, message] : window.items, to: message.seq };
  }
  return withReplaced(window, message);
}

const peopleShown = 3;

/** The thread after a reply; `counts` when the server has told them, else the reply is counted here, once. */
function threadAfter(
  held: MessageThread | null,
  reply: Message,
  counts?: ThreadCounts | null,
): MessageThread | null {
  const people = held?.people ?? [];
  const { sender } = reply;
  const isNew =
    sender && people.length < peopleShown && !people.some(({ userid }) => userid === sender.userid);
  const named = isNew ? [...people, sender] : people;
  if (counts && counts.last_seq >= (held?.last_seq ?? 0)) {
    return { replies: counts.replies, last_seq: counts.last_seq, last_at: counts.last_at, people: named };
  }
  if (counts || reply.seq <= (held?.last_seq ?? 0)) return held;
  return { replies: (held?.replies ?? 0) + 1, last_seq: reply.seq, last_at: reply.sent_at, people: named };
}

/** A reply, seen from the message whose thread it stands in. */
export function withReply(
  window: MessageWindow,
  reply: Message,
  counts?: ThreadCounts | null,
): MessageWindow {
  const index = reply.thread_seq ? indexOfSeq(window.items, reply.thread_seq) : -1;
  const root = window.items[index];
  if (!root) return window;
  const thread = threadAfter(root.thread, reply, counts);
  if (thread === root.thread) return window;
  const items = window.items.slice();
  items[index] = { ...root, thread };
  return { ...window, items };
}

/** Takes the newer state of messages the window holds; older news than what it holds is ignored. */
export function withReplaced(window: MessageWindow, ...messages: Message[]): MessageWindow {
  let items = window.items;
  for (const message of messages) {
    const index = indexOfSeq(items, message.seq);
    const held = items[index];
    if (!held || message.rev < held.rev) continue;
    if (items === window.items) items = items.slice();
    items[index] = joined(held, message);
  }
  return items === window.items ? window : { ...window, items };
}

/** News of a message joined with what stays true: counts of readers it does not carry, a thread that has gone on. */
function joined(held: Message, told: Message): Message {
  const receipts = told.receipts ?? held.receipts;
  const thread = (told.thread?.last_seq ?? 0) < (held.thread?.last_seq ?? 0) ? held.thread : told.thread;
  return receipts === told.receipts && thread === told.thread ? told : { ...told, receipts, thread };
}

/**
 * What a live event says of a message, joined with what only this reader knows: events speak to everybody alike, so
 * `mine` of their reactions says nothing.
 */
function withOwnReactions(held: Message | undefined, told: Message): Message {
  const own = new Set(held?.reactions.filter((reaction) => reaction.mine).map(({ emoji }) => emoji));
  if (own.size === 0) return told;
  const reactions = told.reactions.map((r) => (own.has(r.emoji) ? { ...r, mine: true } : r));
  return { ...told, reactions };
}

/**
 * One announced change; `personal` when it was told to who did it. The window's rev advances only when no change before
 * it can be missing.
 */
export function withChanged(window: MessageWindow, message: Message, personal = false): MessageWindow {
  const held = window.items[indexOfSeq(window.items, message.seq)];
  const next = withReplaced(window, personal ? message : withOwnReactions(held, message));
  return message.rev === window.rev + 1 ? { ...next, rev: message.rev } : next;
}

/** All changes after `window.rev` up to `rev`. */
export function withChanges(window: MessageWindow, messages: Message[], rev: number): MessageWindow {
  return { ...withReplaced(window, ...messages), rev: Math.max(window.rev, rev, highestRev(messages)) };
}

export function withReceipts(
  window: MessageWindow,
  counts: { seq: number; read: number; total: number }[],
): MessageWindow {
  let items = window.items;
  for (const { seq, read, total } of counts) {
    const index = indexOfSeq(items, seq);
    const held = items[index];
    // Counts of one message only grow; a late frame must not take readers away.
    if (!held || (held.receipts && held.receipts.total === total && held.receipts.read >= read)) continue;
    if (items === window.items) items = items.slice();
    items[index] = { ...held, receipts: { read, total } };
  }
  return items === window.items ? window : { ...window, items };
}

/** The index of a seq, or -1. Seqs ascend, with holes where the reader was not a member. */
export function indexOfSeq(items: readonly Message[], seq: number): number {
  let low = 0;
  let high = items.length - 1;
  while (low <= high) {
    const mid = (low + high) >> 1;
    const found = items[mid]?.seq ?? 0;
    if (found === seq) return mid;
    if (found < seq) low = mid + 1;
    else high = mid - 1;
  }
  return -1;
}

/** The index of the first message with a seq above the given one; items.length when there is none. */
export function firstAfter(items: readonly Message[], seq: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if ((items[mid]?.seq ?? 0) <= seq) low = mid + 1;
    else high = mid;
  }
  return low;
}
