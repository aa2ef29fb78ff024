import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Conversation } from "@/api/types";
import { getConversation } from "@/shared/chat/conversations";
import { aClient, page, refusal, renderApp, serve } from "../../../tests/app";
import { aConversation, aMessage } from "../../../tests/fixtures";
import { ConversationList } from "./ConversationList";
import { DetailsPanel } from "./DetailsPanel";

const { mine } = aConversation();
const at = (minute: number) => `2026-01-05T01:${String(minute).padStart(2, "0")}:00Z`;
const conversation = (id: string, minute: number, part: Partial<Conversation> = {}) =>
  aConversation({ id, name: id, head_seq: 1, last_message: aMessage(1, { sent_at: at(minute) }), ...part });

const book = () =>
  aClient([
    conversation("舊群組", 1),
    conversation("新群組", 9, { mine: { ...mine, unread: 4 } }),
    conversation("置頂群組", 2, { mine: { ...mine, pinned: true } }),
    conversation("提及我", 5, { mine: { ...mine, unread: 1, mentions: 1, mentioned: true, badge: 1 } }),
    conversation("林雅婷", 3, { kind: "direct", mine: { ...mine, unread: 2, badge: 2 } }),
    conversation("藏起來", 8, { mine: { ...mine, hidden: true } }),
  ]);

describe("the list", () => {
  it("has pinned ones first, then the newest, and none that is hidden", async () => {
    renderApp(<ConversationList selectedId={null} />, { client: book() });
    const items = await screen.findAllByTestId("conversation-item");
    const names = items.map((item) => within(item).getByRole("link").getAttribute("href"));
    expect(names).toEqual(
      ["置頂群組", "新群組", "提及我", "林雅婷", "舊群組"].map((id) => `/messages/${id}`),
    );
  });

  it("gives a number to what is meant for me and a word to other unread ones", async () => {
    renderApp(<ConversationList selectedId={null} />, { client: book() });
    const items = await screen.findAllByTestId("conversation-item");
    const [, group, mention, direct, old] = items as [unknown, ...HTMLElement[]];
    expect(within(direct as HTMLElement).getByText("2")).toBeInTheDocument();
    expect(within(mention as HTMLElement).getByText("@")).toBeInTheDocument();
    expect(within(group as HTMLElement).queryByText("4")).toBeNull();
    expect(within(group as HTMLElement).getByText("有未讀訊息")).toBeInTheDocument();
    expect(within(old as HTMLElement).queryByText("有未讀訊息")).toBeNull();
  });

  it("filters by name", async () => {
    const { user } = renderApp(<ConversationList selectedId={null} />, { client: book() });
    await user.type(screen.getByRole("textbox", { name: "搜尋對話" }), "雅");
    await waitFor(() => expect(screen.getAllByTestId("conversation-item")).toHaveLength(1));
  });

  it("pins by its menu, at once, and takes it back when refused", async () => {
    let refuse = false;
    serve({
      "PATCH /conversations/%E8%88%8A%E7%BE%A4%E7%B5%84/mine": () =>
        refuse ? refusal(500, "internal") : { body: { ...mine, pinned: true } },
    });
    const { user, client } = renderApp(<ConversationList selectedId={null} />, { client: book() });
    await user.click(await screen.findByRole("button", { name: "舊群組的操作" }));
    await user.click(screen.getByRole("menuitem", { name: "置頂" }));
    await waitFor(() => expect(getConversation(client, "舊群組")?.mine.pinned).toBe(true));
    refuse = true;
    fireEvent.contextMenu(screen.getByRole("link", { name: /舊群組/ }));
    await user.click(screen.getByRole("menuitem", { name: "取消置頂" }));
    await waitFor(() => expect(getConversation(client, "舊群組")?.mine.pinned).toBe(true));
  });

  it("is empty with the next step", async () => {
    renderApp(<ConversationList selectedId={null} />, { client: aClient([]) });
    expect(await screen.findByText("還沒有對話")).toBeInTheDocument();
    expect(screen.getAllByRole("button", { name: "發起聊天" }).length).toBeGreaterThan(0);
  });

  it("says what failed, with the request's id, and tries again", async () => {
    let fail = true;
    serve({
      "GET /conversations": () =>
        fail ? refusal(500, "internal", "資料庫休息中") : page([conversation("好了", 1)]),
    });
    const { user } = renderApp(<ConversationList selectedId={null} />, { client: aClient(null) });
    expect(await screen.findByRole("alert", {}, { timeout: 8000 })).toHaveTextContent("資料庫休息中");
    expect(screen.getByText("req-1")).toBeInTheDocument();
    fail = false;
    await user.click(screen.getByRole("button", { name: "再試一次" }));
    expect(await screen.findByTestId("conversation-item")).toBeInTheDocument();
  });

  it("makes a group of the people chosen", async () => {
    const brief = (userid: string, name: string) => ({
      userid,
      name,
      title: "",
      avatar_file_id: null,
      state: "active",
      main_department: null,
    });
    const calls = serve({
      "GET /departments": () => page([]),
      "GET /departments/root/members": () => page([brief("lin", "林雅婷"), brief("chen", "陳大文")]),
      "POST /conversations": () => ({ status: 201, body: aConversation({ id: "made" }) }),
    });
    const { user, router } = renderApp(<ConversationList selectedId={null} />, { client: aClient([]) });
    await user.click((await screen.findAllByRole("button", { name: "發起聊天" }))[0] as HTMLElement);
    const dialog = screen.getByRole("dialog");
    await user.click(await within(dialog).findByRole("checkbox", { name: "林雅婷" }));
    await user.click(within(dialog).getByRole("checkbox", { name: "陳大文" }));
    await user.click(within(dialog).getByRole("button", { name: "建立群組（3 人）" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/messages/made"));
    const made = calls.find(({ method }) => method === "POST");
    expect(made?.body).toMatchObject({
      kind: "group",
      members: ["lin", "chen"],
      name: "王小明、林雅婷、陳大文",
    });
  });
});

describe("the details", () => {
  const people = () =>
    page([
      { userid: "wang", name: "王小明", title: "", role: "owner", muted: false, state: "active" },
      { userid: "lin", name: "林雅婷", title: "設計師", role: "member", muted: false, state: "active" },
    ]);

  it("let an owner take somebody out, after saying what it means", async () => {
    const calls = serve({
      "GET /conversations/c1/members": people,
      "DELETE /conversations/c1/members/lin": () => ({ status: 204 }),
    });
    const { user } = renderApp(<DetailsPanel conversation={aConversation()} onClose={() => {}} />);
    await user.click(await screen.findByRole("button", { name: "林雅婷的操作" }));
    await user.click(screen.getByRole("menuitem", { name: "移出群組" }));
    const dialog = screen.getByRole("dialog");
    expect(dialog).toHaveTextContent("不再收到新訊息");
    await user.click(within(dialog).getByRole("button", { name: "移出群組" }));
    await waitFor(() => expect(calls.some(({ method }) => method === "DELETE")).toBe(true));
  });

  it("offer a member nothing that is not theirs", async () => {
    serve({ "GET /conversations/c1/members": people });
    const rules = { ...aConversation().rules, invite: "admins" as const };
    const member = aConversation({ my_role: "member", rules });
    renderApp(<DetailsPanel conversation={member} onClose={() => {}} />);
    await screen.findByText("林雅婷");
    for (const name of ["修改名稱", "加入成員", "解散群組", "林雅婷的操作"]) {
      expect(screen.queryByRole("button", { name })).toBeNull();
    }
    expect(screen.getByRole("button", { name: "離開群組" })).toBeInTheDocument();
  });
});
