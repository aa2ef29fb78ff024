/** A search as its address says it: one can share it, reload it, and come back to it. */

export interface SearchQuery {
  text: string;
  conversationId: string | null;
  sender: string | null;
  kind: string | null;
  /** Days as `2026-01-31`, both of them included. */
  from: string | null;
  to: string | null;
}

const names = {
  text: "q",
  conversationId: "in",
  sender: "by",
  kind: "kind",
  from: "from",
  to: "to",
} as const;

export function readQuery(search: URLSearchParams): SearchQuery {
  return {
    text: search.get(names.text)?.trim() ?? "",
    conversationId: search.get(names.conversationId),
    sender: search.get(names.sender),
    kind: search.get(names.kind),
    from: search.get(names.from),
    to: search.get(names.to),
  };
}

export function writeQuery(query: SearchQuery): URLSearchParams {
  const search = new URLSearchParams();
  for (const [field, name] of Object.entries(names) as [keyof SearchQuery, string][]) {
    const value = query[field];
    if (value) search.set(name, value);
  }
  return search;
}

/** The first instant of a day where the reader is, some days later. */
function startOf(day: string, plus = 0): string | undefined {
  const [year, month, date] = day.split("-").map(Number);
  if (!year || !month || !date) return undefined;
  return new Date(year, month - 1, date + plus).toISOString();
}

/** The same as the server is asked it. */
export function wireQuery({ text, conversationId, sender, kind, from, to }: SearchQuery) {
  return {
    q: text,
    conversation_id: conversationId ?? undefined,
    sender: sender ?? undefined,
    kind: kind ?? undefined,
    after: from ? startOf(from) : undefined,
    before: to ? startOf(to, 1) : undefined,
  };
}
