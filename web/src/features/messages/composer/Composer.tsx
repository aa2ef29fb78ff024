import { CloseOutlined, PaperClipOutlined, SendOutlined, SmileOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import {
  type ClipboardEvent,
  type DragEvent,
  type KeyboardEvent,
  lazy,
  Suspense,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import { newId } from "@/api/client";
import { bodyOf, type OutgoingContent } from "@/api/content";
import { editMessage } from "@/api/endpoints";
import type { Conversation, Message, ReplySource } from "@/api/types";
import { useOutbox } from "@/shared/chat/context";
import { changeMine, getConversation } from "@/shared/chat/conversations";
import { draftKey, keepDraft, localDraft } from "@/shared/chat/drafts";
import type { NewOutgoing } from "@/shared/chat/outbox";
import { silence } from "@/shared/chat/silence";
import { summaryOf } from "@/shared/chat/summary";
import { AttachmentList } from "@/shared/files/AttachmentList";
import { useUploads } from "@/shared/files/useUploads";
import { Markdown } from "@/shared/markdown/Markdown";
import { useMe, useMyUserid } from "@/shared/session/me";
import { IconButton } from "@/shared/ui/IconButton";
import { toastError } from "@/shared/ui/toast";
import { useIsTouch } from "@/shared/ui/useMedia";
import styles from "./composer.module.css";
import { type MentionOption, MentionPopup, optionId, useMentionOptions } from "./MentionPopup";
import { type ChosenMention, insertMention, type MentionQuery, mentionAt, mentionedIn } from "./mentions";

const EmojiPanel = lazy(async () => ({ default: (await import("./EmojiPanel")).EmojiPanel }));

/** The server's limit for a text, in characters. */
const longestText = 20_000;

interface ComposerProps {
  conversation: Conversation;
  /** The thread that is written to, with the message it hangs on if that can be seen; null in the main line. */
  thread: { seq: number; message: Message | null } | null;
  replyTo: Message | null;
  editing: Message | null;
  onReplyDone: () => void;
  onEditDone: (changed: Message | undefined) => void;
  onEditLast: () => void;
  onSent: () => void;
}

export function Composer(props: ComposerProps) {
  const { t } = useTranslation();
  const reason = silence(props.conversation, props.thread !== null);
  if (reason) return <div className={styles.silenced}>{t(reason)}</div>;
  return <Writing {...props} />;
}

/**
 * Keeps the draft as it is typed on this device, and brings it to the server when the conversation is left. What is
 * begun in a thread waits on this device.
 */
function useDraft(conversation: Conversation, root: number | null) {
  const client = useQueryClient();
  const { id } = conversation;
  const key = draftKey(useMe(), root === null ? id : `${id}.${root}`);
  const synced = root === null ? conversation.mine.draft : "";
  const [text, setText] = useState(() => localDraft(key) ?? synced);
  const latest = useRef(text);
  const write = (next: string) => {
    latest.current = next;
    setText(next);
    keepDraft(key, next);
  };
  useEffect(
    () => () => {
      if (root !== null) return;
      const known = getConversation(client, id)?.mine.draft ?? "";
      // A draft that cannot reach the server still waits on this device.
      if (known !== latest.current) changeMine(client, id, { draft: latest.current }).catch(() => {});
    },
    [client, id, root],
  );
  return { text, write };
}

function Writing({
  conversation,
  thread,
  replyTo,
  editing,
  onReplyDone,
  onEditDone,
  onEditLast,
  onSent,
}: ComposerProps) {
  const { t } = useTranslation();
  const outbox = useOutbox();
  const myUserid = useMyUserid();
  const touch = useIsTouch();
  const popupId = useId();
  const box = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const draft = useDraft(conversation, thread?.seq ?? null);
  const [alsoInMain, setAlsoInMain] = useState(false);
  const uploads = useUploads();
  const [edited, setEdited] = useState("");
  const [markdown, setMarkdown] = useState(false);
  const [preview, setPreview] = useState(false);
  const [emojiOpen, setEmojiOpen] = useState(false);
  const [dragging, setDragging] = useState(false);
  const [chosen, setChosen] = useState<ChosenMention[]>([]);
  const [mention, setMention] = useState<MentionQuery | null>(null);
  const [active, setActive] = useState(0);
  const options = useMentionOptions(conversation, mention?.query ?? null);
  const mentioning = mention !== null && options.length > 0;

  const text = editing ? edited : draft.text;
  const write = editing ? setEdited : draft.write;

  // As tall as its text, within the bounds of the stylesheet.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text.
  useLayoutEffect(() => {
    const area = box.current;
    if (!area) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }, [text, preview]);

  useEffect(() => {
    if (!editing) return;
    const body = bodyOf(editing);
    setEdited(body.kind === "text" || body.kind === "markdown" ? body.text : "");
    box.current?.focus();
  }, [editing]);
  useEffect(() => {
    if (replyTo) box.current?.focus();
  }, [replyTo]);
  // With a keyboard the person came to write; on a phone the screen keyboard would cover what they came to read.
  useEffect(() => {
    if (!touch) box.current?.focus({ preventScroll: true });
  }, [touch]);

  const uploading = uploads.attachments.some((item) => item.state !== "done");
  const tooLong = text.length > longestText;
  const nothing = text.trim() === "" && uploads.attachments.length === 0;
  const blocked = nothing || tooLong || uploading;

  const setCaret = (caret: number) => {
    requestAnimationFrame(() => {
      box.current?.focus();
      box.current?.setSelectionRange(caret, caret);
    });
  };

  const noticeMention = () => {
    const area = box.current;
    if (!area || area.selectionStart !== area.selectionEnd) return setMention(null);
    setMention(mentionAt(area.value, area.selectionStart));
    setActive(0);
  };

  const choose = (option: MentionOption) => {
    if (!mention) return;
    const caret = box.current?.selectionStart ?? text.length;
    const next = insertMention(text, mention, caret, option.name);
    write(next.text);
    setChosen([...chosen, { userid: option.userid, name: option.name }]);
    setMention(null);
    setCaret(next.caret);
  };

  const insert = (piece: string) => {
    const caret = box.current?.selectionStart ?? text.length;
    const end = box.current?.selectionEnd ?? caret;
    write(text.slice(0, caret) + piece + text.slice(end));
    setEmojiOpen(false);
    setCaret(caret + piece.length);
  };

  const quoteOf = (message: Message): ReplySource => ({
    seq: message.seq,
    sender: message.sender,
    kind: message.kind,
    excerpt: summaryOf(message, t, myUserid),
  });

  /** What stands in a thread replies to its first message, or to the one chosen in it. */
  const place = (withReply: boolean): Pick<NewOutgoing, "reply" | "thread" | "also_in_main"> => {
    const chosen = withReply && replyTo ? quoteOf(replyTo) : null;
    if (thread) {
      const root = thread.message
        ? quoteOf(thread.message)
        : { seq: thread.seq, sender: null, kind: "text", excerpt: "" };
      return { reply: chosen ?? root, thread: thread.seq, also_in_main: alsoInMain };
    }
    const quoted = chosen ? replyTo : null;
    return {
      reply: chosen,
      thread: quoted && (quoted.thread_seq ?? quoted.seq),
      also_in_main: quoted !== null,
    };
  };

  const post = (body: OutgoingContent, mentions: string[], withReply: boolean) => {
    outbox.add({
      client_id: newId(),
      conversation_id: conversation.id,
      body,
      mentions,
      ...place(withReply),
      written_at: new Date().toISOString(),
    });
  };

  const send = () => {
    if (blocked) return;
    for (const { body } of uploads.attachments) if (body) post(body, [], text.trim() === "");
    if (text.trim() !== "") {
      post({ kind: markdown ? "markdown" : "text", content: { text } }, mentionedIn(text, chosen), true);
    }
    uploads.clear();
    draft.write("");
    setChosen([]);
    setPreview(false);
    setMention(null);
    setAlsoInMain(false);
    onSent();
    box.current?.focus();
  };

  const save = async () => {
    if (!editing || text.trim() === "" || tooLong) return;
    try {
      const content = { ...(editing.content as object), text };
      onEditDone(await editMessage(conversation.id, editing.seq, content, editing.rev));
    } catch (error) {
      toastError(error);
    }
  };

  const submit = () => (editing ? void save() : send());

  /** Whether the key belonged to the list of people. */
  const keyForMention = (event: KeyboardEvent): boolean => {
    if (!mentioning) return false;
    if (event.key === "ArrowDown") setActive((active + 1) % options.length);
    else if (event.key === "ArrowUp") setActive((active - 1 + options.length) % options.length);
    else if (event.key === "Escape") setMention(null);
    else if (event.key === "Enter" || event.key === "Tab") {
      const option = options[active];
      if (option) choose(option);
    } else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    // While an input method composes, Enter and the arrows are its own (229: Safari ends composing before the key).
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (keyForMention(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !touch) {
      event.preventDefault();
      submit();
    } else if (event.key === "ArrowUp" && text === "" && !editing) {
      event.preventDefault();
      onEditLast();
    } else if (event.key === "Escape" && (editing || replyTo)) {
      event.preventDefault();
      if (editing) onEditDone(undefined);
      else onReplyDone();
    }
  };

  const onPaste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length === 0 || editing) return;
    event.preventDefault();
    uploads.add(event.clipboardData.files);
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setDragging(false);
    if (!editing) uploads.add(event.dataTransfer.files);
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is the mouse's way; the button is everybody's.
    <div
      className={dragging ? `${styles.composer} ${styles.dragging}` : styles.composer}
      onDragOver={(event) => {
        event.preventDefault();
        setDragging(true);
      }}
      onDragLeave={() => setDragging(false)}
      onDrop={onDrop}
    >
      {(editing || replyTo) && (
        <div className={styles.context}>
          <span className={styles.contextText}>
            <strong>
              {editing ? t("composer.editing") : t("composer.replyTo", { name: replyTo?.sender?.name ?? "" })}
            </strong>{" "}
            {!editing && replyTo && summaryOf(replyTo, t, myUserid)}
          </span>
          <IconButton
            label={t("action.cancel")}
            icon={<CloseOutlined aria-hidden />}
            onClick={() => (editing ? onEditDone(undefined) : onReplyDone())}
          />
        </div>
      )}
      <AttachmentList
        attachments={uploads.attachments}
        onPause={uploads.pause}
        onResume={uploads.resume}
        onRemove={uploads.remove}
      />
      {mentioning && (
        <MentionPopup id={popupId} options={options} active={active} onChoose={choose} onHover={setActive} />
      )}
      {emojiOpen && (
        <Suspense>
          <EmojiPanel onChoose={insert} onClose={() => setEmojiOpen(false)} />
        </Suspense>
      )}
      {preview && markdown && (
        <div className={styles.markdownPreview} data-testid="markdown-preview">
          <Markdown source={text} />
        </div>
      )}
      <textarea
        ref={box}
        className={styles.box}
        rows={1}
        value={text}
        aria-label={thread ? t("thread.write") : t("composer.label", { name: conversation.name })}
        aria-autocomplete="list"
        aria-controls={mentioning ? popupId : undefined}
        aria-activedescendant={mentioning ? optionId(popupId, active) : undefined}
        placeholder={thread ? t("thread.placeholder") : t("composer.placeholder")}
        data-testid={thread ? "thread-composer" : "composer"}
        onChange={(event) => {
          write(event.target.value);
          noticeMention();
        }}
        onSelect={noticeMention}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
        onBlur={() => setMention(null)}
      />
      {thread && !silence(conversation) && (
        <label className={styles.also}>
          <input
            type="checkbox"
            checked={alsoInMain}
            onChange={(event) => setAlsoInMain(event.target.checked)}
          />
          {t("thread.alsoSend")}
        </label>
      )}
      <div className={styles.bar}>
        <IconButton
          label={t("composer.emoji")}
          icon={<SmileOutlined aria-hidden />}
          aria-expanded={emojiOpen}
          onClick={() => setEmojiOpen(!emojiOpen)}
        />
        <IconButton
          label={t("composer.attach")}
          icon={<PaperClipOutlined aria-hidden />}
          disabled={editing !== null}
          onClick={() => picker.current?.click()}
        />
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-label={t("composer.attach")}
          data-testid="file-input"
          onChange={(event) => {
            uploads.add(event.target.files ?? []);
            event.target.value = "";
          }}
        />
        <button
          type="button"
          className={styles.mode}
          aria-pressed={markdown}
          title={t("composer.markdown")}
          onClick={() => {
            setMarkdown(!markdown);
            setPreview(false);
          }}
        >
          Markdown
        </button>
        {markdown && (
          <button
            type="button"
            className={styles.mode}
            aria-pressed={preview}
            onClick={() => setPreview(!preview)}
          >
            {t("composer.preview")}
          </button>
        )}
        <span className={styles.hint}>
          {tooLong
            ? t("composer.tooLong", { over: text.length - longestText })
            : text.length > longestText * 0.9
              ? `${text.length} / ${longestText}`
              : null}
        </span>
        <button
          type="button"
          className={styles.send}
          disabled={editing ? text.trim() === "" || tooLong : blocked}
          aria-label={editing ? t("action.save") : t("composer.send")}
          title={editing ? t("action.save") : t("composer.send")}
          data-testid={thread ? "thread-send" : "send"}
          onClick={submit}
        >
          <SendOutlined aria-hidden />
        </button>
      </div>
    </div>
  );
}
