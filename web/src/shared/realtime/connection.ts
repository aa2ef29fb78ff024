import { ApiError, NetworkError } from "@/api/errors";
import type { CommandMap, CommandName, Frame, ReplyEvent, ServerEvent } from "@/api/realtime";
import { closeCodes } from "@/api/realtime";

export type ConnectionState = "connecting" | "online" | "offline";

export interface ConnectionOptions {
  url: string;
  orgId: string | null;
  /** Called once per frame with all its events, in order. */
  onEvents: (events: ServerEvent[]) => void;
  onSignedOut: () => void;
  /** Tests replace these. */
  makeSocket?: (url: string) => WebSocket;
  random?: () => number;
}

interface Waiting {
  resolve: (value: never) => void;
  reject: (error: Error) => void;
}

const firstDelay = 500;
const longestDelay = 30_000;
const pingEvery = 25_000;
const replyWithin = 15_000;

/** The wait before the n-th attempt in milliseconds: doubling, bounded, with half of it left to chance. */
export function backoffDelay(attempt: number, random: () => number): number {
  const full = Math.min(longestDelay, firstDelay * 2 ** Math.min(attempt, 10));
  return full / 2 + (full / 2) * random();
}

/**
 * One WebSocket that comes back by itself. `online` means authenticated, with `hello` received or on its way.
 * Commands given while it is not online are refused at once with NetworkError; callers queue or use HTTP.
 */
export class RealtimeConnection {
  readonly #options: ConnectionOptions;
  readonly #listeners = new Set<() => void>();
  readonly #waiting = new Map<number, Waiting>();
  #socket: WebSocket | null = null;
  #state: ConnectionState = "connecting";
  #attempt = 0;
  #nextId = 1;
  #stopped = true;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #pingTimer: ReturnType<typeof setInterval> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  getState = (): ConnectionState => this.#state;

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    window.addEventListener("online", this.#wake);
    window.addEventListener("offline", this.#doubt);
    document.addEventListener("visibilitychange", this.#wake);
    this.#open();
  }

  stop(): void {
    this.#stopped = true;
    window.removeEventListener("online", this.#wake);
    window.removeEventListener("offline", this.#doubt);
    document.removeEventListener("visibilitychange", this.#wake);
    clearTimeout(this.#retryTimer);
    this.#drop();
  }

  /** Gives one command and waits for its reply. Rejects with ApiError (status 0: sockets have none) or NetworkError. */
  command<N extends CommandName>(name: N, input: CommandMap[N]["in"]): Promise<CommandMap[N]["out"]> {
    if (this.#state !== "online") return Promise.reject(new NetworkError());
    return this.#ask(name, input);
  }

  #ask<N extends CommandName>(name: N, input: CommandMap[N]["in"]): Promise<CommandMap[N]["out"]> {
    const socket = this.#socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) return Promise.reject(new NetworkError());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new NetworkError("no reply"));
        // A server that does not answer is a dead line: better a new one than a silent one.
        if (this.#socket === socket) this.#lost();
      }, replyWithin);
      this.#waiting.set(id, {
        resolve: (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      socket.send(JSON.stringify({ ...input, id, do: name }));
    });
  }

  #open(): void {
    clearTimeout(this.#retryTimer);
    this.#setState(this.#attempt === 0 ? "connecting" : this.#state);
    const socket = (this.#options.makeSocket ?? ((url) => new WebSocket(url)))(this.#options.url);
    this.#socket = socket;
    socket.onopen = () => {
      const organisation = this.#options.orgId ? { org_id: this.#options.orgId } : {};
      this.#ask("authenticate", organisation).then(
        () => this.#established(socket),
        () => {
          if (this.#socket === socket) this.#lost();
        },
      );
    };
    socket.onmessage = (message: MessageEvent<string>) => {
      if (this.#socket === socket) this.#receive(message.data);
    };
    socket.onclose = (event: CloseEvent) => {
      if (this.#socket !== socket) return;
      if (event.code === closeCodes.signedOut) {
        this.stop();
        this.#options.onSignedOut();
      } else {
        this.#lost();
      }
    };
  }

  #established(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#attempt = 0;
    this.#setState("online");
    clearInterval(this.#pingTimer);
    this.#pingTimer = setInterval(() => void this.#ask("ping", {}).catch(() => {}), pingEvery);
  }

  #receive(data: string): void {
    const frame = JSON.parse(data) as Frame;
    const events: ServerEvent[] = [];
    for (const event of frame.events) {
      if (event.type === "reply") this.#settle(event);
      else events.push(event);
    }
    if (events.length > 0) this.#options.onEvents(events);
  }

  #settle(reply: ReplyEvent): void {
    const waiting = this.#waiting.get(reply.id);
    if (!waiting) return;
    this.#waiting.delete(reply.id);
    if (reply.error) waiting.reject(new ApiError({ status: 0, ...reply.error }));
    else waiting.resolve(reply.ok as never);
  }

  #lost(): void {
    this.#drop();
    if (this.#stopped) return;
    this.#setState("offline");
    const wait = backoffDelay(this.#attempt, this.#options.random ?? Math.random);
    this.#attempt += 1;
    this.#retryTimer = setTimeout(() => this.#open(), wait);
  }

  #drop(): void {
    clearInterval(this.#pingTimer);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    }
    for (const waiting of this.#waiting.values()) waiting.reject(new NetworkError());
    this.#waiting.clear();
  }

  /** The network came back or the person looks at us again: do not sit out the rest of the wait. */
  #wake = (): void => {
    if (this.#state !== "offline" || document.visibilityState === "hidden") return;
    this.#attempt = 0;
    this.#drop();
    this.#open();
  };

  /** The network went. A socket may not notice for a minute; a new one that still gets through costs nothing. */
  #doubt = (): void => {
    if (this.#state === "online") this.#lost();
  };

  #setState(state: ConnectionState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
