import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { newId } from "@/api/client";
import { forwardMessages } from "@/api/endpoints";
import { useConversations } from "@/shared/chat/conversations";
import { Avatar } from "@/shared/ui/Avatar";
import { Dialog } from "@/shared/ui/Dialog";
import { toast, toastError } from "@/shared/ui/toast";
import styles from "./messages.module.css";

interface ForwardDialogProps {
  fromId: string;
  seqs: number[];
  onClose: (done: boolean) => void;
}

const shownAtOnce = 60;

export function ForwardDialog({ fromId, seqs, onClose }: ForwardDialogProps) {
  const { t } = useTranslation();
  const { conversations = [] } = useConversations();
  const [filter, setFilter] = useState("");
  const [targetId, setTargetId] = useState<string | null>(null);
  const [merged, setMerged] = useState(false);
  const [busy, setBusy] = useState(false);
  const [clientId] = useState(newId);
  const wanted = filter.trim().toLowerCase();
  const shown = conversations
    .filter(({ name }) => !wanted || name.toLowerCase().includes(wanted))
    .slice(0, shownAtOnce);

  const forward = async () => {
    if (!targetId) return;
    setBusy(true);
    try {
      await forwardMessages(targetId, { from_conversation_id: fromId, seqs, merged, client_id: clientId });
      toast(t("message.forwardDone"));
      onClose(true);
    } catch (error) {
      toastError(error);
      setBusy(false);
    }
  };

  return (
    <Dialog
      title={t("message.forwardTo")}
      onClose={() => onClose(false)}
      footer={
        <>
          <Button onClick={() => onClose(false)}>{t("action.cancel")}</Button>
          <Button type="primary" disabled={!targetId} loading={busy} onClick={forward}>
            {t("message.forward")}
          </Button>
        </>
      }
    >
      <Input
        autoFocus
        allowClear
        placeholder={t("conversations.filter")}
        aria-label={t("conversations.filter")}
        value={filter}
        onChange={(event) => setFilter(event.target.value)}
      />
      <div role="radiogroup" aria-label={t("message.forwardTo")} className={styles.targets}>
        {shown.map(({ id, name, kind, peer }) => (
          // biome-ignore lint/a11y/useSemanticElements: a radio input cannot hold an avatar and a name.
          <button
            key={id}
            type="button"
            role="radio"
            aria-checked={id === targetId}
            className={styles.target}
            onClick={() => setTargetId(id)}
          >
            <Avatar id={peer?.userid ?? id} name={name} size={30} group={kind !== "direct"} />
            {name}
          </button>
        ))}
      </div>
      {seqs.length > 1 && (
        <label className={styles.mergeChoice}>
          <input type="checkbox" checked={merged} onChange={(event) => setMerged(event.target.checked)} />
          {t("message.forwardMerged", { count: seqs.length })}
        </label>
      )}
    </Dialog>
  );
}
