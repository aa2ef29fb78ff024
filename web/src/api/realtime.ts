/** The shapes of the WebSocket `/api/v1/realtime`: events the server sends and commands the client gives. */
import type { OutgoingContent } from "./content";
import type {
  Conversation,
  ConversationRole,
  ConversationRules,
  Ding,
  DingCounts,
  DingRecipient,
  DingState,
  MemberState,
  Message,
  MessageSent,
  Mine,
  Readers,
} from "./types";

export interface Head {
  conversation_id: string;
  head_seq: number;
  head_rev: number;
  read_seq: number;
  unread: number;
  mentions: number;
  mentioned: boolean;
  badge: number;
}

export interface ThreadCounts {
  root_seq: number;
  replies: number;
  last_seq: number;
  last_at: string;
}

export interface EventMap {
  hello: { session: { user_id: string; org_id: string; userid: string }; heads: Head[]; dings_open: number };
  "message.created": {
    conversation_id: string;
    message: Message;
    /** How its thread stands with this reply. */
    thread?: ThreadCounts | null;
  };
  "message.changed": { conversation_id: string; message: Message; personal: boolean };
  "thread.read": {
    conversation_id: string;
    root_seq: number;
    last_seq: number;
    following: boolean;
    read_seq: number;
    unread: number;
  };
  "bookmark.changed": { conversation_id: string; seq: number; bookmarked: boolean; note: string };
  "cursor.moved": {
    conversation_id: string;
    head_seq: number;
    read_seq: number;
    threads_read_seq: number;
    unread: number;
    mentions: number;
    mentioned: boolean;
    badge: number;
  };
  "receipts.changed": { conversation_id: string; counts: { seq: number; read: number; total: number }[] };
  "conversation.joined": { conversation: Conversation };
  "conversation.left": { conversation_id: string };
  "conversation.changed": {
    conversation_id: string;
    name: string;
    topic: string;
    notice: string;
    rules: ConversationRules;
    owner_userid: string | null;
    member_count: number;
    avatar_file_id: string | null;
    dissolved: boolean;
    revision: number;
  };
  "conversation.mine_changed": {
    conversation_id: string;
    head_seq: number;
    my_role: ConversationRole;
    mine: Mine;
    folder_ids: string[];
  };
  "folders.changed": Record<never, never>;
  "attention.changed": Record<never, never>;
  "ding.received": { ding: Ding; step: number };
  "ding.changed": { id: string; state: DingState; ding: Ding };
  "ding.progress": {
    id: string;
    state: DingState;
    revision: number;
    counts: DingCounts;
    recipients: DingRecipient[];
  };
  "member.changed": {
    userid: string;
    name: string;
    title: string;
    avatar_file_id: string | null;
    state: MemberState;
  };
  "session.ended": { reason: string };
}

export type EventType = keyof EventMap;
export type EventOf<T extends EventType> = EventMap[T] & { type: T };
export type ServerEvent = { [T in EventType]: EventOf<T> }[EventType];

export interface ReplyEvent {
  type: "reply";
  id: number;
  ok?: unknown;
  error?: { code: string; message: string };
}

export interface Frame {
  events: (ServerEvent | ReplyEvent)[];
}

type SendCommand = OutgoingContent & {
  conversation_id: string;
  client_id: string;
  mentions?: string[];
  reply_to?: number | null;
  also_in_main?: boolean;
};

export interface CommandMap {
  authenticate: { in: { org_id?: string | null }; out: unknown };
  "message.send": { in: SendCommand; out: MessageSent };
  "conversation.read": { in: { conversation_id: string; seq?: number }; out: { read_seq: number } };
  "messages.after": {
    in: { conversation_id: string; seq: number; limit?: number };
    out: { items: Message[]; next_seq: number | null };
  };
  "messages.changed": {
    in: { conversation_id: string; rev: number; limit?: number };
    out: { items: Message[]; next_rev: number | null };
  };
  readers: { in: { conversation_id: string; seq: number }; out: Readers };
  ping: { in: Record<string, never>; out: unknown };
}

export type CommandName = keyof CommandMap;

export const closeCodes = { signedOut: 4401 } as const;
