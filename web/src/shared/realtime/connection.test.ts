import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, NetworkError } from "@/api/errors";
import type { ServerEvent } from "@/api/realtime";
import { backoffDelay, RealtimeConnection } from "./connection";

class FakeSocket {
  static made: FakeSocket[] = [];
  readyState = 0;
  sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor() {
    FakeSocket.made.push(this);
  }
  send(data: string) {
    this.sent.push(JSON.parse(data));
  }
  close() {
    this.readyState = 3;
  }
  open() {
    this.readyState = 1;
    this.onopen?.();
  }
  say(...events: unknown[]) {
    this.onmessage?.({ data: JSON.stringify({ events }) });
  }
  reply(ok: unknown = {}) {
    this.say({ type: "reply", id: this.sent.at(-1)?.id, ok });
  }
  break(code: number) {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

const connections: RealtimeConnection[] = [];
const latest = () => FakeSocket.made.at(-1) as FakeSocket;

function make() {
  const seen: ServerEvent[] = [];
  const onSignedOut = vi.fn();
  const connection = new RealtimeConnection({
    url: "ws://localhost/api/v1/realtime",
    orgId: "org-1",
    onEvents: (events) => seen.push(...events),
    onSignedOut,
    makeSocket: () => new FakeSocket() as unknown as WebSocket,
    random: () => 0,
  });
  connections.push(connection);
  return { connection, seen, onSignedOut };
}

async function online() {
  const made = make();
  made.connection.start();
  latest().open();
  latest().reply();
  await vi.advanceTimersByTimeAsync(0);
  return made;
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
});
afterEach(() => {
  for (const connection of connections.splice(0)) connection.stop();
  vi.useRealTimers();
});

describe("the connection", () => {
  it("authenticates first and is online when that is answered", async () => {
    const { connection } = make();
    connection.start();
    latest().open();
    expect(latest().sent).toEqual([{ do: "authenticate", id: 1, org_id: "org-1" }]);
    expect(connection.state).toBe("connecting");
    latest().reply();
    await vi.advanceTimersByTimeAsync(0);
    expect(connection.state).toBe("online");
  });

  it("hands events on and gives replies to who asked", async () => {
    const { connection, seen } = await online();
    const asked = connection.command("conversation.read", { conversation_id: "c1", seq: 3 });
    const event = { type: "conversation.left", conversation_id: "c9" };
    latest().say(event, { type: "reply", id: latest().sent.at(-1)?.id, ok: { read_seq: 3 } });
    await expect(asked).resolves.toEqual({ read_seq: 3 });
    expect(seen).toEqual([event]);
  });

  it("turns a refusal into an ApiError with its code", async () => {
    const { connection } = await online();
    const asked = connection.command("ping", {});
    latest().say({ type: "reply", id: latest().sent.at(-1)?.id, error: { code: "x.y", message: "不行" } });
    await expect(asked).rejects.toMatchObject({ code: "x.y", message: "不行" });
    await expect(asked).rejects.toBeInstanceOf(ApiError);
  });

  it("comes back by itself, waiting longer each time", async () => {
    const { connection } = await online();
    const asked = connection.command("ping", {});
    latest().break(1006);
    await expect(asked).rejects.toBeInstanceOf(NetworkError);
    expect(connection.state).toBe("offline");
    await expect(connection.command("ping", {})).rejects.toBeInstanceOf(NetworkError);
    await vi.advanceTimersByTimeAsync(250);
    expect(FakeSocket.made).toHaveLength(2);
    latest().break(1006);
    await vi.advanceTimersByTimeAsync(499);
    expect(FakeSocket.made).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(FakeSocket.made).toHaveLength(3);
  });

  it("does not sit out the wait when the network returns", async () => {
    await online();
    for (let n = 0; n < 6; n += 1) {
      latest().break(1006);
      await vi.advanceTimersByTimeAsync(20_000);
    }
    latest().break(1006);
    const before = FakeSocket.made.length;
    window.dispatchEvent(new Event("online"));
    expect(FakeSocket.made).toHaveLength(before + 1);
  });

  it("tries a new socket at once when the network went: the old one may not notice", async () => {
    const { connection } = await online();
    window.dispatchEvent(new Event("offline"));
    expect(connection.state).toBe("offline");
    await vi.advanceTimersByTimeAsync(500);
    expect(FakeSocket.made).toHaveLength(2);
  });

  it("takes a server that does not answer for a dead line", async () => {
    const { connection } = await online();
    connection.command("ping", {}).catch(() => {});
    await vi.advanceTimersByTimeAsync(15_000);
    expect(connection.state).toBe("offline");
  });

  it("stops when the session is over", async () => {
    const { onSignedOut } = await online();
    latest().break(4401);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(onSignedOut).toHaveBeenCalledOnce();
    expect(FakeSocket.made).toHaveLength(1);
  });

  it("hears nothing more from a socket it has left", async () => {
    const { connection, seen } = await online();
    const old = latest();
    const hear = old.onmessage;
    connection.stop();
    hear?.({ data: JSON.stringify({ events: [{ type: "conversation.left", conversation_id: "c" }] }) });
    expect(seen).toEqual([]);
  });
});

it("the wait doubles, has a bound, and half of it is chance", () => {
  expect(backoffDelay(0, () => 0)).toBe(250);
  expect(backoffDelay(0, () => 1)).toBe(500);
  expect(backoffDelay(50, () => 1)).toBe(30_000);
});
