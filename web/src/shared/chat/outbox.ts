/**
 * What was written but is not yet acknowledged. Each message keeps one client_id for life, so that sending again can
 * never double it. Messages of one conversation leave one after another, in the order they were written.
 */
import type { OutgoingContent } from "@/api/content";
import { isTransient } from "@/api/errors";
import type { MessageSent, ReplySource } from "@/api/types";
import { recall, remember } from "../preferences";

export interface Outgoing {
  client_id: string;
  conversation_id: string;
  body: OutgoingContent;
  mentions: string[];
  reply: ReplySource | null;
  /** The message in whose thread it will stand. */
  thread: number | null;
  /** Whether a reply stands in the main line too. */
  also_in_main: boolean;
  written_at: string;
  /** `waiting`: the line is down, it leaves by itself. `failed`: refused, only the person can try again. */
  state: "sending" | "waiting" | "failed";
  problem: string | null;
}

export type NewOutgoing = Omit<Outgoing, "state" | "problem">;

export interface OutboxPort {
  send: (message: Outgoing) => Promise<MessageSent>;
  sent: (message: Outgoing, answer: MessageSent) => void;
}

const retryWait = 3_000;
const nothing: readonly Outgoing[] = [];

export class Outbox {
  readonly #port: OutboxPort;
  readonly #storageKey: string | null;
  readonly #listeners = new Set<() => void>();
  readonly #pumping = new Set<string>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #queues: Record<string, readonly Outgoing[]> = {};
  #closed = true;

  /** @param storageKey where unsent messages outlive the page; null keeps them in memory only. */
  constructor(port: OutboxPort, storageKey: string | null) {
    this.#port = port;
    this.#storageKey = storageKey;
    this.#restore();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  of(conversationId: string): readonly Outgoing[] {
    return this.#queues[conversationId] ?? nothing;
  }

  add(message: NewOutgoing): void {
    const queued: Outgoing = { ...message, state: "sending", problem: null };
    this.#set(message.conversation_id, [...this.of(message.conversation_id), queued]);
    void this.#pump(message.conversation_id);
  }

  retry(conversationId: string, clientId: string): void {
    this.#change(conversationId, clientId, { state: "sending", problem: null });
    void this.#pump(conversationId);
  }

  discard(conversationId: string, clientId: string): void {
    this.#remove(conversationId, clientId);
    void this.#pump(conversationId);
  }

  /** The line is back: everything that waits leaves now. */
  flush(): void {
    for (const conversationId of Object.keys(this.#queues)) void this.#pump(conversationId);
  }

  /** Begins (again) to send; what an earlier page left unsent leaves now. */
  open(): void {
    this.#closed = false;
    this.flush();
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  async #pump(conversationId: string): Promise<void> {
    if (this.#pumping.has(conversationId) || this.#closed) return;
    this.#pumping.add(conversationId);
    try {
      for (;;) {
        const message = this.of(conversationId).find((candidate) => candidate.state !== "failed");
        if (!message || this.#closed) return;
        this.#change(conversationId, message.client_id, { state: "sending" });
        if (!(await this.#sendOne(message))) return;
      }
    } finally {
      this.#pumping.delete(conversationId);
    }
  }

  /** Whether the queue may go on. */
  async #sendOne(message: Outgoing): Promise<boolean> {
    const { conversation_id, client_id } = message;
    try {
      const answer = await this.#port.send(message);
      this.#port.sent(message, answer);
      this.#remove(conversation_id, client_id);
      return true;
    } catch (error) {
      if (!isTransient(error)) {
        const problem = error instanceof Error ? error.message : "";
        this.#change(conversation_id, client_id, { state: "failed", problem });
        return true;
      }
      this.#change(conversation_id, client_id, { state: "waiting" });
      this.#later(conversation_id, (error as { retryAfter?: number | null }).retryAfter ?? null);
      return false;
    }
  }

  #later(conversationId: string, seconds: number | null): void {
    const wait = seconds === null ? retryWait : seconds * 1000;
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        void this.#pump(conversationId);
      },
      wait + Math.random() * 500,
    );
    this.#timers.add(timer);
  }

  #change(conversationId: string, clientId: string, change: Partial<Outgoing>): void {
    const queue = this.of(conversationId);
    this.#set(
      conversationId,
      queue.map((message) => (message.client_id === clientId ? { ...message, ...change } : message)),
    );
  }

  #remove(conversationId: string, clientId: string): void {
    this.#set(
      conversationId,
      this.of(conversationId).filter((message) => message.client_id !== clientId),
    );
  }

  #set(conversationId: string, queue: readonly Outgoing[]): void {
    const { [conversationId]: _old, ...others } = this.#queues;
    this.#queues = queue.length > 0 ? { ...others, [conversationId]: queue } : others;
    if (this.#storageKey) {
      const empty = Object.keys(this.#queues).length === 0;
      remember(this.#storageKey, empty ? null : JSON.stringify(this.#queues));
    }
    for (const listener of this.#listeners) listener();
  }

  #restore(): void {
    const stored = this.#storageKey ? recall(this.#storageKey) : null;
    if (!stored) return;
    try {
      const queues = JSON.parse(stored) as Record<string, (Outgoing & { thread?: number | null })[]>;
      for (const [id, queue] of Object.entries(queues)) {
        // An earlier version knew no threads: its replies stood in the main line.
        const before = (item: Outgoing) => ({
          thread: item.reply?.seq ?? null,
          also_in_main: item.reply !== null,
        });
        this.#queues[id] = queue.map((item) =>
          item.thread === undefined ? { ...item, ...before(item) } : item,
        );
      }
    } catch {
      this.#queues = {};
    }
  }
}
