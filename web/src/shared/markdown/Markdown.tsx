import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmStrikethroughFromMarkdown } from "mdast-util-gfm-strikethrough";
import { gfmStrikethrough } from "micromark-extension-gfm-strikethrough";
import { Fragment, memo, type ReactNode, useMemo } from "react";
import { safeHref } from "./links";
import styles from "./markdown.module.css";
import { type KnownMention, RichText } from "./RichText";

/** As much of a syntax tree node as the renderers look at. */
interface Node {
  type: string;
  children?: Node[];
  value?: string;
  url?: string;
  alt?: string | null;
  depth?: number;
  ordered?: boolean | null;
  start?: number | null;
}

type Render = (node: Node, children: ReactNode, mentions: KnownMention[]) => ReactNode;

/**
 * The closed subset, one renderer a node. A node that is not here shows its children or its text and nothing else;
 * HTML is not parsed at all, so that it stays the text somebody typed. Pictures become links: no address of another
 * origin is ever fetched because somebody wrote it.
 */
const renderers: Record<string, Render> = {
  text: (node, _children, mentions) => <RichText text={node.value ?? ""} mentions={mentions} />,
  paragraph: (_node, children) => <p>{children}</p>,
  // Headings of a message must not enter the outline of the page.
  heading: (node, children) => (
    <p className={styles.heading} data-depth={node.depth}>
      {children}
    </p>
  ),
  strong: (_node, children) => <strong>{children}</strong>,
  emphasis: (_node, children) => <em>{children}</em>,
  delete: (_node, children) => <del>{children}</del>,
  inlineCode: (node) => <code>{node.value}</code>,
  code: (node) => (
    <pre>
      <code>{node.value}</code>
    </pre>
  ),
  blockquote: (_node, children) => <blockquote>{children}</blockquote>,
  list: (node, children) =>
    node.ordered ? <ol start={node.start ?? 1}>{children}</ol> : <ul>{children}</ul>,
  listItem: (_node, children) => <li>{children}</li>,
  thematicBreak: () => <hr />,
  break: () => <br />,
  link: (node, children) => linkTo(node.url ?? "", children),
  image: (node) => linkTo(node.url ?? "", node.alt || node.url || ""),
};

function linkTo(address: string, children: ReactNode): ReactNode {
  const href = safeHref(address);
  if (!href) return children;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

function render(node: Node, mentions: KnownMention[]): ReactNode {
  const children = node.children?.map((child, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the tree of a fixed text never moves.
    <Fragment key={index}>{render(child, mentions)}</Fragment>
  ));
  const renderer = renderers[node.type];
  return renderer ? renderer(node, children, mentions) : (children ?? node.value ?? null);
}

const options = {
  extensions: [
    { disable: { null: ["htmlFlow", "htmlText", "definition", "characterReference"] } },
    gfmStrikethrough(),
  ],
  mdastExtensions: [gfmStrikethroughFromMarkdown()],
};

const none: KnownMention[] = [];

interface MarkdownProps {
  source: string;
  mentions?: KnownMention[];
}

export const Markdown = memo(function Markdown({ source, mentions = none }: MarkdownProps) {
  const tree = useMemo(() => fromMarkdown(source, options) as Node, [source]);
  return <div className={styles.markdown}>{render(tree, mentions)}</div>;
});
