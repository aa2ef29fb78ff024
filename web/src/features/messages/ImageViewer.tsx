import { CloseOutlined, DownloadOutlined } from "@ant-design/icons";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "@/shared/ui/IconButton";
import { ErrorState } from "@/shared/ui/states";
import { type StoredFile, useFileLink } from "./fileLinks";
import styles from "./messages.module.css";
import { useDownload } from "./useDownload";

interface ImageViewerProps {
  file: StoredFile;
  onClose: () => void;
}

export function ImageViewer({ file, onClose }: ImageViewerProps) {
  const { t } = useTranslation();
  const ref = useRef<HTMLDialogElement>(null);
  const link = useFileLink(file, "original");
  const { download, busy } = useDownload(file, `image-${file.seq}`);
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      className={styles.viewer}
      aria-label={t("kind.image")}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div className={styles.viewerBar}>
        <IconButton
          label={t("message.save")}
          icon={<DownloadOutlined aria-hidden />}
          disabled={busy}
          onClick={download}
        />
        <IconButton label={t("action.close")} icon={<CloseOutlined aria-hidden />} onClick={onClose} />
      </div>
      {link.isError ? (
        <ErrorState error={link.error} onRetry={() => void link.refetch()} />
      ) : (
        link.data && <img className={styles.viewerImage} src={link.data.url} alt={t("kind.image")} />
      )}
    </dialog>
  );
}
