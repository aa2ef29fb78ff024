import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { ApiError } from "@/api/errors";
import type { Conversation, Message, MessageSent } from "@/api/types";
import { getConversation, noteMessage } from "@/shared/chat/conversations";
import { addCreated, getWindow, patchWindows } from "@/shared/chat/messages";
import type { Outgoing } from "@/shared/chat/outbox";
import { withReceipts } from "@/shared/chat/window";
import { aClient, page, refusal, renderApp, serve } from "../../../tests/app";
import { aConversation, aMessage } from "../../../tests/fixtures";
import { MessagePane } from "./MessagePane";
import { ReadersPanel } from "./ReadersPanel";
import { makeRows } from "./rows";

const me = { userid: "wang", name: "王小明" };
const { mine } = aConversation();

interface PaneOptions {
  conversation?: Partial<Conversation>;
  messages?: Message[];
  routes?: Parameters<typeof serve>[0];
  send?: (message: Outgoing) => Promise<MessageSent>;
  at?: number | null;
}

function openPane({ conversation = {}, messages = [], routes = {}, send, at = null }: PaneOptions = {}) {
  const head_seq = messages.at(-1)?.seq ?? 0;
  const held = aConversation({ head_seq, mine: { ...mine, read_seq: head_seq }, ...conversation });
  const calls = serve({ "GET /conversations/c1/messages": () => page(messages), ...routes });
  const client = aClient([held]);
  const onOpenReaders = vi.fn();
  const sent: Outgoing[] = [];
  const port = {
    send: (message: Outgoing) => {
      sent.push(message);
      return send ? send(message) : new Promise<MessageSent>(() => {});
    },
    sent: (message: Outgoing, answer: MessageSent) => {
      const own = aMessage(answer.seq, {
        sender: me,
        content: { ...message.body.content },
        receipts: { read: 0, total: 3 },
      });
      noteMessage(client, "c1", own, "wang");
      addCreated(client, "c1", own);
    },
  };
  const onOpenThread = vi.fn();
  const view = renderApp(
    <MessagePane
      conversation={held}
      at={at}
      standing={held.mine}
      onOpenReaders={onOpenReaders}
      onOpenThread={onOpenThread}
    />,
    { client, port },
  );
  return { ...view, calls, sent, onOpenReaders, onOpenThread };
}

const box = () => screen.getByRole("textbox", { name: "寫訊息到專案群組" });

describe("history", () => {
  it("is a log of who said what, with the server's own words between", async () => {
    openPane({
      messages: [
        aMessage(1, {
          sender: null,
          kind: "system",
          content: { event: "joined", by: me, members: [{ name: "林雅婷" }] },
        }),
        aMessage(2),
        aMessage(3, { content: {}, recalled_at: "2026-01-05T02:00:00Z", recalled_by: "lin" }),
        aMessage(4, { kind: "hologram" }),
      ],
    });
    await screen.findByText("王小明 邀請 林雅婷 加入群組");
    const log = screen.getByRole("log");
    expect(within(log).getByText("第 2 則")).toBeInTheDocument();
    expect(within(log).getByText("林雅婷 收回了一則訊息")).toBeInTheDocument();
    expect(within(log).getByText("[這個版本無法顯示的訊息]")).toBeInTheDocument();
  });

  it("asks only for what is newer once it holds a stretch", async () => {
    const { calls } = openPane({ messages: [aMessage(1), aMessage(2)] });
    await screen.findByText("第 2 則");
    expect(calls.map(({ query }) => query.get("before_seq"))).toEqual(["3"]);
  });

  it("draws the unread line where the person had stopped", async () => {
    openPane({
      messages: [aMessage(1), aMessage(2, { sender: me }), aMessage(3)],
      conversation: { mine: { ...mine, read_seq: 1, unread: 1 } },
    });
    const line = await screen.findByTestId("unread-line");
    expect(line.parentElement).toHaveTextContent("第 3 則");
  });

  it("opens at the message an address names", async () => {
    const many = Array.from({ length: 200 }, (_, index) => aMessage(index + 1));
    const { calls } = openPane({
      messages: many,
      at: 40,
      routes: {
        "GET /conversations/c1/messages": ({ query }) => {
          const after = Number(query.get("after_seq"));
          return page(many.filter(({ seq }) => seq > after).slice(0, Number(query.get("limit"))));
        },
      },
    });
    await waitFor(() => expect(calls[0]?.query.get("after_seq")).toBe("10"));
    expect(await screen.findByTestId("to-latest")).toBeInTheDocument();
  });

  it("says what failed and tries again", async () => {
    let fail = true;
    const { user } = openPane({
      routes: {
        "GET /conversations/c1/messages": () => (fail ? refusal(403, "x", "沒有權限") : page([aMessage(1)])),
      },
    });
    expect(await screen.findByRole("alert")).toHaveTextContent("沒有權限");
    fail = false;
    await user.click(screen.getByRole("button", { name: "再試一次" }));
    await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
  });
});

describe("my own message", () => {
  it("shows sending, then how many have read it, live, and opens the lists", async () => {
    let answer: (value: MessageSent) => void = () => {};
    const { user, client, onOpenReaders } = openPane({
      messages: [aMessage(1)],
      send: () => new Promise((resolve) => (answer = resolve)),
    });
    await screen.findByText("第 1 則");
    await user.type(box(), "大家好{Enter}");
    expect(await screen.findByText("傳送中…")).toBeInTheDocument();
    expect(box()).toHaveValue("");
    await act(async () => answer({ id: "x", seq: 2, sent_at: "2026-01-05T01:00:02Z" }));
    expect(await screen.findByTestId("read-state")).toHaveTextContent("3 人中 0 人已讀");
    expect(screen.queryByTestId("outgoing")).toBeNull();
    act(() => patchWindows(client, "c1", (window) => withReceipts(window, [{ seq: 2, read: 2, total: 3 }])));
    expect(await screen.findByText("3 人中 2 人已讀")).toBeInTheDocument();
    await user.click(screen.getByTestId("read-state"));
    expect(onOpenReaders).toHaveBeenCalledWith(2);
  });

  it("in a direct conversation is read or unread", async () => {
    openPane({
      conversation: { kind: "direct", name: "專案群組" },
      messages: [
        aMessage(1, { sender: me, receipts: { read: 1, total: 1 } }),
        aMessage(2, { sender: me, receipts: { read: 0, total: 1 } }),
      ],
    });
    const states = await screen.findAllByTestId("read-state");
    expect(states.map((state) => state.textContent)).toEqual(["已讀", "未讀"]);
  });

  it("that is refused says why and can be tried again", async () => {
    let refuse = true;
    const { user } = openPane({
      messages: [aMessage(1)],
      send: async () => {
        if (refuse) throw new ApiError({ status: 403, code: "muted", message: "您已被禁言" });
        return { id: "x", seq: 2, sent_at: "2026-01-05T01:00:02Z" };
      },
    });
    await screen.findByText("第 1 則");
    await user.type(box(), "喂{Enter}");
    expect(await screen.findByText("您已被禁言")).toBeInTheDocument();
    refuse = false;
    await user.click(await screen.findByRole("button", { name: "再試一次" }));
    expect(await screen.findByTestId("read-state")).toBeInTheDocument();
  });
});

describe("the composer", () => {
  it("sends with Enter, breaks the line with Shift+Enter", async () => {
    const { user, sent } = openPane({ messages: [aMessage(1)] });
    await user.type(box(), "一{Shift>}{Enter}{/Shift}二{Enter}");
    expect(sent[0]?.body).toEqual({ kind: "text", content: { text: "一\n二" } });
  });

  it("leaves Enter to the input method while it composes", async () => {
    const { sent } = openPane({ messages: [aMessage(1)] });
    fireEvent.change(box(), { target: { value: "ㄋㄧˇ" } });
    fireEvent.keyDown(box(), { key: "Enter", isComposing: true });
    fireEvent.keyDown(box(), { key: "Enter", keyCode: 229 });
    expect(sent).toEqual([]);
    fireEvent.keyDown(box(), { key: "Enter" });
    expect(sent).toHaveLength(1);
  });

  it("sends nothing empty", async () => {
    const { user, sent } = openPane({ messages: [aMessage(1)] });
    await user.type(box(), "   {Enter}");
    expect(sent).toEqual([]);
    expect(screen.getByRole("button", { name: "傳送" })).toBeDisabled();
  });

  it("mentions whoever is chosen and still named", async () => {
    const { user, sent } = openPane({
      messages: [aMessage(1)],
      routes: {
        "GET /conversations/c1/members": ({ query }) =>
          page(query.get("query") === "lyt" ? [{ userid: "lin", name: "林雅婷", title: "設計師" }] : []),
      },
    });
    await user.type(box(), "請 @lyt");
    expect(await screen.findByRole("option", { name: /林雅婷/ })).toHaveAttribute("aria-selected", "true");
    await user.keyboard("{Enter}");
    expect(box()).toHaveValue("請 @林雅婷 ");
    await user.type(box(), "看{Enter}");
    expect(sent[0]).toMatchObject({ mentions: ["lin"], body: { content: { text: "請 @林雅婷 看" } } });
  });

  it.each([
    ["group", "引用回覆"],
    ["direct", "回覆"],
  ] as const)("quotes a message in the main line (%s)", async (kind, action) => {
    const { user, sent } = openPane({ messages: [aMessage(7)], conversation: { kind } });
    await user.click(await screen.findByRole("button", { name: "訊息操作" }));
    await user.click(screen.getByRole("menuitem", { name: action }));
    expect(screen.getByText("回覆 林雅婷")).toBeInTheDocument();
    await user.type(box(), "好{Enter}");
    expect(sent[0]).toMatchObject({
      reply: { seq: 7, excerpt: "第 7 則" },
      thread: 7,
      also_in_main: true,
    });
    expect(screen.queryByText("回覆 林雅婷")).toBeNull();
  });

  it("replies to a message of a group in its thread", async () => {
    const { user, onOpenThread } = openPane({ messages: [aMessage(7)] });
    await user.click(await screen.findByRole("button", { name: "訊息操作" }));
    await user.click(screen.getByRole("menuitem", { name: "回覆" }));
    expect(onOpenThread).toHaveBeenCalledWith(7, null);
  });

  it("edits my last message with the arrow up", async () => {
    const changed = aMessage(2, {
      rev: 1,
      sender: me,
      content: { text: "新字" },
      edited_at: "2026-01-05T02:00:00Z",
    });
    const { user, calls } = openPane({
      messages: [aMessage(1), aMessage(2, { sender: me, content: { text: "舊字" } })],
      routes: { "PATCH /conversations/c1/messages/2": () => ({ body: changed }) },
    });
    await screen.findByText("舊字");
    await user.click(box());
    await user.keyboard("{ArrowUp}");
    expect(box()).toHaveValue("舊字");
    await user.clear(box());
    await user.type(box(), "新字{Enter}");
    expect(await screen.findByText("已編輯")).toBeInTheDocument();
    expect(calls.at(-1)?.body).toEqual({ content: { text: "新字" }, rev: 0 });
  });

  it("sends markdown that was seen before", async () => {
    const { user, sent } = openPane({ messages: [aMessage(1)] });
    await user.click(screen.getByRole("button", { name: "Markdown" }));
    await user.type(box(), "**重要**");
    await user.click(screen.getByRole("button", { name: "預覽" }));
    expect(screen.getByTestId("markdown-preview").querySelector("strong")).toHaveTextContent("重要");
    await user.click(screen.getByRole("button", { name: "傳送" }));
    expect(sent[0]?.body).toEqual({ kind: "markdown", content: { text: "**重要**" } });
  });

  it("keeps the draft of a conversation and brings it to the server when left", async () => {
    const { user, calls, unmount, client } = openPane({
      messages: [aMessage(1)],
      routes: { "PATCH /conversations/c1/mine": ({ body }) => ({ body: { ...mine, ...(body as object) } }) },
    });
    await user.type(box(), "寫到一半");
    expect(localStorage.getItem("pegboard.draft.org-1.wang.c1")).toBe("寫到一半");
    unmount();
    await waitFor(() => expect(calls.at(-1)?.body).toEqual({ draft: "寫到一半" }));
    expect(getConversation(client, "c1")?.mine.draft).toBe("寫到一半");
  });

  it.each([
    [{ rules: { ...aConversation().rules, mute_all: true } }, "這個群組目前全員禁言"],
    [{ rules: { ...aConversation().rules, speak: "admins" as const } }, "只有管理員可以在這裡發言"],
    [{ dissolved_at: "2026-01-05T00:00:00Z" }, "這個群組已解散，只能查看訊息"],
  ])("says why one cannot write", async (part, reason) => {
    openPane({ conversation: { my_role: "member", ...part }, messages: [aMessage(1)] });
    expect(await screen.findByText(reason)).toBeInTheDocument();
    expect(screen.queryByRole("textbox")).toBeNull();
  });
});

describe("acting on a message", () => {
  it("reacts, and takes it back", async () => {
    const reaction = { emoji: "👍", count: 1, mine: true, names: ["王小明"] };
    const path = `/conversations/c1/messages/1/reactions/${encodeURIComponent("👍")}`;
    const { user } = openPane({
      messages: [aMessage(1)],
      routes: {
        [`PUT ${path}`]: () => ({ body: aMessage(1, { rev: 1, reactions: [reaction] }) }),
        [`DELETE ${path}`]: () => ({ body: aMessage(1, { rev: 2 }) }),
      },
    });
    await user.click(await screen.findByRole("button", { name: "訊息操作" }));
    await user.click(screen.getByRole("menuitem", { name: "以 👍 回應" }));
    const shown = await screen.findByRole("button", { name: "👍 1 人" });
    expect(shown).toHaveAttribute("aria-pressed", "true");
    await user.click(shown);
    await waitFor(() => expect(screen.queryByRole("button", { name: "👍 1 人" })).toBeNull());
  });

  it("recalls after saying what that means", async () => {
    const { user, client } = openPane({
      messages: [aMessage(1, { sender: me })],
      routes: {
        "POST /conversations/c1/messages/1/recall": () => ({
          body: aMessage(1, {
            rev: 1,
            sender: me,
            content: {},
            recalled_at: "2026-01-05T02:00:00Z",
            recalled_by: "wang",
          }),
        }),
      },
    });
    await user.click(await screen.findByRole("button", { name: "訊息操作" }));
    await user.click(screen.getByRole("menuitem", { name: "收回" }));
    await user.click(within(screen.getByRole("dialog")).getByRole("button", { name: "收回" }));
    expect(await screen.findByText("您收回了一則訊息")).toBeInTheDocument();
    expect(getWindow(client, "c1")?.items[0]?.content).toEqual({});
  });

  it("offers a member no recall of others", async () => {
    const { user } = openPane({ conversation: { my_role: "member" }, messages: [aMessage(1)] });
    await user.click(await screen.findByRole("button", { name: "訊息操作" }));
    expect(screen.queryByRole("menuitem", { name: "收回" })).toBeNull();
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("menu")).toBeNull();
  });
});

describe("the read lists", () => {
  const readers = {
    read: [{ userid: "lin", name: "林雅婷", read_at: "2020-01-05T01:00:00Z" }],
    unread: [
      { userid: "chen", name: "陳大文" },
      { userid: "ma", name: "馬思家", left: true },
    ],
    total: 3,
    next: null,
  };
  const open = () => {
    const onClose = vi.fn();
    serve({ "GET /conversations/c1/messages/5/readers": () => ({ body: readers }) });
    return {
      onClose,
      ...renderApp(
        <ReadersPanel conversationId="c1" seq={5} receipts={null} onDing={() => {}} onClose={onClose} />,
      ),
    };
  };

  it("have both counts, names, times, and who has left", async () => {
    const { user } = open();
    expect(await screen.findByRole("tab", { name: "未讀 2" })).toHaveAttribute("aria-selected", "true");
    expect(screen.getByText("陳大文")).toBeInTheDocument();
    expect(screen.getByText("已離開")).toBeInTheDocument();
    await user.click(screen.getByRole("tab", { name: "已讀 1" }));
    expect(await screen.findByRole("link", { name: /林雅婷.*2020/ })).toBeInTheDocument();
  });

  it("can be searched, and close with Escape", async () => {
    const { user, onClose } = open();
    await screen.findByText("陳大文");
    await user.type(screen.getByRole("textbox", { name: "搜尋姓名" }), "馬");
    await waitFor(() => expect(screen.queryByText("陳大文")).toBeNull());
    await user.keyboard("{Escape}");
    expect(onClose).toHaveBeenCalled();
  });
});

describe("rows", () => {
  it("join what one person says within five minutes on one day", () => {
    const at = (minute: number) => new Date(2026, 0, 5, 9, minute).toISOString();
    const rows = makeRows(
      [aMessage(1, { sent_at: at(0) }), aMessage(2, { sent_at: at(4) }), aMessage(3, { sent_at: at(10) })],
      [],
      "wang",
      null,
    );
    expect(rows.map(({ joined }) => joined)).toEqual([false, true, false]);
    expect(rows.map(({ day }) => day)).toEqual([true, false, false]);
  });
});
