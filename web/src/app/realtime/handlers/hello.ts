import type { Head } from "@/api/realtime";
import {
  dropConversation,
  getBook,
  patchConversation,
  refreshConversation,
} from "@/shared/chat/conversations";
import { refreshReceipts } from "@/shared/chat/messages";
import { refreshDings } from "@/shared/ding/dings";
import type { Handler, HandlerContext } from "../dispatcher";

/** With more changed conversations than this, one page of the list is cheaper than asking for each. */
const singly = 10;
const justNowMs = 10_000;

function noteHead(head: Head, { client }: HandlerContext): void {
  patchConversation(client, head.conversation_id, (held) => ({
    ...held,
    head_rev: Math.max(held.head_rev, head.head_rev),
    mine: {
      ...held.mine,
      read_seq: head.read_seq,
      unread: head.unread,
      mentions: head.mentions,
      mentioned: head.mentioned,
      badge: head.badge,
    },
  }));
}

/** After any time away: the heads say where this client is behind, and only that is asked for. */
export const hello: Handler<"hello"> = (event, context) => {
  const { client, myUserid } = context;
  const book = getBook(client);
  if (!book) return;
  const listed = new Set(event.heads.map((head) => head.conversation_id));
  const behind: string[] = [];
  for (const head of event.heads) {
    const held = book.byId[head.conversation_id];
    // Pages of the list that were not read yet bring their conversations themselves.
    if (held ? held.head_seq < head.head_seq : book.next === null) behind.push(head.conversation_id);
    noteHead(head, context);
  }
  for (const id of Object.keys(book.byId)) {
    if (!listed.has(id)) dropConversation(client, id);
  }
  if (behind.length > singly) {
    void client.invalidateQueries({ queryKey: ["conversations"] });
  } else {
    for (const id of behind) refreshConversation(client, id).catch(() => {});
  }
  for (const query of client.getQueryCache().findAll({ queryKey: ["messages"] })) {
    const [, id, root] = query.queryKey;
    refreshReceipts(client, String(id), typeof root === "number" ? root : null, myUserid).catch(() => {});
  }
  refreshDings(client);
  // Own threads, marks, folders and settings have no heads: what was read before this connection is asked for again.
  for (const queryKey of [["threads"], ["thread"], ["bookmarks"], ["pins"], ["attention"], ["folders"]]) {
    void client.invalidateQueries({
      queryKey,
      predicate: ({ state }) => Date.now() - state.dataUpdatedAt > justNowMs,
    });
  }
};
