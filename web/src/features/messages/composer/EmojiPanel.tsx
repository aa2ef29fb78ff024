import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import styles from "./composer.module.css";

const emoji = Array.from(
  new Intl.Segmenter("en", { granularity: "grapheme" }).segment(
    "😀😄😁😂🤣😊🙂😉😍🥰😘😎🤔🤨😐😴😅😓😭😢😡😱🥳🤝👍👎👌✌️👏🙏💪🙌👋🫡👀❤️💔🎉🎊🌹☕🍻🔥⭐✅❌❓❗",
  ),
  (part) => part.segment,
);

interface EmojiPanelProps {
  onChoose: (emoji: string) => void;
  onClose: () => void;
}

export function EmojiPanel({ onChoose, onClose }: EmojiPanelProps) {
  const { t } = useTranslation();
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    ref.current?.querySelector("button")?.focus();
    const outside = (event: PointerEvent) => {
      if (!ref.current?.contains(event.target as Node)) onClose();
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [onClose]);
  return (
    <div
      ref={ref}
      role="dialog"
      aria-label={t("composer.emoji")}
      className={styles.emojiPanel}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        onClose();
      }}
    >
      {emoji.map((sign) => (
        <button key={sign} type="button" onClick={() => onChoose(sign)}>
          {sign}
        </button>
      ))}
    </div>
  );
}
