import { dropConversation } from "@/shared/chat/conversations";
import type { Handler } from "../dispatcher";

export const conversationLeft: Handler<"conversation.left"> = (event, { client }) => {
  dropConversation(client, event.conversation_id);
};
