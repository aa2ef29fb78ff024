import { describe, expect, it } from "vitest";
import type { Message } from "@/api/types";
import { aMessage } from "../../../tests/fixtures";
import {
  firstAfter,
  indexOfSeq,
  type MessageWindow,
  windowFrom,
  withChanged,
  withChanges,
  withCreated,
  withNewer,
  withOlder,
  withReceipts,
  withReplaced,
  withReply,
} from "./window";

const from = (seqs: number[], known: Partial<MessageWindow> = {}): MessageWindow => ({
  ...windowFrom(
    seqs.map((seq) => aMessage(seq)),
    { to: seqs.at(-1) ?? 0, rev: 0, reachedStart: false },
  ),
  ...known,
});
const seqs = (window: MessageWindow) => window.items.map((message) => message.seq);

describe("a window", () => {
  it("takes the very next message and leaves a gap open", () => {
    const window = from([1, 2, 3]);
    expect(seqs(withCreated(window, aMessage(4)))).toEqual([1, 2, 3, 4]);
    expect(withCreated(window, aMessage(6))).toBe(window);
  });

  it("never holds a message twice", () => {
    const window = withCreated(from([1, 2]), aMessage(3));
    expect(seqs(withCreated(window, aMessage(3)))).toEqual([1, 2, 3]);
    expect(seqs(withNewer(window, [aMessage(3), aMessage(4)], 4))).toEqual([1, 2, 3, 4]);
    expect(seqs(withOlder(window, [aMessage(1)], true))).toEqual([1, 2, 3]);
  });

  it("knows what it has read though nothing was there for this reader", () => {
    expect(withNewer(from([1, 2]), [], 9).to).toBe(9);
  });

  it("keeps list positions true when older messages come in front", () => {
    const window = from([10, 11]);
    const grown = withOlder(window, [aMessage(8), aMessage(9)], false);
    expect(grown.firstIndex).toBe(window.firstIndex - 2);
    expect(grown.firstIndex + indexOfSeq(grown.items, 10)).toBe(window.firstIndex);
  });

  it("ignores older news of a message", () => {
    const window = withReplaced(from([1]), aMessage(1, { rev: 5, content: { text: "新" } }));
    expect(withReplaced(window, aMessage(1, { rev: 4 }))).toBe(window);
  });

  it("advances its rev only when no change can be missing", () => {
    const window = from([1, 2], { rev: 3 });
    expect(withChanged(window, aMessage(1, { rev: 4 })).rev).toBe(4);
    expect(withChanged(window, aMessage(1, { rev: 6 })).rev).toBe(3);
    expect(withChanges(window, [aMessage(2, { rev: 5 })], 6).rev).toBe(6);
  });

  it("keeps what only this reader knows when an event speaks to everybody", () => {
    const mine = { emoji: "👍", count: 2, mine: true, names: [] };
    const held = aMessage(1, { rev: 1, reactions: [mine], receipts: { read: 2, total: 3 } });
    const told = aMessage(1, { rev: 2, reactions: [{ ...mine, count: 3, mine: false }] });
    const after = withChanged({ ...from([]), items: [held], to: 1, rev: 1 }, told).items[0];
    expect(after?.reactions[0]).toMatchObject({ count: 3, mine: true });
    expect(after?.receipts).toEqual({ read: 2, total: 3 });
  });

  it("takes an own event's reactions as they are", () => {
    const told = aMessage(1, {
      rev: 1,
      reactions: [{ emoji: "👍", count: 1, mine: true, names: ["王小明"] }],
    });
    expect(withChanged(from([1]), told, true).items[0]?.reactions[0]?.mine).toBe(true);
  });

  it("knows a reply of another line, and shows it not", () => {
    const window = withCreated(from([1, 2]), aMessage(3, { thread_seq: 1 }), false);
    expect(seqs(window)).toEqual([1, 2]);
    expect(seqs(withCreated(window, aMessage(4)))).toEqual([1, 2, 4]);
  });

  it("counts a reply once, whether it was told, caught up with, or both", () => {
    const lin = { userid: "lin", name: "林雅婷" };
    const reply = (seq: number) => aMessage(seq, { thread_seq: 1, sender: lin });
    const counts = (replies: number, last_seq: number) => ({
      root_seq: 1,
      replies,
      last_seq,
      last_at: "2026-01-05T01:00:00Z",
    });
    const once = withReply(from([1]), reply(3));
    expect(once.items[0]?.thread).toMatchObject({ replies: 1, last_seq: 3, people: [lin] });
    expect(withReply(once, reply(3))).toBe(once);
    expect(withReply(once, reply(3), counts(1, 3)).items[0]?.thread).toMatchObject({ replies: 1 });
    // My own was acknowledged before the event of the one before it came: the later count puts it right.
    const mine = withReply(once, reply(6));
    const late = withReply(mine, reply(5), counts(2, 5));
    expect(late.items[0]?.thread).toMatchObject({ replies: 2, last_seq: 6 });
    expect(withReply(late, reply(6), counts(3, 6)).items[0]?.thread).toMatchObject({ replies: 3 });
  });

  it("keeps a thread that has gone on when older news of its message comes", () => {
    const thread = { replies: 2, last_seq: 9, last_at: "2026-01-05T01:00:00Z", people: [] };
    const window = { ...from([]), items: [aMessage(1, { thread })], to: 9 };
    const edited = aMessage(1, { rev: 1, thread: { ...thread, replies: 1, last_seq: 5 } });
    expect(withChanged(window, edited).items[0]).toMatchObject({ rev: 1, thread: { replies: 2 } });
  });

  it("lets counts of readers only grow", () => {
    const window = withReceipts(from([1]), [{ seq: 1, read: 3, total: 4 }]);
    expect(withReceipts(window, [{ seq: 1, read: 2, total: 4 }])).toBe(window);
    expect(withReceipts(window, [{ seq: 9, read: 2, total: 4 }])).toBe(window);
  });

  it("finds seqs over the holes of an absence", () => {
    const { items } = from([1, 2, 7, 8]);
    expect(indexOfSeq(items, 7)).toBe(2);
    expect(indexOfSeq(items, 5)).toBe(-1);
    expect(firstAfter(items, 2)).toBe(2);
    expect(firstAfter(items, 5)).toBe(2);
    expect(firstAfter(items, 8)).toBe(4);
  });
});

/** A small generator with a seed, so that a failure can be seen again. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("the race", () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed))(
    "state before + events in any mix of loss and catching up = state after (seed %i)",
    (seed) => {
      const random = dice(seed);
      const server = new Map<number, Message>();
      let headSeq = 0;
      let headRev = 0;
      let window = from([]);
      const catchUp = () => {
        const newer = [...server.values()].filter((message) => message.seq > window.to);
        window = withNewer(window, newer, headSeq);
        const changes = [...server.values()].filter((message) => message.rev > window.rev);
        window = withChanges(window, changes, headRev);
      };
      for (let step = 0; step < 120; step += 1) {
        const lost = random() < 0.3;
        if (random() < 0.5 || headSeq === 0) {
          headSeq += 1;
          const made = aMessage(headSeq);
          server.set(headSeq, made);
          if (!lost) window = withCreated(window, made);
        } else {
          const seq = 1 + Math.floor(random() * headSeq);
          headRev += 1;
          const changed = { ...aMessage(seq), rev: headRev, content: { text: `改 ${headRev}` } };
          server.set(seq, changed);
          if (!lost) window = withChanged(window, changed);
        }
        if (random() < 0.1) catchUp();
      }
      catchUp();
      expect(window.items.map(({ seq, rev, content }) => ({ seq, rev, content }))).toEqual(
        [...server.values()].map(({ seq, rev, content }) => ({ seq, rev, content })),
      );
    },
  );
});
