import { useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { newId } from "@/api/client";
import { createGroup, openDirect } from "@/api/endpoints";
import { putConversation } from "@/shared/chat/conversations";
import { PeoplePicker, type Person } from "@/shared/people/PeoplePicker";
import { useMe, useMyUserid } from "@/shared/session/me";
import { Dialog } from "@/shared/ui/Dialog";
import { toastError } from "@/shared/ui/toast";
import styles from "./conversations.module.css";

/** The name a group has when nobody gave it one: its first people. */
export function defaultGroupName(people: readonly Person[], myName: string, separator: string): string {
  return [myName, ...people.map((person) => person.name)].slice(0, 4).join(separator);
}

/** One person makes a direct chat, more make a group. */
export function CreateGroupDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const me = useMe();
  const myUserid = useMyUserid();
  const nameId = useId();
  const [name, setName] = useState("");
  const [people, setPeople] = useState<Person[]>([]);
  const [busy, setBusy] = useState(false);
  // The same id for every press: a lost answer must not leave two groups.
  const [clientId] = useState(newId);
  const [first, second] = people;
  const direct = first !== undefined && second === undefined && name.trim() === "";
  const suggested = defaultGroupName(people, me.member?.name ?? me.user.name, t("system.separator"));

  const create = async () => {
    if (!first) return;
    setBusy(true);
    try {
      const conversation = direct
        ? await openDirect(first.userid)
        : await createGroup({
            client_id: clientId,
            name: name.trim() || suggested,
            members: people.map((person) => person.userid),
          });
      putConversation(client, conversation);
      onClose();
      navigate(`/messages/${conversation.id}`);
    } catch (error) {
      toastError(error);
      setBusy(false);
    }
  };

  return (
    <Dialog
      wide
      title={t("conversations.newGroup")}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button type="primary" disabled={!first} loading={busy} onClick={create} data-testid="create-group">
            {direct || !first
              ? t("conversations.startDirect")
              : t("conversations.createWith", { count: people.length + 1 })}
          </Button>
        </>
      }
    >
      <div className={styles.createForm}>
        <label htmlFor={nameId}>
          {t("conversations.groupName")}
          <Input
            id={nameId}
            maxLength={64}
            placeholder={people.length > 1 ? suggested : t("conversations.groupNameHint")}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <PeoplePicker chosen={people} onChange={setPeople} excluded={new Set([myUserid])} />
      </div>
    </Dialog>
  );
}
