/**
 * The conversations of the signed-in person, as one cached book: by id, with what is known about later pages.
 * Realtime handlers patch it, screens select from it.
 */
import { type QueryClient, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { fetchConversation, fetchConversations, updateMine } from "@/api/endpoints";
import { ApiError } from "@/api/errors";
import type { Attention, Conversation, Message, Mine, NoticeKind } from "@/api/types";
import { cachedAttention, ruleFor } from "../attention/attention";
import { callsMe, countsAsUnread, isThreadOnly, kindOf } from "./notices";

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
    folder_ids: fresh.folder_ids,
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

/** Beyond this the server does not count either. */
const mostCounted = 100;

/** What a new message of somebody else's adds to my side; by how much it moves the badge the server's rule says. */
function withNew(mine: Mine, kind: NoticeKind, numbered: boolean): Mine {
  const called = callsMe(kind);
  return {
    ...mine,
    unread: Math.min(mostCounted, mine.unread + 1),
    mentions: Math.min(mostCounted, mine.mentions + (called ? 1 : 0)),
    mentioned: mine.mentioned || called,
    badge: Math.min(mostCounted, mine.badge + (numbered ? 1 : 0)),
  };
}

/** A message with a new highest seq moves the head, the preview and, unless it is mine, the unread state. */
export function noteMessage(client: QueryClient, id: string, message: Message, myUserid: string): void {
  const attention = cachedAttention(client);
  patchConversation(client, id, (held) => {
    const head_rev = Math.max(held.head_rev, message.rev);
    if (message.seq <= held.head_seq) return head_rev === held.head_rev ? held : { ...held, head_rev };
    const kind = kindOf(message, held, myUserid);
    const unread = message.seq > held.mine.read_seq && countsAsUnread(message, kind, myUserid);
    const numbered = ruleFor(attention, kind, isMuted(held))?.number ?? false;
    const mine = unread ? withNew(held.mine, kind, numbered) : held.mine;
    const own = message.sender?.userid === myUserid;
    // A reply in a thread is nothing to this reader's list, unless it calls them.
    const aside = isThreadOnly(message) && (own || !callsMe(kind));
    return {
      ...held,
      head_seq: message.seq,
      head_rev,
      last_message: aside ? held.last_message : message,
      mine: { ...mine, hidden: aside && !own ? mine.hidden : false },
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

export interface Standing {
  /** As the server counts it, by its rule. */
  number: number;
  bold: boolean;
  /** Somebody calls me here, and the number says so. */
  mention: boolean;
}

/** How a conversation stands out in lists: the server's number, and the server's rule for the name. */
export function standing(conversation: Conversation, attention: Attention | undefined): Standing {
  const { mine, kind } = conversation;
  const muted = isMuted(conversation);
  const bold = (happening: NoticeKind) => ruleFor(attention, happening, muted)?.bold ?? false;
  const others = mine.unread - mine.mentions;
  return {
    number: mine.badge,
    bold:
      mine.marked_unread ||
      (mine.mentions > 0 && bold("mention")) ||
      (others > 0 && bold(kind === "direct" ? "direct" : "group")),
    mention: mine.mentions > 0 && kind !== "direct",
  };
}

export function isMuted(conversation: Conversation, now: number = Date.now()): boolean {
  const until = conversation.mine.muted_until;
  return until !== null && Date.parse(until) > now;
}
