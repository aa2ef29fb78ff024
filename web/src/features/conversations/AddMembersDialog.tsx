import { useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { addMembers } from "@/api/endpoints";
import { PeoplePicker, type Person } from "@/shared/people/PeoplePicker";
import { Dialog } from "@/shared/ui/Dialog";
import { toast, toastError } from "@/shared/ui/toast";

interface AddMembersDialogProps {
  conversationId: string;
  present: ReadonlySet<string>;
  onClose: () => void;
}

export function AddMembersDialog({ conversationId, present, onClose }: AddMembersDialogProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [people, setPeople] = useState<Person[]>([]);
  const [busy, setBusy] = useState(false);
  const add = async () => {
    setBusy(true);
    try {
      const { added } = await addMembers(
        conversationId,
        people.map((person) => person.userid),
      );
      await client.invalidateQueries({ queryKey: ["conversation-members", conversationId] });
      toast(t("conversations.added", { count: added.length }));
      onClose();
    } catch (error) {
      toastError(error);
      setBusy(false);
    }
  };
  return (
    <Dialog
      wide
      title={t("conversations.addMembers")}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button type="primary" disabled={people.length === 0} loading={busy} onClick={add}>
            {t("conversations.addCount", { count: people.length })}
          </Button>
        </>
      }
    >
      <PeoplePicker chosen={people} onChange={setPeople} excluded={present} />
    </Dialog>
  );
}
