/** Message windows in the query cache: opening, growing at both ends, and closing gaps. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { fetchChanges, fetchMessages, fetchThreadMessages } from "@/api/endpoints";
import type { ThreadCounts } from "@/api/realtime";
import type { Conversation, Message } from "@/api/types";
import { cachedAttention, ruleFor } from "../attention/attention";
import { getConversation, isMuted, patchConversation } from "./conversations";
import { callsMe, countsAsUnread, isThreadOnly, kindOf } from "./notices";
import { threadQuery } from "./threads";
import {
  firstAfter,
  indexOfSeq,
  type MessageWindow,
  windowFrom,
  withChanged,
  withChanges,
  withCreated,
  withNewer,
  withOlder,
  withReplaced,
  withReply,
} from "./window";

const pageSize = 60;
const changesPage = 200;

/** The main line of a conversation (`root` null), or the thread below one of its messages. */
export type Root = number | null;

export const windowKey = (conversationId: string, root: Root = null) =>
  root === null ? (["messages", conversationId] as const) : (["messages", conversationId, root] as const);

export function getWindow(client: QueryClient, id: string, root: Root = null): MessageWindow | undefined {
  return client.getQueryData<MessageWindow>(windowKey(id, root));
}

/** Changes the windows of a conversation that are held: its main line and its threads. */
export function patchWindows(
  client: QueryClient,
  id: string,
  change: (window: MessageWindow, root: Root) => MessageWindow,
): void {
  for (const { queryKey } of client.getQueryCache().findAll({ queryKey: windowKey(id) })) {
    const root = typeof queryKey[2] === "number" ? queryKey[2] : null;
    patchWindow(client, id, root, (window) => change(window, root));
  }
}

function patchWindow(
  client: QueryClient,
  id: string,
  root: Root,
  change: (window: MessageWindow) => MessageWindow,
): void {
  client.setQueryData<MessageWindow>(windowKey(id, root), (window) => (window ? change(window) : window));
}

function belongs(message: Message, root: Root): boolean {
  return root === null ? !isThreadOnly(message) : message.thread_seq === root;
}

/** A message that was just made, put wherever it stands; `counts`: how its thread stands with it. */
export function addCreated(
  client: QueryClient,
  id: string,
  message: Message,
  counts?: ThreadCounts | null,
): void {
  patchWindows(client, id, (window, root) =>
    withCreated(withReply(window, message, counts), message, belongs(message, root)),
  );
}

/** The newer state of messages, wherever they stand. */
export function replaceMessages(client: QueryClient, id: string, ...messages: Message[]): void {
  patchWindows(client, id, (window) => withReplaced(window, ...messages));
}

/** A change that was announced, `personal` to who made it. */
export function addChanged(client: QueryClient, id: string, message: Message, personal: boolean): void {
  patchWindows(client, id, (window) => withChanged(window, message, personal));
}

type Stretch = { after_seq?: number; before_seq?: number; limit: number };

function fetchLine(id: string, root: Root, stretch: Stretch, signal?: AbortSignal) {
  return root === null
    ? fetchMessages(id, { line: "main", ...stretch }, signal)
    : fetchThreadMessages(id, root, stretch, signal);
}

/** A thread's window begins with the message it hangs on, where the reader may see it. */
async function rootOf(client: QueryClient, id: string, root: Root): Promise<Message[]> {
  if (root === null) return [];
  // The panel has just asked the same.
  const thread = await client.fetchQuery({ ...threadQuery(client, id, root), staleTime: 5_000 });
  return thread.root ? [thread.root] : [];
}

/** The newest messages, or with `around` those on both sides of that seq. */
async function openWindow(
  client: QueryClient,
  id: string,
  root: Root,
  around: number | null,
  signal?: AbortSignal,
): Promise<MessageWindow> {
  // Before the reading, so that a change made during it is seen as a gap and not lost.
  const before = getConversation(client, id);
  const head = before?.head_seq ?? 0;
  const rev = before?.head_rev ?? 0;
  if (around !== null && around < head - pageSize) {
    const half = pageSize / 2;
    const page = await fetchLine(
      id,
      root,
      { after_seq: Math.max(0, around - half), limit: pageSize },
      signal,
    );
    const to = page.items.length < pageSize ? head : (page.items.at(-1)?.seq ?? head);
    const reachedStart = root === null && around - half <= 0;
    return windowFrom(page.items, { to, rev, reachedStart });
  }
  const limit = around === null ? pageSize : Math.min(200, Math.max(pageSize, head - around + pageSize / 2));
  const page = await fetchLine(id, root, { before_seq: head + 1, limit }, signal);
  const reachedStart = page.items.length < limit;
  const first = reachedStart ? await rootOf(client, id, root) : [];
  return windowFrom([...first, ...page.items], { to: head, rev, reachedStart });
}

const gapPage = 200;

/**
 * Reads what lies between the window and the head by seq, page by page, at most `pages` of them. In the main line the
 * replies are read too: they move the threads of the messages that are held.
 */
export async function closeSeqGap(
  client: QueryClient,
  id: string,
  pages: number,
  root: Root = null,
): Promise<void> {
  for (let page = 0; page < pages; page += 1) {
    const window = getWindow(client, id, root);
    const head = getConversation(client, id)?.head_seq ?? 0;
    if (!window || window.to >= head) return;
    const stretch = { after_seq: window.to, limit: gapPage };
    const { items } = await (root === null
      ? fetchMessages(id, stretch)
      : fetchThreadMessages(id, root, stretch));
    const to = items.length < gapPage ? head : (items.at(-1)?.seq ?? head);
    patchWindow(client, id, root, (held) => {
      const told = items.reduce((known, message) => withReply(known, message), held);
      const shown = items.filter((message) => belongs(message, root));
      return items.reduce((known, message) => withReply(known, message), withNewer(told, shown, to));
    });
  }
}

/** Reads every change the window has not seen, by rev. */
export async function closeRevGap(client: QueryClient, id: string, root: Root = null): Promise<void> {
  for (;;) {
    const window = getWindow(client, id, root);
    const head = getConversation(client, id)?.head_rev ?? 0;
    if (!window || window.rev >= head) return;
    const answer = await fetchChanges(id, { after_rev: window.rev, limit: changesPage });
    const full = answer.items.length >= changesPage;
    const rev = full ? (answer.items.at(-1)?.rev ?? head) : head;
    patchWindow(client, id, root, (held) => withChanges(held, answer.items, rev));
  }
}

/** Receipts are not part of a rev: after an absence the counts of the newest own messages are read again. */
export async function refreshReceipts(
  client: QueryClient,
  id: string,
  root: Root,
  myUserid: string,
): Promise<void> {
  const window = getWindow(client, id, root);
  const newest = window?.items.slice(-pageSize) ?? [];
  const waiting = newest.filter(
    (message) =>
      message.sender?.userid === myUserid &&
      message.receipts &&
      message.receipts.read < message.receipts.total,
  );
  const first = waiting[0];
  if (!first) return;
  const answer = await fetchLine(id, root, { after_seq: first.seq - 1, limit: pageSize });
  replaceMessages(client, id, ...answer.items);
}

export interface OpenWindow {
  window: MessageWindow | undefined;
  error: Error | null;
  retry: () => void;
  atHead: boolean;
  loadingOlder: boolean;
  loadOlder: () => void;
  loadNewer: () => void;
  /** Makes sure the seq is in the window, opening another stretch when needed. */
  showSeq: (seq: number) => Promise<void>;
  showLatest: () => Promise<void>;
}

/**
 * The window of an open conversation. It heals itself: whenever the conversation's head is beyond what the window
 * knows, the difference is fetched, and nothing else.
 * @param root the message whose thread is open; null for the main line.
 * @param anchor the seq to open at (an address with `at`, or the first unread); null for the newest.
 */
export function useMessageWindow(conversation: Conversation, root: Root, anchor: number | null): OpenWindow {
  const client = useQueryClient();
  const { id, head_seq, head_rev } = conversation;
  const query = useQuery({
    queryKey: windowKey(id, root),
    queryFn: ({ signal }) => openWindow(client, id, root, anchor, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 10 * 60_000,
    structuralSharing: false,
  });
  const window = query.data;
  const [loadingOlder, setLoadingOlder] = useState(false);
  const busy = useRef({ older: false, newer: false, healing: false });

  // Only a window that was at the head follows it; one opened further up grows when the reader scrolls.
  const behind = window !== undefined && window.to < head_seq;
  const following = useRef(true);
  const changesMissing = window !== undefined && window.rev < head_rev;
  const nearHead = window !== undefined && (root !== null || head_seq - window.to <= 200);
  useEffect(() => {
    if (busy.current.healing) return;
    const wantsNewer = behind && following.current && nearHead;
    if (!wantsNewer && !changesMissing) return;
    busy.current.healing = true;
    const heal = async () => {
      if (changesMissing) await closeRevGap(client, id, root);
      if (wantsNewer) await closeSeqGap(client, id, 5, root);
    };
    heal()
      .catch(() => {
        // Offline or refused: the next head, or reconnecting, starts it again.
      })
      .finally(() => {
        busy.current.healing = false;
      });
  }, [client, id, root, behind, nearHead, changesMissing]);

  const loadOlder = useCallback(() => {
    const held = getWindow(client, id, root);
    const first = held?.items[0];
    if (!held || held.reachedStart || !first || busy.current.older) return;
    busy.current.older = true;
    setLoadingOlder(true);
    fetchLine(id, root, { before_seq: first.seq, limit: pageSize })
      .then(async (page) => {
        const reachedStart = page.items.length < pageSize;
        const before = reachedStart ? await rootOf(client, id, root) : [];
        patchWindow(client, id, root, (now) => withOlder(now, [...before, ...page.items], reachedStart));
      })
      .catch(() => {})
      .finally(() => {
        busy.current.older = false;
        setLoadingOlder(false);
      });
  }, [client, id, root]);

  const loadNewer = useCallback(() => {
    if (busy.current.newer) return;
    busy.current.newer = true;
    const shown = () => getWindow(client, id, root)?.items.length;
    const before = shown();
    const more = async () => {
      // A page may be replies only, of which the main line shows nothing.
      for (let page = 0; page < 10 && shown() === before; page += 1) await closeSeqGap(client, id, 1, root);
    };
    more()
      .catch(() => {})
      .finally(() => {
        busy.current.newer = false;
      });
  }, [client, id, root]);

  const showSeq = useCallback(
    async (seq: number) => {
      const held = getWindow(client, id, root);
      const first = held?.items[0];
      if (held && first && seq <= held.to && (seq >= first.seq || held.reachedStart)) return;
      following.current = false;
      const opened = await openWindow(client, id, root, seq);
      client.setQueryData(windowKey(id, root), opened);
    },
    [client, id, root],
  );

  const showLatest = useCallback(async () => {
    following.current = true;
    const held = getWindow(client, id, root);
    const head = getConversation(client, id)?.head_seq ?? 0;
    if (held && held.to >= head) return;
    if (held && head - held.to <= 200) return closeSeqGap(client, id, 2, root);
    client.setQueryData(windowKey(id, root), await openWindow(client, id, root, null));
  }, [client, id, root]);

  const atHead = window !== undefined && window.to >= head_seq;
  if (atHead) following.current = true;
  return {
    window,
    error: query.error,
    retry: () => void query.refetch(),
    atHead,
    loadingOlder,
    loadOlder,
    loadNewer,
    showSeq,
    showLatest,
  };
}

/**
 * The new cursor after reading the main line up to `seq`, shown before the server has confirmed it. What calls me in
 * threads stays new until it was read there.
 */
export function noteRead(client: QueryClient, id: string, seq: number, myUserid: string): void {
  const window = getWindow(client, id);
  const attention = cachedAttention(client);
  patchConversation(client, id, (held) => {
    if (seq <= held.mine.read_seq) return held;
    const mine = { ...held.mine, read_seq: seq, marked_unread: false };
    const atEnd = window ? isAtEnd(window, held, seq) : seq >= held.head_seq;
    if (atEnd && (!window || mine.mentions === 0)) {
      return { ...held, mine: { ...mine, unread: 0, mentions: 0, mentioned: false, badge: 0 } };
    }
    const passed = window
      ? window.items.slice(firstAfter(window.items, held.mine.read_seq), firstAfter(window.items, seq))
      : [];
    const kinds = passed
      .map((message) => ({ message, kind: kindOf(message, held, myUserid) }))
      .filter(({ message, kind }) => countsAsUnread(message, kind, myUserid))
      .map(({ kind }) => kind);
    const numbered = kinds.filter((kind) => ruleFor(attention, kind, isMuted(held))?.number);
    const mentions = Math.max(0, mine.mentions - kinds.filter(callsMe).length);
    const badge = Math.max(0, mine.badge - numbered.length);
    return {
      ...held,
      mine: {
        ...mine,
        unread: atEnd ? mentions : Math.max(0, mine.unread - kinds.length),
        mentions,
        mentioned: mentions > 0,
        badge: atEnd ? Math.min(badge, mentions) : badge,
      },
    };
  });
}

/** Whether nothing of the main line comes after `seq`. */
function isAtEnd(window: MessageWindow, conversation: Conversation, seq: number): boolean {
  return window.to >= conversation.head_seq && seq >= (window.items.at(-1)?.seq ?? 0);
}

/** A message of the main line or of a thread, whichever is held. */
export function findHeld(client: QueryClient, id: string, seq: number): Message | undefined {
  for (const [, window] of client.getQueriesData<MessageWindow>({ queryKey: windowKey(id) })) {
    const found = findMessage(window, seq);
    if (found) return found;
  }
  return undefined;
}

export function findMessage(window: MessageWindow | undefined, seq: number): Message | undefined {
  return window?.items[indexOfSeq(window.items, seq)];
}
