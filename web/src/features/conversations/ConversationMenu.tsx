import {
  BellOutlined,
  EyeInvisibleOutlined,
  FolderOutlined,
  MailOutlined,
  PushpinFilled,
  PushpinOutlined,
  QuestionCircleOutlined,
} from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { Conversation } from "@/api/types";
import { useAttention } from "@/shared/attention/attention";
import { changeMine, isMuted, type MineChange, standing } from "@/shared/chat/conversations";
import { currentLanguage } from "@/shared/i18n";
import { fullTime } from "@/shared/time";
import { ActionMenu, type Anchor, type MenuAction } from "@/shared/ui/ActionMenu";
import { BellSlashIcon } from "@/shared/ui/icons";
import { toastError } from "@/shared/ui/toast";
import { forEver, inAnHour, untilTomorrow } from "./mute";

interface ConversationMenuProps {
  conversation: Conversation;
  anchor: Anchor;
  selected: boolean;
  onClose: () => void;
  onPlace: () => void;
  onWhy: () => void;
}

export function ConversationMenu(props: ConversationMenuProps) {
  const { conversation, anchor, selected, onClose, onPlace, onWhy } = props;
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { id, mine } = conversation;
  const { number, bold } = standing(conversation, useAttention());
  const change = (wish: MineChange) => {
    changeMine(client, id, wish).catch(toastError);
  };
  const hide = () => {
    change({ hidden: true });
    if (selected) navigate("/messages");
  };
  const mute = (key: string, label: string, until: () => string, first = false): MenuAction => ({
    key,
    label,
    icon: <BellSlashIcon />,
    divided: first,
    heading: first ? t("conversations.mute") : undefined,
    run: () => change({ muted_until: until() }),
  });
  const mutes: MenuAction[] = isMuted(conversation)
    ? [
        {
          key: "mute",
          label: t("conversations.unmute"),
          icon: <BellOutlined aria-hidden />,
          divided: true,
          heading:
            mine.muted_until && mine.muted_until < forEver
              ? t("conversations.mutedUntil", { time: fullTime(mine.muted_until, currentLanguage()) })
              : undefined,
          run: () => change({ muted_until: null }),
        },
      ]
    : [
        mute("mute-hour", t("conversations.muteHour"), inAnHour, true),
        mute("mute-tomorrow", t("conversations.muteTomorrow"), untilTomorrow),
        mute("mute", t("conversations.muteForEver"), () => forEver),
      ];
  const actions: MenuAction[] = [
    {
      key: "pin",
      label: mine.pinned ? t("conversations.unpin") : t("conversations.pin"),
      icon: mine.pinned ? <PushpinFilled aria-hidden /> : <PushpinOutlined aria-hidden />,
      run: () => change({ pinned: !mine.pinned }),
    },
    {
      key: "folders",
      label: t("folders.place"),
      icon: <FolderOutlined aria-hidden />,
      run: onPlace,
    },
    {
      key: "unread",
      label: t("conversations.markUnread"),
      icon: <MailOutlined aria-hidden />,
      disabled: mine.marked_unread,
      run: () => change({ marked_unread: true }),
    },
    ...(number > 0 || bold
      ? [
          {
            key: "why",
            label: t("why.ask"),
            icon: <QuestionCircleOutlined aria-hidden />,
            run: onWhy,
          },
        ]
      : []),
    ...mutes,
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
