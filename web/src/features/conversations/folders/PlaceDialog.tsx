import { PlusOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Conversation, Folder } from "@/api/types";
import { placeConversation, useFolders } from "@/shared/chat/folders";
import { Dialog } from "@/shared/ui/Dialog";
import { toastError } from "@/shared/ui/toast";
import { FolderForm } from "./FolderForm";
import styles from "./folders.module.css";
import { useMayChange } from "./rights";

/** In which folders a conversation stands: the way without a mouse, and the way into several. */
export function PlaceDialog({ conversation, onClose }: { conversation: Conversation; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const mayChange = useMayChange();
  const folders = useFolders() ?? [];
  const [making, setMaking] = useState(false);
  const byHand = ({ conversation_ids }: Folder) => conversation_ids.includes(conversation.id);
  const inside = ({ id }: Folder) => conversation.folder_ids.includes(id);
  return (
    <Dialog
      title={t("folders.foldersOf", { name: conversation.name })}
      onClose={onClose}
      footer={
        <>
          <Button icon={<PlusOutlined aria-hidden />} onClick={() => setMaking(true)}>
            {t("folders.new")}
          </Button>
          <Button type="primary" onClick={onClose}>
            {t("folders.done")}
          </Button>
        </>
      }
    >
      {folders.length === 0 && <p className={styles.text}>{t("folders.noneText")}</p>}
      <div className={styles.choices}>
        {folders.map((folder) => {
          const byRule = inside(folder) && !byHand(folder);
          return (
            <label key={folder.id} className={styles.choice}>
              <input
                type="checkbox"
                checked={inside(folder)}
                disabled={byRule || !mayChange(folder)}
                onChange={(event) =>
                  placeConversation(client, folder, conversation.id, event.target.checked).catch(toastError)
                }
              />
              <span>
                {folder.name}
                {byRule && <small>{t("folders.byRule")}</small>}
              </span>
            </label>
          );
        })}
      </div>
      {making && <FolderForm onClose={() => setMaking(false)} />}
    </Dialog>
  );
}
