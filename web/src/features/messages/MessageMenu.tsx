import {
  BookOutlined,
  CheckSquareOutlined,
  CommentOutlined,
  CopyOutlined,
  EditOutlined,
  LinkOutlined,
  PushpinOutlined,
  ShareAltOutlined,
  TeamOutlined,
  UndoOutlined,
} from "@ant-design/icons";
import { useTranslation } from "react-i18next";
import { bodyOf } from "@/api/content";
import type { Message } from "@/api/types";
import { ActionMenu, type Anchor, type MenuAction } from "@/shared/ui/ActionMenu";
import { ReplyIcon } from "@/shared/ui/icons";
import styles from "./messages.module.css";
import { quickReactions } from "./Reactions";

interface MessageMenuProps {
  message: Message;
  anchor: Anchor;
  own: boolean;
  mayRecallOthers: boolean;
  mayPin: boolean;
  bookmarked: boolean;
  onClose: () => void;
  onReact: (emoji: string) => void;
  onReply: () => void;
  /** Quote it in the main line; null where that is what replying does, or where one may not speak. */
  onQuote: (() => void) | null;
  onPin: (on: boolean) => void;
  onBookmark: (on: boolean) => void;
  onCopy: (text: string) => void;
  onCopyLink: () => void;
  onForward: () => void;
  onSelect: () => void;
  onEdit: () => void;
  onRecall: () => void;
  onReaders: () => void;
}

export function MessageMenu(props: MessageMenuProps) {
  const { t } = useTranslation();
  const { message, anchor, own, onClose } = props;
  const body = bodyOf(message);
  const text = body.kind === "text" || body.kind === "markdown" ? body.text : null;
  const wishes: (MenuAction | false)[] = [
    { key: "reply", label: t("message.reply"), icon: <ReplyIcon />, run: props.onReply },
    props.onQuote !== null && {
      key: "quote",
      label: t("message.quote"),
      icon: <CommentOutlined aria-hidden />,
      run: props.onQuote,
    },
    text !== null && {
      key: "copy",
      label: t("message.copy"),
      icon: <CopyOutlined aria-hidden />,
      run: () => props.onCopy(text),
    },
    { key: "link", label: t("message.copyLink"), icon: <LinkOutlined aria-hidden />, run: props.onCopyLink },
    {
      key: "forward",
      label: t("message.forward"),
      icon: <ShareAltOutlined aria-hidden />,
      run: props.onForward,
    },
    {
      key: "select",
      label: t("message.select"),
      icon: <CheckSquareOutlined aria-hidden />,
      run: props.onSelect,
    },
    {
      key: "bookmark",
      label: props.bookmarked ? t("bookmarks.remove") : t("bookmarks.add"),
      icon: <BookOutlined aria-hidden />,
      run: () => props.onBookmark(!props.bookmarked),
    },
    props.mayPin && {
      key: "pin",
      label: message.pinned_at ? t("message.unpin") : t("message.pin"),
      icon: <PushpinOutlined aria-hidden />,
      run: () => props.onPin(!message.pinned_at),
    },
    Boolean(message.receipts) && {
      key: "readers",
      label: t("receipts.title"),
      icon: <TeamOutlined aria-hidden />,
      run: props.onReaders,
    },
    own &&
      text !== null && {
        key: "edit",
        label: t("message.edit"),
        icon: <EditOutlined aria-hidden />,
        run: props.onEdit,
      },
    (own || props.mayRecallOthers) && {
      key: "recall",
      label: t("message.recall"),
      icon: <UndoOutlined aria-hidden />,
      danger: true,
      divided: true,
      run: props.onRecall,
    },
  ];
  const header = (
    <div className={styles.menuReactions}>
      {quickReactions.map((emoji) => (
        <button
          key={emoji}
          type="button"
          role="menuitem"
          aria-label={t("message.reactWith", { emoji })}
          onClick={() => {
            onClose();
            props.onReact(emoji);
          }}
        >
          {emoji}
        </button>
      ))}
    </div>
  );
  return (
    <ActionMenu
      label={t("message.actions")}
      anchor={anchor}
      header={header}
      actions={wishes.filter((wish): wish is MenuAction => wish !== false)}
      onClose={onClose}
    />
  );
}
