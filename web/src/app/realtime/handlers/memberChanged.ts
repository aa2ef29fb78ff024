import { getBook, patchConversation } from "@/shared/chat/conversations";
import type { Handler } from "../dispatcher";

export const memberChanged: Handler<"member.changed"> = (event, { client }) => {
  const { userid, name, avatar_file_id, state } = event;
  void client.invalidateQueries({ queryKey: ["member", userid] });
  void client.invalidateQueries({ queryKey: ["department-members"] });
  for (const conversation of Object.values(getBook(client)?.byId ?? {})) {
    if (conversation.peer?.userid !== userid) continue;
    patchConversation(client, conversation.id, (held) => ({
      ...held,
      name,
      peer: { userid, name, avatar_file_id, state },
    }));
  }
};
