import { patchConversation } from "@/shared/chat/conversations";
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
            unread: event.unread,
            mentioned: event.mentioned,
          },
        },
  );
};
