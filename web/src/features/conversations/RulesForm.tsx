import { useQueryClient } from "@tanstack/react-query";
import { Switch } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { updateConversation } from "@/api/endpoints";
import type { Conversation, ConversationRules } from "@/api/types";
import { putConversation } from "@/shared/chat/conversations";
import { toastError } from "@/shared/ui/toast";
import styles from "./conversations.module.css";

const whoRules = [
  ["speak", "rules.speak"],
  ["mention_all", "rules.mentionAll"],
  ["invite", "rules.invite"],
  ["edit", "rules.edit"],
  ["pin", "rules.pin"],
] as const;

const switchRules = [
  ["mute_all", "rules.muteAll"],
  ["history_for_new", "rules.historyForNew"],
  ["read_lists", "rules.readLists"],
] as const;

const joinRules = [
  ["open", "rules.joinOpen"],
  ["approve", "rules.joinApprove"],
  ["invite", "rules.joinInvite"],
] as const;

/** The group's rules, each saved as it is changed. Others see them, only administrators change them. */
export function RulesForm({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const { rules } = conversation;
  const fixed = conversation.my_role === "member" || busy;

  const save = async (change: Partial<ConversationRules>) => {
    setBusy(true);
    try {
      const body = { rules: change, revision: conversation.revision };
      putConversation(client, await updateConversation(conversation.id, body));
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };

  return (
    <>
      <button
        type="button"
        className={styles.rulesToggle}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {open ? t("rules.hide") : t("rules.show")}
      </button>
      {open && (
        <div>
          <label className={styles.rule}>
            {t("rules.join")}
            <select
              disabled={fixed}
              value={rules.join}
              onChange={(event) => save({ join: event.target.value as ConversationRules["join"] })}
            >
              {joinRules.map(([value, label]) => (
                <option key={value} value={value}>
                  {t(label)}
                </option>
              ))}
            </select>
          </label>
          {whoRules.map(([rule, label]) => (
            <label key={rule} className={styles.rule}>
              {t(label)}
              <select
                disabled={fixed}
                value={rules[rule]}
                onChange={(event) => save({ [rule]: event.target.value })}
              >
                <option value="everyone">{t("rules.everyone")}</option>
                <option value="admins">{t("rules.admins")}</option>
              </select>
            </label>
          ))}
          {switchRules.map(([rule, label]) => (
            // biome-ignore lint/a11y/noLabelWithoutControl: Ant Design's Switch is the button inside.
            <label key={rule} className={styles.rule}>
              {t(label)}
              <Switch
                size="small"
                disabled={fixed}
                checked={rules[rule]}
                onChange={(on) => save({ [rule]: on })}
              />
            </label>
          ))}
        </div>
      )}
    </>
  );
}
