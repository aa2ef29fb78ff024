import { getConversation, noteMessage, refreshConversation } from "@/shared/chat/conversations";
import { addCreated } from "@/shared/chat/messages";
import { withFirstReceipts } from "@/shared/chat/receipts";
import { noteReply } from "@/shared/chat/threads";
import { cachedMe } from "@/shared/session/me";
import type { Handler } from "../dispatcher";

export const messageCreated: Handler<"message.created"> = (event, { client, myUserid }) => {
  const { conversation_id, message, thread } = event;
  const conversation = getConversation(client, conversation_id);
  if (!conversation) {
    refreshConversation(client, conversation_id).catch(() => {});
    return;
  }
  noteMessage(client, conversation_id, message, myUserid);
  noteReply(client, conversation_id, message, thread, myUserid);
  const org = cachedMe(client)?.org ?? null;
  const known = withFirstReceipts(message, conversation, { userid: myUserid, org });
  addCreated(client, conversation_id, known, thread);
};
