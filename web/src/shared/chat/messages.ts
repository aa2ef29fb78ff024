/** Message windows in the query cache: opening, growing at both ends, and closing gaps. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { fetchChanges, fetchMessages } from "@/api/endpoints";
import type { Conversation, Message } from "@/api/types";
import { getConversation, patchConversation } from "./conversations";
import {
  firstAfter,
  indexOfSeq,
  type MessageWindow,
  windowFrom,
  withChanges,
  withNewer,
  withOlder,
  withReplaced,
} from "./window";

const pageSize = 60;
const changesPage = 200;

export const windowKey = (conversationId: string) => ["messages", conversationId] as const;

export function getWindow(client: QueryClient, id: string): MessageWindow | undefined {
  return client.getQueryData<MessageWindow>(windowKey(id));
}

export function patchWindow(
  client: QueryClient,
  id: string,
  change: (window: MessageWindow) => MessageWindow,
): void {
  client.setQueryData<MessageWindow>(windowKey(id), (window) => (window ? change(window) : window));
}

/** The newest messages, or with `around` those on both sides of that seq. */
async function openWindow(
  client: QueryClient,
  id: string,
  around: number | null,
  signal?: AbortSignal,
): Promise<MessageWindow> {
  // Before the reading, so that a change made during it is seen as a gap and not lost.
  const before = getConversation(client, id);
  const head = before?.head_seq ?? 0;
  const rev = before?.head_rev ?? 0;
  if (around !== null && around < head - pageSize) {
    const half = pageSize / 2;
    const page = await fetchMessages(id, { after_seq: Math.max(0, around - half), limit: pageSize }, signal);
    const to = page.items.at(-1)?.seq ?? head;
    return windowFrom(page.items, { to, rev, reachedStart: around - half <= 0 });
  }
  const limit = around === null ? pageSize : Math.min(200, Math.max(pageSize, head - around + pageSize / 2));
  const page = await fetchMessages(id, { before_seq: head + 1, limit }, signal);
  return windowFrom(page.items, { to: head, rev, reachedStart: page.items.length < limit });
}

/** Reads what lies between the window and the head by seq, page by page, at most `pages` of them. */
export async function closeSeqGap(client: QueryClient, id: string, pages: number): Promise<void> {
  for (let page = 0; page < pages; page += 1) {
    const window = getWindow(client, id);
    const head = getConversation(client, id)?.head_seq ?? 0;
    if (!window || window.to >= head) return;
    const answer = await fetchMessages(id, { after_seq: window.to, limit: 200 });
    const full = answer.items.length >= 200;
    const to = full ? (answer.items.at(-1)?.seq ?? head) : head;
    patchWindow(client, id, (held) => withNewer(held, answer.items, to));
  }
}

/** Reads every change the window has not seen, by rev. */
export async function closeRevGap(client: QueryClient, id: string): Promise<void> {
  for (;;) {
    const window = getWindow(client, id);
    const head = getConversation(client, id)?.head_rev ?? 0;
    if (!window || window.rev >= head) return;
    const answer = await fetchChanges(id, { after_rev: window.rev, limit: changesPage });
    const full = answer.items.length >= changesPage;
    const rev = full ? (answer.items.at(-1)?.rev ?? head) : head;
    patchWindow(client, id, (held) => withChanges(held, answer.items, rev));
  }
}

/** Receipts are not part of a rev: after an absence the counts of the newest own messages are read again. */
export async function refreshReceipts(client: QueryClient, id: string, myUserid: string): Promise<void> {
  const window = getWindow(client, id);
  const newest = window?.items.slice(-pageSize) ?? [];
  const waiting = newest.filter(
    (message) =>
      message.sender?.userid === myUserid &&
      message.receipts &&
      message.receipts.read < message.receipts.total,
  );
  const first = waiting[0];
  if (!first) return;
  const answer = await fetchMessages(id, { after_seq: first.seq - 1, limit: pageSize });
  patchWindow(client, id, (held) => withReplaced(held, ...answer.items));
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
 * @param anchor the seq to open at (an address with `at`, or the first unread); null for the newest.
 */
export function useMessageWindow(conversation: Conversation, anchor: number | null): OpenWindow {
  const client = useQueryClient();
  const { id, head_seq, head_rev } = conversation;
  const query = useQuery({
    queryKey: windowKey(id),
    queryFn: ({ signal }) => openWindow(client, id, anchor, signal),
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
  const nearHead = window !== undefined && head_seq - window.to <= 200;
  useEffect(() => {
    if (busy.current.healing) return;
    const wantsNewer = behind && following.current && nearHead;
    if (!wantsNewer && !changesMissing) return;
    busy.current.healing = true;
    const heal = async () => {
      if (changesMissing) await closeRevGap(client, id);
      if (wantsNewer) await closeSeqGap(client, id, 5);
    };
    heal()
      .catch(() => {
        // Offline or refused: the next head, or reconnecting, starts it again.
      })
      .finally(() => {
        busy.current.healing = false;
      });
  }, [client, id, behind, nearHead, changesMissing]);

  const loadOlder = useCallback(() => {
    const held = getWindow(client, id);
    const first = held?.items[0];
    if (!held || held.reachedStart || !first || busy.current.older) return;
    busy.current.older = true;
    setLoadingOlder(true);
    fetchMessages(id, { before_seq: first.seq, limit: pageSize })
      .then((page) => {
        patchWindow(client, id, (now) => withOlder(now, page.items, page.items.length < pageSize));
      })
      .catch(() => {})
      .finally(() => {
        busy.current.older = false;
        setLoadingOlder(false);
      });
  }, [client, id]);

  const loadNewer = useCallback(() => {
    if (busy.current.newer) return;
    busy.current.newer = true;
    closeSeqGap(client, id, 1)
      .catch(() => {})
      .finally(() => {
        busy.current.newer = false;
      });
  }, [client, id]);

  const showSeq = useCallback(
    async (seq: number) => {
      const held = getWindow(client, id);
      const first = held?.items[0];
      if (held && first && seq <= held.to && (seq >= first.seq || held.reachedStart)) return;
      following.current = false;
      const opened = await openWindow(client, id, seq);
      client.setQueryData(windowKey(id), opened);
    },
    [client, id],
  );

  const showLatest = useCallback(async () => {
    following.current = true;
    const held = getWindow(client, id);
    const head = getConversation(client, id)?.head_seq ?? 0;
    if (held && held.to >= head) return;
    if (held && head - held.to <= 200) return closeSeqGap(client, id, 2);
    client.setQueryData(windowKey(id), await openWindow(client, id, null));
  }, [client, id]);

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

/** The new cursor after reading up to `seq`, shown before the server has confirmed it. */
export function noteRead(client: QueryClient, id: string, seq: number, myUserid: string): void {
  const window = getWindow(client, id);
  patchConversation(client, id, (held) => {
    if (seq <= held.mine.read_seq) return held;
    const mine = { ...held.mine, read_seq: seq, marked_unread: false };
    if (seq >= held.head_seq) return { ...held, mine: { ...mine, unread: 0, mentioned: false } };
    const passed = window
      ? window.items.slice(firstAfter(window.items, held.mine.read_seq), firstAfter(window.items, seq))
      : [];
    const foreign = passed.filter((message) => message.sender && message.sender.userid !== myUserid);
    return {
      ...held,
      mine: {
        ...mine,
        unread: Math.max(0, held.mine.unread - foreign.length),
      },
    };
  });
}

export function findMessage(window: MessageWindow | undefined, seq: number): Message | undefined {
  return window?.items[indexOfSeq(window.items, seq)];
}
