import { MoreOutlined, PushpinFilled } from "@ant-design/icons";
import { type DragEvent, memo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Conversation } from "@/api/types";
import { useAttention } from "@/shared/attention/attention";
import { isMuted, standing } from "@/shared/chat/conversations";
import { draftKey, localDraft } from "@/shared/chat/drafts";
import { summaryOf } from "@/shared/chat/summary";
import { currentLanguage } from "@/shared/i18n";
import { useMe, useMyUserid } from "@/shared/session/me";
import { listTime } from "@/shared/time";
import type { Anchor } from "@/shared/ui/ActionMenu";
import { Avatar } from "@/shared/ui/Avatar";
import { IconButton } from "@/shared/ui/IconButton";
import { BellSlashIcon } from "@/shared/ui/icons";
import styles from "./conversations.module.css";

interface ConversationItemProps {
  conversation: Conversation;
  selected: boolean;
  onMenu: (conversation: Conversation, anchor: Anchor) => void;
  /** With this it can be dragged into a folder. */
  onDragStart?: (event: DragEvent) => void;
}

export const ConversationItem = memo(function ConversationItem({
  conversation,
  selected,
  onMenu,
  onDragStart,
}: ConversationItemProps) {
  const { t } = useTranslation();
  const { id, name, kind, peer, mine, last_message } = conversation;
  const { number, bold, mention } = standing(conversation, useAttention());
  const className = [styles.item, selected && styles.itemSelected, mine.pinned && styles.itemPinned]
    .filter(Boolean)
    .join(" ");
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dragging is one way into a folder; the menu is another.
    <div
      className={className}
      data-testid="conversation-item"
      draggable={onDragStart !== undefined}
      onDragStart={onDragStart}
    >
      <Link
        draggable={false}
        to={`/messages/${id}`}
        className={styles.itemLink}
        aria-current={selected ? "page" : undefined}
        onContextMenu={(event) => {
          event.preventDefault();
          onMenu(conversation, { x: event.clientX, y: event.clientY });
        }}
      >
        <Avatar id={peer?.userid ?? id} name={name} size={40} group={kind !== "direct"} />
        <span className={styles.itemText}>
          <span className={styles.itemTop}>
            <span className={bold ? styles.itemNameBold : styles.itemName} data-testid="list-line">
              {name}
            </span>
            {last_message && (
              <time className={styles.itemTime} dateTime={last_message.sent_at}>
                {listTime(last_message.sent_at, currentLanguage())}
              </time>
            )}
          </span>
          <span className={styles.itemBottom}>
            <span className={styles.itemSummary}>
              {mention && <span className={styles.itemMention}>{t("conversations.mentioned")} </span>}
              <Summary conversation={conversation} selected={selected} />
            </span>
            {isMuted(conversation) && <BellSlashIcon className={styles.itemMark} />}
            {mine.pinned && <PushpinFilled aria-hidden className={styles.itemMark} />}
            {number > 0 && (
              <span className={styles.badge}>
                <span aria-hidden="true">{mention ? "@" : number > 99 ? "99+" : number}</span>
                <span className="visually-hidden">{t("shell.waiting", { count: number })}</span>
              </span>
            )}
          </span>
          {bold && number === 0 && <span className="visually-hidden">{t("conversations.unread")}</span>}
        </span>
      </Link>
      <IconButton
        className={styles.itemMore}
        label={t("conversations.actionsOf", { name })}
        icon={<MoreOutlined aria-hidden />}
        aria-haspopup="menu"
        onClick={(event) => onMenu(conversation, event.currentTarget.getBoundingClientRect())}
      />
    </div>
  );
});

function Summary({ conversation, selected }: { conversation: Conversation; selected: boolean }) {
  const { t } = useTranslation();
  const me = useMe();
  const myUserid = useMyUserid();
  const { id, mine, kind, last_message } = conversation;
  const draft = localDraft(draftKey(me, id)) ?? mine.draft;
  if (draft && !selected) {
    return (
      <>
        <span className={styles.itemDraft}>{t("conversations.draft")}</span> {draft.slice(0, 100)}
      </>
    );
  }
  if (!last_message) return null;
  const { sender } = last_message;
  const named =
    kind !== "direct" && sender && sender.userid !== myUserid && !last_message.recalled_at
      ? `${sender.name}: `
      : "";
  return (
    <>
      {named}
      {summaryOf(last_message, t, myUserid)}
    </>
  );
}
