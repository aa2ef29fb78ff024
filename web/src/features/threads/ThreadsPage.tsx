import { Button, Switch } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { ThreadState } from "@/api/types";
import { threadAddress } from "@/shared/chat/places";
import { summaryOf } from "@/shared/chat/summary";
import { useThreads } from "@/shared/chat/threads";
import { currentLanguage } from "@/shared/i18n";
import { useMyUserid } from "@/shared/session/me";
import { listTime } from "@/shared/time";
import { Avatar } from "@/shared/ui/Avatar";
import { PageHead } from "@/shared/ui/PageHead";
import { EmptyState, ErrorState, SkeletonRows } from "@/shared/ui/states";
import { toastError } from "@/shared/ui/toast";
import styles from "./threads.module.css";

/** The threads that this person follows, the one with the newest reply first. */
export function ThreadsPage() {
  const { t } = useTranslation();
  const { threads, isSuccess, error, refetch, hasMore, loadMore, loadingMore } = useThreads();
  const [onlyUnread, setOnlyUnread] = useState(false);
  const shown = onlyUnread ? threads.filter(({ unread }) => unread > 0) : threads;
  useEffect(() => {
    document.title = `${t("threads.title")} · Pegboard`;
  }, [t]);
  return (
    <div className={styles.page}>
      <PageHead
        title={t("threads.title")}
        back="/messages"
        extra={
          // biome-ignore lint/a11y/noLabelWithoutControl: Ant Design's Switch is the button inside.
          <label className={styles.filter}>
            {t("threads.onlyUnread")}
            <Switch size="small" checked={onlyUnread} onChange={setOnlyUnread} />
          </label>
        }
      />
      <div className={styles.body}>
        {error && !isSuccess ? (
          <ErrorState error={error} onRetry={() => void refetch()} />
        ) : !isSuccess ? (
          <SkeletonRows rows={6} />
        ) : shown.length === 0 ? (
          <EmptyState
            title={onlyUnread ? t("threads.nothingNew") : t("threads.empty")}
            text={onlyUnread ? undefined : t("threads.emptyText")}
          />
        ) : (
          <ul className={styles.list}>
            {shown.map((thread) => (
              <li key={`${thread.conversation.id}/${thread.root_seq}`}>
                <Thread thread={thread} />
              </li>
            ))}
          </ul>
        )}
        {hasMore && isSuccess && (
          <div className={styles.more}>
            <Button loading={loadingMore} onClick={() => void loadMore().catch(toastError)}>
              {t("action.more")}
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}

function Thread({ thread }: { thread: ThreadState }) {
  const { t } = useTranslation();
  const myUserid = useMyUserid();
  const { conversation, root, root_seq, replies, last_at, unread } = thread;
  const bold = unread > 0;
  return (
    <Link to={threadAddress(conversation.id, root_seq)} className={styles.item} data-testid="followed-thread">
      <Avatar
        id={root?.sender?.userid ?? conversation.id}
        name={root?.sender?.name ?? conversation.name}
        size={40}
      />
      <span className={styles.text}>
        <span className={styles.top}>
          <span className={bold ? `${styles.sender} ${styles.bold}` : styles.sender}>
            {root?.sender?.name ?? conversation.name}
          </span>
          <span className={styles.where}>{conversation.name}</span>
          {last_at && (
            <time className={styles.time} dateTime={last_at}>
              {listTime(last_at, currentLanguage())}
            </time>
          )}
        </span>
        <span className={bold ? `${styles.summary} ${styles.bold}` : styles.summary}>
          {root ? summaryOf(root, t, myUserid) : t("message.gone")}
        </span>
        <span className={styles.counts}>
          {t("thread.replies", { count: replies })}
          {bold && <span className={styles.fresh}>{t("threads.unread", { count: unread })}</span>}
        </span>
      </span>
    </Link>
  );
}
