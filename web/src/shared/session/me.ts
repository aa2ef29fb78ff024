import { type QueryClient, queryOptions, useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { configureClient } from "@/api/client";
import { fetchMe } from "@/api/endpoints";
import type { Me } from "@/api/types";
import { recall, remember } from "../preferences";

const orgKey = "pegboard.organisation";

/** The organisation this device last worked in; the server's own "last used" is the fallback. */
export function rememberedOrganisation(): string | null {
  return recall(orgKey);
}

export function rememberOrganisation(orgId: string | null): void {
  remember(orgKey, orgId);
  configureClient({ orgId });
}

async function loadMe(signal: AbortSignal): Promise<Me> {
  const me = await fetchMe(signal);
  configureClient({ csrfToken: me.csrf_token, orgId: me.org?.org_id ?? null });
  return me;
}

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => loadMe(signal),
  staleTime: 5 * 60_000,
  retry: false,
});

export function useMeQuery() {
  return useQuery(meQuery);
}

/** Inside the shell only, where somebody is signed in and works in an organisation. */
export function useMe(): Me {
  return useSuspenseQuery(meQuery).data;
}

export function useMyUserid(): string {
  const me = useMe();
  return me.member?.userid ?? "";
}

export function cachedMe(client: QueryClient): Me | undefined {
  return client.getQueryData(meQuery.queryKey);
}
