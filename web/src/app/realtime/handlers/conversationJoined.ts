import { putConversation } from "@/shared/chat/conversations";
import type { Handler } from "../dispatcher";

export const conversationJoined: Handler<"conversation.joined"> = (event, { client }) => {
  putConversation(client, event.conversation);
  // Who comes back has threads and marks here from before.
  for (const queryKey of [["threads"], ["bookmarks"]]) void client.invalidateQueries({ queryKey });
};
