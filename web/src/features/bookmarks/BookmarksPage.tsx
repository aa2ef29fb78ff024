import { DeleteOutlined, EditOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Bookmark } from "@/api/types";
import { bookmark, unmark, useBookmarks } from "@/shared/chat/bookmarks";
import { messageAddress } from "@/shared/chat/places";
import { summaryOf } from "@/shared/chat/summary";
import { currentLanguage } from "@/shared/i18n";
import { useMyUserid } from "@/shared/session/me";
import { listTime } from "@/shared/time";
import { Avatar } from "@/shared/ui/Avatar";
import { Dialog } from "@/shared/ui/Dialog";
import { IconButton } from "@/shared/ui/IconButton";
import { PageHead } from "@/shared/ui/PageHead";
import { EmptyState, ErrorState, SkeletonRows } from "@/shared/ui/states";
import { toast, toastError } from "@/shared/ui/toast";
import styles from "./bookmarks.module.css";

const longestNote = 500;

/** What this person has marked to find again: the newest mark first, each with a note of one's own. */
export function BookmarksPage() {
  const { t } = useTranslation();
  const { bookmarks, error, refetch, hasMore, loadMore, loadingMore } = useBookmarks();
  const [noting, setNoting] = useState<Bookmark | null>(null);
  useEffect(() => {
    document.title = `${t("bookmarks.title")} · Pegboard`;
  }, [t]);
  return (
    <div className={styles.page}>
      <PageHead title={t("bookmarks.title")} back="/messages" />
      <div className={styles.body}>
        {error && !bookmarks ? (
          <ErrorState error={error} onRetry={() => void refetch()} />
        ) : !bookmarks ? (
          <SkeletonRows rows={6} />
        ) : bookmarks.length === 0 ? (
          <EmptyState title={t("bookmarks.empty")} text={t("bookmarks.emptyText")} />
        ) : (
          <ul className={styles.list}>
            {bookmarks.map((mark) => (
              <Marked key={`${mark.conversation.id}/${mark.message.seq}`} mark={mark} onNote={setNoting} />
            ))}
          </ul>
        )}
        {hasMore && (
          <div className={styles.more}>
            <Button loading={loadingMore} onClick={() => void loadMore().catch(toastError)}>
              {t("action.more")}
            </Button>
          </div>
        )}
      </div>
      {noting && <NoteDialog mark={noting} onClose={() => setNoting(null)} />}
    </div>
  );
}

function Marked({ mark, onNote }: { mark: Bookmark; onNote: (mark: Bookmark) => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const myUserid = useMyUserid();
  const { conversation, message, note } = mark;
  const name = message.sender?.name ?? conversation.name;
  const remove = async () => {
    await unmark(client, conversation.id, message.seq);
    toast(t("bookmarks.removed"));
  };
  return (
    <li className={styles.item} data-testid="bookmark">
      <Link to={messageAddress(conversation.id, message)} className={styles.link}>
        <Avatar id={message.sender?.userid ?? conversation.id} name={name} size={40} />
        <span className={styles.text}>
          <span className={styles.top}>
            <span className={styles.sender}>{name}</span>
            <span className={styles.where}>{conversation.name}</span>
            <time className={styles.time} dateTime={message.sent_at}>
              {listTime(message.sent_at, currentLanguage())}
            </time>
          </span>
          <span className={styles.summary}>{summaryOf(message, t, myUserid)}</span>
          {note && <span className={styles.note}>{note}</span>}
        </span>
      </Link>
      <IconButton
        label={note ? t("bookmarks.editNote") : t("bookmarks.addNote")}
        icon={<EditOutlined aria-hidden />}
        onClick={() => onNote(mark)}
      />
      <IconButton
        label={t("bookmarks.remove")}
        icon={<DeleteOutlined aria-hidden />}
        onClick={() => void remove().catch(toastError)}
      />
    </li>
  );
}

function NoteDialog({ mark, onClose }: { mark: Bookmark; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [note, setNote] = useState(mark.note);
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      await bookmark(client, mark.conversation.id, mark.message, note.trim());
      onClose();
    } catch (error) {
      toastError(error);
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={t("bookmarks.note")}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button type="primary" loading={busy} onClick={save}>
            {t("action.save")}
          </Button>
        </>
      }
    >
      <Input.TextArea
        autoFocus
        autoSize={{ minRows: 3, maxRows: 8 }}
        maxLength={longestNote}
        aria-label={t("bookmarks.note")}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
    </Dialog>
  );
}
