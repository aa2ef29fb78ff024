/** A message in one line: for lists, quotes and the words of the system. */
import type { TFunction } from "i18next";
import { bodyOf, type MessageBody, readContent } from "@/api/content";
import type { Message, ReplySource } from "@/api/types";

interface Named {
  userid?: unknown;
  name?: unknown;
}

const nameOf = (value: unknown): string => {
  if (typeof value === "string") return value;
  const name = (value as Named | null | undefined)?.name;
  return typeof name === "string" ? name : "";
};

/** The people a system message speaks of; `count` says how many they are when not all are named. */
function names(data: Record<string, unknown>, t: TFunction): string {
  const actor = (data.by as Named | null | undefined)?.userid;
  const all = (Array.isArray(data.members) ? data.members : []) as Named[];
  // Who brought the others in came along; they are named as the one who did it.
  const others = all.filter((person) => person.userid === undefined || person.userid !== actor);
  const known = others.map(nameOf).filter(Boolean);
  const count = (typeof data.count === "number" ? data.count : all.length) - (all.length - others.length);
  const shown = known.slice(0, 5).join(t("system.separator"));
  return count > Math.min(known.length, 5) ? t("system.andMore", { names: shown, count }) : shown;
}

type SystemText = (data: Record<string, unknown>, t: TFunction) => string;

/** Who did it; the system itself has no name. */
const by = (data: Record<string, unknown>, t: TFunction): string => nameOf(data.by) || t("system.self");

const systemTexts: Record<string, SystemText> = {
  joined: (data, t) =>
    data.by
      ? t("system.added", { actor: nameOf(data.by), names: names(data, t) })
      : t("system.joined", { names: names(data, t) }),
  left: (data, t) => t("system.left", { names: names(data, t) }),
  removed: (data, t) => t("system.removed", { actor: by(data, t), names: names(data, t) }),
  name_changed: (data, t) => t("system.renamed", { actor: by(data, t), name: nameOf(data.value) }),
  topic_changed: (data, t) => t("system.topicChanged", { actor: by(data, t), topic: nameOf(data.value) }),
  notice_changed: (data, t) => t("system.noticeChanged", { actor: by(data, t), notice: nameOf(data.value) }),
  rules_changed: (data, t) => t("system.rulesChanged", { actor: by(data, t) }),
  owner_changed: (data, t) => t("system.ownerChanged", { names: names(data, t) }),
  role_changed: (data, t) =>
    data.role === "admin"
      ? t("system.madeAdmin", { names: names(data, t) })
      : t("system.madeMember", { names: names(data, t) }),
  dissolved: (_data, t) => t("system.dissolved"),
};

export function systemText(body: { event: string; data: Record<string, unknown> }, t: TFunction): string {
  return (
    (Object.hasOwn(systemTexts, body.event) ? systemTexts[body.event]?.(body.data, t) : null) ??
    t("system.other")
  );
}

function bodyText(body: MessageBody, t: TFunction): string {
  switch (body.kind) {
    case "text":
      return body.text;
    case "markdown":
      return body.title || plainMarkdown(body.text);
    case "image":
      return t("kind.image");
    case "file":
      return `${t("kind.file")} ${body.name}`;
    case "link":
      return body.title || body.url;
    case "forward":
      return t("kind.forward");
    case "system":
      return systemText(body, t);
    case "unknown":
      return t("kind.unknown");
  }
}

/** Enough to read a first line without its marks. */
function plainMarkdown(source: string): string {
  return source
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/^\s{0,3}(#{1,6}|>|[-*+]|\d+\.)\s+/gm, "")
    .replace(/[*_~`]/g, "");
}

const oneLine = (text: string): string => text.slice(0, 200).replace(/\s+/g, " ").trim();

export function summaryOf(message: Message, t: TFunction, myUserid: string): string {
  if (message.recalled_at && message.recalled_by === myUserid) return t("message.recalledByMe");
  if (message.recalled_at) return t("message.recalled", { name: message.sender?.name ?? "" });
  return oneLine(bodyText(bodyOf(message), t));
}

export function contentSummary(kind: string, content: unknown, t: TFunction): string {
  return oneLine(bodyText(readContent(kind, content), t));
}

export function quoteText(reply: ReplySource, t: TFunction): string {
  if (reply.kind === "image") return t("kind.image");
  if (reply.kind === "file") return `${t("kind.file")} ${reply.excerpt}`;
  const text = reply.kind === "markdown" ? plainMarkdown(reply.excerpt) : reply.excerpt;
  return oneLine(text) || t("message.gone");
}
