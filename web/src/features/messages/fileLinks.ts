import { queryOptions, useQuery } from "@tanstack/react-query";
import { fetchFileLink } from "@/api/endpoints";

/** A link is personal and short-lived; it is asked for again a little before it ends. */
const fileLinkQuery = (conversationId: string, seq: number, variant: "original" | "thumbnail") =>
  queryOptions({
    queryKey: ["file-link", conversationId, seq, variant],
    queryFn: ({ signal }) => fetchFileLink(conversationId, seq, variant, signal),
    staleTime: (query) => {
      const link = query.state.data;
      return link ? Math.max(0, Date.parse(link.expires_at) - Date.now() - 20_000) : 0;
    },
    retry: 1,
  });

export function useFileLink(conversationId: string, seq: number, variant: "original" | "thumbnail") {
  return useQuery(fileLinkQuery(conversationId, seq, variant));
}
