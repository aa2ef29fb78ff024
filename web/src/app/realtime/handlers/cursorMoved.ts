import { getConversation, patchConversation, refreshConversation } from "@/shared/chat/conversations";
import { noteAllThreadsRead } from "@/shared/chat/threads";
import type { Handler } from "../dispatcher";

/** Another device of mine has read further. A late word never moves the cursor back. */
export const cursorMoved: Handler<"cursor.moved"> = (event, { client }) => {
  patchConversation(client, event.conversation_id, (held) =>
    event.read_seq < held.mine.read_seq
      ? held
      : {
          ...held,
          mine: {
            ...held.mine,
            read_seq: event.read_seq,
            threads_read_seq: Math.max(held.mine.threads_read_seq, event.threads_read_seq),
            unread: event.unread,
            mentions: event.mentions,
            mentioned: event.mentioned,
            badge: event.badge,
          },
        },
  );
  noteAllThreadsRead(client, event.conversation_id, event.threads_read_seq);
  // What came after that head is not in these counts.
  const head = getConversation(client, event.conversation_id)?.head_seq ?? 0;
  if (head > event.head_seq) refreshConversation(client, event.conversation_id).catch(() => {});
};
