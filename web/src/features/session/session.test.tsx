import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { aClient, refusal, renderApp, serve } from "../../../tests/app";
import { aMe } from "../../../tests/fixtures";
import { InvitePage, loginFields } from "./InvitePage";
import { SignInPage, safeNext } from "./SignInPage";
import { minutesAndSeconds } from "./useLockout";

const open = (at = "/sign-in") => renderApp(<SignInPage />, { path: "/sign-in", at });

async function fillIn(user: ReturnType<typeof open>["user"], login = "wang@example.com") {
  await user.type(screen.getByRole("textbox"), login);
  await user.type(screen.getByLabelText("密碼"), "secret");
  await user.click(screen.getByRole("button", { name: "登入" }));
}

describe("signing in", () => {
  it("goes where the person wanted to be", async () => {
    const calls = serve({ "POST /sessions": () => ({ status: 201, body: { token: "t", user: {} } }) });
    const { user, router } = open("/sign-in?next=%2Fcontacts");
    await fillIn(user);
    await waitFor(() => expect(router.state.location.pathname).toBe("/contacts"));
    expect(calls[0]?.body).toEqual({ login: "wang@example.com", password: "secret" });
  });

  it("says when name or password are wrong and empties the password", async () => {
    serve({ "POST /sessions": () => refusal(401, "session.wrong_credentials") });
    const { user } = open();
    await fillIn(user);
    expect(await screen.findByRole("alert")).toHaveTextContent("帳號或密碼不正確");
    expect(screen.getByLabelText("密碼")).toHaveValue("");
  });

  it("counts down while the account is locked", async () => {
    serve({ "POST /sessions": () => refusal(429, "session.locked", "", { "Retry-After": "125" }) });
    const { user } = open();
    await fillIn(user);
    expect(await screen.findByRole("alert")).toHaveTextContent("2:05");
    await user.type(screen.getByLabelText("密碼"), "again");
    expect(screen.getByRole("button", { name: "登入" })).toBeDisabled();
  });

  it("takes a userid with the organisation's code", async () => {
    const calls = serve({ "POST /sessions": () => ({ status: 201, body: { token: "t", user: {} } }) });
    const { user } = open();
    await user.click(screen.getByRole("button", { name: "以帳號和組織代碼登入" }));
    await user.type(screen.getByRole("textbox", { name: /帳號/ }), "E001");
    await user.type(screen.getByLabelText("組織代碼"), "acme");
    await user.type(screen.getByLabelText("密碼"), "secret");
    await user.click(screen.getByRole("button", { name: "登入" }));
    await waitFor(() => expect(calls).toHaveLength(1));
    expect(calls[0]?.body).toEqual({ login: "E001", password: "secret", org_code: "acme" });
  });

  it.each(["https://evil.example", "//evil.example", "/\\evil.example", "", null])(
    "never leads elsewhere: %s",
    (next) => expect(safeNext(next)).toBe("/messages"),
  );

  it("writes the time that is left", () => expect(minutesAndSeconds(61)).toBe("1:01"));
});

describe("an invitation", () => {
  const preview = {
    org_name: "釘板科技",
    inviter_name: "王小明",
    expires_at: "2026-02-01T00:00:00Z",
    needs_approval: true,
    name: null as string | null,
  };
  const nobody = () => refusal(401, "session.required");
  const open = (code: string) => {
    const client = aClient();
    client.removeQueries({ queryKey: ["me"] });
    return renderApp(<InvitePage />, { path: "/invite/:code", at: `/invite/${code}`, client });
  };

  it("shows who invites, is accepted, and says what happens next", async () => {
    const calls = serve({
      "GET /me": nobody,
      "GET /invitations/abc/preview": () => ({ body: preview }),
      "POST /invitations/abc/accept": () => ({ status: 201, body: { state: "waiting" } }),
    });
    const { user } = open("abc");
    expect(await screen.findByRole("heading")).toHaveTextContent("加入釘板科技");
    await user.type(screen.getByLabelText("姓名"), "新人");
    await user.type(screen.getByLabelText(/手機/), "0912345678");
    await user.type(screen.getByLabelText("密碼"), "secret-enough");
    await user.click(screen.getByRole("button", { name: "接受邀請" }));
    expect(await screen.findByRole("status")).toHaveTextContent("管理員核准後");
    expect(calls.at(-1)?.body).toEqual({ name: "新人", password: "secret-enough", mobile: "0912345678" });
  });

  it("for one member asks for a password alone", async () => {
    const calls = serve({
      "GET /me": nobody,
      "GET /invitations/own/preview": () => ({ body: { ...preview, name: "林雅婷" } }),
      "POST /invitations/own/accept": () => ({ status: 201, body: { state: "active" } }),
    });
    const { user } = open("own");
    expect(await screen.findByText(/林雅婷，您好/)).toBeInTheDocument();
    expect(screen.queryByLabelText("姓名")).toBeNull();
    await user.type(screen.getByLabelText("密碼"), "secret-enough");
    await user.click(screen.getByRole("button", { name: "接受邀請" }));
    expect(await screen.findByRole("status")).toHaveTextContent("您已加入");
    expect(calls.at(-1)?.body).toEqual({ password: "secret-enough" });
  });

  it("is accepted by somebody signed in as who they are", async () => {
    const calls = serve({
      "GET /me": () => ({ body: aMe() }),
      "GET /invitations/abc/preview": () => ({ body: preview }),
      "POST /invitations/abc/accept": () => ({ status: 201, body: { state: "active" } }),
    });
    const { user } = open("abc");
    await user.click(await screen.findByRole("button", { name: "以 王小明 的身分加入" }));
    await screen.findByRole("status");
    expect(calls.at(-1)?.body).toEqual({});
  });

  it("that is gone says so", async () => {
    serve({ "GET /me": nobody, "GET /invitations/old/preview": () => refusal(404, "invitation.not_found") });
    open("old");
    expect(await screen.findByRole("alert")).toHaveTextContent("失效");
  });

  it("takes a mobile or an address", () => {
    expect(loginFields(" a@b.c ")).toEqual({ email: "a@b.c" });
    expect(loginFields("0912 345 678")).toEqual({ mobile: "0912 345 678" });
  });
});
