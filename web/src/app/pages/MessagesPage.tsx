import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams, useSearchParams } from "react-router";
import type { Conversation } from "@/api/types";
import { ConversationHeader } from "@/features/conversations/ConversationHeader";
import { ConversationList } from "@/features/conversations/ConversationList";
import { MessagePane } from "@/features/messages/MessagePane";
import { attention, useConversation } from "@/shared/chat/conversations";
import { findMessage, getWindow } from "@/shared/chat/messages";
import { EmptyState, ErrorState, SkeletonRows } from "@/shared/ui/states";
import styles from "./messages.module.css";

const DetailsPanel = lazy(async () => ({
  default: (await import("@/features/conversations/DetailsPanel")).DetailsPanel,
}));
const ReadersPanel = lazy(async () => ({
  default: (await import("@/features/messages/ReadersPanel")).ReadersPanel,
}));

/** List, conversation and side panel. What is open stands in the address: `at` a message, `panel`, `seq`. */
export function MessagesPage() {
  const { t } = useTranslation();
  const { conversationId } = useParams();
  return (
    <div className={conversationId ? `${styles.page} ${styles.open}` : styles.page}>
      <div className={styles.list}>
        <ConversationList selectedId={conversationId ?? null} />
      </div>
      <main className={styles.main} aria-label={t("shell.messages")}>
        {conversationId ? (
          <OpenConversation key={conversationId} id={conversationId} />
        ) : (
          <div className={styles.nothing}>
            <h1 className="visually-hidden">{t("shell.messages")}</h1>
            <EmptyState title={t("conversations.choose")} />
          </div>
        )}
      </main>
    </div>
  );
}

function positive(value: string | null): number | null {
  const number = Number(value);
  return value !== null && Number.isSafeInteger(number) && number > 0 ? number : null;
}

function OpenConversation({ id }: { id: string }) {
  const { t } = useTranslation();
  const { conversation, missing, error, retry } = useConversation(id);
  if (conversation) return <Loaded conversation={conversation} />;
  if (missing) {
    return (
      <EmptyState
        title={t("conversations.missing")}
        text={t("conversations.missingText")}
        action={<Link to="/messages">{t("state.toMessages")}</Link>}
      />
    );
  }
  if (error) return <ErrorState error={error} onRetry={() => void retry()} />;
  return <SkeletonRows />;
}

function Loaded({ conversation }: { conversation: Conversation }) {
  const [search, setSearch] = useSearchParams();
  const panel = search.get("panel");
  const seq = positive(search.get("seq"));

  const show = useCallback(
    (change: Record<string, string> | null) => {
      setSearch(
        (held) => {
          const next = new URLSearchParams(held);
          next.delete("panel");
          next.delete("seq");
          for (const [name, value] of Object.entries(change ?? {})) next.set(name, value);
          return next;
        },
        // Opening a panel is a step one can go back from; closing it is not a step of its own.
        { replace: change === null },
      );
    },
    [setSearch],
  );
  const openReaders = useCallback(
    (messageSeq: number) => show({ panel: "readers", seq: String(messageSeq) }),
    [show],
  );
  const close = useCallback(() => show(null), [show]);

  useEffect(() => {
    const { number } = attention(conversation);
    document.title = `${number > 0 ? `(${number}) ` : ""}${conversation.name} · Pegboard`;
  }, [conversation]);

  return (
    <div className={panel ? `${styles.conversation} ${styles.withPanel}` : styles.conversation}>
      <div className={styles.pane}>
        <ConversationHeader
          conversation={conversation}
          detailsOpen={panel === "details"}
          onDetails={() => show(panel === "details" ? null : { panel: "details" })}
        />
        <MessagePane
          conversation={conversation}
          at={positive(search.get("at"))}
          onOpenReaders={openReaders}
        />
      </div>
      {panel && (
        <aside className={styles.panel}>
          <Suspense fallback={<SkeletonRows rows={4} />}>
            {panel === "readers" && seq !== null && (
              <Readers key={seq} conversationId={conversation.id} seq={seq} onClose={close} />
            )}
            {panel === "details" && <DetailsPanel conversation={conversation} onClose={close} />}
          </Suspense>
        </aside>
      )}
    </div>
  );
}

function Readers({
  conversationId,
  seq,
  onClose,
}: {
  conversationId: string;
  seq: number;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const receipts = findMessage(getWindow(client, conversationId), seq)?.receipts ?? null;
  return <ReadersPanel conversationId={conversationId} seq={seq} receipts={receipts} onClose={onClose} />;
}
