/** What the server says may number, bolden and sound. Its table is looked up here, and nothing is decided. */
import { type QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { fetchAttention } from "@/api/endpoints";
import type { Attention, NoticeKind, NoticeRule } from "@/api/types";

export const attentionQuery = queryOptions({
  queryKey: ["attention"],
  queryFn: ({ signal }) => fetchAttention(signal),
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
});

/** Undefined until it has come: then nothing carries a number but what the server has counted itself. */
export function useAttention(): Attention | undefined {
  return useQuery(attentionQuery).data;
}

export function cachedAttention(client: QueryClient): Attention | undefined {
  return client.getQueryData(attentionQuery.queryKey);
}

/** What this kind of happening may do, in a conversation that is muted or not. */
export function ruleFor(
  attention: Attention | undefined,
  kind: NoticeKind,
  muted: boolean,
): NoticeRule | undefined {
  return attention?.rule.find((row) => row.kind === kind && row.muted === muted);
}
