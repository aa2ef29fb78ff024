import type { QueryClient } from "@tanstack/react-query";
import type { EventMap, EventOf, EventType, ServerEvent } from "@/api/realtime";
import { attentionChanged } from "./handlers/attentionChanged";
import { bookmarkChanged } from "./handlers/bookmarkChanged";
import { conversationChanged } from "./handlers/conversationChanged";
import { conversationJoined } from "./handlers/conversationJoined";
import { conversationLeft } from "./handlers/conversationLeft";
import { cursorMoved } from "./handlers/cursorMoved";
import { dingChanged } from "./handlers/dingChanged";
import { dingProgress } from "./handlers/dingProgress";
import { dingReceived } from "./handlers/dingReceived";
import { foldersChanged } from "./handlers/foldersChanged";
import { hello } from "./handlers/hello";
import { memberChanged } from "./handlers/memberChanged";
import { messageChanged } from "./handlers/messageChanged";
import { messageCreated } from "./handlers/messageCreated";
import { mineChanged } from "./handlers/mineChanged";
import { receiptsChanged } from "./handlers/receiptsChanged";
import { sessionEnded } from "./handlers/sessionEnded";
import { threadRead } from "./handlers/threadRead";

/** What a handler may touch. */
export interface HandlerContext {
  client: QueryClient;
  myUserid: string;
  onSignedOut: () => void;
}

export type Handler<T extends EventType> = (event: EventOf<T>, context: HandlerContext) => void;

/** One event, one handler. The type makes an event without a handler a compile error. */
export const handlers: { [T in keyof EventMap]: Handler<T> } = {
  hello,
  "message.created": messageCreated,
  "message.changed": messageChanged,
  "cursor.moved": cursorMoved,
  "thread.read": threadRead,
  "bookmark.changed": bookmarkChanged,
  "receipts.changed": receiptsChanged,
  "conversation.joined": conversationJoined,
  "conversation.left": conversationLeft,
  "conversation.changed": conversationChanged,
  "conversation.mine_changed": mineChanged,
  "folders.changed": foldersChanged,
  "attention.changed": attentionChanged,
  "ding.received": dingReceived,
  "ding.changed": dingChanged,
  "ding.progress": dingProgress,
  "member.changed": memberChanged,
  "session.ended": sessionEnded,
};

export function dispatch(event: ServerEvent, context: HandlerContext): void {
  // A newer server may speak of things this client does not know yet; they are no error.
  const handler = handlers[event.type] as Handler<EventType> | undefined;
  handler?.(event as EventOf<EventType>, context);
}
