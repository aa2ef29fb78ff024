/** Addresses in plain text. Only http, https and mailto ever become links. */

export interface TextPart {
  text: string;
  /** Where the part leads; null for plain text. */
  href: string | null;
}

const candidate = /(?:https?:\/\/|mailto:)[^\s<>"'`，。；：！？、）】」』》]+/gi;
const trailing = /[.,;:!?)\]}'"*_~]+$/;

const allowed = new Set(["http:", "https:", "mailto:"]);

/** The address if it is one we link to, else null. Other schemes (javascript:, data:) never pass. */
export function safeHref(address: string): string | null {
  try {
    const url = new URL(address.trim());
    return allowed.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** A closing bracket belongs to the address when it was opened inside it. */
function trim(address: string): string {
  const end = address.match(trailing)?.[0] ?? "";
  let cut = address.slice(0, address.length - end.length);
  if (end.startsWith(")") && cut.includes("(") && !cut.includes(")")) cut += ")";
  return cut;
}

export function linkParts(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of text.matchAll(candidate)) {
    const address = trim(match[0]);
    const href = safeHref(address);
    if (!href) continue;
    if (match.index > from) parts.push({ text: text.slice(from, match.index), href: null });
    parts.push({ text: address, href });
    from = match.index + address.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from), href: null });
  return parts;
}
