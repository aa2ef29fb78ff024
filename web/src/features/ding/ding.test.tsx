import { act, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import type { Ding } from "@/api/types";
import { noteArrival, noteProgress } from "@/shared/ding/dings";
import { aClient, page, refusal, renderApp, serve } from "../../../tests/app";
import { aDing, aRecipient } from "../../../tests/fixtures";
import { DingComposer } from "./DingComposer";
import { DingPage } from "./DingPage";
import { DingSheet } from "./DingSheet";

const nobody = { pending: 0, delivered: 0, acknowledged: 0, undelivered: 0, cancelled: 0 };

describe("the sheet", () => {
  const told = () => ({ status: 204 });

  function shown(dings: Ding[], routes: Parameters<typeof serve>[0] = {}) {
    const client = aClient();
    client.setQueryData(["dings", "open"], dings);
    const calls = serve({
      "POST /dings/ding-1/delivered": told,
      "POST /dings/ding-2/delivered": told,
      "POST /dings/ding-1/acknowledge": told,
      ...routes,
    });
    return { calls, ...renderApp(<DingSheet />, { client }) };
  }

  it("says once that a screen shows it, and goes with one press", async () => {
    const { user, calls } = shown([aDing()]);
    const sheet = screen.getByRole("alertdialog", { name: /林雅婷的 DING/ });
    expect(sheet).toHaveAccessibleDescription(/三號線停機/);
    await user.click(within(sheet).getByRole("button", { name: "確認收到" }));
    await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
    expect(calls.map(({ path, body }) => [path, body])).toEqual([
      ["/dings/ding-1/delivered", undefined],
      ["/dings/ding-1/acknowledge", {}],
    ]);
  });

  it("takes a reply along", async () => {
    const { user, calls } = shown([aDing()]);
    await user.type(screen.getByRole("textbox", { name: "回覆" }), "馬上到{Enter}");
    await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
    expect(calls.at(-1)?.body).toEqual({ reply: "馬上到" });
  });

  it("gives the focus to no button, so that typing acknowledges nothing", () => {
    shown([aDing()]);
    expect(document.activeElement?.tagName).toBe("H2");
  });

  it("stays when the server cannot be reached", async () => {
    const { user } = shown([aDing()], {
      "POST /dings/ding-1/acknowledge": () => refusal(500, "internal"),
      "GET /dings": () => page([aDing()]),
    });
    await user.click(screen.getByRole("button", { name: "確認收到" }));
    await waitFor(() => expect(screen.getByRole("button", { name: "確認收到" })).toBeEnabled());
    expect(screen.getByRole("alertdialog")).toBeInTheDocument();
  });

  it("is put aside as a bar, and stands up when it comes again", async () => {
    const { user, client } = shown([aDing(), aDing({ id: "ding-2", content: "第二則" })]);
    await user.click(screen.getByRole("button", { name: "先看看" }));
    expect(screen.queryByRole("alertdialog")).toBeNull();
    expect(screen.getByTestId("ding-bar")).toHaveTextContent("2 則待確認");
    act(() => noteArrival(client, aDing()));
    expect(await screen.findByRole("alertdialog")).toHaveTextContent("三號線停機");
  });

  it("keeps the one that is being answered in front when another comes", async () => {
    const { user, client } = shown([aDing()]);
    await user.type(screen.getByRole("textbox", { name: "回覆" }), "我在");
    act(() => noteArrival(client, aDing({ id: "ding-2", content: "第二則" })));
    await waitFor(() => expect(screen.getByRole("alertdialog")).toHaveTextContent("2 則待確認"));
    expect(screen.getByRole("textbox", { name: "回覆" })).toHaveValue("我在");
    expect(screen.getByRole("alertdialog")).toHaveTextContent("三號線停機");
  });
});

describe("the composer", () => {
  const usage = () => ({ body: { used: 3, limit: 50, day: "2026-01-05" } });
  const unread = { conversationId: "c1", seq: 5, excerpt: "請看附件", unread: 2 };

  it("goes to exactly those who have not read the message", async () => {
    const onSent = vi.fn();
    const calls = serve({
      "GET /dings/usage": usage,
      "POST /dings": () => ({ status: 201, body: { id: "made" } }),
    });
    const { user } = renderApp(<DingComposer about={unread} onClose={() => {}} onSent={onSent} />);
    expect(await screen.findByText("今天已用 3 則，上限 50 則")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "立即發出" }));
    await waitFor(() => expect(onSent).toHaveBeenCalledWith("made"));
    const sent = calls.find(({ method }) => method === "POST");
    expect(sent?.body).toMatchObject({
      content: "請看附件",
      message: { conversation_id: "c1", seq: 5 },
      to_unread: true,
      userids: [],
    });
    expect(sent?.body).not.toHaveProperty("steps");
  });

  it("keeps one client_id over all presses, and what was written", async () => {
    let refuse = true;
    const calls = serve({
      "GET /dings/usage": usage,
      "POST /dings": () => (refuse ? refusal(500, "internal") : { status: 200, body: { id: "made" } }),
    });
    const onClose = vi.fn();
    const { user } = renderApp(<DingComposer about={unread} onClose={onClose} />);
    await user.click(screen.getByRole("button", { name: "立即發出" }));
    await waitFor(() => expect(screen.getByRole("button", { name: "立即發出" })).toBeEnabled());
    refuse = false;
    await user.click(screen.getByRole("button", { name: "立即發出" }));
    await waitFor(() => expect(onClose).toHaveBeenCalled());
    const ids = calls
      .filter(({ method }) => method === "POST")
      .map(({ body }) => body as { client_id: string });
    expect(new Set(ids.map(({ client_id }) => client_id)).size).toBe(1);
  });

  it("waits for somebody to send it to, and stops at the day's limit", async () => {
    serve({ "GET /dings/usage": () => ({ body: { used: 50, limit: 50, day: "2026-01-05" } }) });
    const { user, unmount } = renderApp(<DingComposer about={unread} onClose={() => {}} />);
    await screen.findByText("今天已用 50 則，上限 50 則");
    expect(screen.getByRole("button", { name: "立即發出" })).toBeDisabled();
    unmount();
    serve({ "GET /dings/usage": usage });
    renderApp(<DingComposer onClose={() => {}} />);
    await user.type(screen.getByLabelText("內容"), "急事");
    expect(screen.getByRole("button", { name: "立即發出" })).toBeDisabled();
  });

  it("sends steps, time and repetition as they are chosen", async () => {
    const calls = serve({
      "GET /dings/usage": usage,
      "POST /dings": () => ({ status: 201, body: { id: "made" } }),
    });
    const { user } = renderApp(<DingComposer about={unread} onClose={() => {}} />);
    await user.click(screen.getByRole("button", { name: "自訂" }));
    await user.selectOptions(screen.getByLabelText("第 2 步的方式"), "簡訊");
    await user.click(screen.getByRole("button", { name: "加一步" }));
    await user.selectOptions(screen.getByLabelText("第 3 步的方式"), "電話");
    await user.click(screen.getByRole("radio", { name: "定時發送" }));
    await user.selectOptions(screen.getByLabelText("重複"), "每週");
    await user.click(screen.getByRole("button", { name: "定時發出" }));
    await waitFor(() => expect(calls.some(({ method }) => method === "POST")).toBe(true));
    expect(calls.find(({ method }) => method === "POST")?.body).toMatchObject({
      steps: [
        { channel: "app", after_seconds: 0 },
        { channel: "sms", after_seconds: 300 },
        { channel: "phone", after_seconds: 600 },
      ],
      send_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z$/),
      repeat: { every: "week" },
    });
  });
});

describe("the page", () => {
  const sent = aDing({
    mine: true,
    counts: { ...nobody, pending: 1, acknowledged: 1 },
    recipients: [
      aRecipient("lin", {
        name: "林雅婷",
        state: "acknowledged",
        acknowledged_at: "2026-01-05T01:01:00Z",
        reply: "在路上",
      }),
      aRecipient("chen", { name: "陳大文" }),
    ],
  });
  const path = { path: "/dings/:dingId?", at: "/dings/ding-1?box=sent" };
  const routes = {
    "GET /dings": () => page([{ ...sent, recipients: [] }]),
    "GET /dings/ding-1": () => ({ body: sent }),
    "GET /dings/usage": () => ({ body: { used: 3, limit: 50, day: "2026-01-05" } }),
  };

  it("shows the sender everybody's state, and follows it live", async () => {
    serve(routes);
    const { client, user } = renderApp(<DingPage />, path);
    const [lin, chen] = await screen.findAllByTestId("ding-recipient");
    expect(lin).toHaveTextContent("在路上");
    expect(chen).toHaveTextContent("等待送達");
    expect(screen.getByTestId("ding-item")).toHaveTextContent("2 人中 1 人已確認");
    act(() =>
      noteProgress(client, {
        id: "ding-1",
        state: "done",
        revision: 2,
        counts: { ...nobody, acknowledged: 2 },
        recipients: [aRecipient("chen", { name: "陳大文", state: "acknowledged", rev: 2 })],
      }),
    );
    await waitFor(() => expect(screen.getByTestId("ding-item")).toHaveTextContent("2 人中 2 人已確認"));
    expect(screen.getByTestId("ding-counts")).toHaveTextContent("已確認 2");
    await user.click(screen.getByRole("button", { name: "未確認" }));
    expect(screen.getByText("這裡沒有人")).toBeInTheDocument();
  });

  it("reads all pages of the people", async () => {
    serve({
      ...routes,
      "GET /dings/ding-1": ({ query }) => ({
        body: query.get("cursor")
          ? { ...sent, recipients: [aRecipient("ma", { name: "馬思家" })] }
          : { ...sent, next: "more" },
      }),
    });
    renderApp(<DingPage />, path);
    expect(await screen.findAllByTestId("ding-recipient")).toHaveLength(3);
  });

  it("says what cancelling does, and with how many", async () => {
    const calls = serve({ ...routes, "POST /dings/ding-1/cancel": () => ({ status: 204 }) });
    const { user } = renderApp(<DingPage />, path);
    await user.click(await screen.findByRole("button", { name: "取消這則 DING" }));
    const dialog = screen.getByRole("dialog");
    expect(dialog).toHaveTextContent("尚未確認的 1 人");
    await user.click(within(dialog).getByRole("button", { name: "取消這則 DING" }));
    await waitFor(() => expect(calls.some(({ path: to }) => to === "/dings/ding-1/cancel")).toBe(true));
  });

  it("is empty with the next step, and says what failed", async () => {
    serve({ "GET /dings": () => page([]) });
    const { unmount } = renderApp(<DingPage />, { ...path, at: "/dings?box=sent" });
    expect(await screen.findByText("還沒有發過 DING")).toBeInTheDocument();
    expect(screen.getAllByRole("button", { name: "發 DING" })).toHaveLength(2);
    unmount();
    serve({ "GET /dings": () => refusal(403, "forbidden", "不可以") });
    renderApp(<DingPage />, { ...path, at: "/dings" });
    expect(await screen.findByRole("alert")).toHaveTextContent("不可以");
  });
});
