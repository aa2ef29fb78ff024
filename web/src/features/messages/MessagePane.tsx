import { useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { recallMessage, setPinned, setReaction } from "@/api/endpoints";
import type { Conversation, Message } from "@/api/types";
import { bookmark, unmark, useMarked } from "@/shared/chat/bookmarks";
import { findMessage, type Root, replaceMessages, useMessageWindow } from "@/shared/chat/messages";
import { mayPin, notePinChanged } from "@/shared/chat/pins";
import { messageAddress } from "@/shared/chat/places";
import { silence } from "@/shared/chat/silence";
import type { KnownMention } from "@/shared/markdown/RichText";
import { useMe, useMyUserid } from "@/shared/session/me";
import type { Anchor } from "@/shared/ui/ActionMenu";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { toast, toastError } from "@/shared/ui/toast";
import { Composer } from "./composer/Composer";
import { copyText } from "./copyText";
import { MessageList, type MessageListHandle } from "./MessageList";
import { MessageMenu } from "./MessageMenu";
import type { RowActions } from "./MessageRow";
import styles from "./messages.module.css";

const ForwardDialog = lazy(async () => ({ default: (await import("./ForwardDialog")).ForwardDialog }));

interface MessagePaneProps {
  conversation: Conversation;
  /** The message whose thread this is; null (the default) for the main line. */
  root?: Root;
  at: number | null;
  /** How this reader stands with the line. */
  standing: { read_seq: number; unread: number };
  onOpenReaders: (seq: number) => void;
  /** Opens the thread of a message, at a reply in it. */
  onOpenThread: (root: number, at: number | null) => void;
}

/** History and composer of one conversation, or of a thread in it. Mounted anew for each (give it a key). */
export function MessagePane(props: MessagePaneProps) {
  const { conversation, root = null, at, standing, onOpenReaders, onOpenThread } = props;
  const { t } = useTranslation();
  const client = useQueryClient();
  const me = useMe();
  const myUserid = useMyUserid();
  const { id, kind } = conversation;
  const marked = useMarked(id);

  // Reading moves the cursor; the line stays where it was when the person came in.
  const [unreadAfter] = useState(() => (standing.unread > 0 ? standing.read_seq : null));
  const [anchor] = useState(() => at ?? (standing.unread > 0 ? standing.read_seq : null));
  const open = useMessageWindow(conversation, root, anchor);

  const list = useRef<MessageListHandle>(null);
  const [menu, setMenu] = useState<{ message: Message; anchor: Anchor } | null>(null);
  const [replyTo, setReplyTo] = useState<Message | null>(null);
  const [editing, setEditing] = useState<Message | null>(null);
  const [recalling, setRecalling] = useState<Message | null>(null);
  const [forwarding, setForwarding] = useState<number[] | null>(null);
  const [selection, setSelection] = useState<ReadonlySet<number> | null>(null);

  const take = useCallback(
    (message: Message | undefined) => {
      if (message) replaceMessages(client, id, message);
    },
    [client, id],
  );
  const react = useCallback(
    (message: Message, emoji: string, on: boolean) => {
      setReaction(id, message.seq, emoji, on).then(take, toastError);
    },
    [id, take],
  );

  // Names by userid as this conversation has shown them, so that "@name" can be told from other text.
  const known = useRef(new Map<string, string>());
  const items = open.window?.items;
  useMemo(() => {
    for (const { sender } of items ?? []) if (sender) known.current.set(sender.userid, sender.name);
  }, [items]);
  const myName = me.member?.name ?? "";
  const mentionsOf = useCallback(
    (message: Message): KnownMention[] => {
      const found: KnownMention[] = [];
      for (const userid of message.mentions) {
        if (userid === "all") {
          for (const name of ["所有人", "all"]) found.push({ name, me: true });
          continue;
        }
        const name = userid === myUserid ? myName : known.current.get(userid);
        if (name) found.push({ name, me: userid === myUserid });
      }
      return found;
    },
    [myName, myUserid],
  );

  const jumpTo = useCallback((seq: number) => {
    list.current?.jumpTo(seq).catch(toastError);
  }, []);
  /** What is quoted may stand in a thread only; then it is found there. */
  const toQuoted = useCallback(
    (message: Message) => {
      const { reply_to, thread_seq } = message;
      if (!reply_to) return;
      const elsewhere = root === null && thread_seq !== null && reply_to.seq !== thread_seq;
      if (elsewhere) onOpenThread(thread_seq, reply_to.seq);
      else jumpTo(reply_to.seq);
    },
    [root, jumpTo, onOpenThread],
  );
  const openThread = useCallback(
    (message: Message) => onOpenThread(message.thread_seq ?? message.seq, null),
    [onOpenThread],
  );
  // In a group replies gather in their thread; between two people, and within a thread, they are quotes.
  const repliesInThread = root === null && kind !== "direct";
  const reply = repliesInThread ? openThread : setReplyTo;
  const toggleSelected = useCallback((seq: number) => {
    setSelection((held) => {
      const next = new Set(held ?? []);
      if (!next.delete(seq)) next.add(seq);
      return next;
    });
  }, []);
  const actions = useMemo<RowActions>(
    () => ({
      openMenu: (message, where) => setMenu({ message, anchor: where }),
      reply,
      openThread,
      openReaders: onOpenReaders,
      toQuoted,
      toggleSelected,
      react,
      mentionsOf,
    }),
    [onOpenReaders, reply, openThread, toQuoted, toggleSelected, react, mentionsOf],
  );
  const pin = async (message: Message, on: boolean) => {
    const pinned = await setPinned(id, message.seq, on);
    take(pinned);
    notePinChanged(client, id, pinned ?? message);
    toast(on ? t("message.pinDone") : t("message.unpinDone"));
  };
  const setMark = async (message: Message, on: boolean) => {
    await (on ? bookmark(client, id, message, "") : unmark(client, id, message.seq));
    toast(on ? t("bookmarks.added") : t("bookmarks.removed"));
  };

  const editLast = () => {
    const last = items?.findLast(
      (message) =>
        message.sender?.userid === myUserid &&
        !message.recalled_at &&
        (message.kind === "text" || message.kind === "markdown"),
    );
    if (last) setEditing(last);
  };

  return (
    <div className={styles.pane}>
      <MessageList
        ref={list}
        conversation={conversation}
        root={root}
        open={open}
        unread={standing.unread}
        at={at}
        unreadAfter={unreadAfter}
        selection={selection}
        actions={actions}
      />
      {selection ? (
        <div className={styles.selectBar}>
          <span>{t("message.selected", { count: selection.size })}</span>
          <Button onClick={() => setSelection(null)}>{t("action.cancel")}</Button>
          <Button
            type="primary"
            disabled={selection.size === 0}
            onClick={() => setForwarding([...selection].sort((a, b) => a - b))}
          >
            {t("message.forward")}
          </Button>
        </div>
      ) : (
        <Composer
          conversation={conversation}
          thread={root === null ? null : { seq: root, message: findMessage(open.window, root) ?? null }}
          replyTo={replyTo}
          editing={editing}
          onReplyDone={() => setReplyTo(null)}
          onEditDone={(changed) => {
            setEditing(null);
            take(changed);
          }}
          onEditLast={editLast}
          onSent={() => {
            setReplyTo(null);
            if (!open.atHead) list.current?.jumpToLatest().catch(toastError);
          }}
        />
      )}
      {menu && (
        <MessageMenu
          message={menu.message}
          anchor={menu.anchor}
          own={menu.message.sender?.userid === myUserid}
          mayRecallOthers={kind !== "direct" && conversation.my_role !== "member"}
          mayPin={mayPin(conversation)}
          bookmarked={marked.has(menu.message.seq)}
          onClose={() => setMenu(null)}
          onReact={(emoji) => {
            const mineAlready = menu.message.reactions.some((r) => r.emoji === emoji && r.mine);
            react(menu.message, emoji, !mineAlready);
          }}
          onReply={() => reply(menu.message)}
          onQuote={repliesInThread && !silence(conversation) ? () => setReplyTo(menu.message) : null}
          onPin={(on) => void pin(menu.message, on).catch(toastError)}
          onBookmark={(on) => void setMark(menu.message, on).catch(toastError)}
          onCopy={(text) => copyText(text).then(() => toast(t("message.copied")), toastError)}
          onCopyLink={() => {
            const address = `${window.location.origin}/w${messageAddress(id, menu.message)}`;
            copyText(address).then(() => toast(t("message.copied")), toastError);
          }}
          onForward={() => setForwarding([menu.message.seq])}
          onSelect={() => setSelection(new Set([menu.message.seq]))}
          onEdit={() => setEditing(menu.message)}
          onRecall={() => setRecalling(menu.message)}
          onReaders={() => onOpenReaders(menu.message.seq)}
        />
      )}
      {recalling && (
        <ConfirmDialog
          title={t("message.recall")}
          text={t("message.recallText")}
          action={t("message.recall")}
          danger
          onConfirm={async () => take(await recallMessage(id, recalling.seq))}
          onClose={() => setRecalling(null)}
        />
      )}
      {forwarding && (
        <Suspense>
          <ForwardDialog
            fromId={id}
            seqs={forwarding}
            onClose={(done) => {
              setForwarding(null);
              if (done) setSelection(null);
            }}
          />
        </Suspense>
      )}
      <EscapeSelection active={selection !== null} onEscape={() => setSelection(null)} />
    </div>
  );
}

function EscapeSelection({ active, onEscape }: { active: boolean; onEscape: () => void }) {
  useEffect(() => {
    if (!active) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) onEscape();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [active, onEscape]);
  return null;
}
