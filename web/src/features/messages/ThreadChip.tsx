import { MessageOutlined } from "@ant-design/icons";
import { useTranslation } from "react-i18next";
import type { Message } from "@/api/types";
import { useThreadUnread } from "@/shared/chat/threads";
import { currentLanguage } from "@/shared/i18n";
import { listTime } from "@/shared/time";
import { Avatar } from "@/shared/ui/Avatar";
import styles from "./messages.module.css";

interface ThreadChipProps {
  conversationId: string;
  message: Message;
  onOpen: (message: Message) => void;
}

/** Below a message that was replied to: how many replies, by whom, the last one's time; opens the thread. */
export function ThreadChip({ conversationId, message, onOpen }: ThreadChipProps) {
  const { t } = useTranslation();
  const unread = useThreadUnread(conversationId, message.seq);
  const { thread } = message;
  if (!thread || thread.replies === 0) return null;
  return (
    <button type="button" className={styles.thread} data-testid="thread-chip" onClick={() => onOpen(message)}>
      {thread.people.length > 0 ? (
        <span className={styles.threadPeople}>
          {thread.people.map(({ userid, name }) => (
            <Avatar key={userid} id={userid} name={name} size={20} />
          ))}
        </span>
      ) : (
        <MessageOutlined aria-hidden />
      )}
      <span className={unread ? `${styles.threadCount} ${styles.threadUnread}` : styles.threadCount}>
        {t("thread.replies", { count: thread.replies })}
      </span>
      {unread && <span className={styles.threadNew}>{t("thread.new")}</span>}
      <time className={styles.threadTime} dateTime={thread.last_at}>
        {t("thread.last", { time: listTime(thread.last_at, currentLanguage()) })}
      </time>
    </button>
  );
}
