interface ExcerptProps {
  text: string;
  /** [start, end) of what was found, in UTF-16 code units, in order. */
  marks: number[][];
}

/** A line of the message with what was found in it marked. */
export function Excerpt({ text, marks }: ExcerptProps) {
  const parts: { text: string; found: boolean }[] = [];
  let at = 0;
  for (const [start = 0, end = 0] of marks) {
    if (start < at || end <= start || end > text.length) continue;
    parts.push({ text: text.slice(at, start), found: false }, { text: text.slice(start, end), found: true });
    at = end;
  }
  parts.push({ text: text.slice(at), found: false });
  return parts.map((part, index) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a fixed text never move.
    part.found ? <mark key={index}>{part.text}</mark> : part.text,
  );
}
