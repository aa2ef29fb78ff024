/** The "@…" being typed, and which of the people chosen are still in the text. */

export interface ChosenMention {
  /** A userid, or "all". */
  userid: string;
  name: string;
}

export interface MentionQuery {
  /** Where the "@" stands. */
  start: number;
  query: string;
}

const longest = 20;

/**
 * The mention at the caret, or null. The "@" opens one at the beginning and after anything but a Latin letter or
 * digit, so that an e-mail address does not.
 */
export function mentionAt(text: string, caret: number): MentionQuery | null {
  const before = text.slice(0, caret);
  const start = before.lastIndexOf("@");
  if (start < 0 || caret - start - 1 > longest) return null;
  const query = before.slice(start + 1);
  if (/[\s@]/.test(query)) return null;
  if (start > 0 && /[A-Za-z0-9._-]/.test(before[start - 1] ?? "")) return null;
  return { start, query };
}

export function insertMention(
  text: string,
  at: MentionQuery,
  caret: number,
  name: string,
): { text: string; caret: number } {
  const inserted = `@${name} `;
  return {
    text: text.slice(0, at.start) + inserted + text.slice(caret),
    caret: at.start + inserted.length,
  };
}

export function mentionedIn(text: string, chosen: readonly ChosenMention[]): string[] {
  const present = chosen.filter(({ name }) => text.includes(`@${name}`)).map(({ userid }) => userid);
  return [...new Set(present)];
}
