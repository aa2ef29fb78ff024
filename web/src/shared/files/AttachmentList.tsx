import { CaretRightOutlined, CloseOutlined, FileOutlined, PauseOutlined } from "@ant-design/icons";
import { useTranslation } from "react-i18next";
import { currentLanguage } from "../i18n";
import { fileSize } from "../time";
import { IconButton } from "../ui/IconButton";
import styles from "./files.module.css";
import type { Attachment } from "./useUploads";

interface AttachmentListProps {
  attachments: Attachment[];
  onPause: (id: string) => void;
  onResume: (attachment: Attachment) => void;
  onRemove: (id: string) => void;
}

export function AttachmentList({ attachments, onPause, onResume, onRemove }: AttachmentListProps) {
  const { t } = useTranslation();
  if (attachments.length === 0) return null;
  return (
    <ul className={styles.attachments} aria-label={t("composer.attachments")}>
      {attachments.map((item) => (
        <li key={item.id} className={styles.attachment}>
          {item.previewUrl ? (
            <img className={styles.preview} src={item.previewUrl} alt="" />
          ) : (
            <FileOutlined aria-hidden className={styles.previewIcon} />
          )}
          <span className={styles.attachmentText}>
            <span className={styles.attachmentName}>{item.file.name}</span>
            <span className={item.state === "failed" ? styles.attachmentFailed : styles.attachmentDetail}>
              <AttachmentState item={item} />
            </span>
            {item.state !== "done" && (
              <progress
                className={styles.progress}
                max={1}
                value={item.progress}
                aria-label={item.file.name}
              />
            )}
          </span>
          {item.state === "uploading" && (
            <IconButton
              label={t("composer.pause")}
              icon={<PauseOutlined aria-hidden />}
              onClick={() => onPause(item.id)}
            />
          )}
          {(item.state === "paused" || item.state === "failed") && (
            <IconButton
              label={t("composer.resume")}
              icon={<CaretRightOutlined aria-hidden />}
              onClick={() => onResume(item)}
            />
          )}
          <IconButton
            label={t("composer.remove", { name: item.file.name })}
            icon={<CloseOutlined aria-hidden />}
            onClick={() => onRemove(item.id)}
          />
        </li>
      ))}
    </ul>
  );
}

function AttachmentState({ item }: { item: Attachment }) {
  const { t } = useTranslation();
  if (item.state === "failed") return item.problem;
  if (item.state === "paused") return t("composer.paused");
  if (item.state === "uploading") return `${Math.floor(item.progress * 100)}%`;
  return fileSize(item.file.size, currentLanguage());
}
