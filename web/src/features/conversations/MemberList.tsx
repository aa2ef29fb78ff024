import { MoreOutlined, UserAddOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Input } from "antd";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Virtuoso } from "react-virtuoso";
import { changeMember, fetchConversationMembers, giveOwnership, removeMember } from "@/api/endpoints";
import type { Conversation, ConversationMember } from "@/api/types";
import { putConversation } from "@/shared/chat/conversations";
import { useMyUserid } from "@/shared/session/me";
import { ActionMenu, type MenuAction } from "@/shared/ui/ActionMenu";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { IconButton } from "@/shared/ui/IconButton";
import { PersonRow, personRowClass } from "@/shared/ui/PersonRow";
import { ErrorState, SkeletonRows } from "@/shared/ui/states";
import { toastError } from "@/shared/ui/toast";
import { AddMembersDialog } from "./AddMembersDialog";
import styles from "./conversations.module.css";

function useMembers(id: string, query: string) {
  return useInfiniteQuery({
    queryKey: ["conversation-members", id, query],
    queryFn: ({ pageParam, signal }) =>
      fetchConversationMembers(id, { query, cursor: pageParam, limit: 200 }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (previous) => previous,
  });
}

const roleLabels = {
  owner: "conversations.roleOwner",
  admin: "conversations.roleAdmin",
  member: null,
} as const;

export function MemberList({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation();
  const { id, kind, my_role, rules, member_count } = conversation;
  const [search, setSearch] = useState("");
  const members = useMembers(id, useDeferredValue(search.trim()));
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<ConversationMember | null>(null);
  const [menu, setMenu] = useState<{ member: ConversationMember; anchor: DOMRect } | null>(null);
  const people = members.data?.pages.flatMap((page) => page.items);
  const mayInvite = kind === "group" && (rules.invite === "everyone" || my_role !== "member");
  const tagsOf = (member: ConversationMember) => {
    const role = roleLabels[member.role];
    return [role && t(role), member.muted && t("conversations.mutedMember")].filter(
      (tag) => typeof tag === "string",
    );
  };
  return (
    <div className={styles.panelMembers}>
      <div className={styles.membersHead}>
        <Input
          allowClear
          variant="filled"
          placeholder={t("conversations.searchMembers", { count: member_count })}
          aria-label={t("people.search")}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        {mayInvite && (
          <IconButton
            label={t("conversations.addMembers")}
            icon={<UserAddOutlined aria-hidden />}
            onClick={() => setAdding(true)}
          />
        )}
      </div>
      <div className={styles.membersList}>
        {members.isError ? (
          <ErrorState error={members.error} onRetry={() => void members.refetch()} />
        ) : !people ? (
          <SkeletonRows rows={5} />
        ) : (
          <Virtuoso
            data={people}
            tabIndex={-1}
            computeItemKey={(_index, member) => member.userid}
            endReached={() => members.hasNextPage && void members.fetchNextPage()}
            itemContent={(_index, member) => (
              <div className={styles.memberRow}>
                <Link className={personRowClass} to={`/contacts/members/${member.userid}`}>
                  <PersonRow
                    userid={member.userid}
                    name={member.name}
                    detail={member.title}
                    tags={tagsOf(member)}
                  />
                </Link>
                {kind === "group" && my_role !== "member" && member.role !== "owner" && (
                  <IconButton
                    label={t("conversations.actionsOf", { name: member.name })}
                    icon={<MoreOutlined aria-hidden />}
                    aria-haspopup="menu"
                    onClick={(event) =>
                      setMenu({ member, anchor: event.currentTarget.getBoundingClientRect() })
                    }
                  />
                )}
              </div>
            )}
          />
        )}
      </div>
      {adding && (
        <AddMembersDialog
          conversationId={id}
          present={new Set(people?.map((member) => member.userid))}
          onClose={() => setAdding(false)}
        />
      )}
      {menu && (
        <MemberMenu
          conversation={conversation}
          member={menu.member}
          anchor={menu.anchor}
          onRemove={() => setRemoving(menu.member)}
          onClose={() => setMenu(null)}
        />
      )}
      {removing && (
        <ConfirmDialog
          title={t("conversations.removeMember")}
          text={t("conversations.removeText", { name: removing.name })}
          action={t("conversations.removeMember")}
          danger
          onConfirm={async () => {
            await removeMember(id, removing.userid);
            await members.refetch();
          }}
          onClose={() => setRemoving(null)}
        />
      )}
    </div>
  );
}

interface MemberMenuProps {
  conversation: Conversation;
  member: ConversationMember;
  anchor: DOMRect;
  onRemove: () => void;
  onClose: () => void;
}

function MemberMenu({ conversation, member, anchor, onRemove, onClose }: MemberMenuProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const myUserid = useMyUserid();
  const { id } = conversation;
  const owner = conversation.my_role === "owner";
  const after = (act: Promise<unknown>) =>
    act.then(() => client.invalidateQueries({ queryKey: ["conversation-members", id] }));
  const actions: MenuAction[] = [
    ...(owner
      ? [
          {
            key: "role",
            label: member.role === "admin" ? t("conversations.unmakeAdmin") : t("conversations.makeAdmin"),
            run: () => {
              const role = member.role === "admin" ? "member" : "admin";
              after(changeMember(id, member.userid, { role })).catch(toastError);
            },
          },
          {
            key: "owner",
            label: t("conversations.giveOwnership"),
            run: () => {
              after(giveOwnership(id, member.userid).then((fresh) => putConversation(client, fresh))).catch(
                toastError,
              );
            },
          },
        ]
      : []),
    {
      key: "mute",
      label: member.muted ? t("conversations.unmuteMember") : t("conversations.muteMember"),
      run: () => {
        after(changeMember(id, member.userid, { muted: !member.muted })).catch(toastError);
      },
    },
    {
      key: "remove",
      label: t("conversations.removeMember"),
      danger: true,
      divided: true,
      disabled: member.userid === myUserid,
      run: onRemove,
    },
  ];
  return (
    <ActionMenu
      label={t("conversations.actionsOf", { name: member.name })}
      anchor={anchor}
      actions={actions}
      onClose={onClose}
    />
  );
}
