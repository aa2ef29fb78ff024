/**
 * The conversations of the signed-in person, as one cached book: by id, with what is known about later pages.
 * Realtime handlers patch it, screens select from it.
 */
import { type QueryClient, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { fetchConversation, fetchConversations, updateMine } from "@/api/endpoints";
import { ApiError } from "@/api/errors";
import type { Conversation, Message, Mine } from "@/api/types";

export interface ConversationBook {
  byId: Record<string, Conversation>;
  /** The cursor of the page that was not read yet; null when all are here. */
  next: string | null;
}

const key = ["conversations"] as const;
const firstPage = 100;
const furtherPages = 200;

const emptyBook: ConversationBook = { byId: {}, next: null };

/** Of two states of one conversation the newer wins field by field: heads, cursor and revision only grow. */
export function mergeConversation(held: Conversation | undefined, fresh: Conversation): Conversation {
  if (!held) return fresh;
  const base = fresh.revision >= held.revision ? fresh : held;
  const ahead = held.head_seq > fresh.head_seq ? held : fresh;
  const mine = held.mine.read_seq > fresh.mine.read_seq || ahead === held ? held.mine : fresh.mine;
  return {
    ...base,
    head_seq: Math.max(held.head_seq, fresh.head_seq),
    head_rev: Math.max(held.head_rev, fresh.head_rev),
    last_message: ahead.last_message,
    peer: fresh.peer,
    my_role: fresh.my_role,
    mine,
  };
}

function mergePage(book: ConversationBook, items: Conversation[], next: string | null): ConversationBook {
  const byId = { ...book.byId };
  for (const item of items) byId[item.id] = mergeConversation(byId[item.id], item);
  return { byId, next };
}

export const conversationsQuery = (client: QueryClient) =>
  queryOptions({
    queryKey: key,
    queryFn: async ({ signal }): Promise<ConversationBook> => {
      const page = await fetchConversations(null, firstPage, signal);
      // Read after the answer: events that arrived meanwhile are in the book and must not be undone.
      return mergePage(client.getQueryData<ConversationBook>(key) ?? emptyBook, page.items, page.next);
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
  });

export function getBook(client: QueryClient): ConversationBook | undefined {
  return client.getQueryData<ConversationBook>(key);
}

export function getConversation(client: QueryClient, id: string): Conversation | undefined {
  return getBook(client)?.byId[id];
}

export function putConversation(client: QueryClient, conversation: Conversation): void {
  client.setQueryData<ConversationBook>(key, (book) =>
    mergePage(book ?? emptyBook, [conversation], book?.next ?? null),
  );
}

/** Changes one conversation if the book holds it. */
export function patchConversation(
  client: QueryClient,
  id: string,
  change: (conversation: Conversation) => Conversation,
): void {
  client.setQueryData<ConversationBook>(key, (book) => {
    const held = book?.byId[id];
    if (!book || !held) return book;
    const changed = change(held);
    return changed === held ? book : { ...book, byId: { ...book.byId, [id]: changed } };
  });
}

export function patchMine(client: QueryClient, id: string, change: Partial<Mine>): void {
  patchConversation(client, id, (conversation) => ({
    ...conversation,
    mine: { ...conversation.mine, ...change },
  }));
}

export function dropConversation(client: QueryClient, id: string): void {
  client.setQueryData<ConversationBook>(key, (book) => {
    if (!book?.byId[id]) return book;
    const { [id]: _gone, ...byId } = book.byId;
    return { ...book, byId };
  });
  client.removeQueries({ queryKey: ["messages", id] });
}

/** A message with a new highest seq moves the head, the preview and, unless it is mine, the unread state. */
export function noteMessage(client: QueryClient, id: string, message: Message, myUserid: string): void {
  patchConversation(client, id, (held) => {
    const head_rev = Math.max(held.head_rev, message.rev);
    if (message.seq <= held.head_seq) return head_rev === held.head_rev ? held : { ...held, head_rev };
    const foreign = message.sender !== null && message.sender.userid !== myUserid;
    const unread = foreign && message.seq > held.mine.read_seq;
    const toMe = message.mentions.includes(myUserid) || message.mentions.includes("all");
    return {
      ...held,
      head_seq: message.seq,
      head_rev,
      last_message: message,
      mine: {
        ...held.mine,
        unread: held.mine.unread + (unread ? 1 : 0),
        mentioned: held.mine.mentioned || (unread && toMe),
        hidden: false,
      },
    };
  });
}

/** Asks the server for one conversation and puts it into the book; a 404 takes it out. */
export async function refreshConversation(client: QueryClient, id: string): Promise<Conversation | null> {
  try {
    const fresh = await fetchConversation(id);
    putConversation(client, fresh);
    return fresh;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) {
      dropConversation(client, id);
      return null;
    }
    throw error;
  }
}

const activity = (conversation: Conversation): string =>
  conversation.last_message?.sent_at ?? conversation.created_at;

/** Pinned first, then the newest activity first; hidden ones stay out. */
export function inOrder(conversations: Conversation[]): Conversation[] {
  return conversations
    .filter((conversation) => !conversation.mine.hidden)
    .sort((a, b) => {
      if (a.mine.pinned !== b.mine.pinned) return a.mine.pinned ? -1 : 1;
      return activity(a) < activity(b) ? 1 : activity(a) > activity(b) ? -1 : 0;
    });
}

/** The whole list, its further pages read quietly after the first. */
export function useConversations() {
  const client = useQueryClient();
  const query = useQuery(conversationsQuery(client));
  const book = query.data;
  const next = book?.next ?? null;
  useEffect(() => {
    if (next === null) return;
    const abort = new AbortController();
    fetchConversations(next, furtherPages, abort.signal).then(
      (page) =>
        client.setQueryData<ConversationBook>(key, (held) =>
          mergePage(held ?? emptyBook, page.items, page.next),
        ),
      () => {
        // The list is useful without its tail; the next opening tries again.
      },
    );
    return () => abort.abort();
  }, [client, next]);
  const conversations = useMemo(() => (book ? inOrder(Object.values(book.byId)) : undefined), [book]);
  return { ...query, conversations };
}

/** One conversation: from the book, else asked for by its id. */
export function useConversation(id: string) {
  const client = useQueryClient();
  const list = useQuery(conversationsQuery(client));
  const held = list.data?.byId[id];
  const single = useQuery({
    queryKey: ["conversation", id],
    queryFn: () => refreshConversation(client, id),
    enabled: list.isSuccess && held === undefined,
    retry: false,
    gcTime: 0,
    staleTime: 0,
  });
  return {
    conversation: held,
    missing: list.isSuccess && held === undefined && single.isSuccess && single.data === null,
    error: list.error ?? single.error,
    retry: () => (list.error ? list.refetch() : single.refetch()),
  };
}

export type MineChange = Parameters<typeof updateMine>[1];

/** Changes my side of a conversation: shown at once, put right by the answer, undone by a refusal. */
export async function changeMine(client: QueryClient, id: string, change: MineChange): Promise<void> {
  const before = getConversation(client, id)?.mine;
  patchMine(client, id, change);
  try {
    patchMine(client, id, await updateMine(id, change));
  } catch (error) {
    if (before) patchMine(client, id, before);
    throw error;
  }
}

/**
 * The calm rule: a number only for what is addressed to me (a direct message, a mention). Everything else unread is
 * a bold name.
 */
export function attention(conversation: Conversation): { number: number; bold: boolean; mention: boolean } {
  const { mine, kind } = conversation;
  const unread = mine.unread > 0 || mine.marked_unread;
  const muted = isMuted(conversation);
  if (kind === "direct") return { number: muted ? 0 : mine.unread, bold: unread, mention: false };
  return {
    number: mine.mentioned ? 1 : 0,
    bold: unread && (!muted || mine.mentioned),
    mention: mine.mentioned,
  };
}

export function isMuted(conversation: Conversation, now: number = Date.now()): boolean {
  const until = conversation.mine.muted_until;
  return until !== null && Date.parse(until) > now;
}
