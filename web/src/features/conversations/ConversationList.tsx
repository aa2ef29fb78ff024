import {
  BellOutlined,
  EyeInvisibleOutlined,
  MailOutlined,
  PlusOutlined,
  PushpinFilled,
  PushpinOutlined,
  SearchOutlined,
} from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useCallback, useDeferredValue, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { Virtuoso } from "react-virtuoso";
import type { Conversation } from "@/api/types";
import { changeMine, isMuted, type MineChange, useConversations } from "@/shared/chat/conversations";
import { ActionMenu, type Anchor, type MenuAction } from "@/shared/ui/ActionMenu";
import { IconButton } from "@/shared/ui/IconButton";
import { EmptyState, ErrorState, SkeletonRows } from "@/shared/ui/states";
import { toastError } from "@/shared/ui/toast";
import { ConversationItem } from "./ConversationItem";
import { CreateGroupDialog } from "./CreateGroupDialog";
import styles from "./conversations.module.css";

interface ConversationListProps {
  selectedId: string | null;
}

/** Until the end of time, as the wire wants an instant. */
const forEver = "9999-12-31T00:00:00Z";

export function ConversationList({ selectedId }: ConversationListProps) {
  const { t } = useTranslation();
  const { conversations, error, refetch } = useConversations();
  const [filter, setFilter] = useState("");
  const [creating, setCreating] = useState(false);
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
          label={t("conversations.newGroup")}
          icon={<PlusOutlined aria-hidden />}
          data-testid="new-group"
          onClick={() => setCreating(true)}
        />
      </div>
      <div className={styles.listBody}>
        {error && !conversations ? (
          <ErrorState error={error} onRetry={() => void refetch()} />
        ) : !shown ? (
          <SkeletonRows rows={8} />
        ) : shown.length === 0 ? (
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
            data={shown}
            computeItemKey={(_index, conversation) => conversation.id}
            increaseViewportBy={200}
            tabIndex={-1}
            itemContent={(_index, conversation) => (
              <ConversationItem
                conversation={conversation}
                selected={conversation.id === selectedId}
                onMenu={openMenu}
              />
            )}
          />
        )}
      </div>
      {menu && (
        <ConversationMenu
          conversation={menu.conversation}
          anchor={menu.anchor}
          selected={menu.conversation.id === selectedId}
          onClose={() => setMenu(null)}
        />
      )}
      {creating && <CreateGroupDialog onClose={() => setCreating(false)} />}
    </nav>
  );
}

interface ConversationMenuProps {
  conversation: Conversation;
  anchor: Anchor;
  selected: boolean;
  onClose: () => void;
}

function ConversationMenu({ conversation, anchor, selected, onClose }: ConversationMenuProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { id, mine } = conversation;
  const muted = isMuted(conversation);
  const change = (wish: MineChange) => {
    changeMine(client, id, wish).catch(toastError);
  };
  const hide = () => {
    change({ hidden: true });
    if (selected) navigate("/messages");
  };
  const actions: MenuAction[] = [
    {
      key: "pin",
      label: mine.pinned ? t("conversations.unpin") : t("conversations.pin"),
      icon: mine.pinned ? <PushpinFilled aria-hidden /> : <PushpinOutlined aria-hidden />,
      run: () => change({ pinned: !mine.pinned }),
    },
    {
      key: "mute",
      label: muted ? t("conversations.unmute") : t("conversations.mute"),
      icon: <BellOutlined aria-hidden />,
      run: () => change({ muted_until: muted ? null : forEver }),
    },
    {
      key: "unread",
      label: t("conversations.markUnread"),
      icon: <MailOutlined aria-hidden />,
      disabled: mine.marked_unread,
      run: () => change({ marked_unread: true }),
    },
    {
      key: "hide",
      label: t("conversations.hide"),
      icon: <EyeInvisibleOutlined aria-hidden />,
      divided: true,
      run: hide,
    },
  ];
  return <ActionMenu label={conversation.name} anchor={anchor} actions={actions} onClose={onClose} />;
}
