import { act, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { getConversation } from "@/shared/chat/conversations";
import { aClient, renderApp, serve } from "../../../tests/app";
import { aConversation } from "../../../tests/fixtures";
import { useReadMarker } from "./useReadMarker";

let show: (seqs: number[], ratio?: number) => void;
let visibility: DocumentVisibilityState;

beforeEach(() => {
  vi.useFakeTimers();
  visibility = "visible";
  vi.spyOn(document, "visibilityState", "get").mockImplementation(() => visibility);
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      constructor(tell: IntersectionObserverCallback) {
        show = (seqs, ratio = 1) => {
          const entries = seqs.map((seq) => ({
            target: screen.getByText(String(seq)),
            isIntersecting: ratio > 0,
            intersectionRatio: ratio,
            intersectionRect: { height: 40 * ratio },
            rootBounds: { height: 800 },
          }));
          act(() =>
            tell(entries as unknown as IntersectionObserverEntry[], this as unknown as IntersectionObserver),
          );
        };
      }
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  );
});
afterEach(() => {
  vi.useRealTimers();
});

function Rows() {
  const observe = useReadMarker("c1");
  return [1, 2, 3].map((seq) => (
    <div key={seq} ref={observe} data-seq={seq}>
      {seq}
    </div>
  ));
}

function open() {
  const calls = serve({
    "POST /conversations/c1/read": ({ body }) => ({ body: { read_seq: (body as { seq: number }).seq } }),
  });
  const client = aClient([aConversation({ head_seq: 3, mine: { ...aConversation().mine, unread: 3 } })]);
  renderApp(<Rows />, { client });
  const told = () => calls.map(({ body }) => (body as { seq: number }).seq);
  return { told, mine: () => getConversation(client, "c1")?.mine };
}

const settle = () => act(() => vi.advanceTimersByTimeAsync(400));

describe("my cursor", () => {
  it("moves once, to the furthest message that was on screen for a moment", async () => {
    const { told, mine } = open();
    show([1]);
    show([2, 3]);
    await settle();
    expect(told()).toEqual([3]);
    expect(mine()).toMatchObject({ read_seq: 3, unread: 0, mentioned: false });
  });

  it("does not move for what only peeps in", async () => {
    const { told } = open();
    show([1], 0.2);
    await settle();
    expect(told()).toEqual([]);
  });

  it("waits until somebody looks at the page", async () => {
    const { told } = open();
    visibility = "hidden";
    show([1, 2]);
    await settle();
    expect(told()).toEqual([]);
    visibility = "visible";
    act(() => void document.dispatchEvent(new Event("visibilitychange")));
    await settle();
    expect(told()).toEqual([2]);
  });

  it("never goes back", async () => {
    const { told } = open();
    show([3]);
    await settle();
    show([3], 0);
    show([1]);
    await settle();
    expect(told()).toEqual([3]);
  });
});
