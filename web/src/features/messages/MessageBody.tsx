import { FileOutlined, LinkOutlined } from "@ant-design/icons";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type MessageBody as Body, bodyOf, type ForwardedItem, readContent } from "@/api/content";
import type { Message } from "@/api/types";
import { contentSummary } from "@/shared/chat/summary";
import { currentLanguage } from "@/shared/i18n";
import { safeHref } from "@/shared/markdown/links";
import { Markdown } from "@/shared/markdown/Markdown";
import { type KnownMention, RichText } from "@/shared/markdown/RichText";
import { fileSize, fullTime } from "@/shared/time";
import { type StoredFile, useFileLink } from "./fileLinks";
import { ImageViewer } from "./ImageViewer";
import styles from "./messages.module.css";
import { useDownload } from "./useDownload";

interface MessageBodyProps {
  conversationId: string;
  message: Pick<Message, "seq" | "kind" | "content">;
  mentions: KnownMention[];
}

export function MessageBody({ conversationId, message, mentions }: MessageBodyProps) {
  const { t } = useTranslation();
  const body = bodyOf(message);
  const file = { conversationId, seq: message.seq, fileId: null };
  switch (body.kind) {
    case "text":
      return (
        <div className={styles.text}>
          <RichText text={body.text} mentions={mentions} />
        </div>
      );
    case "markdown":
      return (
        <>
          {body.title && <strong>{body.title}</strong>}
          <Markdown source={body.text} mentions={mentions} />
        </>
      );
    case "image":
      return <Picture file={file} body={body} />;
    case "file":
      return <FileCard file={file} body={body} />;
    case "link":
      return <LinkCard body={body} />;
    case "forward":
      return <Forwarded file={file} body={body} />;
    default:
      return <em className={styles.quiet}>{t("kind.unknown")}</em>;
  }
}

const pictureMax = 280;
const pictureMin = 72;

/** The place a picture takes before it is here, so that nothing jumps when it comes. */
export function pictureBox(width: number, height: number): { width: number; height: number } {
  if (width === 0 || height === 0) return { width: 200, height: 150 };
  const scale = Math.min(1, pictureMax / Math.max(width, height));
  return {
    width: Math.max(pictureMin, Math.round(width * scale)),
    height: Math.max(pictureMin, Math.round(height * scale)),
  };
}

interface PartProps<K extends Body["kind"]> {
  file: StoredFile;
  body: Extract<Body, { kind: K }>;
}

function Picture({ file, body }: PartProps<"image">) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const link = useFileLink(file, "thumbnail");
  return (
    <>
      <button
        type="button"
        className={styles.picture}
        style={pictureBox(body.width, body.height)}
        aria-label={t("message.openImage")}
        onClick={() => setOpen(true)}
      >
        {link.data && <img src={link.data.url} alt={t("kind.image")} />}
        {link.isError && <span className={styles.quiet}>{t("message.noImage")}</span>}
      </button>
      {open && <ImageViewer file={file} onClose={() => setOpen(false)} />}
    </>
  );
}

function FileCard({ file, body }: PartProps<"file">) {
  const { t } = useTranslation();
  const { download, busy } = useDownload(file, body.name);
  const extension = body.name.includes(".") ? (body.name.split(".").at(-1) ?? "") : "";
  return (
    <button type="button" className={styles.file} disabled={busy} onClick={download}>
      <span className="visually-hidden">{t("message.save")}</span>
      <FileOutlined aria-hidden className={styles.fileIcon} />
      <span className={styles.fileText}>
        <span className={styles.fileName}>{body.name}</span>
        <span className={styles.fileDetail}>
          {[extension.toUpperCase(), fileSize(body.size, currentLanguage())].filter(Boolean).join(" · ")}
        </span>
      </span>
    </button>
  );
}

function LinkCard({ body }: { body: Extract<Body, { kind: "link" }> }) {
  const href = safeHref(body.url);
  const inner = (
    <>
      <LinkOutlined aria-hidden className={styles.fileIcon} />
      <span className={styles.fileText}>
        <span className={styles.fileName}>{body.title || body.url}</span>
        <span className={styles.fileDetail}>{body.text || body.url}</span>
      </span>
    </>
  );
  if (!href) return <div className={styles.file}>{inner}</div>;
  return (
    <a className={styles.file} href={href} target="_blank" rel="noopener noreferrer nofollow">
      {inner}
    </a>
  );
}

/** Several messages in one: the first lines, or all of it as it was said, with pictures and files. */
function Forwarded({ file, body }: PartProps<"forward">) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const items = open ? body.items : body.items.slice(0, 4);
  return (
    <div className={styles.forwarded} data-testid="forwarded">
      <div className={styles.forwardedHead}>{t("message.forwarded", { count: body.items.length })}</div>
      {items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: what was forwarded never changes.
        <div key={index} className={open ? styles.forwardedOpen : styles.forwardedItem}>
          <span className={styles.quiet}>
            {item.sender?.name}
            {open ? item.sent_at && ` · ${fullTime(item.sent_at, currentLanguage())}` : ": "}
          </span>
          {open ? <ForwardedBody item={item} file={file} /> : contentSummary(item.kind, item.content, t)}
        </div>
      ))}
      <button type="button" className={styles.textButton} aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? t("message.fold") : t("message.unfold")}
      </button>
    </div>
  );
}

function ForwardedBody({ item, file }: { item: ForwardedItem; file: StoredFile }) {
  const { t } = useTranslation();
  const body = readContent(item.kind, item.content);
  switch (body.kind) {
    case "text":
      return (
        <div className={styles.text}>
          <RichText text={body.text} />
        </div>
      );
    case "markdown":
      return <Markdown source={body.text} />;
    case "image":
      return <Picture file={{ ...file, fileId: body.file_id }} body={body} />;
    case "file":
      return <FileCard file={{ ...file, fileId: body.file_id }} body={body} />;
    case "link":
      return <LinkCard body={body} />;
    case "forward":
      return <Forwarded file={file} body={body} />;
    default:
      return <div>{contentSummary(item.kind, item.content, t)}</div>;
  }
}
