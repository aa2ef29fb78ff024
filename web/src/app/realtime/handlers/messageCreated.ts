import { getConversation, noteMessage, refreshConversation } from "@/shared/chat/conversations";
import { patchWindow } from "@/shared/chat/messages";
import { withFirstReceipts } from "@/shared/chat/receipts";
import { withCreated } from "@/shared/chat/window";
import { cachedMe } from "@/shared/session/me";
import type { Handler } from "../dispatcher";

export const messageCreated: Handler<"message.created"> = (event, { client, myUserid }) => {
  const { conversation_id, message } = event;
  const conversation = getConversation(client, conversation_id);
  if (!conversation) {
    refreshConversation(client, conversation_id).catch(() => {});
    return;
  }
  noteMessage(client, conversation_id, message, myUserid);
  const org = cachedMe(client)?.org ?? null;
  const known = withFirstReceipts(message, conversation, { userid: myUserid, org });
  patchWindow(client, conversation_id, (window) => withCreated(window, known));
};
