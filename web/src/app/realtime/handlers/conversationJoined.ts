import { putConversation } from "@/shared/chat/conversations";
import type { Handler } from "../dispatcher";

export const conversationJoined: Handler<"conversation.joined"> = (event, { client }) => {
  putConversation(client, event.conversation);
};
