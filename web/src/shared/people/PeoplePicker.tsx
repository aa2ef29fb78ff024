import { CheckOutlined, CloseOutlined, FolderOutlined, RightOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import type { MemberBrief } from "@/api/types";
import { Avatar } from "../ui/Avatar";
import { IconButton } from "../ui/IconButton";
import { ErrorState, SkeletonRows } from "../ui/states";
import styles from "./people.module.css";
import { departmentChildrenQuery, useDepartmentMembers, useMemberSearch } from "./queries";

export interface Person {
  userid: string;
  name: string;
}

export interface ChosenDepartment {
  id: string;
  name: string;
}

interface PeoplePickerProps {
  chosen: readonly Person[];
  onChange: (chosen: Person[]) => void;
  /** Userids that cannot be chosen: they are already there. */
  excluded?: ReadonlySet<string>;
  /** With these, whole departments can be chosen too. */
  departments?: readonly ChosenDepartment[];
  onDepartmentsChange?: (chosen: ChosenDepartment[]) => void;
}

const nobody: ReadonlySet<string> = new Set();
const noDepartments: readonly ChosenDepartment[] = [];

/** Choose people from the departments or by search; whoever is chosen stands on the other side. */
export function PeoplePicker({
  chosen,
  onChange,
  excluded = nobody,
  departments = noDepartments,
  onDepartmentsChange,
}: PeoplePickerProps) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const query = useDeferredValue(text.trim());
  const ids = new Set(chosen.map((person) => person.userid));
  const toggle = ({ userid, name }: Person) => {
    onChange(ids.has(userid) ? chosen.filter((p) => p.userid !== userid) : [...chosen, { userid, name }]);
  };
  const toggleDepartment =
    onDepartmentsChange &&
    (({ id, name }: ChosenDepartment) => {
      const others = departments.filter((department) => department.id !== id);
      onDepartmentsChange(others.length < departments.length ? others : [...departments, { id, name }]);
    });
  const departmentIds = new Set(departments.map(({ id }) => id));
  const selection = { ids, excluded, toggle, departmentIds, toggleDepartment };
  return (
    <div className={styles.picker}>
      <div className={styles.source}>
        <div className={styles.search}>
          <Input
            autoFocus
            allowClear
            placeholder={t("people.searchHint")}
            aria-label={t("people.search")}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
        {query ? <Found query={query} selection={selection} /> : <Tree selection={selection} />}
      </div>
      <div className={styles.chosen}>
        <div className={styles.chosenHead}>
          {departments.length > 0
            ? t("people.chosenItems", { count: chosen.length + departments.length })
            : t("people.chosen", { count: chosen.length })}
        </div>
        <ul className={styles.options} style={{ margin: 0, padding: 0, listStyle: "none" }}>
          {departments.map((department) => (
            <li key={department.id} className={styles.option}>
              <FolderOutlined aria-hidden className={styles.mark} />
              <span className={styles.optionText}>{department.name}</span>
              <IconButton
                label={t("people.unchoose", { name: department.name })}
                icon={<CloseOutlined aria-hidden />}
                onClick={() => toggleDepartment?.(department)}
              />
            </li>
          ))}
          {chosen.map((person) => (
            <li key={person.userid} className={styles.option}>
              <Avatar id={person.userid} name={person.name} size={28} />
              <span className={styles.optionText}>{person.name}</span>
              <IconButton
                label={t("people.unchoose", { name: person.name })}
                icon={<CloseOutlined aria-hidden />}
                onClick={() => toggle(person)}
              />
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

interface Selection {
  ids: ReadonlySet<string>;
  excluded: ReadonlySet<string>;
  toggle: (person: Person) => void;
  departmentIds: ReadonlySet<string>;
  toggleDepartment?: (department: ChosenDepartment) => void;
}

function Option({ member, selection }: { member: MemberBrief; selection: Selection }) {
  const already = selection.excluded.has(member.userid);
  const checked = already || selection.ids.has(member.userid);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a checkbox input cannot hold an avatar and two lines.
    <button
      type="button"
      role="checkbox"
      aria-checked={checked}
      aria-label={member.name}
      disabled={already}
      className={styles.option}
      onClick={() => selection.toggle(member)}
    >
      <Avatar id={member.userid} name={member.name} size={30} />
      <span className={styles.optionText}>
        {member.name}
        <small>{[member.main_department?.name, member.title].filter(Boolean).join(" · ")}</small>
      </span>
      {checked && <CheckOutlined aria-hidden className={styles.mark} />}
    </button>
  );
}

function Found({ query, selection }: { query: string; selection: Selection }) {
  const { t } = useTranslation();
  const search = useMemberSearch(query);
  if (search.isError) return <ErrorState error={search.error} onRetry={() => void search.refetch()} />;
  if (!search.data) return <SkeletonRows rows={4} />;
  if (search.data.items.length === 0) return <p className={styles.quiet}>{t("people.none")}</p>;
  return (
    <div className={styles.options}>
      {search.data.items.map((member) => (
        <Option key={member.userid} member={member} selection={selection} />
      ))}
    </div>
  );
}

function Tree({ selection }: { selection: Selection }) {
  const { t } = useTranslation();
  const [path, setPath] = useState<{ id: string; name: string }[]>([]);
  const here = path.at(-1)?.id ?? "root";
  const children = useQuery(departmentChildrenQuery(here));
  const members = useDepartmentMembers(here);
  const people = members.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <div className={styles.path}>
        <button type="button" onClick={() => setPath([])}>
          {t("people.organisation")}
        </button>
        {path.map((step, index) => (
          <span key={step.id}>
            {" / "}
            <button type="button" onClick={() => setPath(path.slice(0, index + 1))}>
              {step.name}
            </button>
          </span>
        ))}
      </div>
      <div className={styles.options}>
        {children.isPending && <SkeletonRows rows={4} />}
        {children.isError && <ErrorState error={children.error} onRetry={() => void children.refetch()} />}
        {children.data?.map((department) => (
          <div key={department.id} className={styles.department}>
            {selection.toggleDepartment && (
              <input
                type="checkbox"
                className={styles.whole}
                aria-label={t("people.wholeDepartment", { name: department.name })}
                checked={selection.departmentIds.has(department.id)}
                onChange={() => selection.toggleDepartment?.(department)}
              />
            )}
            <button
              type="button"
              className={styles.option}
              onClick={() => setPath([...path, { id: department.id, name: department.name }])}
            >
              <FolderOutlined aria-hidden className={styles.mark} />
              <span className={styles.optionText}>
                {department.name}
                <small>{t("people.count", { count: department.member_count })}</small>
              </span>
              <RightOutlined aria-hidden />
            </button>
          </div>
        ))}
        {people.map((member) => (
          <Option key={member.userid} member={member} selection={selection} />
        ))}
        {members.hasNextPage && (
          <Button type="link" block onClick={() => void members.fetchNextPage()}>
            {t("action.more")}
          </Button>
        )}
      </div>
    </>
  );
}
