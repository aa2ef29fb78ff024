import { ApiError, NetworkError } from "./errors";
import type { ErrorEnvelope } from "./types";

export const apiBase = "/api/v1";

/** What every request carries besides its own words. Set by the session, read here only. */
interface ClientContext {
  csrfToken: string | null;
  orgId: string | null;
  language: string;
  onSignedOut: () => void;
}

const context: ClientContext = { csrfToken: null, orgId: null, language: "zh-TW", onSignedOut: () => {} };

export function configureClient(change: Partial<ClientContext>): void {
  Object.assign(context, change);
}

export function clientOrgId(): string | null {
  return context.orgId;
}

/** A random UUID (version 4). `crypto.randomUUID` exists on secure origins only; an office server on plain HTTP is not one. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export type Query = Record<string, string | number | boolean | null | undefined>;

export interface RequestOptions {
  query?: Query;
  /** A JSON body, or FormData / Blob sent as they are. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export function apiUrl(path: string, query?: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") parameters.set(name, String(value));
  }
  const search = parameters.toString();
  return `${apiBase}${path}${search ? `?${search}` : ""}`;
}

/** The headers of a request; also for the few that go through XMLHttpRequest to see their progress. */
export function requestHeaders(method: string): Record<string, string> {
  const headers: Record<string, string> = { "Accept-Language": context.language };
  if (context.orgId) headers["Pegboard-Org"] = context.orgId;
  if (method !== "GET") {
    if (context.csrfToken) headers["Pegboard-CSRF"] = context.csrfToken;
    if (method === "POST") headers["Idempotency-Key"] = newId();
  }
  return headers;
}

export function toApiError(status: number, text: string, retryAfter: string | null): ApiError {
  let envelope: Partial<ErrorEnvelope> = {};
  try {
    envelope = JSON.parse(text) as Partial<ErrorEnvelope>;
  } catch {
    // A proxy between us and the server may answer in HTML; its status is all we know then.
  }
  const seconds = retryAfter === null ? Number.NaN : Number(retryAfter);
  return new ApiError({
    status,
    code: envelope.error?.code ?? `http.${status}`,
    message: envelope.error?.message ?? "",
    fields: envelope.error?.fields ?? [],
    requestId: envelope.error?.request_id ?? "",
    retryAfter: Number.isFinite(seconds) ? seconds : null,
  });
}

/** The bytes of an answer, to be saved as a file. */
export async function requestBlob(path: string, query?: Query): Promise<Blob> {
  let response: Response;
  try {
    response = await fetch(apiUrl(path, query), {
      headers: requestHeaders("GET"),
      credentials: "same-origin",
    });
    if (response.ok) return await response.blob();
  } catch (error) {
    throw new NetworkError(error);
  }
  if (response.status === 401) context.onSignedOut();
  throw toApiError(response.status, await response.text(), response.headers.get("Retry-After"));
}

/** One request. Resolves with the decoded answer; rejects with ApiError, NetworkError or an AbortError. */
export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  const headers = { ...requestHeaders(method), ...options.headers };
  let body: BodyInit | undefined;
  if (options.body instanceof FormData || options.body instanceof Blob) {
    body = options.body;
  } else if (options.body !== undefined) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(options.body);
  }
  let response: Response;
  let text: string;
  try {
    response = await fetch(apiUrl(path, options.query), {
      method,
      headers,
      body,
      credentials: "same-origin",
      signal: options.signal,
    });
    text = await response.text();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new NetworkError(error);
  }
  if (!response.ok) {
    const refusal = toApiError(response.status, text, response.headers.get("Retry-After"));
    if (response.status === 401 && path !== "/sessions") context.onSignedOut();
    throw refusal;
  }
  return (text ? JSON.parse(text) : undefined) as T;
}
