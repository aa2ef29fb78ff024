import { getThread, patchThread, refreshThread } from "@/shared/chat/threads";
import type { Handler } from "../dispatcher";

/** On another device I have read further in a thread, or follow it (or no longer). */
export const threadRead: Handler<"thread.read"> = (event, { client }) => {
  const { conversation_id, root_seq, last_seq, following, read_seq, unread } = event;
  const held = getThread(client, conversation_id, root_seq);
  const replied = (held?.last_seq ?? 0) > last_seq;
  patchThread(client, conversation_id, root_seq, (thread) =>
    read_seq < thread.read_seq ? { ...thread, following } : { ...thread, following, read_seq, unread },
  );
  // A new follower has no such thread yet; a reply that came meanwhile is not in these counts.
  if (held ? replied : following) refreshThread(client, conversation_id, root_seq).catch(() => {});
};
