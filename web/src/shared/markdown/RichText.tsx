import { Fragment, useMemo } from "react";
import { linkParts } from "./links";
import styles from "./markdown.module.css";

export interface KnownMention {
  name: string;
  me: boolean;
}

interface RichTextProps {
  text: string;
  mentions?: KnownMention[];
}

interface Part {
  text: string;
  mention: KnownMention | null;
}

/** Splits a text at "@name" of the people the message mentions; longer names win over their beginnings. */
export function mentionParts(text: string, mentions: KnownMention[]): Part[] {
  if (mentions.length === 0) return [{ text, mention: null }];
  const names = [...mentions].sort((a, b) => b.name.length - a.name.length);
  const parts: Part[] = [];
  let plain = "";
  let at = 0;
  while (at < text.length) {
    const found = text[at] === "@" ? names.find((m) => text.startsWith(m.name, at + 1)) : undefined;
    if (!found) {
      plain += text[at];
      at += 1;
      continue;
    }
    if (plain) parts.push({ text: plain, mention: null });
    plain = "";
    parts.push({ text: `@${found.name}`, mention: found });
    at += found.name.length + 1;
  }
  if (plain) parts.push({ text: plain, mention: null });
  return parts;
}

const none: KnownMention[] = [];

/** Plain text as written: line breaks kept, addresses as links, mentions marked. */
export function RichText({ text, mentions = none }: RichTextProps) {
  const parts = useMemo(
    () => linkParts(text).map((part) => ({ ...part, pieces: mentionParts(part.text, mentions) })),
    [text, mentions],
  );
  return (
    <>
      {parts.map((part, index) =>
        part.href ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a fixed text never move.
          <a key={index} href={part.href} target="_blank" rel="noopener noreferrer nofollow">
            {part.text}
          </a>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a fixed text never move.
          <Fragment key={index}>
            {part.pieces.map((piece, position) =>
              piece.mention ? (
                <span
                  // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a fixed text never move.
                  key={position}
                  className={piece.mention.me ? `${styles.mention} ${styles.mentionMe}` : styles.mention}
                >
                  {piece.text}
                </span>
              ) : (
                piece.text
              ),
            )}
          </Fragment>
        ),
      )}
    </>
  );
}
