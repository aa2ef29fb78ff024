/** The pinned messages of a conversation, asked for when its panel shows them. */
import { type InfiniteData, infiniteQueryOptions, type QueryClient } from "@tanstack/react-query";
import { fetchPins } from "@/api/endpoints";
import type { Conversation, Message, Page } from "@/api/types";

export const pinsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ["pins", id],
    queryFn: ({ pageParam, signal }) => fetchPins(id, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

/** Between two people both may pin; else the group's rule says who. */
export function mayPin({ kind, rules, my_role, dissolved_at }: Conversation): boolean {
  return !dissolved_at && (kind === "direct" || rules.pin === "everyone" || my_role !== "member");
}

/** A message that was pinned, unpinned, or changed while it is pinned. */
export function notePinChanged(client: QueryClient, id: string, message: Message): void {
  const { queryKey } = pinsQuery(id);
  const pages = client.getQueryData<InfiniteData<Page<Message>>>(queryKey)?.pages;
  const listed = pages?.some((page) => page.items.some(({ seq }) => seq === message.seq)) ?? false;
  if (listed || message.pinned_at !== null) void client.invalidateQueries({ queryKey });
}
