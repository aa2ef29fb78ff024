import { useTranslation } from "react-i18next";
import type { Message } from "@/api/types";
import styles from "./messages.module.css";

export const quickReactions = ["👍", "❤️", "😄", "🎉", "👏", "🙏", "👀"] as const;

interface ReactionsProps {
  message: Message;
  onReact: (message: Message, emoji: string, on: boolean) => void;
}

export function Reactions({ message, onReact }: ReactionsProps) {
  const { t } = useTranslation();
  if (message.reactions.length === 0) return null;
  return (
    <div className={styles.reactions}>
      {message.reactions.map(({ emoji, count, mine, names }) => (
        <button
          key={emoji}
          type="button"
          className={styles.reaction}
          aria-pressed={mine}
          aria-label={t("message.reactionCount", { emoji, count })}
          title={names.join(t("system.separator"))}
          onClick={() => onReact(message, emoji, !mine)}
        >
          <span aria-hidden="true">{emoji}</span> {count}
        </button>
      ))}
    </div>
  );
}
