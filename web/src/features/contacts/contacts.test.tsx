import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Department } from "@/api/types";
import { page, refusal, renderApp, serve } from "../../../tests/app";
import { aConversation, aMember } from "../../../tests/fixtures";
import { ContactsLayout } from "./ContactsLayout";
import { MemberPage } from "./MemberPage";

const department = (id: string, name: string, child_count = 0) =>
  ({
    id,
    name,
    parent_id: null,
    order: 0,
    member_count: 7,
    child_count,
    leaders: [],
    hidden: false,
    conversation_id: null,
    revision: 1,
  }) as unknown as Department;

function directory() {
  return serve({
    "GET /departments": ({ query }) =>
      query.get("parent_id") === "root"
        ? page([department("d1", "研發部", 1), department("d2", "業務部")])
        : page([department("d3", "前端組")]),
    "GET /departments/d2": () => ({ body: { ...department("d2", "業務部"), path: [] } }),
    "GET /members": ({ query }) =>
      page(
        query.get("query") === "wxm" ? [{ ...aMember(), main_department: { id: "d1", name: "研發部" } }] : [],
      ),
  });
}

describe("the tree", () => {
  it("opens branch by branch, by keyboard alone", async () => {
    const calls = directory();
    const { user, router } = renderApp(<ContactsLayout />, { path: "/contacts/*", at: "/contacts" });
    const first = await screen.findByRole("treeitem", { name: /研發部/ });
    expect(calls).toHaveLength(1);
    first.focus();
    await user.keyboard("{ArrowRight}");
    await screen.findByRole("treeitem", { name: /前端組/ });
    await user.keyboard("{ArrowRight}");
    expect(screen.getByRole("treeitem", { name: /前端組/ })).toHaveFocus();
    await user.keyboard("{ArrowLeft}");
    expect(first).toHaveFocus();
    await user.keyboard("{ArrowLeft}");
    expect(first).toHaveAttribute("aria-expanded", "false");
    await user.keyboard("{End}{Enter}");
    expect(router.state.location.pathname).toBe("/contacts/departments/d2");
  });

  it("gives way to what a search finds", async () => {
    directory();
    const { user } = renderApp(<ContactsLayout />, { path: "/contacts/*", at: "/contacts" });
    await user.type(screen.getByRole("textbox", { name: "搜尋人員" }), "wxm");
    expect(await screen.findByRole("link", { name: /王小明/ })).toHaveAttribute(
      "href",
      "/contacts/members/wang",
    );
  });

  it("says when nobody is found and what to try", async () => {
    directory();
    const { user } = renderApp(<ContactsLayout />, { path: "/contacts/*", at: "/contacts" });
    await user.type(screen.getByRole("textbox", { name: "搜尋人員" }), "zz");
    expect(await screen.findByText("找不到符合的人")).toBeInTheDocument();
  });
});

describe("a member", () => {
  const open = () =>
    renderApp(<MemberPage />, { path: "/contacts/members/:userid", at: "/contacts/members/lin" });

  it("can be written to", async () => {
    serve({
      "GET /members/lin": () => ({ body: aMember({ userid: "lin", name: "林雅婷", mobile: null }) }),
      "POST /conversations": ({ body }) => {
        expect(body).toEqual({ kind: "direct", userid: "lin" });
        return { body: aConversation({ id: "d9", kind: "direct" }) };
      },
    });
    const { user, router } = open();
    await user.click(await screen.findByRole("button", { name: /傳訊息/ }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/messages/d9"));
  });

  it("shows only what the viewer may see", async () => {
    serve({ "GET /members/lin": () => ({ body: aMember({ userid: "lin", mobile: null }) }) });
    open();
    expect(await screen.findByText("研發部", { exact: false })).toBeInTheDocument();
    expect(screen.queryByText("手機")).toBeNull();
  });

  it("who is not there: what happened, and the request's id", async () => {
    serve({ "GET /members/lin": () => refusal(404, "member.not_found", "找不到這位成員") });
    open();
    expect(await screen.findByRole("alert")).toHaveTextContent("找不到這位成員");
    expect(screen.getByText("req-1")).toBeInTheDocument();
  });
});
