import { fireEvent, render, screen } from "@testing-library/react";
import { useRef } from "react";
import { beforeEach, expect, it, vi } from "vitest";
import { useStickToBottom } from "./useStickToBottom";

const toBottom = vi.fn();
let list: ReturnType<typeof useStickToBottom>;

function List({ atBottom }: { atBottom: boolean }) {
  const container = useRef<HTMLDivElement>(null);
  list = useStickToBottom(container, atBottom, toBottom);
  return (
    <div ref={container} data-testid="list">
      <button type="button">48 of 50 read</button>
    </div>
  );
}

beforeEach(() => {
  toBottom.mockReset();
});

it("stays at the end when the list changes its shape", () => {
  render(<List atBottom />);
  list.onAtBottom(false);
  list.onHeight();
  expect(toBottom).toHaveBeenCalledTimes(2);
});

it("stays when something in the list is pressed", () => {
  render(<List atBottom />);
  fireEvent.pointerDown(screen.getByRole("button"));
  list.onAtBottom(false);
  expect(toBottom).toHaveBeenCalledOnce();
});

it("lets go when the person scrolls, until they are back", () => {
  render(<List atBottom />);
  fireEvent.wheel(screen.getByTestId("list"));
  list.onHeight();
  list.onAtBottom(false);
  expect(toBottom).not.toHaveBeenCalled();
  list.onAtBottom(true);
  list.onAtBottom(false);
  expect(toBottom).not.toHaveBeenCalled();
});

it("does not pull down who opened it further up, or has jumped away", () => {
  render(<List atBottom={false} />);
  list.onHeight();
  list.onAtBottom(true);
  list.letGo();
  list.onHeight();
  expect(toBottom).not.toHaveBeenCalled();
});
