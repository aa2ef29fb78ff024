import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Attention } from "@/api/types";
import { attentionQuery } from "@/shared/attention/attention";
import { aClient, page, refusal, renderApp, serve } from "../../../tests/app";
import { anAttention } from "../../../tests/fixtures";
import { CalmPage } from "./CalmPage";

const quiet = anAttention().quiet_hours;

function shown(attention: Partial<Attention> = {}, answer: Partial<Attention> = {}) {
  const client = aClient();
  client.setQueryData(attentionQuery.queryKey, anAttention({ revision: 4, ...attention }));
  const calls = serve({
    "PATCH /me/attention": ({ body }) => {
      const { quiet_hours, ...rest } = body as Partial<Attention>;
      const hours = { ...quiet, ...attention.quiet_hours, ...quiet_hours };
      return { body: anAttention({ ...attention, ...rest, quiet_hours: hours, ...answer, revision: 5 }) };
    },
    "GET /conversations": () => page([]),
  });
  return { calls, ...renderApp(<CalmPage />, { client }) };
}

describe("quiet hours", () => {
  const on = { quiet_hours: { ...quiet, enabled: true } };

  it("are switched on with what the server proposes", async () => {
    const { user, calls } = shown();
    expect(screen.queryByLabelText("從")).toBeNull();
    await user.click(screen.getByRole("switch", { name: "開啟勿擾時段" }));
    expect(await screen.findByLabelText("從")).toHaveValue("22:00");
    expect(screen.getByText("隔天")).toBeInTheDocument();
    expect(calls[0]?.body).toEqual({ revision: 4, quiet_hours: { enabled: true } });
  });

  it("change by clock, day and zone, each by itself", async () => {
    const { user, calls } = shown(on);
    await user.click(screen.getByRole("button", { name: "星期日" }));
    await waitFor(() => expect(screen.getByRole("button", { name: "星期日" })).toBeEnabled());
    await user.selectOptions(screen.getByLabelText("時區"), "Asia/Tokyo");
    await waitFor(() => expect(calls.filter(({ method }) => method === "PATCH")).toHaveLength(2));
    const wishes = calls.filter(({ method }) => method === "PATCH").map(({ body }) => body);
    expect(wishes).toEqual([
      { revision: 4, quiet_hours: { days: [1, 2, 3, 4, 5, 6] } },
      { revision: 5, quiet_hours: { zone: "Asia/Tokyo" } },
    ]);
  });

  it("say until when they hold now", () => {
    shown({ ...on, quiet_until: "2026-01-06T00:00:00Z" });
    expect(screen.getByRole("status")).toHaveTextContent(/勿擾中，到 \d\d:\d\d/);
  });
});

describe("the switches", () => {
  it("take all numbers away", async () => {
    const { user, calls } = shown();
    await user.click(screen.getByRole("switch", { name: "完全不要數字" }));
    await waitFor(() => expect(screen.getByRole("switch", { name: "完全不要數字" })).toBeChecked());
    expect(calls[0]?.body).toEqual({ revision: 4, no_numbers: true });
  });

  it("stay as they were when the server refuses", async () => {
    const { user } = shown();
    serve({ "PATCH /me/attention": () => refusal(500, "internal") });
    const choice = screen.getByRole("switch", { name: /有人提到或回覆我/ });
    await user.click(choice);
    await waitFor(() => expect(choice).toBeEnabled());
    expect(choice).toBeChecked();
  });
});

describe("the rule", () => {
  it("is the server's table, whatever it says", () => {
    const rule = anAttention().rule.map((row) => ({ ...row, number: row.kind === "group" }));
    shown({ rule });
    const [usual] = screen.getAllByRole("table");
    const marks = (name: string) =>
      within(within(usual as HTMLElement).getByRole("row", { name: new RegExp(`^${name}`) }))
        .getAllByRole("cell")
        .map((cell) => within(cell).queryByRole("img") !== null);
    expect(marks("群組訊息")).toEqual([true, true, false]);
    expect(marks("一對一訊息")).toEqual([false, true, true]);
  });
});
