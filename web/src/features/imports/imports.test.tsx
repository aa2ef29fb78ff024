import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Import } from "@/api/types";
import { aClient, refusal, renderApp, serve } from "../../../tests/app";
import { aMe } from "../../../tests/fixtures";
import { ImportPage } from "./ImportPage";

const job = (part: Partial<Import>): Import => ({
  id: "i1",
  state: "done",
  dry_run: true,
  rows_total: 3,
  rows_done: 3,
  members: 3,
  departments: 2,
  errors: [],
  errors_total: part.errors?.length ?? 0,
  file_name: "staff.csv",
  skip_errors: false,
  created: 2,
  changed: 1,
  invited: 0,
  created_at: "2026-01-05T01:00:00Z",
  finished_at: null,
  ...part,
});
const file = new File(["userid,name\n"], "staff.csv", { type: "text/csv" });
const open = (powers = ["directory.import"]) =>
  renderApp(<ImportPage />, { client: aClient([], aMe({ powers })) });

describe("the import", () => {
  it("tries first, then imports the same file, and tells the result", async () => {
    const calls = serve({
      "POST /imports": ({ query }) => ({
        status: 202,
        body: { id: query.get("dry_run") === "true" ? "i1" : "i2", state: "queued" },
      }),
      "GET /imports/i1": () => ({ body: job({}) }),
      "GET /imports/i2": () => ({ body: job({ id: "i2", dry_run: false }) }),
    });
    const { user } = open();
    await user.upload(screen.getByTestId("import-input"), file);
    await user.click(await screen.findByRole("button", { name: "匯入 3 位成員" }));
    expect(await screen.findByTestId("import-result")).toHaveTextContent("已匯入 3 位成員");
    const sent = calls.filter(({ method }) => method === "POST");
    expect(sent.map(({ query }) => query.get("dry_run"))).toEqual(["true", "false"]);
    expect(sent.every(({ body }) => (body as FormData).get("file") instanceof File)).toBe(true);
  });

  it("shows every wrong cell and imports only when told to skip them", async () => {
    const errors = [
      { row: 7, column: "mobile", code: "duplicate", message: "與第 3 列重複" },
      { row: 5, column: "userid", code: "required", message: "必須填寫" },
    ];
    const calls = serve({
      "POST /imports": ({ query }) => ({
        status: 202,
        body: { id: query.get("skip_errors") === "true" ? "i2" : "i1", state: "queued" },
      }),
      "GET /imports/i1": () => ({ body: job({ state: "refused", errors, members: 0 }) }),
      "GET /imports/i2": () => ({ body: job({ id: "i2", errors, members: 1, skip_errors: true }) }),
    });
    const { user } = open();
    await user.upload(screen.getByTestId("import-input"), file);
    expect(await screen.findByText("發現 2 個錯誤")).toBeInTheDocument();
    const rows = within(screen.getByRole("table")).getAllByRole("row").slice(1);
    expect(rows.map((row) => row.textContent)).toEqual(["5userid必填必須填寫", "7mobile重複與第 3 列重複"]);
    expect(screen.getByTestId("import-start")).toBeDisabled();
    await user.click(screen.getByRole("checkbox", { name: "略過有錯誤的列" }));
    await user.click(await screen.findByRole("button", { name: "匯入 1 位成員" }));
    await waitFor(() => expect(calls.filter(({ method }) => method === "POST")).toHaveLength(3));
    expect(calls.findLast(({ method }) => method === "POST")?.query.get("skip_errors")).toBe("true");
  });

  it("that the server refuses says why", async () => {
    serve({ "POST /imports": () => refusal(413, "import.too_large", "檔案太大") });
    const { user } = open();
    await user.upload(screen.getByTestId("import-input"), file);
    expect(await screen.findByText("檔案太大")).toBeInTheDocument();
  });

  it("is not offered without the power", () => {
    open([]);
    expect(screen.getByText("您沒有這裡的權限")).toBeInTheDocument();
    expect(screen.queryByTestId("import-input")).toBeNull();
  });
});
