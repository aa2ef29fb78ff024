import { CloseOutlined, PlusOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { newId } from "@/api/client";
import { changeFolder, makeFolder } from "@/api/endpoints";
import type { Folder, FolderRule } from "@/api/types";
import { foldersQuery, putFolder } from "@/shared/chat/folders";
import { DepartmentPicker } from "@/shared/people/DepartmentPicker";
import { departmentQuery } from "@/shared/people/queries";
import { useMe } from "@/shared/session/me";
import { Dialog } from "@/shared/ui/Dialog";
import { IconButton } from "@/shared/ui/IconButton";
import { toastError } from "@/shared/ui/toast";
import styles from "./folders.module.css";
import { foldersPower } from "./rights";

const ruleLabels = {
  direct: "folders.ruleDirect",
  groups: "folders.ruleGroups",
  department: "folders.ruleDepartment",
  mine: "folders.ruleMine",
  muted: "folders.ruleMuted",
  robots: "folders.ruleRobots",
} as const;

type RuleKind = FolderRule["kind"];
interface RuleDraft {
  key: string;
  kind: RuleKind;
  departmentId: string | null;
  subtree: boolean;
}

const mostRules = 20;
const longestName = 64;

function draftOf(rule: FolderRule): RuleDraft {
  const department = rule.kind === "department" ? rule : null;
  return {
    key: newId(),
    kind: rule.kind,
    departmentId: department?.department_id ?? null,
    subtree: department?.subtree ?? false,
  };
}

function ruleOf({ kind, departmentId, subtree }: RuleDraft): FolderRule | null {
  if (kind !== "department") return { kind };
  return departmentId ? { kind, department_id: departmentId, subtree } : null;
}

/** A new folder, or another name and other rules for one. */
export function FolderForm({ folder, onClose }: { folder?: Folder; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const manages = useMe().powers.includes(foldersPower);
  const nameId = useId();
  const [name, setName] = useState(folder?.name ?? "");
  const [scope, setScope] = useState<Folder["scope"]>("personal");
  const [drafts, setDrafts] = useState<RuleDraft[]>(() => (folder?.rules ?? []).map(draftOf));
  const [busy, setBusy] = useState(false);
  const [clientId] = useState(newId);
  const rules = drafts.map(ruleOf).filter((rule): rule is FolderRule => rule !== null);
  const complete = rules.length === drafts.length;
  const change = (key: string, part: Partial<RuleDraft>) =>
    setDrafts(drafts.map((draft) => (draft.key === key ? { ...draft, ...part } : draft)));

  const save = async () => {
    setBusy(true);
    try {
      const saved = folder
        ? await changeFolder(folder.id, { revision: folder.revision, name: name.trim(), rules })
        : await makeFolder({ client_id: clientId, name: name.trim(), scope, rules });
      putFolder(client, saved);
      void client.invalidateQueries({ queryKey: ["conversations"] });
      onClose();
    } catch (error) {
      void client.invalidateQueries({ queryKey: foldersQuery.queryKey });
      toastError(error);
      setBusy(false);
    }
  };

  return (
    <Dialog
      title={folder ? t("folders.edit") : t("folders.new")}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button
            type="primary"
            disabled={!name.trim() || !complete}
            loading={busy}
            onClick={() => void save()}
          >
            {t("action.save")}
          </Button>
        </>
      }
    >
      <div className={styles.form}>
        <label htmlFor={nameId}>{t("folders.name")}</label>
        <Input
          id={nameId}
          autoFocus
          maxLength={longestName}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        {!folder && manages && (
          <label className={styles.scope}>
            {t("folders.for")}
            <select
              className={styles.field}
              value={scope}
              onChange={(event) => setScope(event.target.value as Folder["scope"])}
            >
              <option value="personal">{t("folders.forMe")}</option>
              <option value="organisation">{t("folders.forAll")}</option>
            </select>
          </label>
        )}
        <fieldset>
          <legend>{t("folders.rules")}</legend>
          <p className={styles.text}>{t("folders.rulesText")}</p>
          <ul className={styles.rules}>
            {drafts.map((draft, index) => (
              <li key={draft.key}>
                <div className={styles.ruleRow}>
                  <select
                    className={styles.field}
                    aria-label={t("folders.ruleNumber", { number: index + 1 })}
                    value={draft.kind}
                    onChange={(event) => change(draft.key, { kind: event.target.value as RuleKind })}
                  >
                    {(Object.keys(ruleLabels) as RuleKind[]).map((kind) => (
                      <option key={kind} value={kind}>
                        {t(ruleLabels[kind])}
                      </option>
                    ))}
                  </select>
                  <IconButton
                    label={t("folders.removeRule", { number: index + 1 })}
                    icon={<CloseOutlined aria-hidden />}
                    onClick={() => setDrafts(drafts.filter(({ key }) => key !== draft.key))}
                  />
                </div>
                {draft.kind === "department" && (
                  <OfDepartment draft={draft} onChange={(part) => change(draft.key, part)} />
                )}
              </li>
            ))}
          </ul>
          <Button
            size="small"
            icon={<PlusOutlined aria-hidden />}
            disabled={drafts.length >= mostRules}
            onClick={() => setDrafts([...drafts, draftOf({ kind: "groups" })])}
          >
            {t("folders.addRule")}
          </Button>
        </fieldset>
      </div>
    </Dialog>
  );
}

function OfDepartment({
  draft,
  onChange,
}: {
  draft: RuleDraft;
  onChange: (part: Partial<RuleDraft>) => void;
}) {
  const { t } = useTranslation();
  const [picking, setPicking] = useState(draft.departmentId === null);
  const named = useQuery({
    ...departmentQuery(draft.departmentId ?? ""),
    enabled: draft.departmentId !== null,
  });
  return (
    <div className={styles.department}>
      <Button onClick={() => setPicking(true)}>
        {draft.departmentId ? (named.data?.name ?? "…") : t("folders.chooseDepartment")}
      </Button>
      <label className={styles.subtree}>
        <input
          type="checkbox"
          checked={draft.subtree}
          onChange={(event) => onChange({ subtree: event.target.checked })}
        />
        {t("folders.subtree")}
      </label>
      {picking && (
        <Dialog title={t("folders.chooseDepartment")} onClose={() => setPicking(false)}>
          <DepartmentPicker
            onChoose={({ id }) => {
              onChange({ departmentId: id });
              setPicking(false);
            }}
          />
        </Dialog>
      )}
    </div>
  );
}
