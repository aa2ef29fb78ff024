import { EditOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Button, Input, Switch } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { dissolveConversation, leaveConversation, updateConversation } from "@/api/endpoints";
import type { Conversation } from "@/api/types";
import {
  changeMine,
  dropConversation,
  isMuted,
  type MineChange,
  putConversation,
} from "@/shared/chat/conversations";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { IconButton } from "@/shared/ui/IconButton";
import { PanelHead } from "@/shared/ui/Panel";
import { toastError } from "@/shared/ui/toast";
import styles from "./conversations.module.css";
import { MemberList } from "./MemberList";
import { forEver } from "./mute";
import { RulesForm } from "./RulesForm";

interface DetailsPanelProps {
  conversation: Conversation;
  onClose: () => void;
  /** What other features show of this conversation. */
  children?: ReactNode;
}

export function mayManage(conversation: Conversation): boolean {
  return conversation.kind === "group" && conversation.my_role !== "member";
}

function mayEdit({ kind, rules, my_role }: Conversation): boolean {
  return kind === "group" && (rules.edit === "everyone" || my_role !== "member");
}

export function DetailsPanel({ conversation, onClose, children }: DetailsPanelProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { id, kind, topic, notice, mine } = conversation;
  const change = (wish: MineChange) => {
    changeMine(client, id, wish).catch(toastError);
  };
  return (
    <section className={styles.panel} aria-label={t("conversations.details")} data-testid="details-panel">
      <PanelHead title={t("conversations.details")} onClose={onClose} />
      <div className={styles.panelBody}>
        <div className={styles.panelSection}>
          <Name key={conversation.name} conversation={conversation} />
          {topic && <p className={styles.quiet}>{topic}</p>}
          {notice && <p className={styles.notice}>{notice}</p>}
          {/* biome-ignore lint/a11y/noLabelWithoutControl: Ant Design's Switch is the button inside. */}
          <label className={styles.rule}>
            {t("conversations.pin")}
            <Switch size="small" checked={mine.pinned} onChange={(pinned) => change({ pinned })} />
          </label>
          {/* biome-ignore lint/a11y/noLabelWithoutControl: Ant Design's Switch is the button inside. */}
          <label className={styles.rule}>
            {t("conversations.mute")}
            <Switch
              size="small"
              checked={isMuted(conversation)}
              onChange={(on) => change({ muted_until: on ? forEver : null })}
            />
          </label>
          {kind === "group" && <RulesForm conversation={conversation} />}
        </div>
        {children}
        {kind !== "direct" && <MemberList conversation={conversation} />}
        {kind === "group" && <Leaving conversation={conversation} />}
      </div>
    </section>
  );
}

function Name({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [editing, setEditing] = useState(false);
  const [name, setName] = useState(conversation.name);
  const save = async () => {
    try {
      const change = { name: name.trim(), revision: conversation.revision };
      putConversation(client, await updateConversation(conversation.id, change));
      setEditing(false);
    } catch (error) {
      toastError(error);
    }
  };
  if (!editing) {
    return (
      <div className={styles.rule}>
        <strong>{conversation.name}</strong>
        {mayEdit(conversation) && (
          <IconButton
            label={t("conversations.rename")}
            icon={<EditOutlined aria-hidden />}
            onClick={() => setEditing(true)}
          />
        )}
      </div>
    );
  }
  return (
    <form
      className={styles.nameRow}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Input
        autoFocus
        maxLength={64}
        aria-label={t("conversations.groupName")}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <Button type="primary" htmlType="submit" disabled={!name.trim()}>
        {t("action.save")}
      </Button>
    </form>
  );
}

function Leaving({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [asking, setAsking] = useState<"leave" | "dissolve" | null>(null);
  const { id, name, member_count } = conversation;
  const finish = async (act: Promise<unknown>) => {
    await act;
    navigate("/messages");
    dropConversation(client, id);
  };
  return (
    <div className={styles.panelFoot}>
      <Button danger onClick={() => setAsking("leave")}>
        {t("conversations.leave")}
      </Button>
      {conversation.my_role === "owner" && (
        <Button danger onClick={() => setAsking("dissolve")}>
          {t("conversations.dissolve")}
        </Button>
      )}
      {asking === "leave" && (
        <ConfirmDialog
          title={t("conversations.leave")}
          text={t("conversations.leaveText", { name })}
          action={t("conversations.leave")}
          danger
          onConfirm={() => finish(leaveConversation(id))}
          onClose={() => setAsking(null)}
        />
      )}
      {asking === "dissolve" && (
        <ConfirmDialog
          title={t("conversations.dissolve")}
          text={t("conversations.dissolveText", { name, count: member_count })}
          action={t("conversations.dissolve")}
          danger
          onConfirm={() => finish(dissolveConversation(id))}
          onClose={() => setAsking(null)}
        />
      )}
    </div>
  );
}
