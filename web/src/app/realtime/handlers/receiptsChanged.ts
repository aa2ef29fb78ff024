import { patchWindows } from "@/shared/chat/messages";
import { withReceipts } from "@/shared/chat/window";
import type { Handler } from "../dispatcher";

export const receiptsChanged: Handler<"receipts.changed"> = (event, { client }) => {
  patchWindows(client, event.conversation_id, (window) => withReceipts(window, event.counts));
  for (const { seq } of event.counts) {
    // An open read list is the one place where the names matter; a closed one is asked for again when opened.
    void client.invalidateQueries({ queryKey: ["readers", event.conversation_id, seq] });
  }
};
