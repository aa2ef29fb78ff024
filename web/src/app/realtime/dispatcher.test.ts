import type { QueryClient } from "@tanstack/react-query";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { EventOf, ServerEvent } from "@/api/realtime";
import type { Conversation } from "@/api/types";
import { getConversation, inOrder, standing } from "@/shared/chat/conversations";
import { closeRevGap, closeSeqGap, getWindow, noteRead, windowKey } from "@/shared/chat/messages";
import { getThread, putThread } from "@/shared/chat/threads";
import { windowFrom } from "@/shared/chat/window";
import { aClient, page, serve } from "../../../tests/app";
import { aConversation, aDing, aMessage, anAttention, aRecipient, aThread } from "../../../tests/fixtures";
import { dispatch } from "./dispatcher";

let client: QueryClient;
const onSignedOut = vi.fn();
const hear = (event: ServerEvent) => dispatch(event, { client, myUserid: "wang", onSignedOut });
const here = (id = "c1") => getConversation(client, id) as Conversation;

beforeEach(() => {
  client = aClient([
    aConversation({ head_seq: 2, mine: { ...aConversation().mine, read_seq: 2 }, last_message: aMessage(2) }),
  ]);
  client.setQueryData(
    windowKey("c1"),
    windowFrom([aMessage(1), aMessage(2)], { to: 2, rev: 0, reachedStart: true }),
  );
});

describe("message.created", () => {
  it("moves head, preview, unread and the open window", () => {
    hear({ type: "message.created", conversation_id: "c1", message: aMessage(3) });
    expect(here()).toMatchObject({
      head_seq: 3,
      last_message: { seq: 3 },
      mine: { unread: 1, mentioned: false },
    });
    expect(getWindow(client, "c1")?.items).toHaveLength(3);
  });

  it("counts nothing twice", () => {
    const event = { type: "message.created", conversation_id: "c1", message: aMessage(3) } as const;
    hear(event);
    hear(event);
    expect(here().mine.unread).toBe(1);
    expect(getWindow(client, "c1")?.items).toHaveLength(3);
  });

  it.each([["wang"], ["all"]])("marks a mention of %s", (mention) => {
    hear({ type: "message.created", conversation_id: "c1", message: aMessage(3, { mentions: [mention] }) });
    expect(standing(here(), anAttention())).toEqual({ number: 1, bold: true, mention: true });
  });

  it("of my own is not unread and begins with no reader", () => {
    const sender = { userid: "wang", name: "王小明" };
    hear({ type: "message.created", conversation_id: "c1", message: aMessage(3, { sender }) });
    expect(here().mine.unread).toBe(0);
    expect(getWindow(client, "c1")?.items.at(-1)?.receipts).toEqual({ read: 0, total: 3 });
  });

  it("leaves a gap to be fetched, and the fetch closes it", async () => {
    hear({ type: "message.created", conversation_id: "c1", message: aMessage(5) });
    expect(getWindow(client, "c1")?.to).toBe(2);
    const calls = serve({
      "GET /conversations/c1/messages": () => page([aMessage(3), aMessage(4), aMessage(5)]),
    });
    await closeSeqGap(client, "c1", 5);
    expect(calls[0]?.query.get("after_seq")).toBe("2");
    expect(getWindow(client, "c1")?.items.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  });

  it("brings a conversation that the list did not hold", async () => {
    serve({ "GET /conversations/c2": () => ({ body: aConversation({ id: "c2" }) }) });
    hear({ type: "message.created", conversation_id: "c2", message: aMessage(1) });
    await vi.waitFor(() => expect(here("c2")).toBeDefined());
  });
});

describe("message.changed", () => {
  it("replaces the message in window and preview", () => {
    const recalled = aMessage(2, { rev: 1, content: {}, recalled_at: "2026-01-05T02:00:00Z" });
    hear({ type: "message.changed", conversation_id: "c1", message: recalled, personal: false });
    expect(here()).toMatchObject({ head_rev: 1, last_message: { recalled_at: recalled.recalled_at } });
    expect(getWindow(client, "c1")).toMatchObject({ rev: 1 });
  });

  it("of which one was missed is caught up by rev", async () => {
    hear({
      type: "message.changed",
      conversation_id: "c1",
      message: aMessage(2, { rev: 2 }),
      personal: false,
    });
    expect(getWindow(client, "c1")?.rev).toBe(0);
    const calls = serve({
      "GET /conversations/c1/changes": () => page([aMessage(1, { rev: 1 }), aMessage(2, { rev: 2 })]),
    });
    await closeRevGap(client, "c1");
    expect(calls[0]?.query.get("after_rev")).toBe("0");
    expect(getWindow(client, "c1")).toMatchObject({ rev: 2, items: [{ rev: 1 }, { rev: 2 }] });
  });
});

describe("a reply in a thread", () => {
  const reply = (seq: number, part: Parameters<typeof aMessage>[1] = {}) =>
    aMessage(seq, { thread_seq: 1, ...part });
  const counts = { root_seq: 1, replies: 1, last_seq: 3, last_at: "2026-01-05T01:00:03Z" };
  const created = (message: ReturnType<typeof reply>) =>
    hear({ type: "message.created", conversation_id: "c1", message, thread: counts });

  it("is no news of the conversation, and shows on the message it hangs on", () => {
    created(reply(3));
    expect(here()).toMatchObject({ head_seq: 3, last_message: { seq: 2 }, mine: { unread: 0, badge: 0 } });
    expect(getWindow(client, "c1")).toMatchObject({ to: 3, items: [{ thread: { replies: 1 } }, { seq: 2 }] });
  });

  it("is news when it calls me, until it was read in its thread", () => {
    created(reply(3, { mentions: ["wang"] }));
    expect(here()).toMatchObject({
      last_message: { seq: 3 },
      mine: { unread: 1, mentions: 1, mentioned: true },
    });
    noteRead(client, "c1", 2, "wang");
    expect(here().mine).toMatchObject({ unread: 1, mentions: 1, mentioned: true });
  });

  it("is new in a thread that I follow, and read on another device", () => {
    client.setQueryData(["threads"], { byPlace: {}, next: null, listed: true });
    putThread(client, aThread({ root_seq: 1, read_seq: 1 }));
    created(reply(3));
    expect(getThread(client, "c1", 1)).toMatchObject({ replies: 1, last_seq: 3, unread: 1 });
    const read = { conversation_id: "c1", root_seq: 1, last_seq: 3, following: true };
    hear({ type: "thread.read", ...read, read_seq: 3, unread: 0 });
    expect(getThread(client, "c1", 1)).toMatchObject({ read_seq: 3, unread: 0 });
    hear({ type: "conversation.left", conversation_id: "c1" });
    expect(getThread(client, "c1", 1)).toBeUndefined();
  });

  it("that calls me brings a thread that I did not follow", async () => {
    client.setQueryData(["threads"], { byPlace: {}, next: null, listed: true });
    serve({ "GET /conversations/c1/threads/1": () => ({ body: aThread({ root_seq: 1, unread: 1 }) }) });
    created(reply(3, { mentions: ["wang"] }));
    await vi.waitFor(() => expect(getThread(client, "c1", 1)).toMatchObject({ unread: 1 }));
  });
});

describe("bookmark.changed", () => {
  it("gives a mark another note, and takes it away", () => {
    const conversation = { id: "c1", kind: "group" as const, name: "專案群組" };
    const mark = { conversation, message: aMessage(2), note: "", at: "2026-01-05T01:00:00Z" };
    client.setQueryData(["bookmarks"], { items: [mark], next: null });
    const event = { type: "bookmark.changed", conversation_id: "c1", seq: 2 } as const;
    hear({ ...event, bookmarked: true, note: "週五" });
    expect(client.getQueryData(["bookmarks"])).toMatchObject({ items: [{ note: "週五" }] });
    hear({ ...event, bookmarked: false, note: "" });
    expect(client.getQueryData(["bookmarks"])).toMatchObject({ items: [] });
  });
});

describe("the others", () => {
  it("cursor.moved goes forward only", () => {
    const moved = {
      type: "cursor.moved",
      conversation_id: "c1",
      head_seq: 9,
      threads_read_seq: 0,
      unread: 0,
      mentions: 0,
      mentioned: false,
      badge: 0,
    } as const;
    hear({ ...moved, read_seq: 1, unread: 9 });
    expect(here().mine).toMatchObject({ read_seq: 2, unread: 0 });
    hear({ ...moved, read_seq: 7 });
    expect(here().mine.read_seq).toBe(7);
  });

  it("receipts.changed shows counts", () => {
    hear({ type: "receipts.changed", conversation_id: "c1", counts: [{ seq: 2, read: 1, total: 3 }] });
    expect(getWindow(client, "c1")?.items[1]?.receipts).toEqual({ read: 1, total: 3 });
  });

  it("conversation.joined and left", () => {
    hear({ type: "conversation.joined", conversation: aConversation({ id: "c2" }) });
    expect(here("c2")).toBeDefined();
    hear({ type: "conversation.left", conversation_id: "c2" });
    expect(here("c2")).toBeUndefined();
  });

  it("conversation.changed of an older revision is ignored", () => {
    const { topic, notice, rules, owner_userid, member_count } = aConversation();
    const change = {
      type: "conversation.changed",
      conversation_id: "c1",
      topic,
      notice,
      rules,
      owner_userid,
      member_count,
      avatar_file_id: null,
      dissolved: false,
    } as const;
    hear({ ...change, name: "新名", revision: 2 });
    hear({ ...change, name: "舊名", revision: 1 });
    expect(here().name).toBe("新名");
    hear({ ...change, name: "新名", revision: 3, dissolved: true });
    expect(here().dissolved_at).not.toBeNull();
  });

  it("conversation.changed leaves a direct chat the name of its other person", () => {
    const direct = aConversation({ id: "d1", kind: "direct", name: "林美玲" });
    hear({ type: "conversation.joined", conversation: direct });
    const { topic, notice, rules, owner_userid, member_count, revision } = direct;
    const event = { type: "conversation.changed", conversation_id: "d1", dissolved: false } as const;
    const change = { topic, notice, rules, owner_userid, member_count, revision };
    hear({ ...event, ...change, name: "", avatar_file_id: null });
    expect(here("d1")?.name).toBe("林美玲");
  });

  it("conversation.mine_changed is as another device left it", () => {
    hear({
      type: "conversation.mine_changed",
      conversation_id: "c1",
      head_seq: 2,
      my_role: "admin",
      mine: { ...here().mine, pinned: true },
      folder_ids: ["f1"],
    });
    expect(inOrder([here()])[0]).toMatchObject({
      mine: { pinned: true },
      my_role: "admin",
      folder_ids: ["f1"],
    });
  });

  it("member.changed renames a direct conversation", () => {
    const peer = { userid: "lin", name: "林雅婷", avatar_file_id: null, state: "active" as const };
    hear({
      type: "conversation.joined",
      conversation: aConversation({ id: "d1", kind: "direct", name: "林雅婷", peer }),
    });
    hear({
      type: "member.changed",
      userid: "lin",
      name: "林雅",
      title: "",
      avatar_file_id: null,
      state: "left",
    });
    expect(here("d1")).toMatchObject({ name: "林雅", peer: { state: "left" } });
  });

  it("session.ended signs out", () => {
    hear({ type: "session.ended", reason: "left" });
    expect(onSignedOut).toHaveBeenCalled();
  });

  it("an event of a newer server is no error", () => {
    expect(() => hear({ type: "ding.created" } as unknown as ServerEvent)).not.toThrow();
  });
});

describe("hello", () => {
  const session = { user_id: "u1", org_id: "org-1", userid: "wang" };
  const head = (id: string, head_seq: number) => ({
    conversation_id: id,
    head_seq,
    head_rev: 0,
    read_seq: 2,
    unread: head_seq - 2,
    mentions: 0,
    mentioned: false,
    badge: 0,
  });

  it("asks for exactly the conversations that moved", async () => {
    const calls = serve({
      "GET /conversations/c1": () => ({ body: aConversation({ head_seq: 4, last_message: aMessage(4) }) }),
    });
    hear({ type: "hello", session, heads: [head("c1", 4)], dings_open: 0 });
    await vi.waitFor(() => expect(here().last_message?.seq).toBe(4));
    expect(calls.map(({ path }) => path)).toEqual(["/conversations/c1"]);
  });

  it("asks for nothing when nothing happened, and forgets what I am no longer in", () => {
    const calls = serve({});
    client.setQueryData(["conversations"], {
      byId: { c1: here(), gone: aConversation({ id: "gone" }) },
      next: null,
    });
    hear({ type: "hello", session, heads: [head("c1", 2)], dings_open: 0 });
    expect(calls).toEqual([]);
    expect(here("gone")).toBeUndefined();
  });
});

describe("the calm rule", () => {
  const mine = aConversation().mine;
  const rule = anAttention();

  it("shows the number that the server counted, and its word on the name", () => {
    const unread = { ...mine, unread: 5 };
    const direct = aConversation({ kind: "direct", mine: { ...unread, badge: 5 } });
    expect(standing(direct, rule)).toMatchObject({ number: 5, bold: true });
    expect(standing(aConversation({ mine: unread }), rule)).toEqual({
      number: 0,
      bold: true,
      mention: false,
    });
  });

  it("leaves muted conversations quiet unless they call me", () => {
    const muted = { ...mine, unread: 5, muted_until: "9999-01-01T00:00:00Z" };
    expect(standing(aConversation({ mine: muted }), rule)).toMatchObject({ number: 0, bold: false });
    const called = { ...muted, mentions: 1, mentioned: true, badge: 1 };
    expect(standing(aConversation({ mine: called }), rule)).toMatchObject({ number: 1, bold: true });
  });

  it.each([
    ["a group's message", "group", {}, 0],
    ["a direct message", "direct", {}, 1],
    [
      "a reply to me",
      "group",
      { reply_to: { seq: 1, sender: { userid: "wang", name: "" }, kind: "text", excerpt: "" } },
      1,
    ],
    ["another's reply in a thread", "group", { thread_seq: 1 }, 0],
  ] as const)("counts %s as the table says", (_what, kind, part, badge) => {
    client.setQueryData(["conversations"], { byId: { c1: { ...here(), kind } }, next: null });
    hear({ type: "message.created", conversation_id: "c1", message: aMessage(3, part) });
    expect(here().mine.badge).toBe(badge);
  });

  it("decides nothing itself: with another table the same message carries no number", () => {
    const silent = anAttention().rule.map((row) => ({ ...row, number: false }));
    client.setQueryData(["attention"], anAttention({ rule: silent }));
    hear({ type: "message.created", conversation_id: "c1", message: aMessage(3, { mentions: ["wang"] }) });
    expect(here().mine).toMatchObject({ mentions: 1, badge: 0 });
  });

  it("attention.changed and folders.changed make rule, folders and badges old", () => {
    hear({ type: "attention.changed" });
    hear({ type: "folders.changed" });
    for (const key of ["attention", "folders", "conversations"]) {
      expect(client.getQueryState([key])?.isInvalidated).toBe(true);
    }
  });
});

describe("DING", () => {
  const open = () => client.getQueryData<{ id: string }[]>(["dings", "open"])?.map(({ id }) => id);
  const acknowledged = aDing({ recipients: [aRecipient("wang", { state: "acknowledged", rev: 2 })] });

  beforeEach(() => client.setQueryData(["dings", "open"], []));

  it("stands until it is acknowledged, on whatever device", () => {
    hear({ type: "ding.received", ding: aDing(), step: 0 });
    hear({ type: "ding.received", ding: aDing(), step: 1 });
    expect(open()).toEqual(["ding-1"]);
    hear({ type: "ding.changed", id: "ding-1", state: "open", ding: acknowledged });
    expect(open()).toEqual([]);
  });

  it("that comes late, after it was acknowledged, changes nothing", () => {
    client.setQueryData(["dings", "one", "ding-1"], acknowledged);
    hear({ type: "ding.changed", id: "ding-1", state: "open", ding: aDing() });
    expect(client.getQueryData(["dings", "one", "ding-1"])).toEqual(acknowledged);
  });

  it("of my own shows who has acknowledged, and never an older state", () => {
    const counts = { pending: 2, delivered: 0, acknowledged: 0, undelivered: 0, cancelled: 0 };
    const sent = aDing({ mine: true, counts, recipients: [aRecipient("lin"), aRecipient("chen")] });
    client.setQueryData(["dings", "one", "ding-1"], sent);
    const progress: EventOf<"ding.progress"> = {
      type: "ding.progress",
      id: "ding-1",
      state: "open",
      revision: 3,
      counts: { ...counts, pending: 1, acknowledged: 1 },
      recipients: [aRecipient("lin", { state: "acknowledged", rev: 3 })],
    };
    hear(progress);
    hear({
      ...progress,
      revision: 2,
      counts,
      recipients: [aRecipient("lin", { state: "delivered", rev: 2 })],
    });
    expect(client.getQueryData(["dings", "one", "ding-1"])).toMatchObject({
      counts: { acknowledged: 1, pending: 1 },
      recipients: [
        { userid: "lin", state: "acknowledged" },
        { userid: "chen", state: "pending" },
      ],
    });
  });
});
