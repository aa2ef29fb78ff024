import {
  ArrowDownOutlined,
  ArrowUpOutlined,
  CheckOutlined,
  DeleteOutlined,
  DownOutlined,
  EditOutlined,
  EyeInvisibleOutlined,
  MoreOutlined,
  RightOutlined,
} from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { changeFolder, deleteFolder, markFolderRead } from "@/api/endpoints";
import type { Folder } from "@/api/types";
import { foldersQuery, placeConversation, placeFolders, putFolder } from "@/shared/chat/folders";
import { ActionMenu, type Anchor, type MenuAction } from "@/shared/ui/ActionMenu";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { IconButton } from "@/shared/ui/IconButton";
import { toast, toastError } from "@/shared/ui/toast";
import styles from "../conversations.module.css";
import { dragFolder, useDropPlace } from "./dragging";
import { useMayChange } from "./rights";
import type { Section } from "./sections";

const FolderForm = lazy(async () => ({ default: (await import("./FolderForm")).FolderForm }));

/** The line above a folder: press to fold, drop to put in, and its menu. */
export function FolderHead({ section, folders }: { section: Section; folders: Folder[] }) {
  const { folder } = section;
  return folder ? (
    <Head folder={folder} section={section} folders={folders} />
  ) : (
    <RestHead folders={folders} />
  );
}

/** Moves within the order of all folders, hidden ones too. */
function moved(folders: Folder[], id: string, before: string): string[] {
  const ids = folders.map((folder) => folder.id).filter((each) => each !== id);
  ids.splice(ids.indexOf(before), 0, id);
  return ids;
}

function useDropped(folders: Folder[], target: Folder | null) {
  const client = useQueryClient();
  const mayChange = useMayChange();
  const find = (id: string | null) => folders.find((folder) => folder.id === id);
  const run = (work: Promise<void>) => void work.catch(toastError);
  return useDropPlace({
    onConversation: (id, fromFolderId) => {
      if (fromFolderId === (target?.id ?? null)) return;
      const from = find(fromFolderId);
      // Put there by hand, it moves; where a rule holds it, it stays too.
      if (from && mayChange(from) && from.conversation_ids.includes(id)) {
        run(placeConversation(client, from, id, false));
      }
      if (target) run(placeConversation(client, target, id, true));
    },
    onFolder: target
      ? (id) => id !== target.id && run(placeFolders(client, moved(folders, id, target.id)))
      : undefined,
  });
}

function RestHead({ folders }: { folders: Folder[] }) {
  const { t } = useTranslation();
  const { over, handlers } = useDropped(folders, null);
  return (
    <div className={over ? `${styles.folder} ${styles.folderOver}` : styles.folder} {...handlers}>
      <span className={styles.restName} data-testid="list-line">
        {t("folders.rest")}
      </span>
    </div>
  );
}

function Head({ folder, section, folders }: { folder: Folder; section: Section; folders: Folder[] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [menu, setMenu] = useState<Anchor | null>(null);
  const [asked, setAsked] = useState<"edit" | "delete" | null>(null);
  const { over, handlers } = useDropped(folders, folder);
  const { id, name, collapsed } = folder;
  const { number, bold } = section;
  const fold = async () => {
    putFolder(client, { ...folder, collapsed: !collapsed });
    try {
      putFolder(client, await changeFolder(id, { collapsed: !collapsed }));
    } catch (error) {
      putFolder(client, folder);
      toastError(error);
    }
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is one way; the menu of a conversation is another.
    <div
      className={over ? `${styles.folder} ${styles.folderOver}` : styles.folder}
      data-testid="folder"
      draggable
      onDragStart={(event) => dragFolder(event, id)}
      onContextMenu={(event) => {
        event.preventDefault();
        setMenu({ x: event.clientX, y: event.clientY });
      }}
      {...handlers}
    >
      <button
        type="button"
        className={styles.folderButton}
        aria-expanded={!collapsed}
        onClick={() => void fold()}
      >
        {collapsed ? <RightOutlined aria-hidden /> : <DownOutlined aria-hidden />}
        <span className={collapsed && bold ? styles.folderBold : styles.folderName} data-testid="list-line">
          {name}
        </span>
        {collapsed && number > 0 && (
          <span className={styles.badge}>
            <span aria-hidden="true">{number > 99 ? "99+" : number}</span>
            <span className="visually-hidden">{t("shell.waiting", { count: number })}</span>
          </span>
        )}
        {collapsed && bold && number === 0 && (
          <span className="visually-hidden">{t("conversations.unread")}</span>
        )}
      </button>
      <IconButton
        label={t("conversations.actionsOf", { name })}
        icon={<MoreOutlined aria-hidden />}
        aria-haspopup="menu"
        onClick={(event) => setMenu(event.currentTarget.getBoundingClientRect())}
      />
      {menu && (
        <FolderMenu
          folder={folder}
          folders={folders}
          anchor={menu}
          onClose={() => setMenu(null)}
          onEdit={() => setAsked("edit")}
          onDelete={() => setAsked("delete")}
        />
      )}
      <Suspense>{asked === "edit" && <FolderForm folder={folder} onClose={() => setAsked(null)} />}</Suspense>
      {asked === "delete" && <DeleteFolder folder={folder} onClose={() => setAsked(null)} />}
    </div>
  );
}

interface FolderMenuProps {
  folder: Folder;
  folders: Folder[];
  anchor: Anchor;
  onClose: () => void;
  onEdit: () => void;
  onDelete: () => void;
}

function FolderMenu({ folder, folders, anchor, onClose, onEdit, onDelete }: FolderMenuProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const mayChange = useMayChange();
  const { id, name, scope } = folder;
  const visible = folders.filter(({ hidden }) => !hidden);
  const index = visible.findIndex((each) => each.id === id);
  const above = visible[index - 1];
  const below = visible[index + 1];
  const place = (order: string[]) => void placeFolders(client, order).catch(toastError);
  const markRead = async () => {
    try {
      const { conversations } = await markFolderRead(id);
      await client.invalidateQueries({ queryKey: ["conversations"] });
      toast(t("folders.markedRead", { count: conversations }));
    } catch (error) {
      toastError(error);
    }
  };
  const hide = async () => {
    try {
      putFolder(client, await changeFolder(id, { hidden: true }));
      toast(t("folders.hidden", { name }));
    } catch (error) {
      toastError(error);
    }
  };
  const wishes: (MenuAction | false)[] = [
    {
      key: "read",
      label: t("folders.markRead"),
      icon: <CheckOutlined aria-hidden />,
      run: () => void markRead(),
    },
    mayChange(folder) && {
      key: "edit",
      label: t("folders.edit"),
      icon: <EditOutlined aria-hidden />,
      run: onEdit,
    },
    {
      key: "up",
      label: t("folders.up"),
      icon: <ArrowUpOutlined aria-hidden />,
      disabled: !above,
      divided: true,
      run: () => above && place(moved(folders, id, above.id)),
    },
    {
      key: "down",
      label: t("folders.down"),
      icon: <ArrowDownOutlined aria-hidden />,
      disabled: !below,
      run: () => below && place(moved(folders, below.id, id)),
    },
    scope === "organisation" && {
      key: "hide",
      label: t("folders.hide"),
      icon: <EyeInvisibleOutlined aria-hidden />,
      run: () => void hide(),
    },
    mayChange(folder) && {
      key: "delete",
      label: t("folders.delete"),
      icon: <DeleteOutlined aria-hidden />,
      danger: true,
      divided: true,
      run: onDelete,
    },
  ];
  const actions = wishes.filter((wish): wish is MenuAction => wish !== false);
  return <ActionMenu label={name} anchor={anchor} actions={actions} onClose={onClose} />;
}

export function DeleteFolder({ folder, onClose }: { folder: Folder; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  return (
    <ConfirmDialog
      danger
      title={t("folders.delete")}
      text={
        folder.scope === "organisation"
          ? t("folders.deleteForAllText", { name: folder.name })
          : t("folders.deleteText", { name: folder.name })
      }
      action={t("folders.delete")}
      onConfirm={async () => {
        await deleteFolder(folder.id);
        await client.invalidateQueries({ queryKey: foldersQuery.queryKey });
        void client.invalidateQueries({ queryKey: ["conversations"] });
      }}
      onClose={onClose}
    />
  );
}
