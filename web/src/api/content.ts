/** The content of a message, read by its kind. What does not fit its kind becomes `unknown`, never an exception. */
import type { Message } from "./types";

export interface FileContent {
  file_id: string;
  name: string;
  size: number;
  type: string;
}

export interface ForwardedItem {
  sender: { userid: string; name: string } | null;
  kind: string;
  content: Record<string, unknown>;
  sent_at: string | null;
}

export type MessageBody =
  | { kind: "text"; text: string }
  | { kind: "markdown"; title: string; text: string }
  | { kind: "image"; file_id: string; width: number; height: number }
  | ({ kind: "file" } & FileContent)
  | { kind: "link"; title: string; text: string; url: string }
  | { kind: "forward"; items: ForwardedItem[] }
  | { kind: "system"; event: string; data: Record<string, unknown> }
  | { kind: "unknown" };

/** The kinds a person may send from this client and their wire contents. */
export type OutgoingContent =
  | { kind: "text"; content: { text: string } }
  | { kind: "markdown"; content: { text: string } }
  | { kind: "image"; content: { file_id: string; width: number; height: number } }
  | { kind: "file"; content: FileContent };

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const number = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;

function forwardedItem(value: unknown): ForwardedItem | null {
  if (typeof value !== "object" || value === null) return null;
  const item = value as Record<string, unknown>;
  const sender = item.sender as { userid?: unknown; name?: unknown } | null | undefined;
  return {
    sender: sender ? { userid: text(sender.userid), name: text(sender.name) } : null,
    kind: text(item.kind),
    content: (item.content ?? {}) as Record<string, unknown>,
    sent_at: text(item.sent_at) || null,
  };
}

type Reader = (content: Record<string, unknown>) => MessageBody;

const readers: Record<string, Reader> = {
  text: (c) => ({ kind: "text", text: text(c.text) }),
  markdown: (c) => ({ kind: "markdown", title: text(c.title), text: text(c.text) }),
  image: (c) => ({
    kind: "image",
    file_id: text(c.file_id),
    width: number(c.width),
    height: number(c.height),
  }),
  file: (c) => ({
    kind: "file",
    file_id: text(c.file_id),
    name: text(c.name),
    size: number(c.size),
    type: text(c.type),
  }),
  link: (c) => ({ kind: "link", title: text(c.title), text: text(c.text), url: text(c.url) }),
  forward: (c) => ({
    kind: "forward",
    items: (Array.isArray(c.items) ? c.items : [])
      .map(forwardedItem)
      .filter((item): item is ForwardedItem => item !== null),
  }),
  system: (c) => ({ kind: "system", event: text(c.event), data: c }),
};

export function readContent(kind: string, content: unknown): MessageBody {
  const reader = readers[kind];
  if (!reader || typeof content !== "object" || content === null) return { kind: "unknown" };
  return reader(content as Record<string, unknown>);
}

export function bodyOf(message: Pick<Message, "kind" | "content">): MessageBody {
  return readContent(message.kind, message.content);
}
