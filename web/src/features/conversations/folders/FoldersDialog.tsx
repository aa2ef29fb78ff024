import {
  ArrowDownOutlined,
  ArrowUpOutlined,
  DeleteOutlined,
  EditOutlined,
  PlusOutlined,
} from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Button, Switch } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { changeFolder } from "@/api/endpoints";
import type { Folder } from "@/api/types";
import { placeFolders, putFolder, useFolders } from "@/shared/chat/folders";
import { Dialog } from "@/shared/ui/Dialog";
import { IconButton } from "@/shared/ui/IconButton";
import { EmptyState, SkeletonRows } from "@/shared/ui/states";
import { toastError } from "@/shared/ui/toast";
import { FolderForm } from "./FolderForm";
import { DeleteFolder } from "./FolderHead";
import styles from "./folders.module.css";
import { useMayChange } from "./rights";

/** All folders, hidden ones of the organisation too: their order, names, rules. */
export function FoldersDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const folders = useFolders();
  const mayChange = useMayChange();
  const [editing, setEditing] = useState<Folder | "new" | null>(null);
  const [deleting, setDeleting] = useState<Folder | null>(null);
  const swap = (index: number) => {
    const ids = folders?.map(({ id }) => id) ?? [];
    const [first, second] = ids.slice(index, index + 2);
    if (first === undefined || second === undefined) return;
    ids.splice(index, 2, second, first);
    placeFolders(client, ids).catch(toastError);
  };
  const show = (folder: Folder, shown: boolean) => {
    changeFolder(folder.id, { hidden: !shown }).then((fresh) => putFolder(client, fresh), toastError);
  };
  return (
    <Dialog
      title={t("folders.title")}
      onClose={onClose}
      footer={
        <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setEditing("new")}>
          {t("folders.new")}
        </Button>
      }
    >
      {!folders && <SkeletonRows rows={3} avatar={false} />}
      {folders?.length === 0 && <EmptyState title={t("folders.none")} text={t("folders.noneText")} />}
      <ul className={styles.folders}>
        {folders?.map((folder, index) => (
          <li key={folder.id} data-testid="folder-row">
            <span className={styles.folderName}>
              {folder.name}
              {folder.scope === "organisation" && (
                <span className={styles.tag}>{t("folders.organisation")}</span>
              )}
            </span>
            {folder.scope === "organisation" && (
              <Switch
                size="small"
                aria-label={t("folders.shown", { name: folder.name })}
                checked={!folder.hidden}
                onChange={(on) => show(folder, on)}
              />
            )}
            <IconButton
              label={t("folders.up")}
              icon={<ArrowUpOutlined aria-hidden />}
              disabled={index === 0}
              onClick={() => swap(index - 1)}
            />
            <IconButton
              label={t("folders.down")}
              icon={<ArrowDownOutlined aria-hidden />}
              disabled={index === folders.length - 1}
              onClick={() => swap(index)}
            />
            {mayChange(folder) && (
              <>
                <IconButton
                  label={t("folders.edit")}
                  icon={<EditOutlined aria-hidden />}
                  onClick={() => setEditing(folder)}
                />
                <IconButton
                  label={t("folders.delete")}
                  icon={<DeleteOutlined aria-hidden />}
                  onClick={() => setDeleting(folder)}
                />
              </>
            )}
          </li>
        ))}
      </ul>
      {editing && (
        <FolderForm folder={editing === "new" ? undefined : editing} onClose={() => setEditing(null)} />
      )}
      {deleting && <DeleteFolder folder={deleting} onClose={() => setDeleting(null)} />}
    </Dialog>
  );
}
