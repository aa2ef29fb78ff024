import { LeftOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, Outlet, useLocation, useMatch, useNavigate, useParams, useSearchParams } from "react-router";
import { fetchMessages } from "@/api/endpoints";
import type { Conversation } from "@/api/types";
import { ConversationHeader } from "@/features/conversations/ConversationHeader";
import { ConversationList } from "@/features/conversations/ConversationList";
import { MessagePane } from "@/features/messages/MessagePane";
import { useAttention } from "@/shared/attention/attention";
import { standing, useConversation } from "@/shared/chat/conversations";
import { findHeld, findMessage, getWindow } from "@/shared/chat/messages";
import { isThreadOnly } from "@/shared/chat/notices";
import { messageAddress } from "@/shared/chat/places";
import { summaryOf } from "@/shared/chat/summary";
import { useMyUserid } from "@/shared/session/me";
import { EmptyState, ErrorState, SkeletonRows } from "@/shared/ui/states";
import { MessagesNav } from "./MessagesNav";
import styles from "./messages.module.css";

const DetailsPanel = lazy(async () => ({
  default: (await import("@/features/conversations/DetailsPanel")).DetailsPanel,
}));
const ReadersPanel = lazy(async () => ({
  default: (await import("@/features/messages/ReadersPanel")).ReadersPanel,
}));
const DingComposer = lazy(async () => ({
  default: (await import("@/features/ding/DingComposer")).DingComposer,
}));

const ThreadPanel = lazy(async () => ({
  default: (await import("@/features/messages/ThreadPanel")).ThreadPanel,
}));
const PinnedList = lazy(async () => ({
  default: (await import("@/features/messages/PinnedList")).PinnedList,
}));

/** The list, and beside it what is open: a conversation, the search, followed threads, bookmarks. */
export function MessagesPage() {
  const { t } = useTranslation();
  const { conversationId } = useParams();
  const inside = useMatch("/messages/:inside") !== null;
  return (
    <div className={inside ? `${styles.page} ${styles.open}` : styles.page}>
      <div className={styles.list}>
        <MessagesNav />
        <div className={styles.conversations}>
          <ConversationList selectedId={conversationId ?? null} />
        </div>
      </div>
      <main className={styles.main} aria-label={t("shell.messages")}>
        <Outlet />
      </main>
    </div>
  );
}

export function NothingOpen() {
  const { t } = useTranslation();
  return (
    <div className={styles.nothing}>
      <h1 className="visually-hidden">{t("shell.messages")}</h1>
      <EmptyState title={t("conversations.choose")} />
    </div>
  );
}

/** A conversation and its side panel. What is open stands in the address: `at` a message, `panel`, `seq`, `reply`. */
export function ConversationPage() {
  const { conversationId = "" } = useParams();
  return <OpenConversation key={conversationId} id={conversationId} />;
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
  const { state } = useLocation();
  const panel = search.get("panel");
  const seq = positive(search.get("seq"));
  const at = positive(search.get("at"));
  useThreadOf(conversation.id, panel === null ? at : null);

  const show = useCallback(
    (change: Record<string, string> | null) => {
      setSearch(
        (held) => {
          const next = new URLSearchParams(held);
          next.delete("panel");
          next.delete("seq");
          next.delete("reply");
          for (const [name, value] of Object.entries(change ?? {})) next.set(name, value);
          return next;
        },
        // Opening a panel is a step one can go back from; closing it is not a step of its own.
        { replace: change === null, state },
      );
    },
    [setSearch, state],
  );
  const openThread = useCallback(
    (root: number, reply: number | null) =>
      show({ panel: "thread", seq: String(root), ...(reply !== null && { reply: String(reply) }) }),
    [show],
  );
  const openReaders = useCallback(
    (messageSeq: number) => show({ panel: "readers", seq: String(messageSeq) }),
    [show],
  );
  const close = useCallback(() => show(null), [show]);

  const { number } = standing(conversation, useAttention());
  useEffect(() => {
    document.title = `${number > 0 ? `(${number}) ` : ""}${conversation.name} · Pegboard`;
  }, [conversation.name, number]);

  return (
    <div className={panel ? `${styles.conversation} ${styles.withPanel}` : styles.conversation}>
      <div className={styles.pane}>
        <ConversationHeader
          conversation={conversation}
          detailsOpen={panel === "details"}
          onDetails={() => show(panel === "details" ? null : { panel: "details" })}
        />
        <BackToResults />
        <MessagePane
          conversation={conversation}
          at={at}
          standing={conversation.mine}
          onOpenReaders={openReaders}
          onOpenThread={openThread}
        />
      </div>
      {panel && (
        <aside className={panel === "thread" ? `${styles.panel} ${styles.wide}` : styles.panel}>
          <Suspense fallback={<SkeletonRows rows={4} />}>
            {panel === "readers" && seq !== null && (
              <Readers key={seq} conversationId={conversation.id} seq={seq} onClose={close} />
            )}
            {panel === "thread" && seq !== null && (
              <ThreadPanel
                key={seq}
                conversation={conversation}
                root={seq}
                at={positive(search.get("reply"))}
                onOpenReaders={openReaders}
                onOpenThread={openThread}
                onClose={close}
              />
            )}
            {panel === "details" && (
              <DetailsPanel conversation={conversation} onClose={close}>
                <PinnedList conversation={conversation} />
              </DetailsPanel>
            )}
          </Suspense>
        </aside>
      )}
    </div>
  );
}

/** An address may name a reply that does not stand in the main line; then it is shown where it does. */
function useThreadOf(id: string, at: number | null) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const { state } = useLocation();
  useEffect(() => {
    if (at === null || findMessage(getWindow(client, id), at)) return;
    const abort = new AbortController();
    fetchMessages(id, { after_seq: at - 1, limit: 1 }, abort.signal).then(
      ({ items: [message] }) => {
        if (message?.seq !== at || !isThreadOnly(message)) return;
        void navigate(messageAddress(id, message), { replace: true, state });
      },
      () => {
        // The main line says itself what is wrong.
      },
    );
    return () => abort.abort();
  }, [client, navigate, id, at, state]);
}

/** Who came from a search goes back to what it had found. */
function BackToResults() {
  const { t } = useTranslation();
  const state = useLocation().state as { results?: string } | null;
  if (!state?.results) return null;
  return (
    <Link to={state.results} className={styles.results} data-testid="back-to-results">
      <LeftOutlined aria-hidden /> {t("search.back")}
    </Link>
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
  const { t } = useTranslation();
  const client = useQueryClient();
  const myUserid = useMyUserid();
  const [unread, setUnread] = useState<number | null>(null);
  const message = findHeld(client, conversationId, seq);
  const excerpt = message ? summaryOf(message, t, myUserid) : "";
  return (
    <>
      <ReadersPanel
        conversationId={conversationId}
        seq={seq}
        receipts={message?.receipts ?? null}
        onDing={setUnread}
        onClose={onClose}
      />
      {unread !== null && (
        <Suspense>
          <DingComposer about={{ conversationId, seq, excerpt, unread }} onClose={() => setUnread(null)} />
        </Suspense>
      )}
    </>
  );
}
