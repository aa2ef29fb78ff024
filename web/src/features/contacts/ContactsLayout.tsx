import { SearchOutlined } from "@ant-design/icons";
import { Input } from "antd";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, Outlet, useParams } from "react-router";
import { useMemberSearch } from "@/shared/people/queries";
import { PersonRow, personRowClass } from "@/shared/ui/PersonRow";
import { EmptyState, ErrorState, SkeletonRows } from "@/shared/ui/states";
import styles from "./contacts.module.css";
import { DepartmentTree } from "./DepartmentTree";

/** The tree (or what a search found) on one side, a department or member on the other. */
export function ContactsLayout() {
  const { t } = useTranslation();
  const { departmentId, userid } = useParams();
  const [text, setText] = useState("");
  const query = useDeferredValue(text.trim());
  const deep = departmentId !== undefined || userid !== undefined;
  return (
    <div className={deep ? `${styles.page} ${styles.deep}` : styles.page}>
      <nav className={styles.side} aria-label={t("contacts.title")}>
        <div className={styles.sideHead}>
          <Input
            allowClear
            variant="filled"
            prefix={<SearchOutlined aria-hidden />}
            placeholder={t("people.searchHint")}
            aria-label={t("people.search")}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
        <div className={styles.sideBody}>
          {query ? <SearchResults query={query} /> : <DepartmentTree selectedId={departmentId ?? null} />}
        </div>
      </nav>
      <main className={styles.main}>
        <Outlet />
      </main>
    </div>
  );
}

function SearchResults({ query }: { query: string }) {
  const { t } = useTranslation();
  const search = useMemberSearch(query);
  if (search.isError) return <ErrorState error={search.error} onRetry={() => void search.refetch()} />;
  if (!search.data) return <SkeletonRows rows={6} />;
  if (search.data.items.length === 0) {
    return <EmptyState title={t("people.none")} text={t("people.noneText")} />;
  }
  return (
    <ul className={styles.found} aria-label={t("contacts.found")}>
      {search.data.items.map((member) => (
        <li key={member.userid}>
          <Link className={personRowClass} to={`/contacts/members/${encodeURIComponent(member.userid)}`}>
            <PersonRow
              userid={member.userid}
              name={member.name}
              detail={[member.main_department?.name, member.title].filter(Boolean).join(" · ")}
            />
          </Link>
        </li>
      ))}
    </ul>
  );
}
