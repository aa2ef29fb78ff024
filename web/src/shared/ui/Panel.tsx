import { CloseOutlined } from "@ant-design/icons";
import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./IconButton";
import styles from "./ui.module.css";

/** The head of a side panel. Escape closes the panel unless something in front of it took the key. */
export function PanelHead({
  title,
  onClose,
  extra,
}: {
  title: string;
  onClose: () => void;
  extra?: ReactNode;
}) {
  const { t } = useTranslation();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
      if (document.querySelector("dialog[open], [role=menu]")) return;
      onClose();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [onClose]);
  return (
    <div className={styles.panelHead}>
      <h2>{title}</h2>
      {extra}
      <IconButton label={t("action.close")} icon={<CloseOutlined aria-hidden />} onClick={onClose} />
    </div>
  );
}
