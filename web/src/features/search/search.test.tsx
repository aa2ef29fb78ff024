import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { FoundMessage } from "@/api/types";
import { aClient, page, refusal, renderApp, serve } from "../../../tests/app";
import { aConversation, aMessage } from "../../../tests/fixtures";
import { readQuery, wireQuery, writeQuery } from "./query";
import { SearchPage } from "./SearchPage";

const hit = (
  seq: number,
  text: string,
  marks: number[][],
  thread_seq: number | null = null,
): FoundMessage => ({
  conversation: { id: "c1", kind: "group", name: "專案群組" },
  message: aMessage(seq, { thread_seq }),
  excerpt: { text, marks },
});

const open = (at: string) =>
  renderApp(<SearchPage />, {
    path: "/messages/search",
    at: `/messages/search${at}`,
    client: aClient([aConversation()]),
  });

describe("search", () => {
  it("shows what was found with its marks, and the way to its place", async () => {
    serve({
      "GET /search/messages": () =>
        page([
          hit(3, "合約😀要簽合約", [
            [0, 2],
            [6, 8],
          ]),
          hit(9, "合約影本", [[0, 2]], 5),
        ]),
    });
    const { container } = open("?q=合約");
    const links = await screen.findAllByTestId("search-hit");
    expect(links.map((link) => link.getAttribute("href"))).toEqual([
      "/messages/c1?at=3",
      "/messages/c1?at=5&panel=thread&seq=5&reply=9",
    ]);
    expect([...container.querySelectorAll("mark")].map((mark) => mark.textContent)).toEqual([
      "合約",
      "合約",
      "合約",
    ]);
    expect(links[0]).toHaveTextContent("合約😀要簽合約");
  });

  it("asks when words are sent, and keeps them in the address", async () => {
    const calls = serve({ "GET /search/messages": () => page([]) });
    const { user, router } = open("");
    expect(screen.getByText("搜尋您能看到的所有訊息")).toBeInTheDocument();
    await user.type(screen.getByRole("textbox", { name: "搜尋訊息" }), " 預算 {Enter}");
    expect(await screen.findByText("找不到「預算」")).toBeInTheDocument();
    expect(calls).toHaveLength(1);
    expect(new URLSearchParams(router.state.location.search).get("q")).toBe("預算");
  });

  it("goes on by itself where a page found nothing, and by a press where it did", async () => {
    const pages: Record<string, ReturnType<typeof page>> = {
      "": page([], "a"),
      a: page([hit(9, "合約甲", [[0, 2]])], "b"),
      b: page([hit(3, "合約乙", [[0, 2]])]),
    };
    const calls = serve({
      "GET /search/messages": ({ query }) => pages[query.get("cursor") ?? ""] ?? page([]),
    });
    const { user } = open("?q=合約");
    expect(await screen.findAllByTestId("search-hit")).toHaveLength(1);
    expect(calls).toHaveLength(2);
    await user.click(screen.getByRole("button", { name: "更早的結果" }));
    await waitFor(() => expect(screen.getAllByTestId("search-hit")).toHaveLength(2));
    expect(screen.getByText("沒有更多結果")).toBeInTheDocument();
  });

  it.each([
    ["search.no_words", "沒有可以搜尋的字詞。"],
    ["search.too_long", "最多 200 個字。"],
  ])("says in the server's words what to mend (%s)", async (code, text) => {
    serve({ "GET /search/messages": () => refusal(422, code, text) });
    open("?q=%25");
    const alert = await screen.findByRole("alert");
    expect(alert).toHaveAttribute("data-code", code);
    expect(alert).toHaveTextContent(text);
  });

  it("says that something failed, with the request's id, and tries again", async () => {
    let fail = true;
    serve({
      "GET /search/messages": () => (fail ? refusal(403, "x", "沒有權限") : page([hit(1, "好", [])])),
    });
    const { user } = open("?q=好");
    expect(await screen.findByRole("alert")).toHaveTextContent("req-1");
    fail = false;
    await user.click(screen.getByRole("button", { name: "再試一次" }));
    expect(await screen.findByTestId("search-hit")).toBeInTheDocument();
  });
});

describe("the address of a search", () => {
  it("says everything, and is read as it was written", () => {
    const query = {
      text: "合約 100%",
      conversationId: "c1",
      sender: "lin",
      kind: "file",
      from: "2026-01-05",
      to: "2026-01-06",
    };
    expect(readQuery(writeQuery(query))).toEqual(query);
  });

  it("means whole days where the reader is", () => {
    const none = { text: "x", conversationId: null, sender: null, kind: null };
    const { after, before } = wireQuery({ ...none, from: "2026-01-31", to: "2026-01-31" });
    expect(new Date(after ?? "").getTime()).toBe(new Date(2026, 0, 31).getTime());
    expect(new Date(before ?? "").getTime()).toBe(new Date(2026, 1, 1).getTime());
    expect(wireQuery({ ...none, from: "nonsense", to: null })).toMatchObject({ after: undefined });
  });
});
