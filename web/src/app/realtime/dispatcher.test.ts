import type { QueryClient } from "@tanstack/react-query";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ServerEvent } from "@/api/realtime";
import type { Conversation } from "@/api/types";
import { attention, getConversation, inOrder } from "@/shared/chat/conversations";
import { closeRevGap, closeSeqGap, getWindow, windowKey } from "@/shared/chat/messages";
import { windowFrom } from "@/shared/chat/window";
import { aClient, page, serve } from "../../../tests/app";
import { aConversation, aMessage } from "../../../tests/fixtures";
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
    expect(attention(here())).toEqual({ number: 1, bold: true, mention: true });
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
    hear({ type: "message.changed", conversation_id: "c1", message: recalled });
    expect(here()).toMatchObject({ head_rev: 1, last_message: { recalled_at: recalled.recalled_at } });
    expect(getWindow(client, "c1")).toMatchObject({ rev: 1 });
  });

  it("of which one was missed is caught up by rev", async () => {
    hear({ type: "message.changed", conversation_id: "c1", message: aMessage(2, { rev: 2 }) });
    expect(getWindow(client, "c1")?.rev).toBe(0);
    const calls = serve({
      "GET /conversations/c1/changes": () => page([aMessage(1, { rev: 1 }), aMessage(2, { rev: 2 })]),
    });
    await closeRevGap(client, "c1");
    expect(calls[0]?.query.get("after_rev")).toBe("0");
    expect(getWindow(client, "c1")).toMatchObject({ rev: 2, items: [{ rev: 1 }, { rev: 2 }] });
  });
});

describe("the others", () => {
  it("cursor.moved goes forward only", () => {
    const moved = { type: "cursor.moved", conversation_id: "c1", unread: 0, mentioned: false } as const;
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
      mine: { ...here().mine, pinned: true },
    });
    expect(inOrder([here()])[0]?.mine.pinned).toBe(true);
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
    mentioned: false,
  });

  it("asks for exactly the conversations that moved", async () => {
    const calls = serve({
      "GET /conversations/c1": () => ({ body: aConversation({ head_seq: 4, last_message: aMessage(4) }) }),
    });
    hear({ type: "hello", session, heads: [head("c1", 4)] });
    await vi.waitFor(() => expect(here().last_message?.seq).toBe(4));
    expect(calls.map(({ path }) => path)).toEqual(["/conversations/c1"]);
  });

  it("asks for nothing when nothing happened, and forgets what I am no longer in", () => {
    const calls = serve({});
    client.setQueryData(["conversations"], {
      byId: { c1: here(), gone: aConversation({ id: "gone" }) },
      next: null,
    });
    hear({ type: "hello", session, heads: [head("c1", 2)] });
    expect(calls).toEqual([]);
    expect(here("gone")).toBeUndefined();
  });
});

describe("the calm rule", () => {
  const mine = aConversation().mine;
  it("gives numbers to direct messages and bold names to groups", () => {
    const unread = { ...mine, unread: 5 };
    expect(attention(aConversation({ kind: "direct", mine: unread }))).toMatchObject({
      number: 5,
      bold: true,
    });
    expect(attention(aConversation({ mine: unread }))).toEqual({ number: 0, bold: true, mention: false });
  });
  it("leaves muted conversations quiet unless they mean me", () => {
    const muted = { ...mine, unread: 5, muted_until: "9999-01-01T00:00:00Z" };
    expect(attention(aConversation({ mine: muted }))).toMatchObject({ number: 0, bold: false });
    expect(attention(aConversation({ mine: { ...muted, mentioned: true } }))).toMatchObject({ bold: true });
  });
});
