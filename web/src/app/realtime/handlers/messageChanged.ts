import { noteMarkedChanged } from "@/shared/chat/bookmarks";
import { patchConversation } from "@/shared/chat/conversations";
import { addChanged } from "@/shared/chat/messages";
import { notePinChanged } from "@/shared/chat/pins";
import { noteRootChanged } from "@/shared/chat/threads";
import type { Handler } from "../dispatcher";

export const messageChanged: Handler<"message.changed"> = (event, { client }) => {
  const { conversation_id, message, personal } = event;
  addChanged(client, conversation_id, message, personal);
  noteRootChanged(client, conversation_id, message);
  notePinChanged(client, conversation_id, message);
  noteMarkedChanged(client, conversation_id, message);
  patchConversation(client, conversation_id, (held) => ({
    ...held,
    head_rev: Math.max(held.head_rev, message.rev),
    last_message: held.last_message?.seq === message.seq ? message : held.last_message,
  }));
};
