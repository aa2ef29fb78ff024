import { queryOptions, useQuery } from "@tanstack/react-query";
import { fetchFileLink } from "@/api/endpoints";

/** A file is readable through its message; of those in a forward the message must be told which. */
export interface StoredFile {
  conversationId: string;
  seq: number;
  fileId: string | null;
}

/** A link is personal and short-lived; it is asked for again a little before it ends. */
const fileLinkQuery = (file: StoredFile, variant: "original" | "thumbnail") =>
  queryOptions({
    queryKey: ["file-link", file.conversationId, file.seq, file.fileId, variant],
    queryFn: ({ signal }) => fetchFileLink(file.conversationId, file.seq, variant, file.fileId, signal),
    staleTime: (query) => {
      const link = query.state.data;
      return link ? Math.max(0, Date.parse(link.expires_at) - Date.now() - 20_000) : 0;
    },
    retry: 1,
  });

export function useFileLink(file: StoredFile, variant: "original" | "thumbnail") {
  return useQuery(fileLinkQuery(file, variant));
}
