import { DownOutlined } from "@ant-design/icons";
import { type Ref, useCallback, useEffect, useImperativeHandle, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Virtuoso, type VirtuosoHandle } from "react-virtuoso";
import type { Conversation } from "@/api/types";
import { useMarked } from "@/shared/chat/bookmarks";
import { useOutgoing } from "@/shared/chat/context";
import type { OpenWindow, Root } from "@/shared/chat/messages";
import { firstAfter, indexOfSeq } from "@/shared/chat/window";
import { prefersReducedMotion } from "@/shared/preferences";
import { useMe, useMyUserid } from "@/shared/session/me";
import { Delayed, EmptyState, ErrorState, SkeletonRows } from "@/shared/ui/states";
import { MessageRow, OutgoingRow, type RowActions } from "./MessageRow";
import styles from "./messages.module.css";
import { makeRows, type Row } from "./rows";
import { useReadMarker } from "./useReadMarker";
import { useStickToBottom } from "./useStickToBottom";

export interface MessageListHandle {
  jumpTo: (seq: number) => Promise<void>;
  jumpToLatest: () => Promise<void>;
}

interface MessageListProps {
  conversation: Conversation;
  root: Root;
  open: OpenWindow;
  /** How many are new to this reader. */
  unread: number;
  /** The seq an address names; shown in the middle and marked. */
  at: number | null;
  /** The cursor when the conversation was opened, if anything was unread then. */
  unreadAfter: number | null;
  selection: ReadonlySet<number> | null;
  actions: RowActions;
  ref?: Ref<MessageListHandle>;
}

const highlightMs = 2_000;

export function MessageList(props: MessageListProps) {
  const { t } = useTranslation();
  const { open } = props;
  if (open.window) return <Loaded {...props} />;
  if (open.error) return <ErrorState error={open.error} onRetry={open.retry} />;
  return (
    <div className={styles.log} role="log" aria-busy="true" aria-label={t("message.log")}>
      <SkeletonRows rows={6} />
    </div>
  );
}

function Loaded({
  conversation,
  root,
  open,
  unread,
  at,
  unreadAfter,
  selection,
  actions,
  ref,
}: MessageListProps) {
  const { t } = useTranslation();
  const me = useMe();
  const myUserid = useMyUserid();
  const outgoing = useOutgoing(conversation.id, root);
  const observe = useReadMarker(conversation.id, root);
  const marked = useMarked(conversation.id);
  const virtuoso = useRef<VirtuosoHandle>(null);
  const [atBottom, setAtBottom] = useState(true);
  const [highlighted, setHighlighted] = useState<number | null>(at);
  const window = open.window;
  const items = window?.items ?? noItems;
  // What is on its way stands at the end of the newest messages only, never in the midst of old ones.
  const waiting = open.atHead ? outgoing : noOutgoing;
  const rows = useMemo(
    () => makeRows(items, waiting, myUserid, unreadAfter, root),
    [items, waiting, myUserid, unreadAfter, root],
  );

  // Where the list opens is decided once, by what was known then.
  const [start] = useState(() => {
    if (at !== null) {
      const index = indexOfSeq(items, at);
      return { index: index >= 0 ? index : Math.max(0, firstAfter(items, at) - 1), align: "center" as const };
    }
    const unreadIndex =
      unreadAfter === null ? -1 : rows.findIndex((r) => r.type === "message" && r.unreadLine);
    if (unreadIndex > 0) return { index: unreadIndex, align: "start" as const, offset: -80 };
    return { index: Math.max(0, rows.length - 1), align: "end" as const };
  });

  const log = useRef<HTMLDivElement>(null);
  const followsHead = useRef(open.atHead);
  followsHead.current = open.atHead;
  const toBottom = useCallback(() => {
    if (followsHead.current) virtuoso.current?.scrollToIndex({ index: "LAST", align: "end" });
  }, []);
  const { onAtBottom, onHeight, letGo } = useStickToBottom(log, start.align === "end", toBottom);

  const wanted = useRef<number | null>(null);
  const scrollToSeq = useCallback((index: number) => {
    virtuoso.current?.scrollToIndex({ index, align: "center" });
  }, []);

  const jumpTo = useCallback(
    async (seq: number) => {
      letGo();
      wanted.current = seq;
      await open.showSeq(seq);
      setHighlighted(seq);
    },
    [open.showSeq, letGo],
  );
  const jumpToLatest = useCallback(async () => {
    await open.showLatest();
    requestAnimationFrame(() => {
      virtuoso.current?.scrollToIndex({ index: "LAST", align: "end" });
    });
  }, [open.showLatest]);
  useImperativeHandle(ref, () => ({ jumpTo, jumpToLatest }), [jumpTo, jumpToLatest]);

  // After a jump the wanted row may only now be among the items.
  useEffect(() => {
    if (highlighted === null || wanted.current === null) return;
    const index = indexOfSeq(items, wanted.current);
    if (index < 0) return;
    wanted.current = null;
    requestAnimationFrame(() => scrollToSeq(index));
  }, [highlighted, items, scrollToSeq]);

  useEffect(() => {
    if (highlighted === null) return;
    const timer = setTimeout(() => setHighlighted(null), highlightMs);
    return () => clearTimeout(timer);
  }, [highlighted]);

  // An address with another `at` for the same conversation is a jump.
  const [opened] = useState(at);
  const lastAt = useRef(opened);
  useEffect(() => {
    if (at === lastAt.current) return;
    lastAt.current = at;
    if (at !== null) void jumpTo(at);
  }, [at, jumpTo]);

  // My own words always come into view.
  const newestOutgoing = waiting.at(-1)?.client_id;
  useEffect(() => {
    if (newestOutgoing) virtuoso.current?.scrollToIndex({ index: "LAST", align: "end" });
  }, [newestOutgoing]);

  const itemContent = useCallback(
    (_index: number, row: Row) =>
      row.type === "outgoing" ? (
        <OutgoingRow
          outgoing={row.outgoing}
          myName={me.member?.name ?? me.user.name}
          day={row.day}
          joined={row.joined}
        />
      ) : (
        <MessageRow
          conversationId={conversation.id}
          message={row.message}
          own={row.message.sender?.userid === myUserid}
          direct={conversation.kind === "direct"}
          thread={root}
          marked={marked.get(row.message.seq)}
          day={row.day}
          unreadLine={row.unreadLine}
          joined={row.joined}
          highlighted={row.message.seq === highlighted}
          selected={selection ? selection.has(row.message.seq) : null}
          actions={actions}
          observe={observe}
        />
      ),
    [
      conversation.id,
      conversation.kind,
      root,
      marked,
      me,
      myUserid,
      highlighted,
      selection,
      actions,
      observe,
    ],
  );

  if (rows.length === 0) {
    return (
      <div className={styles.log} role="log" aria-label={t("message.log")}>
        <EmptyState title={t("message.emptyTitle")} text={t("message.emptyText")} />
      </div>
    );
  }
  return (
    <div ref={log} className={styles.log} role="log" aria-label={t("message.log")} aria-relevant="additions">
      {open.loadingOlder && (
        <Delayed>
          <div className={styles.loadingOlder} role="status">
            {t("state.loading")}
          </div>
        </Delayed>
      )}
      <Virtuoso
        ref={virtuoso}
        className={styles.scroller}
        data={rows}
        firstItemIndex={window?.firstIndex ?? 0}
        initialTopMostItemIndex={start}
        computeItemKey={(_index, row) => row.key}
        alignToBottom
        increaseViewportBy={{ top: 900, bottom: 400 }}
        atBottomThreshold={60}
        atBottomStateChange={(now) => {
          setAtBottom(now);
          onAtBottom(now);
        }}
        totalListHeightChanged={onHeight}
        followOutput={(isAtBottom) =>
          isAtBottom && open.atHead ? (prefersReducedMotion() ? "auto" : "smooth") : false
        }
        startReached={open.loadOlder}
        endReached={() => {
          if (!open.atHead) open.loadNewer();
        }}
        itemContent={itemContent}
        components={listParts}
      />
      {(!atBottom || !open.atHead) && (
        <button
          type="button"
          className={styles.toLatest}
          data-testid="to-latest"
          onClick={() => void jumpToLatest()}
        >
          <DownOutlined aria-hidden />
          {unread > 0 ? t("message.newBelow", { count: unread }) : t("message.toLatest")}
        </button>
      )}
      {unreadAfter !== null && !window?.reachedStart && items[0] && items[0].seq > unreadAfter + 1 && (
        <button type="button" className={styles.toUnread} onClick={() => void jumpTo(unreadAfter + 1)}>
          {t("message.toUnread")}
        </button>
      )}
    </div>
  );
}

const noItems: never[] = [];
const noOutgoing: never[] = [];
const Space = () => <div className={styles.listSpace} />;
const listParts = { Header: Space, Footer: Space };
