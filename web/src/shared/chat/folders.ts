/** The folders of the conversation list: mine and the organisation's, in my order. */
import { type QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { fetchFolders, orderFolders, setInFolder } from "@/api/endpoints";
import type { Folder } from "@/api/types";
import { patchConversation, refreshConversation } from "./conversations";

export const foldersQuery = queryOptions({
  queryKey: ["folders"],
  queryFn: async ({ signal }) => (await fetchFolders(signal)).items,
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
});

export function useFolders(): Folder[] | undefined {
  return useQuery(foldersQuery).data;
}

/** One folder as it is now, into the list; a new one goes behind. */
export function putFolder(client: QueryClient, folder: Folder): void {
  client.setQueryData(foldersQuery.queryKey, (folders) => {
    if (!folders) return folders;
    const known = folders.some(({ id }) => id === folder.id);
    return known ? folders.map((held) => (held.id === folder.id ? folder : held)) : [...folders, folder];
  });
}

/** Shown at once, put right by the answer, undone by a refusal. */
export async function placeFolders(client: QueryClient, ids: string[]): Promise<void> {
  const before = client.getQueryData(foldersQuery.queryKey);
  const place = new Map(ids.map((id, index) => [id, index]));
  client.setQueryData(
    foldersQuery.queryKey,
    (folders) =>
      folders &&
      [...folders].sort((a, b) => (place.get(a.id) ?? ids.length) - (place.get(b.id) ?? ids.length)),
  );
  try {
    const { items } = await orderFolders(ids);
    client.setQueryData(foldersQuery.queryKey, items);
  } catch (error) {
    client.setQueryData(foldersQuery.queryKey, before);
    throw error;
  }
}

/** Puts a conversation into a folder by hand, or takes it out: shown at once, put right when refused. */
export async function placeConversation(
  client: QueryClient,
  folder: Folder,
  conversationId: string,
  inside: boolean,
): Promise<void> {
  const change = (ids: string[], id: string) =>
    inside ? [...new Set([...ids, id])] : ids.filter((held) => held !== id);
  putFolder(client, { ...folder, conversation_ids: change(folder.conversation_ids, conversationId) });
  patchConversation(client, conversationId, (held) => ({
    ...held,
    folder_ids: change(held.folder_ids, folder.id),
  }));
  try {
    await setInFolder(folder.id, conversationId, inside);
  } finally {
    // A rule may hold it there, or have refused it: where it stands is the server's to say.
    void refreshConversation(client, conversationId).catch(() => {});
    void client.invalidateQueries({ queryKey: foldersQuery.queryKey });
  }
}
