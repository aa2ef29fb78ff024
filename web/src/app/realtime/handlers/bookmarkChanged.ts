import { noteBookmark } from "@/shared/chat/bookmarks";
import type { Handler } from "../dispatcher";

export const bookmarkChanged: Handler<"bookmark.changed"> = (event, { client }) => {
  noteBookmark(client, event.conversation_id, event.seq, event);
};
