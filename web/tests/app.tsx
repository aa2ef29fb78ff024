import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactElement } from "react";
import { createMemoryRouter, RouterProvider } from "react-router";
import { VirtuosoMockContext } from "react-virtuoso";
import { vi } from "vitest";
import type { Conversation, Me } from "@/api/types";
import { LookProvider } from "@/app/LookProvider";
import { attentionQuery } from "@/shared/attention/attention";
import { OutboxContext } from "@/shared/chat/context";
import type { ConversationBook } from "@/shared/chat/conversations";
import { foldersQuery } from "@/shared/chat/folders";
import { Outbox, type OutboxPort } from "@/shared/chat/outbox";
import { meQuery } from "@/shared/session/me";
import { aMe, anAttention } from "./fixtures";

export interface Call {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
  headers: Headers;
}

type Answer = { status?: number; body?: unknown; headers?: Record<string, string> };
type Route = (call: Call) => Answer | Promise<Answer>;

/**
 * The server as the client sees it: fetch answers from these routes ("GET /conversations") and keeps every call.
 * A call that no route expects is an error of the test.
 */
export function serve(routes: Record<string, Route>): Call[] {
  const calls: Call[] = [];
  vi.stubGlobal("fetch", async (address: string, init: RequestInit = {}) => {
    const url = new URL(address, "http://localhost");
    const method = init.method ?? "GET";
    const path = url.pathname.replace("/api/v1", "");
    const body = typeof init.body === "string" ? JSON.parse(init.body) : init.body;
    const call = { method, path, query: url.searchParams, body, headers: new Headers(init.headers) };
    calls.push(call);
    const route = routes[`${method} ${path}`];
    if (!route) throw new Error(`no route for ${method} ${path}`);
    const { status = 200, body: answer, headers } = await route(call);
    return new Response(answer === undefined ? null : JSON.stringify(answer), { status, headers });
  });
  return calls;
}

export function refusal(
  status: number,
  code: string,
  message = "不行",
  headers?: Record<string, string>,
): Answer {
  return { status, headers, body: { error: { code, message, fields: [], request_id: "req-1" } } };
}

export const page = <T,>(items: T[], next: string | null = null): Answer => ({ body: { items, next } });

export function aClient(conversations: Conversation[] | null = [], me: Me = aMe()): QueryClient {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  client.setQueryData(meQuery.queryKey, me);
  client.setQueryData(attentionQuery.queryKey, anAttention());
  client.setQueryData(foldersQuery.queryKey, []);
  if (conversations) {
    const byId = Object.fromEntries(conversations.map((conversation) => [conversation.id, conversation]));
    client.setQueryData<ConversationBook>(["conversations"], { byId, next: null });
  }
  return client;
}

interface RenderOptions {
  path?: string;
  at?: string;
  client?: QueryClient;
  port?: OutboxPort;
}

const quietPort: OutboxPort = { send: () => new Promise(() => {}), sent: () => {} };

/** A component in the providers it lives in, at an address of its own. */
export function renderApp(element: ReactElement, options: RenderOptions = {}) {
  const { path = "/", at = path, client = aClient(), port = quietPort } = options;
  const outbox = new Outbox(port, null);
  outbox.open();
  const elsewhere = { path: "*", element: <div data-testid="elsewhere" /> };
  const router = createMemoryRouter([{ path, element }, elsewhere], { initialEntries: [at] });
  const view = render(
    <QueryClientProvider client={client}>
      <OutboxContext.Provider value={outbox}>
        <VirtuosoMockContext.Provider value={{ viewportHeight: 2000, itemHeight: 50 }}>
          <LookProvider>
            <RouterProvider router={router} />
          </LookProvider>
        </VirtuosoMockContext.Provider>
      </OutboxContext.Provider>
    </QueryClientProvider>,
  );
  return { ...view, router, client, outbox, user: userEvent.setup() };
}
