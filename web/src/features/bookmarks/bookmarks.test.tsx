import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Bookmark } from "@/api/types";
import { aClient, page, refusal, renderApp, serve } from "../../../tests/app";
import { aMessage } from "../../../tests/fixtures";
import { BookmarksPage } from "./BookmarksPage";

const mark = (seq: number, note = ""): Bookmark => ({
  conversation: { id: "c1", kind: "group", name: "專案群組" },
  message: aMessage(seq),
  note,
  at: "2026-01-05T01:00:00Z",
});

describe("bookmarks", () => {
  it("lead to their place, take a note and go", async () => {
    const calls = serve({
      "GET /bookmarks": () => page([mark(3), mark(7, "上線要用")]),
      "PUT /conversations/c1/messages/3/bookmark": () => ({ status: 204 }),
      "DELETE /conversations/c1/messages/7/bookmark": () => ({ status: 204 }),
    });
    const { user } = renderApp(<BookmarksPage />, { client: aClient([]) });
    expect(await screen.findByText("上線要用")).toBeInTheDocument();
    expect(screen.getAllByRole("link").map((link) => link.getAttribute("href"))).toContain(
      "/messages/c1?at=3",
    );
    await user.click(screen.getByRole("button", { name: "加上備註" }));
    await user.type(screen.getByRole("textbox", { name: "備註" }), "週五");
    await user.click(screen.getByRole("button", { name: "儲存" }));
    expect(await screen.findByText("週五")).toBeInTheDocument();
    expect(calls.at(-1)?.body).toEqual({ note: "週五" });
    await user.click(screen.getAllByRole("button", { name: "移除書籤" })[1] as HTMLElement);
    await waitFor(() => expect(screen.getAllByTestId("bookmark")).toHaveLength(1));
  });

  it("are none at first, and a fault is said", async () => {
    serve({ "GET /bookmarks": () => page([]) });
    const empty = renderApp(<BookmarksPage />, { client: aClient([]) });
    expect(await screen.findByText("還沒有書籤")).toBeInTheDocument();
    empty.unmount();
    serve({ "GET /bookmarks": () => refusal(403, "x", "沒有權限") });
    renderApp(<BookmarksPage />, { client: aClient([]) });
    expect(await screen.findByRole("alert")).toHaveTextContent("沒有權限");
  });
});
