import { FolderOutlined, RightOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "../ui/IconButton";
import { ErrorState, SkeletonRows } from "../ui/states";
import type { ChosenDepartment } from "./PeoplePicker";
import styles from "./people.module.css";
import { departmentChildrenQuery } from "./queries";

/** One department, found by going down the tree. */
export function DepartmentPicker({ onChoose }: { onChoose: (department: ChosenDepartment) => void }) {
  const { t } = useTranslation();
  const [path, setPath] = useState<ChosenDepartment[]>([]);
  const children = useQuery(departmentChildrenQuery(path.at(-1)?.id ?? "root"));
  return (
    <div className={styles.departments}>
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
      {children.isPending && <SkeletonRows rows={4} />}
      {children.isError && <ErrorState error={children.error} onRetry={() => void children.refetch()} />}
      {children.data?.length === 0 && <p className={styles.quiet}>{t("people.noDepartments")}</p>}
      {children.data?.map(({ id, name, member_count }) => (
        <div key={id} className={styles.department}>
          <button type="button" className={styles.option} onClick={() => onChoose({ id, name })}>
            <FolderOutlined aria-hidden className={styles.mark} />
            <span className={styles.optionText}>
              {name}
              <small>{t("people.count", { count: member_count })}</small>
            </span>
          </button>
          <IconButton
            className={styles.deeper}
            label={t("people.departmentsBelow", { name })}
            icon={<RightOutlined aria-hidden />}
            onClick={() => setPath([...path, { id, name }])}
          />
        </div>
      ))}
    </div>
  );
}
