import {
  BookOutlined,
  ExclamationCircleOutlined,
  MoreOutlined,
  PushpinOutlined,
  SmileOutlined,
} from "@ant-design/icons";
import { memo, type PointerEvent, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { bodyOf } from "@/api/content";
import type { Message } from "@/api/types";
import { useOutbox } from "@/shared/chat/context";
import type { Outgoing } from "@/shared/chat/outbox";
import { quoteText, systemText } from "@/shared/chat/summary";
import { currentLanguage } from "@/shared/i18n";
import type { KnownMention } from "@/shared/markdown/RichText";
import { clockTime, dayLabel, fullTime } from "@/shared/time";
import type { Anchor } from "@/shared/ui/ActionMenu";
import { Avatar } from "@/shared/ui/Avatar";
import { IconButton } from "@/shared/ui/IconButton";
import { ReplyIcon } from "@/shared/ui/icons";
import { Checkbox } from "./Checkbox";
import { LinkPreviews } from "./LinkPreviews";
import { MessageBody } from "./MessageBody";
import styles from "./messages.module.css";
import { Reactions } from "./Reactions";
import { ThreadChip } from "./ThreadChip";

/** What a row may ask of its pane. Stable for the life of the pane, so that rows are not drawn again. */
export interface RowActions {
  openMenu: (message: Message, anchor: Anchor) => void;
  reply: (message: Message) => void;
  openThread: (message: Message) => void;
  openReaders: (seq: number) => void;
  toQuoted: (message: Message) => void;
  toggleSelected: (seq: number) => void;
  react: (message: Message, emoji: string, on: boolean) => void;
  mentionsOf: (message: Message) => KnownMention[];
}

interface MessageRowProps {
  conversationId: string;
  message: Message;
  own: boolean;
  direct: boolean;
  /** The message whose thread is open around this row; null in the main line. */
  thread: number | null;
  /** The note of this reader's mark on it; undefined without a mark. */
  marked: string | undefined;
  day: boolean;
  unreadLine: boolean;
  joined: boolean;
  highlighted: boolean;
  /** Null when messages are not being selected. */
  selected: boolean | null;
  actions: RowActions;
  observe: (element: HTMLElement | null) => (() => void) | undefined;
}

export function DayLine({ at }: { at: string }) {
  return (
    <div className={styles.day}>
      <time dateTime={at}>{dayLabel(at, currentLanguage())}</time>
    </div>
  );
}

export const MessageRow = memo(function MessageRow(props: MessageRowProps) {
  const { t } = useTranslation();
  const { message, thread, day, unreadLine, highlighted, observe } = props;
  return (
    <div ref={observe} data-seq={message.seq} className={highlighted ? styles.highlight : undefined}>
      {day && <DayLine at={message.sent_at} />}
      {unreadLine && (
        <div className={styles.unreadLine} data-testid="unread-line">
          {t("message.unreadLine")}
        </div>
      )}
      <RowContent {...props} />
      {message.seq === thread && (
        <div className={styles.repliesLine}>
          {message.thread ? t("thread.replies", { count: message.thread.replies }) : t("thread.none")}
        </div>
      )}
    </div>
  );
});

function RowContent(props: MessageRowProps) {
  const { t } = useTranslation();
  const { message } = props;
  const body = bodyOf(message);
  if (message.recalled_at) {
    return (
      <div className={styles.system}>
        {recalledText(props, t)}
        {props.thread === null && (
          <ThreadChip
            conversationId={props.conversationId}
            message={message}
            onOpen={props.actions.openThread}
          />
        )}
      </div>
    );
  }
  if (body.kind === "system") return <div className={styles.system}>{systemText(body, t)}</div>;
  return <Spoken {...props} />;
}

function recalledText({ message, own }: MessageRowProps, t: ReturnType<typeof useTranslation>["t"]): string {
  const byOther = message.recalled_by && message.recalled_by !== message.sender?.userid;
  if (byOther) return t("message.recalledByAdmin", { name: message.sender?.name ?? "" });
  return own ? t("message.recalledByMe") : t("message.recalled", { name: message.sender?.name ?? "" });
}

const longPressMs = 450;

/** A long press of a finger opens what a right click opens. */
function useLongPress(open: (anchor: Anchor) => void) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const cancel = () => clearTimeout(timer.current);
  return {
    onPointerDown: (event: PointerEvent) => {
      if (event.pointerType !== "touch") return;
      const point = { x: event.clientX, y: event.clientY };
      timer.current = setTimeout(() => open(point), longPressMs);
    },
    onPointerUp: cancel,
    onPointerMove: cancel,
    onPointerCancel: cancel,
  };
}

function Spoken(props: MessageRowProps) {
  const { t } = useTranslation();
  const { conversationId, message, own, thread, joined, selected, actions } = props;
  const language = currentLanguage();
  const press = useLongPress((anchor) => actions.openMenu(message, anchor));
  const name = message.sender?.name ?? "";
  const className = [styles.row, own && styles.own, joined && styles.joined].filter(Boolean).join(" ");
  const plain = message.kind === "image";
  return (
    <article
      className={className}
      aria-label={t("message.from", { name, time: fullTime(message.sent_at, language) })}
      data-testid="message"
      onContextMenu={(event) => {
        // Over a link or a selection the browser's own menu is the useful one.
        if ((event.target as HTMLElement).closest("a") || window.getSelection()?.toString()) return;
        event.preventDefault();
        actions.openMenu(message, { x: event.clientX, y: event.clientY });
      }}
    >
      {selected !== null && (
        <Checkbox
          label={t("message.select")}
          checked={selected}
          onChange={() => actions.toggleSelected(message.seq)}
        />
      )}
      <div className={styles.avatar}>
        {!joined && message.sender && (
          <Link to={`/contacts/members/${message.sender.userid}`} tabIndex={-1} aria-label={name}>
            <Avatar id={message.sender.userid} name={name} />
          </Link>
        )}
      </div>
      <div className={styles.column}>
        {!joined && (
          <div className={styles.rowHead}>
            {!own && <span className={styles.sender}>{name}</span>}
            <time dateTime={message.sent_at} title={fullTime(message.sent_at, language)}>
              {clockTime(message.sent_at, language)}
            </time>
          </div>
        )}
        <div className={styles.bubbleLine}>
          <div className={plain ? styles.plain : styles.bubble} {...press}>
            {message.reply_to && message.reply_to.seq !== thread && (
              <Quote message={message} actions={actions} />
            )}
            <MessageBody
              conversationId={conversationId}
              message={message}
              mentions={actions.mentionsOf(message)}
            />
            {message.previews.length > 0 && <LinkPreviews previews={message.previews} />}
          </div>
          <RowTools message={message} actions={actions} />
        </div>
        <Reactions message={message} onReact={actions.react} />
        {thread === null && (
          <ThreadChip conversationId={conversationId} message={message} onOpen={actions.openThread} />
        )}
        <Foot {...props} />
      </div>
    </article>
  );
}

function Quote({ message, actions }: { message: Message; actions: RowActions }) {
  const { t } = useTranslation();
  const reply = message.reply_to;
  if (!reply) return null;
  return (
    <button type="button" className={styles.quote} onClick={() => actions.toQuoted(message)}>
      <span className={styles.quoteName}>{reply.sender?.name}</span>
      <span className={styles.quoteText}>{quoteText(reply, t)}</span>
    </button>
  );
}

/** Appears under the mouse and by keyboard; a finger has the long press. */
function RowTools({ message, actions }: { message: Message; actions: RowActions }) {
  const { t } = useTranslation();
  return (
    <div className={styles.tools}>
      <IconButton
        label={t("message.react")}
        icon={<SmileOutlined aria-hidden />}
        tabIndex={-1}
        onClick={(event) => actions.openMenu(message, event.currentTarget.getBoundingClientRect())}
      />
      <IconButton
        label={t("message.reply")}
        icon={<ReplyIcon />}
        tabIndex={-1}
        onClick={() => actions.reply(message)}
      />
      <IconButton
        label={t("message.actions")}
        icon={<MoreOutlined aria-hidden />}
        aria-haspopup="menu"
        data-testid="message-actions"
        onClick={(event) => actions.openMenu(message, event.currentTarget.getBoundingClientRect())}
      />
    </div>
  );
}

function Foot({ message, own, direct, thread, marked, actions }: MessageRowProps) {
  const { t } = useTranslation();
  const { receipts, edited_at, pinned_at, also_in_main, seq } = message;
  const counted = own && receipts !== null && receipts !== undefined && receipts.total > 0;
  const also = thread !== null && also_in_main;
  if (!counted && !edited_at && !pinned_at && marked === undefined && !also) return null;
  return (
    <div className={styles.foot}>
      {pinned_at && (
        <span className={styles.mark} data-testid="pinned">
          <PushpinOutlined aria-hidden /> {t("message.pinned")}
        </span>
      )}
      {marked !== undefined && (
        <span className={styles.mark} title={marked || undefined} data-testid="bookmarked">
          <BookOutlined aria-hidden /> {t("bookmarks.marked")}
        </span>
      )}
      {also && <span>{t("thread.alsoInMain")}</span>}
      {edited_at && (
        <time dateTime={edited_at} title={fullTime(edited_at, currentLanguage())}>
          {t("message.edited")}
        </time>
      )}
      {counted && (
        <button
          type="button"
          className={receipts.read >= receipts.total ? `${styles.receipt} ${styles.allRead}` : styles.receipt}
          data-testid="read-state"
          onClick={() => actions.openReaders(seq)}
        >
          {direct
            ? receipts.read > 0
              ? t("receipts.read")
              : t("receipts.unread")
            : t("receipts.count", { read: receipts.read, total: receipts.total })}
        </button>
      )}
    </div>
  );
}

interface OutgoingRowProps {
  outgoing: Outgoing;
  myName: string;
  day: boolean;
  joined: boolean;
}

/** My message on its way: sending, waiting for the line, or refused with the reason. */
export const OutgoingRow = memo(function OutgoingRow({ outgoing, myName, day, joined }: OutgoingRowProps) {
  const { t } = useTranslation();
  const outbox = useOutbox();
  const { conversation_id, client_id, body, reply, state, problem } = outgoing;
  const message = { seq: 0, kind: body.kind, content: { ...body.content } };
  const stored = body.kind === "image" || body.kind === "file";
  return (
    <div>
      {day && <DayLine at={outgoing.written_at} />}
      <article
        className={[styles.row, styles.own, joined && styles.joined].filter(Boolean).join(" ")}
        aria-label={t("message.from", {
          name: myName,
          time: fullTime(outgoing.written_at, currentLanguage()),
        })}
        data-testid="outgoing"
      >
        <div className={styles.avatar} />
        <div className={styles.column}>
          <div className={styles.bubbleLine}>
            <div className={`${styles.bubble} ${styles.pending}`}>
              {reply && (
                <div className={styles.quote}>
                  <span className={styles.quoteName}>{reply.sender?.name}</span>
                  <span className={styles.quoteText}>{quoteText(reply, t)}</span>
                </div>
              )}
              {stored ? (
                // The file is readable through its message only, and that does not exist yet.
                <span>{body.kind === "file" ? body.content.name : t("kind.image")}</span>
              ) : (
                <MessageBody conversationId={conversation_id} message={message} mentions={noMentions} />
              )}
            </div>
          </div>
          <div className={styles.foot} role="status">
            {state === "sending" && t("message.sending")}
            {state === "waiting" && t("message.waiting")}
            {state === "failed" && (
              <>
                <span className={styles.failed}>
                  <ExclamationCircleOutlined aria-hidden /> {problem || t("message.failed")}
                </span>
                <button
                  type="button"
                  className={styles.textButton}
                  onClick={() => outbox.retry(conversation_id, client_id)}
                >
                  {t("action.tryAgain")}
                </button>
                <button
                  type="button"
                  className={styles.textButton}
                  onClick={() => outbox.discard(conversation_id, client_id)}
                >
                  {t("message.discard")}
                </button>
              </>
            )}
          </div>
        </div>
      </article>
    </div>
  );
});

const noMentions: KnownMention[] = [];
