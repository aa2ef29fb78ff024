import { FolderOutlined, LeftOutlined, RightOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { Virtuoso } from "react-virtuoso";
import type { Department } from "@/api/types";
import { departmentChildrenQuery, departmentQuery, useDepartmentMembers } from "@/shared/people/queries";
import { PersonRow, personRowClass } from "@/shared/ui/PersonRow";
import { EmptyState, ErrorState, SkeletonRows } from "@/shared/ui/states";
import styles from "./contacts.module.css";

const noDepartments: Department[] = [];

/** The departments below stand before the people: on a phone there is no other way down. */
function Below({ context }: { context?: Department[] }) {
  const { t } = useTranslation();
  return (
    <>
      {context?.map((department) => (
        <Link key={department.id} className={personRowClass} to={`/contacts/departments/${department.id}`}>
          <span className={styles.folder}>
            <FolderOutlined aria-hidden />
          </span>
          <span className={styles.folderName}>{department.name}</span>
          <span className={styles.count}>{t("people.count", { count: department.member_count })}</span>
          <RightOutlined aria-hidden className={styles.count} />
        </Link>
      ))}
    </>
  );
}

const listParts = { Header: Below };

export function DepartmentPage() {
  const { t } = useTranslation();
  const { departmentId = "" } = useParams();
  const department = useQuery(departmentQuery(departmentId));
  const members = useDepartmentMembers(departmentId);
  const people = members.data?.pages.flatMap((page) => page.items);
  const children = useQuery(departmentChildrenQuery(departmentId));
  const name = department.data?.name;
  useEffect(() => {
    if (name) document.title = `${name} · Pegboard`;
  }, [name]);

  if (department.isError) {
    return <ErrorState error={department.error} onRetry={() => void department.refetch()} />;
  }
  if (!department.data) return <SkeletonRows />;
  const { path, member_count, leaders, conversation_id } = department.data;
  const leading = new Set(leaders.map((leader) => leader.userid));
  const above = path.filter((step) => step.id !== departmentId);
  return (
    <>
      <header className={styles.head}>
        <Link to="/contacts" className={styles.back} aria-label={t("action.back")}>
          <LeftOutlined aria-hidden />
        </Link>
        <div className={styles.headText}>
          {above.length > 0 && (
            <div className={styles.crumbs}>
              {above.map((step) => (
                <span key={step.id}>
                  <Link to={`/contacts/departments/${step.id}`}>{step.name}</Link>
                  {" / "}
                </span>
              ))}
            </div>
          )}
          <h1>
            {department.data.name}{" "}
            <span className={styles.count}>{t("people.count", { count: member_count })}</span>
          </h1>
        </div>
        {conversation_id && <Link to={`/messages/${conversation_id}`}>{t("contacts.toChat")}</Link>}
      </header>
      <div className={styles.body}>
        {members.isError ? (
          <ErrorState error={members.error} onRetry={() => void members.refetch()} />
        ) : !people ? (
          <SkeletonRows />
        ) : people.length === 0 && children.data?.length === 0 ? (
          <EmptyState title={t("contacts.noMembers")} text={t("contacts.noMembersText")} />
        ) : (
          <Virtuoso
            key={departmentId}
            context={children.data ?? noDepartments}
            components={listParts}
            data={people}
            tabIndex={-1}
            computeItemKey={(_index, member) => member.userid}
            endReached={() => members.hasNextPage && void members.fetchNextPage()}
            itemContent={(_index, member) => (
              <Link className={personRowClass} to={`/contacts/members/${encodeURIComponent(member.userid)}`}>
                <PersonRow
                  userid={member.userid}
                  name={member.name}
                  detail={member.title}
                  tags={leading.has(member.userid) ? [t("contacts.leader")] : []}
                />
              </Link>
            )}
          />
        )}
      </div>
    </>
  );
}
