import { patchConversation, refreshConversation } from "@/shared/chat/conversations";
import type { Handler } from "../dispatcher";

export const conversationChanged: Handler<"conversation.changed"> = (event, { client, myUserid }) => {
  const { conversation_id, type: _type, dissolved, ...change } = event;
  let ownerMoved = false;
  patchConversation(client, conversation_id, (held) => {
    if (change.revision < held.revision) return held;
    ownerMoved =
      held.owner_userid !== change.owner_userid &&
      (held.owner_userid === myUserid || change.owner_userid === myUserid);
    const dissolved_at = dissolved ? (held.dissolved_at ?? new Date().toISOString()) : null;
    // A direct chat has no name and picture of its own: each of the two sees the other's.
    const looks = held.kind === "direct" ? { name: held.name, avatar_file_id: held.avatar_file_id } : {};
    return { ...held, ...change, ...looks, dissolved_at };
  });
  // The event speaks to everybody alike; what the change makes of *my* role is mine to ask.
  if (ownerMoved) refreshConversation(client, conversation_id).catch(() => {});
  void client.invalidateQueries({ queryKey: ["conversation-members", conversation_id] });
};
