import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, NetworkError } from "@/api/errors";
import type { MessageSent } from "@/api/types";
import { type NewOutgoing, Outbox, type Outgoing } from "./outbox";

const written = (client_id: string): NewOutgoing => ({
  client_id,
  conversation_id: "c1",
  body: { kind: "text", content: { text: client_id } },
  mentions: [],
  reply: null,
  thread: null,
  also_in_main: false,
  written_at: "2026-01-01T00:00:00Z",
});

function make(send: (message: Outgoing) => Promise<MessageSent>, key: string | null = null) {
  const sent: string[] = [];
  const outbox = new Outbox({ send, sent: (message) => sent.push(message.client_id) }, key);
  outbox.open();
  return { outbox, sent };
}

const answer = (seq: number): MessageSent => ({ id: `m${seq}`, seq, sent_at: "2026-01-01T00:00:00Z" });
const states = (outbox: Outbox) => outbox.of("c1").map((message) => message.state);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the outbox", () => {
  it("sends one after another in the order of writing", async () => {
    const order: string[] = [];
    let running = 0;
    const { outbox, sent } = make(async ({ client_id }) => {
      running += 1;
      expect(running).toBe(1);
      order.push(client_id);
      await Promise.resolve();
      running -= 1;
      return answer(order.length);
    });
    for (const id of ["a", "b", "c"]) outbox.add(written(id));
    await vi.runAllTimersAsync();
    expect(order).toEqual(["a", "b", "c"]);
    expect(sent).toEqual(["a", "b", "c"]);
    expect(outbox.of("c1")).toEqual([]);
  });

  it("waits while the line is down and asks again with the same client_id", async () => {
    const tried: string[] = [];
    const { outbox, sent } = make(async ({ client_id }) => {
      tried.push(client_id);
      if (tried.length < 3) throw new NetworkError();
      return answer(1);
    });
    outbox.add(written("a"));
    await vi.advanceTimersByTimeAsync(0);
    expect(states(outbox)).toEqual(["waiting"]);
    outbox.flush();
    await vi.runAllTimersAsync();
    expect(tried).toEqual(["a", "a", "a"]);
    expect(sent).toEqual(["a"]);
  });

  it("does as Retry-After says", async () => {
    let calls = 0;
    const { outbox } = make(async () => {
      calls += 1;
      if (calls === 1) throw new ApiError({ status: 429, code: "rate", message: "", retryAfter: 10 });
      return answer(1);
    });
    outbox.add(written("a"));
    await vi.advanceTimersByTimeAsync(9_000);
    expect(calls).toBe(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(calls).toBe(2);
  });

  it("keeps a refused message until the person decides, and lets the next one pass", async () => {
    let allowed = false;
    const { outbox, sent } = make(async ({ client_id }) => {
      if (client_id === "a" && !allowed) throw new ApiError({ status: 403, code: "muted", message: "禁言" });
      return answer(1);
    });
    outbox.add(written("a"));
    outbox.add(written("b"));
    await vi.runAllTimersAsync();
    expect(outbox.of("c1")).toMatchObject([{ client_id: "a", state: "failed", problem: "禁言" }]);
    expect(sent).toEqual(["b"]);
    allowed = true;
    outbox.retry("c1", "a");
    await vi.runAllTimersAsync();
    expect(sent).toEqual(["b", "a"]);
  });

  it("outlives the page", async () => {
    const first = make(() => new Promise(() => {}), "outbox");
    first.outbox.add(written("a"));
    first.outbox.close();
    const second = make(async () => answer(1), "outbox");
    await vi.runAllTimersAsync();
    expect(second.sent).toEqual(["a"]);
    expect(localStorage.getItem("outbox")).toBeNull();
  });
});
