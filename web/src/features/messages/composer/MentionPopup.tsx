import { TeamOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { fetchConversationMembers } from "@/api/endpoints";
import type { Conversation } from "@/api/types";
import { useMyUserid } from "@/shared/session/me";
import { Avatar } from "@/shared/ui/Avatar";
import styles from "./composer.module.css";
import type { ChosenMention } from "./mentions";

export interface MentionOption extends ChosenMention {
  detail: string;
}

const shown = 8;

/** Who may be meant by what was typed; the server knows pinyin and initials. */
export function useMentionOptions(conversation: Conversation, query: string | null): MentionOption[] {
  const { t } = useTranslation();
  const myUserid = useMyUserid();
  const { id, kind, rules, my_role } = conversation;
  const found = useQuery({
    queryKey: ["mention-options", id, query],
    queryFn: ({ signal }) => fetchConversationMembers(id, { query: query ?? "", limit: shown + 1 }, signal),
    enabled: query !== null && kind !== "direct",
    placeholderData: (previous) => previous,
    staleTime: 30_000,
  });
  const all = t("composer.all");
  const mayAll = kind !== "direct" && (rules.mention_all === "everyone" || my_role !== "member");
  return useMemo(() => {
    if (query === null) return [];
    const people = (found.data?.items ?? [])
      .filter((member) => member.userid !== myUserid)
      .slice(0, shown)
      .map(({ userid, name, title }) => ({ userid, name, detail: title }));
    const wantsAll = query === "" || all.startsWith(query) || "all".startsWith(query.toLowerCase());
    return mayAll && wantsAll ? [{ userid: "all", name: all, detail: "" }, ...people] : people;
  }, [query, found.data, myUserid, mayAll, all]);
}

interface MentionPopupProps {
  id: string;
  options: MentionOption[];
  active: number;
  onChoose: (option: MentionOption) => void;
  onHover: (index: number) => void;
}

export function optionId(popupId: string, index: number): string {
  return `${popupId}-${index}`;
}

export function MentionPopup({ id, options, active, onChoose, onHover }: MentionPopupProps) {
  const { t } = useTranslation();
  useEffect(() => {
    document.getElementById(optionId(id, active))?.scrollIntoView?.({ block: "nearest" });
  }, [id, active]);
  return (
    <div id={id} role="listbox" aria-label={t("composer.mention")} className={styles.popup}>
      {options.map((option, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are heard by the textbox, which keeps the focus.
        // biome-ignore lint/a11y/useFocusableInteractive: see above, aria-activedescendant points here.
        <div
          key={option.userid}
          id={optionId(id, index)}
          role="option"
          aria-selected={index === active}
          className={index === active ? `${styles.option} ${styles.optionActive}` : styles.option}
          onPointerDown={(event) => event.preventDefault()}
          onPointerMove={() => onHover(index)}
          onClick={() => onChoose(option)}
        >
          {option.userid === "all" ? (
            <span className={styles.allIcon}>
              <TeamOutlined aria-hidden />
            </span>
          ) : (
            <Avatar id={option.userid} name={option.name} size={26} />
          )}
          <span>{option.name}</span>
          <small>{option.detail}</small>
        </div>
      ))}
    </div>
  );
}
