import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { aClient, page, refusal, renderApp, serve } from "../../../tests/app";
import { aMessage, aThread } from "../../../tests/fixtures";
import { ThreadsPage } from "./ThreadsPage";

const two = [
  aThread({
    root_seq: 5,
    root: aMessage(5, { content: { text: "舊的" } }),
    replies: 1,
    last_seq: 6,
    last_at: "2026-01-05T01:00:00Z",
  }),
  aThread({
    root_seq: 8,
    root: aMessage(8, { content: { text: "新的" } }),
    replies: 4,
    last_seq: 9,
    last_at: "2026-01-05T02:00:00Z",
    unread: 2,
  }),
];

describe("followed threads", () => {
  it("stand newest reply first, with what is new", async () => {
    serve({ "GET /threads": () => page(two) });
    const { user } = renderApp(<ThreadsPage />, { client: aClient([]) });
    const items = await screen.findAllByTestId("followed-thread");
    expect(items.map((item) => item.getAttribute("href"))).toEqual([
      "/messages/c1?at=8&panel=thread&seq=8",
      "/messages/c1?at=5&panel=thread&seq=5",
    ]);
    expect(items[0]).toHaveTextContent("2 則未讀");
    await user.click(screen.getByRole("switch", { name: "只看未讀" }));
    expect(screen.getAllByTestId("followed-thread")).toHaveLength(1);
  });

  it("are none at first, and a fault is said", async () => {
    serve({ "GET /threads": () => page([]) });
    const empty = renderApp(<ThreadsPage />, { client: aClient([]) });
    expect(await screen.findByText("還沒有追蹤的討論串")).toBeInTheDocument();
    empty.unmount();
    serve({ "GET /threads": () => refusal(403, "x", "沒有權限") });
    renderApp(<ThreadsPage />, { client: aClient([]) });
    expect(await screen.findByRole("alert")).toHaveTextContent("沒有權限");
  });
});
