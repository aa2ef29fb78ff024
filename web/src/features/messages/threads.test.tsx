import { act, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import type { Conversation, Message, ThreadState } from "@/api/types";
import { addCreated } from "@/shared/chat/messages";
import type { Outgoing } from "@/shared/chat/outbox";
import { aClient, page, refusal, renderApp, serve } from "../../../tests/app";
import { aConversation, aMessage, aThread } from "../../../tests/fixtures";
import { MessagePane } from "./MessagePane";
import { PinnedList } from "./PinnedList";
import { ThreadPanel } from "./ThreadPanel";

const me = { userid: "wang", name: "王小明" };
const lin = { userid: "lin", name: "林雅婷" };
const thread = { replies: 2, last_seq: 9, last_at: "2026-01-05T01:00:09Z", people: [lin] };
const root = aMessage(5, { content: { text: "週五上線" }, thread });
const reply = (seq: number, part: Partial<Message> = {}) =>
  aMessage(seq, { thread_seq: 5, content: { text: `回覆 ${seq}` }, ...part });

interface Options {
  conversation?: Partial<Conversation>;
  state?: Partial<ThreadState>;
  routes?: Parameters<typeof serve>[0];
}

function openThread({ conversation = {}, state = {}, routes = {} }: Options = {}) {
  const held = aConversation({ head_seq: 9, ...conversation });
  const calls = serve({
    "GET /conversations/c1/threads/5": () => ({ body: aThread({ root, replies: 2, last_seq: 9, ...state }) }),
    "GET /conversations/c1/threads/5/messages": () => page([reply(7), reply(9)]),
    ...routes,
  });
  const client = aClient([held]);
  const sent: Outgoing[] = [];
  const port = {
    send: (message: Outgoing) => {
      sent.push(message);
      return new Promise<never>(() => {});
    },
    sent: () => {},
  };
  const noop = vi.fn();
  const panel = (
    <ThreadPanel
      conversation={held}
      root={5}
      at={null}
      onOpenReaders={noop}
      onOpenThread={noop}
      onClose={noop}
    />
  );
  return { ...renderApp(panel, { client, port }), calls, sent };
}

function openMain(messages: Message[], conversation: Partial<Conversation> = {}) {
  const head_seq = messages.at(-1)?.seq ?? 0;
  const held = aConversation({ head_seq, ...conversation });
  const calls = serve({ "GET /conversations/c1/messages": () => page(messages) });
  const onOpenThread = vi.fn();
  const pane = (
    <MessagePane
      conversation={held}
      at={null}
      standing={{ read_seq: head_seq, unread: 0 }}
      onOpenReaders={vi.fn()}
      onOpenThread={onOpenThread}
    />
  );
  return { ...renderApp(pane, { client: aClient([held]) }), calls, onOpenThread };
}

describe("a thread", () => {
  it("begins with its message, and shows who replied", async () => {
    openThread();
    expect(await screen.findByText("回覆 9")).toBeInTheDocument();
    const rows = within(screen.getByRole("log")).getAllByTestId("message");
    expect(rows[0]).toHaveTextContent("週五上線");
    expect(screen.getByText("2 則回覆")).toBeInTheDocument();
    expect(screen.queryByTestId("thread-chip")).toBeNull();
  });

  it("grows with every reply, and with no other message", async () => {
    const { client } = openThread();
    await screen.findByText("回覆 9");
    const counts = { root_seq: 5, replies: 3, last_seq: 11, last_at: "2026-01-05T01:00:11Z" };
    act(() => addCreated(client, "c1", aMessage(10)));
    act(() => addCreated(client, "c1", reply(11), counts));
    expect(await screen.findByText("回覆 11")).toBeInTheDocument();
    expect(screen.queryByText("第 10 則")).toBeNull();
    expect(screen.getByText("3 則回覆")).toBeInTheDocument();
  });

  it("is written to alone, or in the conversation as well", async () => {
    const { user, sent } = openThread();
    const box = await screen.findByRole("textbox", { name: "寫回覆" });
    await screen.findByText("回覆 9");
    await user.type(box, "好{Enter}");
    expect(sent[0]).toMatchObject({ thread: 5, also_in_main: false, reply: { seq: 5, excerpt: "週五上線" } });
    expect(await screen.findByTestId("outgoing")).toHaveTextContent("好");
    await user.click(screen.getByRole("checkbox", { name: "也傳送到對話" }));
    await user.type(box, "大家看{Enter}");
    expect(screen.getByRole("checkbox", { name: "也傳送到對話" })).not.toBeChecked();
  });

  it("takes replies of those who may not speak where all hands meet", async () => {
    const rules = { ...aConversation().rules, speak: "admins" as const };
    openThread({ conversation: { kind: "all", my_role: "member", rules } });
    expect(await screen.findByRole("textbox", { name: "寫回覆" })).toBeInTheDocument();
    expect(screen.queryByRole("checkbox", { name: "也傳送到對話" })).toBeNull();
  });

  it("is followed, and followed no longer", async () => {
    const { user, calls } = openThread({
      state: { following: true },
      routes: {
        "DELETE /conversations/c1/threads/5/following": () => ({ body: aThread({ root, following: false }) }),
      },
    });
    const button = await screen.findByRole("button", { name: "追蹤討論串" });
    expect(button).toHaveAttribute("aria-pressed", "true");
    await user.click(button);
    await waitFor(() => expect(button).toHaveAttribute("aria-pressed", "false"));
    expect(calls.some(({ method }) => method === "DELETE")).toBe(true);
  });

  it("that I may not see is said to be missing, and a fault to be one", async () => {
    const missing = openThread({
      routes: { "GET /conversations/c1/threads/5": () => refusal(404, "thread.not_found") },
    });
    expect(await screen.findByText("找不到這個討論串")).toBeInTheDocument();
    missing.unmount();
    openThread({ routes: { "GET /conversations/c1/threads/5": () => refusal(403, "x", "沒有權限") } });
    expect(await screen.findByRole("alert")).toHaveTextContent("沒有權限");
  });
});

describe("the main line", () => {
  it("asks for its own messages, and says below one how often it was replied to", async () => {
    const { user, calls, onOpenThread, client } = openMain([aMessage(4), root]);
    const chip = await screen.findByTestId("thread-chip");
    expect(chip).toHaveTextContent("2 則回覆");
    expect(calls[0]?.query.get("line")).toBe("main");
    const counts = { root_seq: 5, replies: 3, last_seq: 6, last_at: "2026-01-05T01:00:06Z" };
    act(() => addCreated(client, "c1", reply(6), { ...counts, last_seq: 10 }));
    expect(await screen.findByText("3 則回覆")).toBeInTheDocument();
    expect(screen.queryByText("回覆 6")).toBeNull();
    await user.click(chip);
    expect(onOpenThread).toHaveBeenCalledWith(5, null);
  });

  it("shows what links lead to, never as a link of another kind", async () => {
    const preview = {
      url: "https://wiki.example/a",
      title: "遷移步驟",
      description: "共六步",
      site: "內部百科",
    };
    const trap = { ...preview, url: "javascript:alert(1)", title: "陷阱" };
    openMain([aMessage(1, { previews: [preview, trap] })]);
    const link = await screen.findByTestId("link-preview");
    expect(link).toHaveAttribute("href", "https://wiki.example/a");
    expect(link).toHaveTextContent("內部百科遷移步驟共六步");
    expect(screen.queryByText("陷阱")).toBeNull();
  });

  it("shows the files of a merged forward by their own ids", async () => {
    const items = [
      { sender: lin, kind: "text", content: { text: "現場照片" }, sent_at: "2026-01-05T01:00:00Z" },
      { sender: lin, kind: "image", content: { file_id: "f1", width: 10, height: 10 }, sent_at: null },
    ];
    const { user } = openMain([aMessage(1, { kind: "forward", content: { items } })]);
    const calls = serve({
      "GET /conversations/c1/messages/1/file": () => ({
        body: { url: "/f1", expires_at: "2099-01-01T00:00:00Z" },
      }),
    });
    await user.click(await screen.findByRole("button", { name: "展開" }));
    expect(await screen.findByRole("img", { name: "[圖片]" })).toHaveAttribute("src", "/f1");
    expect(calls[0]?.query.get("file_id")).toBe("f1");
  });

  it("pins by right, and marks for me alone", async () => {
    const pinned = aMessage(1, { rev: 1, pinned_at: "2026-01-05T02:00:00Z", pinned_by: "wang" });
    const { user } = openMain([aMessage(1)], { my_role: "admin" });
    await user.click(await screen.findByRole("button", { name: "訊息操作" }));
    const calls = serve({
      "PUT /conversations/c1/messages/1/pin": () => ({ body: pinned }),
      "PUT /conversations/c1/messages/1/bookmark": () => ({ status: 204 }),
    });
    await user.click(screen.getByRole("menuitem", { name: "釘選" }));
    expect(await screen.findByTestId("pinned")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "訊息操作" }));
    expect(screen.getByRole("menuitem", { name: "取消釘選" })).toBeInTheDocument();
    await user.click(screen.getByRole("menuitem", { name: "加入書籤" }));
    await waitFor(() => expect(calls.map(({ path }) => path.split("/").at(-1))).toEqual(["pin", "bookmark"]));
  });

  it("lets nobody pin who may not", async () => {
    const { user } = openMain([aMessage(1)], { my_role: "member" });
    await user.click(await screen.findByRole("button", { name: "訊息操作" }));
    expect(screen.getByRole("menuitem", { name: "加入書籤" })).toBeInTheDocument();
    expect(screen.queryByRole("menuitem", { name: "釘選" })).toBeNull();
  });
});

describe("pinned messages", () => {
  it("lead to their place", async () => {
    serve({ "GET /conversations/c1/pins": () => page([reply(7), aMessage(3, { sender: me })]) });
    renderApp(<PinnedList conversation={aConversation({ my_role: "member" })} />);
    const links = await screen.findAllByRole("link");
    expect(links.map((link) => link.getAttribute("href"))).toEqual([
      "/messages/c1?at=5&panel=thread&seq=5&reply=7",
      "/messages/c1?at=3",
    ]);
    expect(screen.queryByRole("button", { name: "取消釘選" })).toBeNull();
  });
});
