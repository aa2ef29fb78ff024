import { patchMine } from "@/shared/chat/conversations";
import type { Handler } from "../dispatcher";

export const mineChanged: Handler<"conversation.mine_changed"> = (event, { client }) => {
  patchMine(client, event.conversation_id, event.mine);
};
