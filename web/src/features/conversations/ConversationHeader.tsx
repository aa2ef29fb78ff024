import { InfoCircleOutlined, LeftOutlined } from "@ant-design/icons";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Conversation } from "@/api/types";
import { IconButton } from "@/shared/ui/IconButton";
import styles from "./conversations.module.css";

interface ConversationHeaderProps {
  conversation: Conversation;
  detailsOpen: boolean;
  onDetails: () => void;
}

export function ConversationHeader({ conversation, detailsOpen, onDetails }: ConversationHeaderProps) {
  const { t } = useTranslation();
  const { kind, name, peer, topic, member_count } = conversation;
  return (
    <header className={styles.header}>
      <Link to="/messages" className={styles.back} aria-label={t("action.back")}>
        <LeftOutlined aria-hidden />
      </Link>
      <div className={styles.headerText}>
        <h1 className={styles.headerName}>
          {kind === "direct" && peer ? <Link to={`/contacts/members/${peer.userid}`}>{name}</Link> : name}
        </h1>
        {kind !== "direct" && (
          <span className={styles.headerDetail}>
            {t("conversations.memberCount", { count: member_count })}
            {topic && ` · ${topic}`}
          </span>
        )}
        {kind === "direct" && peer && peer.state !== "active" && (
          <span className={styles.headerDetail}>{t("people.stateLeft")}</span>
        )}
      </div>
      <IconButton
        label={t("conversations.details")}
        icon={<InfoCircleOutlined aria-hidden />}
        aria-pressed={detailsOpen}
        data-testid="conversation-details"
        onClick={onDetails}
      />
    </header>
  );
}
