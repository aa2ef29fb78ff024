/** DINGs in the query cache: lists, one with its people, and those that wait for me. Live events patch all of them. */
import {
  type InfiniteData,
  infiniteQueryOptions,
  type QueryClient,
  queryOptions,
  skipToken,
  useQuery,
} from "@tanstack/react-query";
import { fetchDing, fetchDings, fetchDingUsage } from "@/api/endpoints";
import type { EventMap } from "@/api/realtime";
import type { Ding, DingRecipient, Page } from "@/api/types";

export type Box = "received" | "sent";

const pageSize = 30;
const openAtOnce = 100;
const neverStale = { staleTime: Number.POSITIVE_INFINITY } as const;
const listsKey = ["dings", "list"] as const;
const openKey = ["dings", "open"] as const;
const arrivalsKey = ["dings", "arrivals"] as const;
const oneKey = (id: string) => ["dings", "one", id] as const;

type Pages = InfiniteData<Page<Ding>, string | null>;

export const dingsQuery = (box: Box, state: "open" | "all") =>
  infiniteQueryOptions({
    queryKey: [...listsKey, box, state],
    queryFn: ({ pageParam, signal }) =>
      fetchDings(box, { state, cursor: pageParam, limit: pageSize }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    ...neverStale,
  });

/** What waits for my acknowledgement, the last told first. */
export const openDingsQuery = queryOptions({
  queryKey: openKey,
  queryFn: async ({ signal }) =>
    (await fetchDings("received", { state: "open", limit: openAtOnce }, signal)).items,
  gcTime: Number.POSITIVE_INFINITY,
  ...neverStale,
});

/** One DING; for its sender with everybody it is for (a thousand at most), read through their pages. */
async function wholeDing(id: string, signal: AbortSignal): Promise<Ding> {
  let ding = await fetchDing(id, null, signal);
  const recipients = [...ding.recipients];
  while (ding.next) {
    ding = await fetchDing(id, ding.next, signal);
    recipients.push(...ding.recipients);
  }
  return { ...ding, recipients };
}

export const dingQuery = (id: string) =>
  queryOptions({ queryKey: oneKey(id), queryFn: ({ signal }) => wholeDing(id, signal), ...neverStale });

export const dingUsageQuery = queryOptions({
  queryKey: ["dings", "usage"],
  queryFn: ({ signal }) => fetchDingUsage(signal),
});

export function useOpenDings(): Ding[] {
  return useQuery(openDingsQuery).data ?? [];
}

/** Grows with every DING that comes or comes again: what was put aside stands up. */
export function useDingArrivals(): number {
  return useQuery<number>({ queryKey: arrivalsKey, queryFn: skipToken, ...neverStale }).data ?? 0;
}

/** My own place in a received one. */
export function ownPlace(ding: Ding): DingRecipient | null {
  return ding.mine ? null : (ding.recipients[0] ?? null);
}

export function waitsForMe(ding: Ding): boolean {
  const state = ownPlace(ding)?.state;
  return state === "pending" || state === "delivered" || state === "undelivered";
}

/** Of two states of one DING the newer: by the counts' revision for its sender, by one's own place for a recipient. */
function newer(held: Ding, fresh: Ding): Ding {
  if (fresh.mine) {
    if (fresh.revision < held.revision) return held;
    // Lists and events leave the people out; who is held stays.
    return { ...fresh, recipients: fresh.recipients.length > 0 ? fresh.recipients : held.recipients };
  }
  return (ownPlace(fresh)?.rev ?? 0) < (ownPlace(held)?.rev ?? 0) ? held : fresh;
}

function patchLists(client: QueryClient, id: string, change: (ding: Ding) => Ding): boolean {
  let known = false;
  client.setQueriesData<Pages>({ queryKey: listsKey }, (lists) => {
    if (!lists?.pages.some((page) => page.items.some((ding) => ding.id === id))) return lists;
    known = true;
    const pages = lists.pages.map((page) => ({
      ...page,
      items: page.items.map((ding) => (ding.id === id ? change(ding) : ding)),
    }));
    return { ...lists, pages };
  });
  return known;
}

/** A DING as it is now, into everything that shows it. */
export function putDing(client: QueryClient, ding: Ding): void {
  client.setQueryData<Ding>(oneKey(ding.id), (held) => held && newer(held, ding));
  if (!patchLists(client, ding.id, (held) => newer(held, ding))) {
    void client.invalidateQueries({ queryKey: listsKey });
  }
  if (ding.mine) return;
  client.setQueryData<Ding[]>(openKey, (open) => {
    if (!open) return open;
    const held = open.find(({ id }) => id === ding.id);
    const now = held ? newer(held, ding) : ding;
    if (!waitsForMe(now)) return open.filter(({ id }) => id !== ding.id);
    return held ? open.map((each) => (each.id === ding.id ? now : each)) : [now, ...open];
  });
}

/** It has come, or comes again. */
export function noteArrival(client: QueryClient, ding: Ding): void {
  putDing(client, ding);
  client.setQueryData<number>(arrivalsKey, (arrivals = 0) => arrivals + 1);
}

function withRecipients(held: DingRecipient[], changed: DingRecipient[]): DingRecipient[] {
  const fresh = new Map(changed.map((each) => [each.userid, each]));
  const kept = held.map((each) => {
    const now = fresh.get(each.userid);
    fresh.delete(each.userid);
    return now && now.rev >= each.rev ? now : each;
  });
  return [...kept, ...fresh.values()];
}

/** How far one that I sent has come: the counts everywhere, the people where they are shown. */
export function noteProgress(client: QueryClient, event: EventMap["ding.progress"]): void {
  const counted = (ding: Ding): Ding =>
    event.revision < ding.revision
      ? ding
      : { ...ding, state: event.state, revision: event.revision, counts: event.counts };
  patchLists(client, event.id, counted);
  client.setQueryData<Ding>(
    oneKey(event.id),
    (held) => held && { ...counted(held), recipients: withRecipients(held.recipients, event.recipients) },
  );
}

/** After any time away: whatever is shown is asked for again. */
export function refreshDings(client: QueryClient): void {
  void client.invalidateQueries({
    queryKey: ["dings"],
    predicate: ({ queryKey }) => queryKey[1] !== "arrivals",
  });
}
