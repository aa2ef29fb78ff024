import { FolderOutlined, PlusOutlined, SearchOutlined } from "@ant-design/icons";
import { Button, Input } from "antd";
import { lazy, Suspense, useCallback, useDeferredValue, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Virtuoso } from "react-virtuoso";
import type { Conversation, Folder } from "@/api/types";
import { useAttention } from "@/shared/attention/attention";
import { useConversations } from "@/shared/chat/conversations";
import { useFolders } from "@/shared/chat/folders";
import type { Anchor } from "@/shared/ui/ActionMenu";
import { IconButton } from "@/shared/ui/IconButton";
import { EmptyState, ErrorState, SkeletonRows } from "@/shared/ui/states";
import { ConversationItem } from "./ConversationItem";
import { ConversationMenu } from "./ConversationMenu";
import { CreateGroupDialog } from "./CreateGroupDialog";
import styles from "./conversations.module.css";
import { dragConversation } from "./folders/dragging";
import { FolderHead } from "./folders/FolderHead";
import { rowsOf, sectionsOf } from "./folders/sections";

const FoldersDialog = lazy(async () => ({
  default: (await import("./folders/FoldersDialog")).FoldersDialog,
}));
const PlaceDialog = lazy(async () => ({ default: (await import("./folders/PlaceDialog")).PlaceDialog }));
const WhyDialog = lazy(async () => ({ default: (await import("./WhyDialog")).WhyDialog }));

interface ConversationListProps {
  selectedId: string | null;
}

const noFolders: Folder[] = [];

export function ConversationList({ selectedId }: ConversationListProps) {
  const { t } = useTranslation();
  const { conversations, error, refetch } = useConversations();
  const [filter, setFilter] = useState("");
  const [creating, setCreating] = useState(false);
  const [arranging, setArranging] = useState(false);
  const [asked, setAsked] = useState<{ id: string; what: "place" | "why" } | null>(null);
  const [menu, setMenu] = useState<{ conversation: Conversation; anchor: Anchor } | null>(null);
  const openMenu = useCallback(
    (conversation: Conversation, anchor: Anchor) => setMenu({ conversation, anchor }),
    [],
  );
  const wanted = useDeferredValue(filter.trim().toLowerCase());
  const shown = useMemo(
    () => (wanted ? conversations?.filter(({ name }) => name.toLowerCase().includes(wanted)) : conversations),
    [conversations, wanted],
  );
  const attention = useAttention();
  const folders = useFolders() ?? noFolders;
  // What is searched for is found wherever it stands; folders would only hide it.
  const rows = useMemo(
    () => shown && rowsOf(sectionsOf(shown, wanted ? noFolders : folders, attention)),
    [shown, wanted, folders, attention],
  );
  const askedAbout = asked && conversations?.find(({ id }) => id === asked.id);

  return (
    <nav className={styles.list} aria-label={t("conversations.title")}>
      <div className={styles.listHead}>
        <Input
          prefix={<SearchOutlined aria-hidden />}
          placeholder={t("conversations.filter")}
          aria-label={t("conversations.filter")}
          allowClear
          variant="filled"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        <IconButton
          label={t("folders.title")}
          icon={<FolderOutlined aria-hidden />}
          data-testid="folders"
          onClick={() => setArranging(true)}
        />
        <IconButton
          label={t("conversations.newGroup")}
          icon={<PlusOutlined aria-hidden />}
          data-testid="new-group"
          onClick={() => setCreating(true)}
        />
      </div>
      <div className={styles.listBody}>
        {error && !conversations ? (
          <ErrorState error={error} onRetry={() => void refetch()} />
        ) : !shown || !rows ? (
          <SkeletonRows rows={8} />
        ) : shown.length === 0 && rows.length === 0 ? (
          wanted ? (
            <EmptyState title={t("conversations.noMatch")} />
          ) : (
            <EmptyState
              title={t("conversations.empty")}
              text={t("conversations.emptyText")}
              action={<Button onClick={() => setCreating(true)}>{t("conversations.newGroup")}</Button>}
            />
          )
        ) : (
          <Virtuoso
            data={rows}
            computeItemKey={(_index, row) => row.key}
            increaseViewportBy={200}
            tabIndex={-1}
            itemContent={(_index, row) => {
              const { folder } = row.section;
              if (row.type === "head") return <FolderHead section={row.section} folders={folders} />;
              if (row.type === "empty")
                return (
                  <p className={styles.emptyFolder} data-testid="list-line">
                    {t("folders.empty")}
                  </p>
                );
              return (
                <ConversationItem
                  conversation={row.conversation}
                  selected={row.conversation.id === selectedId}
                  onMenu={openMenu}
                  onDragStart={(event) => dragConversation(event, row.conversation.id, folder?.id ?? null)}
                />
              );
            }}
          />
        )}
      </div>
      {menu && (
        <ConversationMenu
          conversation={menu.conversation}
          anchor={menu.anchor}
          selected={menu.conversation.id === selectedId}
          onClose={() => setMenu(null)}
          onPlace={() => setAsked({ id: menu.conversation.id, what: "place" })}
          onWhy={() => setAsked({ id: menu.conversation.id, what: "why" })}
        />
      )}
      <Suspense>
        {arranging && <FoldersDialog onClose={() => setArranging(false)} />}
        {askedAbout && asked.what === "place" && (
          <PlaceDialog conversation={askedAbout} onClose={() => setAsked(null)} />
        )}
        {askedAbout && asked.what === "why" && (
          <WhyDialog conversation={askedAbout} onClose={() => setAsked(null)} />
        )}
      </Suspense>
      {creating && <CreateGroupDialog onClose={() => setCreating(false)} />}
    </nav>
  );
}
