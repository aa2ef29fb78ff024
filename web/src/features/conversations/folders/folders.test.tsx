import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Conversation, Folder } from "@/api/types";
import { foldersQuery } from "@/shared/chat/folders";
import { aClient, type Call, page, renderApp, serve } from "../../../../tests/app";
import { aConversation, aFolder, aMe, aMessage, anAttention } from "../../../../tests/fixtures";
import { ConversationList } from "../ConversationList";
import { rowsOf, sectionsOf } from "./sections";

const { mine } = aConversation();
const conversation = (id: string, folder_ids: string[], part: Partial<Conversation> = {}) =>
  aConversation({ id, name: id, folder_ids, head_seq: 1, last_message: aMessage(1), ...part });

const numbered = { ...mine, unread: 3, mentions: 3, mentioned: true, badge: 3 };

function shown(folders: Folder[], conversations: Conversation[], me = aMe()) {
  const client = aClient(conversations, me);
  client.setQueryData(foldersQuery.queryKey, folders);
  const calls = serve({
    "GET /folders": () => page(folders),
    "GET /conversations": () => page(conversations),
    ...Object.fromEntries(
      conversations.map((each) => [`GET /conversations/${each.id}`, () => ({ body: each })]),
    ),
    ...Object.fromEntries(
      folders.flatMap((each) => [
        [
          `PATCH /folders/${each.id}`,
          ({ body }: { body: unknown }) => ({ body: { ...each, ...(body as object) } }),
        ],
        [`POST /folders/${each.id}/read`, () => ({ body: { conversations: 2 } })],
        ...conversations.flatMap(({ id }) => [
          [`PUT /folders/${each.id}/conversations/${id}`, () => ({ status: 204 })],
          [`DELETE /folders/${each.id}/conversations/${id}`, () => ({ status: 204 })],
        ]),
      ]),
    ),
    "PUT /folders/order": () => page([...folders].reverse()),
    "POST /folders": ({ body }) => ({ status: 201, body: aFolder("made", body as Partial<Folder>) }),
  });
  return { calls, ...renderApp(<ConversationList selectedId={null} />, { client }) };
}

describe("sections", () => {
  const keys = (folders: Folder[], conversations: Conversation[]) =>
    rowsOf(sectionsOf(conversations, folders, anAttention())).map(({ key }) => key);

  it.each([
    ["no folder: no head", [], [conversation("a", [])], ["rest a"]],
    [
      "in several at once, and the rest",
      [aFolder("f"), aFolder("g")],
      [conversation("a", ["f", "g"]), conversation("b", [])],
      ["f", "f a", "g", "g a", "rest", "rest b"],
    ],
    ["folded", [aFolder("f", { collapsed: true })], [conversation("a", ["f"])], ["f", "rest"]],
    ["empty", [aFolder("f")], [conversation("a", [])], ["f", "f empty", "rest", "rest a"]],
    [
      "only in a hidden one: with the rest",
      [aFolder("f", { hidden: true }), aFolder("g")],
      [conversation("a", ["f"])],
      ["g", "g empty", "rest", "rest a"],
    ],
  ])("%s", (_what, folders, conversations, expected) => {
    expect(keys(folders, conversations)).toEqual(expected);
  });

  it("a folded one carries the numbers of what is in it", () => {
    const [section] = sectionsOf(
      [
        conversation("a", ["f"], { mine: numbered }),
        conversation("b", ["f"], { mine: { ...mine, unread: 9 } }),
      ],
      [aFolder("f")],
      anAttention(),
    );
    expect(section).toMatchObject({ number: 3, bold: true });
  });
});

describe("a folder in the list", () => {
  it("folds with one press and shows its number then", async () => {
    const { user, calls } = shown([aFolder("one")], [conversation("a", ["one"], { mine: numbered })]);
    const head = await screen.findByTestId("folder");
    await user.click(within(head).getByRole("button", { expanded: true }));
    expect(screen.queryByTestId("conversation-item")).toBeNull();
    expect(within(head).getByText("3")).toBeInTheDocument();
    await waitFor(() =>
      expect(calls.find(({ method }) => method === "PATCH")?.body).toEqual({ collapsed: true }),
    );
  });

  it("takes a conversation that is dropped on it, and gives it back on the rest", async () => {
    const folder = aFolder("專案", { conversation_ids: ["a"] });
    const { calls } = shown([folder], [conversation("a", ["專案"]), conversation("b", [])]);
    await screen.findByTestId("folder");
    const drag = (name: string) => {
      const data = new Map<string, string>();
      const dataTransfer = {
        setData: (type: string, value: string) => data.set(type, value),
        getData: (type: string) => data.get(type) ?? "",
        get types() {
          return [...data.keys()];
        },
      };
      const [item] = screen
        .getAllByTestId("conversation-item")
        .filter((each) => within(each).queryByText(name));
      fireEvent.dragStart(item as HTMLElement, { dataTransfer });
      return (place: HTMLElement) => {
        fireEvent.dragOver(place, { dataTransfer });
        fireEvent.drop(place, { dataTransfer });
      };
    };
    drag("b")(screen.getByTestId("folder"));
    await waitFor(() =>
      expect(calls.map(({ method, path }) => `${method} ${decodeURI(path)}`)).toContain(
        "PUT /folders/專案/conversations/b",
      ),
    );
    drag("a")(screen.getByText("其他對話").parentElement as HTMLElement);
    await waitFor(() =>
      expect(calls.map(({ method, path }) => `${method} ${decodeURI(path)}`)).toContain(
        "DELETE /folders/專案/conversations/a",
      ),
    );
  });

  it("is marked read and moved by its menu", async () => {
    const { user, calls } = shown([aFolder("one"), aFolder("two")], [conversation("a", ["one"])]);
    await user.click(await screen.findByRole("button", { name: "one的操作" }));
    await user.click(screen.getByRole("menuitem", { name: "全部標為已讀" }));
    await waitFor(() => expect(calls.some(({ path }) => path === "/folders/one/read")).toBe(true));
    await user.click(screen.getByRole("button", { name: "one的操作" }));
    expect(screen.getByRole("menuitem", { name: "往上移" })).toBeDisabled();
    await user.click(screen.getByRole("menuitem", { name: "往下移" }));
    await waitFor(() =>
      expect(calls.find(({ path }) => path === "/folders/order")?.body).toEqual({
        folder_ids: ["two", "one"],
      }),
    );
  });

  it("of the organisation is changed by whoever has the power, and hidden by anybody", async () => {
    const folder = aFolder("all", { name: "公司", scope: "organisation" });
    const { user } = shown([folder], [conversation("a", ["all"])]);
    await user.click(await screen.findByRole("button", { name: "公司的操作" }));
    expect(screen.queryByRole("menuitem", { name: "名稱與規則" })).toBeNull();
    await user.click(screen.getByRole("menuitem", { name: "不顯示這個分組" }));
    await waitFor(() => expect(screen.queryByTestId("folder")).toBeNull());
    expect(screen.getByTestId("conversation-item")).toBeInTheDocument();
  });
});

describe("making and placing", () => {
  it("makes a folder with rules", async () => {
    const { user, calls } = shown([], [conversation("a", [])], aMe({ powers: ["attention.folders.manage"] }));
    await user.click(await screen.findByRole("button", { name: "分組" }));
    await user.click(await screen.findByRole("button", { name: "新增分組" }));
    await user.type(screen.getByLabelText("名稱"), "安靜");
    await user.selectOptions(screen.getByLabelText("給誰用"), "組織裡所有人");
    await user.click(screen.getByRole("button", { name: "加規則" }));
    await user.selectOptions(screen.getByLabelText("規則 1"), "免打擾的對話");
    await user.click(screen.getByRole("button", { name: "儲存" }));
    await waitFor(() => expect(calls.some(({ method }) => method === "POST")).toBe(true));
    expect(calls.find(({ method }) => method === "POST")?.body).toMatchObject({
      name: "安靜",
      scope: "organisation",
      rules: [{ kind: "muted" }],
    });
  });

  it("places a conversation without a mouse, in several; what a rule holds there stays", async () => {
    const folders = [aFolder("one"), aFolder("two", { rules: [{ kind: "groups" }] })];
    const { user, calls } = shown(folders, [conversation("a", ["two"])]);
    await user.click(await screen.findByRole("button", { name: "a的操作" }));
    await user.click(screen.getByRole("menuitem", { name: "放入分組…" }));
    const dialog = await screen.findByRole("dialog");
    expect(within(dialog).getByRole("checkbox", { name: /two/ })).toBeDisabled();
    await user.click(within(dialog).getByRole("checkbox", { name: "one" }));
    await waitFor(() =>
      expect(
        calls.some(({ method, path }) => method === "PUT" && path === "/folders/one/conversations/a"),
      ).toBe(true),
    );
  });
});

const mutedUntil = (call: Call | undefined) =>
  (call?.body as { muted_until?: string } | undefined)?.muted_until ?? "";

describe("mute and why", () => {
  it("mutes for an hour, until tomorrow or for ever", async () => {
    const calls = serve({
      "PATCH /conversations/a/mine": ({ body }) => ({ body: { ...mine, ...(body as object) } }),
    });
    const client = aClient([conversation("a", [])]);
    const { user } = renderApp(<ConversationList selectedId={null} />, { client });
    const before = Date.now();
    await user.click(await screen.findByRole("button", { name: "a的操作" }));
    await user.click(screen.getByRole("menuitem", { name: "一小時" }));
    await waitFor(() => expect(calls).toHaveLength(1));
    const until = Date.parse(mutedUntil(calls[0]));
    expect(until - before).toBeGreaterThanOrEqual(3_600_000);
    await user.click(screen.getByRole("button", { name: "a的操作" }));
    expect(screen.getByText(/免打擾到/)).toBeInTheDocument();
    await user.click(screen.getByRole("menuitem", { name: "取消免打擾" }));
    await waitFor(() => expect(calls.at(-1)?.body).toEqual({ muted_until: null }));
  });

  it("says why, in the server's words, by what has really come", async () => {
    serve({
      "GET /conversations/a/messages": () =>
        page([
          aMessage(1),
          aMessage(2, { mentions: ["wang"] }),
          aMessage(3, { sender: { userid: "wang", name: "" } }),
        ]),
    });
    const client = aClient([conversation("a", [], { mine: { ...mine, unread: 2, mentions: 1, badge: 1 } })]);
    const { user } = renderApp(<ConversationList selectedId={null} />, { client });
    await user.click(await screen.findByRole("button", { name: "a的操作" }));
    await user.click(screen.getByRole("menuitem", { name: "為什麼會看到？" }));
    const reasons = within(await screen.findByRole("dialog"));
    expect((await reasons.findAllByRole("listitem")).map((each) => each.textContent)).toEqual([
      "1 則因為 mention顯示數字",
      "1 則因為 group只有名稱變粗體，沒有數字",
    ]);
  });
});
