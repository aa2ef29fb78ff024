import { BellFilled, BellOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/errors";
import type { Conversation, ThreadState } from "@/api/types";
import { follow, useThread } from "@/shared/chat/threads";
import { IconButton } from "@/shared/ui/IconButton";
import { PanelHead } from "@/shared/ui/Panel";
import { EmptyState, ErrorState, SkeletonRows } from "@/shared/ui/states";
import { toast, toastError } from "@/shared/ui/toast";
import { MessagePane } from "./MessagePane";
import styles from "./messages.module.css";

interface ThreadPanelProps {
  conversation: Conversation;
  /** The message the thread hangs on. */
  root: number;
  /** A reply that an address names. */
  at: number | null;
  onOpenReaders: (seq: number) => void;
  onOpenThread: (root: number, at: number | null) => void;
  onClose: () => void;
}

/** The replies to one message, with a place to write more of them. */
export function ThreadPanel(props: ThreadPanelProps) {
  const { conversation, root, at, onOpenReaders, onOpenThread, onClose } = props;
  const { t } = useTranslation();
  const { thread, error, refetch } = useThread(conversation.id, root);
  const missing = error instanceof ApiError && error.status === 404;
  return (
    <section
      className={`${styles.panel} ${styles.inThread}`}
      aria-label={t("thread.title")}
      data-testid="thread-panel"
    >
      <PanelHead
        title={`${t("thread.title")} · ${conversation.name}`}
        onClose={onClose}
        extra={thread && <Following conversationId={conversation.id} thread={thread} />}
      />
      {thread ? (
        <MessagePane
          conversation={conversation}
          root={root}
          at={at}
          standing={thread}
          onOpenReaders={onOpenReaders}
          onOpenThread={onOpenThread}
        />
      ) : missing ? (
        <EmptyState title={t("thread.missing")} text={t("thread.missingText")} />
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <SkeletonRows rows={4} />
      )}
    </section>
  );
}

function Following({ conversationId, thread }: { conversationId: string; thread: ThreadState }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const { following, root_seq } = thread;
  const change = async () => {
    setBusy(true);
    try {
      await follow(client, conversationId, root_seq, !following);
      toast(following ? t("thread.unfollowed") : t("thread.followed"));
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <IconButton
      label={t("thread.follow")}
      icon={following ? <BellFilled aria-hidden /> : <BellOutlined aria-hidden />}
      aria-pressed={following}
      disabled={busy}
      data-testid="follow-thread"
      onClick={() => void change()}
    />
  );
}
