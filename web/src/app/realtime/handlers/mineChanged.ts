import { getConversation, patchConversation, refreshConversation } from "@/shared/chat/conversations";
import type { Handler } from "../dispatcher";

export const mineChanged: Handler<"conversation.mine_changed"> = (event, { client }) => {
  const { conversation_id, head_seq, my_role, mine, folder_ids } = event;
  patchConversation(client, conversation_id, (held) => ({ ...held, my_role, mine, folder_ids }));
  // What came after that head is not in these counts.
  const head = getConversation(client, conversation_id)?.head_seq ?? 0;
  if (head > head_seq) refreshConversation(client, conversation_id).catch(() => {});
};
