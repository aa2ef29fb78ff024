import { useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { addDingRecipients } from "@/api/endpoints";
import { refreshDings } from "@/shared/ding/dings";
import { type ChosenDepartment, PeoplePicker, type Person } from "@/shared/people/PeoplePicker";
import { Dialog } from "@/shared/ui/Dialog";
import { toast, toastError } from "@/shared/ui/toast";

/** More people, or whole departments; who has it already gets nothing new. */
export function AddRecipientsDialog({ dingId, onClose }: { dingId: string; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [people, setPeople] = useState<Person[]>([]);
  const [departments, setDepartments] = useState<ChosenDepartment[]>([]);
  const [busy, setBusy] = useState(false);
  const add = async () => {
    setBusy(true);
    try {
      const { added } = await addDingRecipients(dingId, {
        userids: people.map(({ userid }) => userid),
        department_ids: departments.map(({ id }) => id),
      });
      toast(t("conversations.added", { count: added.length }));
      refreshDings(client);
      onClose();
    } catch (error) {
      toastError(error);
      setBusy(false);
    }
  };
  return (
    <Dialog
      wide
      title={t("ding.addPeople")}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button
            type="primary"
            disabled={people.length + departments.length === 0}
            loading={busy}
            onClick={() => void add()}
          >
            {t("ding.addPeople")}
          </Button>
        </>
      }
    >
      <PeoplePicker
        chosen={people}
        onChange={setPeople}
        departments={departments}
        onDepartmentsChange={setDepartments}
      />
    </Dialog>
  );
}
