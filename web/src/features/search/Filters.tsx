import { useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { useConversations } from "@/shared/chat/conversations";
import { memberQuery, useMemberSearch } from "@/shared/people/queries";
import type { SearchQuery } from "./query";
import styles from "./search.module.css";

const kinds = [
  ["text", "search.kindText"],
  ["markdown", "search.kindMarkdown"],
  ["file", "search.kindFile"],
  ["link", "search.kindLink"],
  ["forward", "search.kindForward"],
] as const;

interface FiltersProps {
  query: SearchQuery;
  onChange: (change: Partial<SearchQuery>) => void;
}

/** Where, by whom, of what kind, and when. */
export function Filters({ query, onChange }: FiltersProps) {
  const { t } = useTranslation();
  const { conversations = [] } = useConversations();
  return (
    <div className={styles.filters}>
      <Select
        className={styles.filter}
        showSearch={{ optionFilterProp: "label" }}
        allowClear
        aria-label={t("search.conversation")}
        placeholder={t("search.conversation")}
        value={query.conversationId}
        options={conversations.map(({ id, name }) => ({ value: id, label: name }))}
        notFoundContent={t("conversations.noMatch")}
        onChange={(conversationId) => onChange({ conversationId: conversationId ?? null })}
      />
      <SenderFilter sender={query.sender} onChange={(sender) => onChange({ sender })} />
      <Select
        className={styles.filter}
        allowClear
        aria-label={t("search.kind")}
        placeholder={t("search.kind")}
        value={query.kind}
        options={kinds.map(([value, label]) => ({ value, label: t(label) }))}
        onChange={(kind) => onChange({ kind: kind ?? null })}
      />
      <div className={styles.days}>
        <input
          type="date"
          className={styles.day}
          aria-label={t("search.from")}
          title={t("search.from")}
          max={query.to ?? undefined}
          value={query.from ?? ""}
          onChange={(event) => onChange({ from: event.target.value || null })}
        />
        <span aria-hidden="true">–</span>
        <input
          type="date"
          className={styles.day}
          aria-label={t("search.to")}
          title={t("search.to")}
          min={query.from ?? undefined}
          value={query.to ?? ""}
          onChange={(event) => onChange({ to: event.target.value || null })}
        />
      </div>
    </div>
  );
}

/** The server finds people by name, pinyin and initials. */
function SenderFilter({
  sender,
  onChange,
}: {
  sender: string | null;
  onChange: (sender: string | null) => void;
}) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const found = useMemberSearch(useDeferredValue(text));
  const chosen = useQuery({ ...memberQuery(sender ?? ""), enabled: sender !== null }).data;
  const options = (text.trim() ? (found.data?.items ?? []) : []).map(({ userid, name, title }) => ({
    value: userid,
    label: title ? `${name} · ${title}` : name,
  }));
  if (sender !== null && !options.some(({ value }) => value === sender)) {
    options.unshift({ value: sender, label: chosen?.name ?? sender });
  }
  return (
    <Select
      className={styles.filter}
      showSearch={{ filterOption: false, onSearch: setText }}
      allowClear
      aria-label={t("search.sender")}
      placeholder={t("search.sender")}
      value={sender}
      options={options}
      notFoundContent={text.trim() ? t("people.none") : t("people.searchHint")}
      onChange={(userid) => onChange(userid ?? null)}
    />
  );
}
