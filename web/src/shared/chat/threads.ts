/**
 * The threads that this person follows, or has open, as one cached book. Realtime handlers patch it; what a message
 * says of its own thread (how many replies) stands with the message.
 */
import { type QueryClient, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { fetchThread, fetchThreads, followThread, markThreadRead } from "@/api/endpoints";
import type { ThreadCounts } from "@/api/realtime";
import type { Message, ThreadState } from "@/api/types";
import { conversationsQuery } from "./conversations";

interface ThreadBook {
  byPlace: Record<string, ThreadState>;
  /** The cursor of the page of followed threads that was not read yet; null when all are here. */
  next: string | null;
  /** Whether the list was read; a thread that was opened may be in the book before it. */
  listed: boolean;
}

const key = ["threads"] as const;
const pageSize = 50;
const mostCounted = 100;

const place = (id: string, root: number): string => `${id}/${root}`;

/** Of two states of one thread the newer wins: replies and cursors only grow. */
function merged(held: ThreadState | undefined, fresh: ThreadState): ThreadState {
  if (!held) return fresh;
  const ahead = (held.last_seq ?? 0) > (fresh.last_seq ?? 0) || held.read_seq > fresh.read_seq;
  const root = (held.root?.rev ?? -1) > (fresh.root?.rev ?? -1) ? held.root : fresh.root;
  return ahead ? { ...held, following: fresh.following, root } : { ...fresh, root };
}

function withThreads(book: ThreadBook | undefined, threads: ThreadState[], next?: string | null): ThreadBook {
  const byPlace = { ...book?.byPlace };
  for (const thread of threads) {
    const at = place(thread.conversation.id, thread.root_seq);
    byPlace[at] = merged(byPlace[at], thread);
  }
  if (next === undefined) return { byPlace, next: book?.next ?? null, listed: book?.listed ?? false };
  return { byPlace, next, listed: true };
}

/** The newest ones, and whatever is unread among the older. */
const threadsQuery = (client: QueryClient) =>
  queryOptions({
    queryKey: key,
    queryFn: async (): Promise<ThreadBook> => {
      const [newest, unread] = await Promise.all([
        fetchThreads({ limit: pageSize }),
        fetchThreads({ unread: true, limit: pageSize }),
      ]);
      // Read after the answer: events that arrived meanwhile are in the book and must not be undone.
      const book = client.getQueryData<ThreadBook>(key);
      return withThreads(book, [...newest.items, ...unread.items], newest.next);
    },
    staleTime: (query) => (query.state.data?.listed ? Number.POSITIVE_INFINITY : 0),
    gcTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
  });

/** How this person stands with one thread, and the message it hangs on. */
export const threadQuery = (client: QueryClient, id: string, root: number) =>
  queryOptions({
    queryKey: ["thread", id, root],
    queryFn: async ({ signal }) => {
      const thread = await fetchThread(id, root, signal);
      putThread(client, thread);
      return thread;
    },
    retry: false,
  });

export function getThread(client: QueryClient, id: string, root: number): ThreadState | undefined {
  return client.getQueryData<ThreadBook>(key)?.byPlace[place(id, root)];
}

export function putThread(client: QueryClient, thread: ThreadState): void {
  client.setQueryData<ThreadBook>(key, (book) => withThreads(book, [thread]));
}

export function patchThread(
  client: QueryClient,
  id: string,
  root: number,
  change: (thread: ThreadState) => ThreadState,
): void {
  client.setQueryData<ThreadBook>(key, (book) => {
    const at = place(id, root);
    const held = book?.byPlace[at];
    if (!book || !held) return book;
    const changed = change(held);
    return changed === held ? book : { ...book, byPlace: { ...book.byPlace, [at]: changed } };
  });
}

/** Asks how this person stands with a thread that the book may not hold. */
export async function refreshThread(client: QueryClient, id: string, root: number): Promise<void> {
  putThread(client, await fetchThread(id, root));
}

/** A new reply: the thread goes on, and for its followers there is something unread. */
export function noteReply(
  client: QueryClient,
  id: string,
  reply: Message,
  counts: ThreadCounts | null | undefined,
  myUserid: string,
): void {
  const root = reply.thread_seq;
  if (root === null) return;
  const own = reply.sender?.userid === myUserid;
  const toMe = own || reply.mentions.includes(myUserid) || reply.reply_to?.sender?.userid === myUserid;
  if (!getThread(client, id, root)) {
    // Whom it concerns follows the thread from now on.
    if (toMe && client.getQueryData(key)) refreshThread(client, id, root).catch(() => {});
    return;
  }
  patchThread(client, id, root, (held) => {
    if (reply.seq <= (held.last_seq ?? 0)) return held;
    const unread = own || reply.seq <= held.read_seq ? held.unread : Math.min(mostCounted, held.unread + 1);
    return {
      ...held,
      replies: counts?.replies ?? held.replies + 1,
      last_seq: reply.seq,
      last_at: reply.sent_at,
      following: held.following || toMe,
      unread,
    };
  });
}

/** A change of the message that a thread hangs on. */
export function noteRootChanged(client: QueryClient, id: string, message: Message): void {
  patchThread(client, id, message.seq, (held) =>
    held.root && held.root.rev <= message.rev ? { ...held, root: message } : held,
  );
}

/** Moves my cursor in a thread, shown at once. What it does to the conversation the server tells. */
export async function readThread(
  client: QueryClient,
  id: string,
  root: number,
  seq: number,
  stillNew: number,
): Promise<void> {
  patchThread(client, id, root, (held) => ({
    ...held,
    read_seq: Math.max(held.read_seq, seq),
    unread: stillNew,
  }));
  putThread(client, await markThreadRead(id, root, seq));
}

/** Replies that stand in the main line too were read there. */
export function noteReadInMain(client: QueryClient, id: string, passed: readonly Message[]): void {
  for (const { thread_seq, seq } of passed) {
    if (thread_seq === null) continue;
    patchThread(client, id, thread_seq, (held) =>
      seq > held.read_seq ? { ...held, unread: Math.max(0, held.unread - 1) } : held,
    );
  }
}

/** All threads of a conversation were read up to here at once. */
export function noteAllThreadsRead(client: QueryClient, id: string, seq: number): void {
  const book = client.getQueryData<ThreadBook>(key);
  for (const { conversation, root_seq, last_seq } of Object.values(book?.byPlace ?? {})) {
    if (conversation.id !== id || (last_seq ?? 0) > seq) continue;
    patchThread(client, id, root_seq, (held) => (held.unread === 0 ? held : { ...held, unread: 0 }));
  }
}

/** The conversation is no longer mine, nor are its threads. */
export function dropThreads(client: QueryClient, id: string): void {
  client.setQueryData<ThreadBook>(key, (book) => {
    if (!book) return book;
    const kept = Object.entries(book.byPlace).filter(([, thread]) => thread.conversation.id !== id);
    return { ...book, byPlace: Object.fromEntries(kept) };
  });
}

export async function follow(client: QueryClient, id: string, root: number, on: boolean): Promise<void> {
  const fresh = await followThread(id, root, on);
  putThread(client, fresh);
  patchThread(client, id, root, (held) => ({ ...held, following: fresh.following }));
}

const lastOf = (thread: ThreadState): string => thread.last_at ?? "";

/** The followed threads, the one with the newest reply first. */
export function useThreads() {
  const client = useQueryClient();
  const listed = useQuery(conversationsQuery(client)).isSuccess;
  const query = useQuery({ ...threadsQuery(client), enabled: listed });
  const book = query.data;
  const [loadingMore, setLoadingMore] = useState(false);
  const threads = useMemo(
    () =>
      Object.values(book?.byPlace ?? {})
        .filter((thread) => thread.following && thread.replies > 0)
        .sort((a, b) => (lastOf(a) < lastOf(b) ? 1 : -1)),
    [book],
  );
  const next = book?.next ?? null;
  const loadMore = useCallback(async () => {
    if (next === null) return;
    setLoadingMore(true);
    try {
      const page = await fetchThreads({ cursor: next, limit: pageSize });
      client.setQueryData<ThreadBook>(key, (held) => withThreads(held, page.items, page.next));
    } finally {
      setLoadingMore(false);
    }
  }, [client, next]);
  return { ...query, threads, hasMore: next !== null, loadMore, loadingMore };
}

/** How this person stands with the thread that is open. */
export function useThread(id: string, root: number) {
  const client = useQueryClient();
  const asked = useQuery(threadQuery(client, id, root));
  const held = useQuery({ ...threadsQuery(client), enabled: false }).data?.byPlace[place(id, root)];
  return { ...asked, thread: held ?? asked.data };
}

/** Whether something is new in a thread that this person follows. */
export function useThreadUnread(id: string, root: number): boolean {
  const client = useQueryClient();
  const book = useQuery({ ...threadsQuery(client), enabled: false }).data;
  const held = book?.byPlace[place(id, root)];
  return held?.following === true && held.unread > 0;
}
