import { dropBookmarks } from "@/shared/chat/bookmarks";
import { dropConversation } from "@/shared/chat/conversations";
import { dropThreads } from "@/shared/chat/threads";
import type { Handler } from "../dispatcher";

export const conversationLeft: Handler<"conversation.left"> = (event, { client }) => {
  dropConversation(client, event.conversation_id);
  dropThreads(client, event.conversation_id);
  dropBookmarks(client, event.conversation_id);
};
