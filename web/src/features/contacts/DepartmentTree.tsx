import { CaretRightOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { createContext, type KeyboardEvent, useContext, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { Department } from "@/api/types";
import { departmentChildrenQuery, departmentQuery } from "@/shared/people/queries";
import { EmptyState, ErrorState, SkeletonRows } from "@/shared/ui/states";
import styles from "./contacts.module.css";

interface TreeState {
  selectedId: string | null;
  open: ReadonlySet<string>;
  toggle: (id: string, open: boolean) => void;
}

const TreeContext = createContext<TreeState>({ selectedId: null, open: new Set(), toggle: () => {} });

const itemSelector = "[role=treeitem]";

/** Arrow keys as a tree has them: up and down over what is visible, right opens, left closes or goes to the parent. */
function onTreeKey(event: KeyboardEvent<HTMLElement>, toggle: TreeState["toggle"]): void {
  const current = (event.target as HTMLElement).closest<HTMLElement>(itemSelector);
  if (!current) return;
  const all = Array.from(event.currentTarget.querySelectorAll<HTMLElement>(itemSelector));
  const index = all.indexOf(current);
  const id = current.dataset.id ?? "";
  const expanded = current.getAttribute("aria-expanded");
  const level = Number(current.ariaLevel);
  const parent = all.slice(0, index).findLast((item) => Number(item.ariaLevel) < level);
  const targets: Record<string, HTMLElement | null | undefined> = {
    ArrowDown: all[index + 1],
    ArrowUp: all[index - 1],
    Home: all[0],
    End: all.at(-1),
    ArrowRight: all[index + 1],
    ArrowLeft: parent,
  };
  if (!Object.hasOwn(targets, event.key)) return;
  event.preventDefault();
  event.stopPropagation();
  if (event.key === "ArrowRight" && expanded === "false") toggle(id, true);
  else if (event.key === "ArrowLeft" && expanded === "true") toggle(id, false);
  else targets[event.key]?.focus();
}

export function DepartmentTree({ selectedId }: { selectedId: string | null }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const roots = useQuery(departmentChildrenQuery("root"));
  const selected = useQuery({ ...departmentQuery(selectedId ?? ""), enabled: selectedId !== null });

  // An address of a deep department opens the way to it.
  const path = selected.data?.path;
  useEffect(() => {
    if (path) setOpen((held) => new Set([...held, ...path.map((step) => step.id)]));
  }, [path]);

  const state = useMemo<TreeState>(
    () => ({
      selectedId,
      open,
      toggle: (id, wanted) =>
        setOpen((held) => {
          const next = new Set(held);
          if (wanted) next.add(id);
          else next.delete(id);
          return next;
        }),
    }),
    [selectedId, open],
  );

  if (roots.isError) return <ErrorState error={roots.error} onRetry={() => void roots.refetch()} />;
  if (!roots.data) return <SkeletonRows rows={7} avatar={false} />;
  if (roots.data.length === 0) {
    return <EmptyState title={t("contacts.empty")} text={t("contacts.emptyText")} />;
  }
  return (
    <TreeContext.Provider value={state}>
      <div
        role="tree"
        aria-label={t("contacts.tree")}
        data-testid="department-tree"
        className={styles.tree}
        onKeyDown={(event) => onTreeKey(event, state.toggle)}
      >
        {roots.data.map((department, index) => (
          <Branch
            key={department.id}
            department={department}
            level={1}
            entry={index === 0 && selectedId === null}
          />
        ))}
      </div>
    </TreeContext.Provider>
  );
}

interface BranchProps {
  department: Department;
  level: number;
  /** Where Tab enters the tree when nothing is selected. */
  entry: boolean;
}

function Branch({ department, level, entry }: BranchProps) {
  const navigate = useNavigate();
  const { selectedId, open, toggle } = useContext(TreeContext);
  const { id, name, child_count, member_count } = department;
  const hasChildren = child_count > 0;
  const isOpen = hasChildren && open.has(id);
  const isSelected = id === selectedId;
  const choose = () => {
    if (hasChildren) toggle(id, true);
    navigate(`/contacts/departments/${id}`);
  };
  return (
    <>
      <div
        role="treeitem"
        tabIndex={isSelected || entry ? 0 : -1}
        aria-level={level}
        aria-selected={isSelected}
        aria-expanded={hasChildren ? isOpen : undefined}
        data-id={id}
        className={isSelected ? `${styles.node} ${styles.nodeSelected}` : styles.node}
        style={{ paddingInlineStart: 6 + (level - 1) * 16 }}
        onClick={choose}
        onKeyDown={(event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          choose();
        }}
      >
        {/* The mouse's way to open without choosing; the keyboard has the arrows. */}
        <span
          aria-hidden="true"
          className={isOpen ? `${styles.fold} ${styles.foldOpen}` : styles.fold}
          onClick={(event) => {
            if (!hasChildren) return;
            event.stopPropagation();
            toggle(id, !isOpen);
          }}
        >
          {hasChildren && <CaretRightOutlined aria-hidden />}
        </span>
        <span className={styles.nodeName}>{name}</span>
        <span className={styles.nodeCount}>{member_count}</span>
      </div>
      {isOpen && <Children parentId={id} level={level + 1} />}
    </>
  );
}

function Children({ parentId, level }: { parentId: string; level: number }) {
  const { t } = useTranslation();
  const children = useQuery(departmentChildrenQuery(parentId));
  if (children.isError) {
    return (
      <button type="button" className={styles.retry} onClick={() => void children.refetch()}>
        {t("action.tryAgain")}
      </button>
    );
  }
  if (!children.data) return <SkeletonRows rows={2} avatar={false} />;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is no branch of a tree.
    <div role="group">
      {children.data.map((department) => (
        <Branch key={department.id} department={department} level={level} entry={false} />
      ))}
    </div>
  );
}
