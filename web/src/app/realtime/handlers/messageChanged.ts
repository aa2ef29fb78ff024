import { patchConversation } from "@/shared/chat/conversations";
import { patchWindow } from "@/shared/chat/messages";
import { withChanged } from "@/shared/chat/window";
import type { Handler } from "../dispatcher";

export const messageChanged: Handler<"message.changed"> = (event, { client }) => {
  const { conversation_id, message } = event;
  patchWindow(client, conversation_id, (window) => withChanged(window, message));
  patchConversation(client, conversation_id, (held) => ({
    ...held,
    head_rev: Math.max(held.head_rev, message.rev),
    last_message: held.last_message?.seq === message.seq ? message : held.last_message,
  }));
};
