/** The messages that this person has marked, as one cached book: newest mark first. */
import { type QueryClient, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { fetchBookmarks, removeBookmark, setBookmark } from "@/api/endpoints";
import type { Bookmark, Message } from "@/api/types";
import { conversationsQuery, getConversation } from "./conversations";

interface BookmarkBook {
  items: Bookmark[];
  next: string | null;
}

const pageSize = 50;

const bookmarksQuery = queryOptions({
  queryKey: ["bookmarks"],
  queryFn: (): Promise<BookmarkBook> => fetchBookmarks(null, pageSize),
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
  structuralSharing: false,
});

const patch = (client: QueryClient, change: (book: BookmarkBook) => BookmarkBook): void => {
  client.setQueryData(bookmarksQuery.queryKey, (book) => (book ? change(book) : book));
};

const isAt = (id: string, seq: number) => (mark: Bookmark) =>
  mark.conversation.id === id && mark.message.seq === seq;

/** What another device of mine, or this one, has done to a mark. */
export function noteBookmark(
  client: QueryClient,
  id: string,
  seq: number,
  mark: { bookmarked: boolean; note: string },
): void {
  const book = client.getQueryData(bookmarksQuery.queryKey);
  const held = book?.items.find(isAt(id, seq));
  if (mark.bookmarked && book && !held) {
    void client.invalidateQueries({ queryKey: bookmarksQuery.queryKey });
  }
  if (!held) return;
  patch(client, ({ items, next }) => ({
    items: mark.bookmarked
      ? items.map((each) => (each === held ? { ...held, note: mark.note } : each))
      : items.filter((each) => each !== held),
    next,
  }));
}

/** Marks a message, or gives its mark another note. */
export async function bookmark(
  client: QueryClient,
  id: string,
  message: Message,
  note: string,
): Promise<void> {
  await setBookmark(id, message.seq, note);
  const conversation = getConversation(client, id);
  patch(client, (book) => {
    const held = book.items.find(isAt(id, message.seq));
    if (held) {
      return { ...book, items: book.items.map((each) => (each === held ? { ...held, note } : each)) };
    }
    if (!conversation) return book;
    const { kind, name } = conversation;
    const fresh = { conversation: { id, kind, name }, message, note, at: new Date().toISOString() };
    return { ...book, items: [fresh, ...book.items] };
  });
}

export async function unmark(client: QueryClient, id: string, seq: number): Promise<void> {
  await removeBookmark(id, seq);
  patch(client, (book) => ({ ...book, items: book.items.filter((each) => !isAt(id, seq)(each)) }));
}

/** A marked message as it is now. */
export function noteMarkedChanged(client: QueryClient, id: string, message: Message): void {
  const held = client.getQueryData(bookmarksQuery.queryKey)?.items.find(isAt(id, message.seq));
  if (!held || held.message.rev > message.rev) return;
  patch(client, ({ items, next }) => ({
    items: items.map((each) => (each === held ? { ...held, message } : each)),
    next,
  }));
}

/** What one may not read any more is not shown as marked either. */
export function dropBookmarks(client: QueryClient, id: string): void {
  patch(client, ({ items, next }) => ({ items: items.filter((each) => each.conversation.id !== id), next }));
}

export function useBookmarks() {
  const client = useQueryClient();
  const listed = useQuery(conversationsQuery(client)).isSuccess;
  const query = useQuery({ ...bookmarksQuery, enabled: listed });
  const [loadingMore, setLoadingMore] = useState(false);
  const next = query.data?.next ?? null;
  const loadMore = useCallback(async () => {
    if (next === null) return;
    setLoadingMore(true);
    try {
      const page = await fetchBookmarks(next, pageSize);
      patch(client, (book) => {
        const known = new Set(book.items.map((mark) => `${mark.conversation.id}/${mark.message.seq}`));
        const fresh = page.items.filter((mark) => !known.has(`${mark.conversation.id}/${mark.message.seq}`));
        return { items: [...book.items, ...fresh], next: page.next };
      });
    } finally {
      setLoadingMore(false);
    }
  }, [client, next]);
  return { ...query, bookmarks: query.data?.items, hasMore: next !== null, loadMore, loadingMore };
}

/** The notes on the marked messages of one conversation, by seq. */
export function useMarked(id: string): ReadonlyMap<number, string> {
  const items = useQuery({ ...bookmarksQuery, enabled: false }).data?.items;
  return useMemo(
    () =>
      new Map(
        (items ?? [])
          .filter((mark) => mark.conversation.id === id)
          .map((mark) => [mark.message.seq, mark.note]),
      ),
    [items, id],
  );
}
