import { fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { ActionMenu } from "./ActionMenu";

function open() {
  const run = vi.fn();
  const onClose = vi.fn();
  const actions = [
    { key: "a", label: "一", run: () => run("a") },
    { key: "b", label: "二", run: () => run("b") },
  ];
  render(<ActionMenu label="操作" anchor={{ x: 0, y: 0 }} actions={actions} onClose={onClose} />);
  return { run, onClose, user: userEvent.setup() };
}

it("is moved through with the arrows and closed with Escape", async () => {
  const { run, onClose, user } = open();
  expect(screen.getByRole("menuitem", { name: "一" })).toHaveFocus();
  await user.keyboard("{ArrowUp}");
  expect(screen.getByRole("menuitem", { name: "二" })).toHaveFocus();
  await user.keyboard("{Enter}");
  expect(run).toHaveBeenCalledWith("b");
  await user.keyboard("{Escape}");
  expect(onClose).toHaveBeenCalledTimes(2);
});

it("takes the lifting of the finger that opened it for no choice", async () => {
  const { run, user } = open();
  fireEvent.click(screen.getByRole("menuitem", { name: "一" }), { detail: 1 });
  expect(run).not.toHaveBeenCalled();
  await user.click(screen.getByRole("menuitem", { name: "一" }));
  expect(run).toHaveBeenCalledWith("a");
});
