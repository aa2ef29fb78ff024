import { FileOutlined, MessageOutlined } from "@ant-design/icons";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { fetchDingFileLink } from "@/api/endpoints";
import type { Ding, DingFile } from "@/api/types";
import { currentLanguage } from "@/shared/i18n";
import { fileSize } from "@/shared/time";
import { toastError } from "@/shared/ui/toast";
import styles from "./ding.module.css";

async function save(dingId: string, file: DingFile): Promise<void> {
  const { url } = await fetchDingFileLink(dingId, file.file_id);
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = file.name;
  anchor.rel = "noopener";
  anchor.click();
}

/** The words of a DING, the message that it is about, and what is attached. */
export function DingContent({ ding, onLook }: { ding: Ding; onLook?: () => void }) {
  const { t } = useTranslation();
  const { message } = ding;
  return (
    <>
      <p className={styles.words}>{ding.content}</p>
      {message?.readable && (
        <Link
          className={styles.about}
          to={`/messages/${message.conversation_id}?at=${message.seq}`}
          onClick={onLook}
        >
          <MessageOutlined aria-hidden />
          <span className={styles.aboutText}>{message.excerpt || t("ding.message")}</span>
        </Link>
      )}
      {ding.files.length > 0 && (
        <ul className={styles.files} aria-label={t("ding.files")}>
          {ding.files.map((file) => (
            <li key={file.file_id}>
              <button
                type="button"
                className={styles.file}
                onClick={() => save(ding.id, file).catch(toastError)}
              >
                <FileOutlined aria-hidden />
                <span className={styles.fileName}>{file.name}</span>
                <span className={styles.quiet}>{fileSize(file.size, currentLanguage())}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
