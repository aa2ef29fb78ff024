import { UploadOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Checkbox, Progress, Steps } from "antd";
import { type DragEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { fetchImport, startImport } from "@/api/endpoints";
import type { Import } from "@/api/types";
import { currentLanguage } from "@/shared/i18n";
import { useMe } from "@/shared/session/me";
import { fileSize } from "@/shared/time";
import { EmptyState, ErrorState } from "@/shared/ui/states";
import { ErrorTable } from "./ErrorTable";
import styles from "./imports.module.css";

const pollMs = 700;

const ended = (state: Import["state"]) => state === "done" || state === "refused";

/** Follows an import while it works. */
function useImport(id: string | null) {
  return useQuery({
    queryKey: ["import", id],
    queryFn: ({ signal }) => fetchImport(id ?? "", signal),
    enabled: id !== null,
    refetchInterval: (query) => (query.state.data && ended(query.state.data.state) ? false : pollMs),
  });
}

export function ImportPage() {
  const { t } = useTranslation();
  const me = useMe();
  useEffect(() => {
    document.title = `${t("import.title")} · Pegboard`;
  }, [t]);
  if (!me.powers.includes("directory.import")) {
    return (
      <main className={styles.page}>
        <EmptyState title={t("state.noPermission")} text={t("import.noPermissionText")} />
      </main>
    );
  }
  return (
    <main className={styles.page}>
      <div className={styles.inner}>
        <h1>{t("import.title")}</h1>
        <ImportSteps />
      </div>
    </main>
  );
}

/** First a trial that stores nothing, then, when its result pleases, the same file for good. */
function ImportSteps() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [trialId, setTrialId] = useState<string | null>(null);
  const [importId, setImportId] = useState<string | null>(null);
  const [skipErrors, setSkipErrors] = useState(false);
  const [starting, setStarting] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const trial = useImport(trialId);
  const real = useImport(importId);
  const finished = real.data && ended(real.data.state);

  useEffect(() => {
    if (!finished) return;
    for (const key of ["departments", "department", "department-members", "member-search"]) {
      void client.invalidateQueries({ queryKey: [key] });
    }
  }, [finished, client]);

  const reset = () => {
    setFile(null);
    setTrialId(null);
    setImportId(null);
    setSkipErrors(false);
    setError(null);
  };
  const start = async (chosen: File, dryRun: boolean, skip: boolean) => {
    setStarting(true);
    setError(null);
    try {
      const { id } = await startImport(chosen, { dryRun, skipErrors: skip });
      if (dryRun) setTrialId(id);
      else setImportId(id);
    } catch (refusal) {
      setError(refusal);
    } finally {
      setStarting(false);
    }
  };
  /** What would remain without the wrong rows is the server's to say: another trial. */
  const trySkipping = (skip: boolean) => {
    setSkipErrors(skip);
    if (file) void start(file, true, skip);
  };
  const choose = (chosen: File) => {
    setFile(chosen);
    setTrialId(null);
    setImportId(null);
    void start(chosen, true, false);
  };

  const step = importId ? 2 : file ? 1 : 0;
  return (
    <>
      <Steps
        size="small"
        responsive={false}
        className={styles.steps}
        current={step}
        items={[
          { title: t("import.stepFile") },
          { title: t("import.stepCheck") },
          { title: t("import.stepImport") },
        ]}
      />
      {!file && <FileChooser onChoose={choose} />}
      {file && (
        <p className={styles.fileLine}>
          <strong>{file.name}</strong> {fileSize(file.size, currentLanguage())}
          {!importId && <Button onClick={reset}>{t("import.otherFile")}</Button>}
        </p>
      )}
      {error !== null && (
        <ErrorState
          error={error}
          onRetry={file ? () => void start(file, importId === null && !trial.data, skipErrors) : reset}
        />
      )}
      {trial.isError && <ErrorState error={trial.error} onRetry={() => void trial.refetch()} />}
      {real.isError && <ErrorState error={real.error} onRetry={() => void real.refetch()} />}
      {file && !importId && error === null && (
        <Working job={trial.data} busy={starting || (trialId !== null && trial.isPending)} />
      )}
      {trial.data && ended(trial.data.state) && !importId && file && (
        <TrialResult
          job={trial.data}
          skipErrors={skipErrors}
          onSkipErrors={trySkipping}
          busy={starting}
          onImport={() => void start(file, false, skipErrors)}
        />
      )}
      {importId && <Working job={real.data} busy={real.isPending} />}
      {finished && real.data && <FinalResult job={real.data} onAgain={reset} />}
    </>
  );
}

const accepted = ".csv,.xlsx";

function FileChooser({ onChoose }: { onChoose: (file: File) => void }) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  const [dragging, setDragging] = useState(false);
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setDragging(false);
    const file = event.dataTransfer.files[0];
    if (file) onChoose(file);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is the mouse's way; the button is everybody's.
    <div
      className={dragging ? `${styles.drop} ${styles.dropOver}` : styles.drop}
      onDragOver={(event) => {
        event.preventDefault();
        setDragging(true);
      }}
      onDragLeave={() => setDragging(false)}
      onDrop={onDrop}
    >
      <UploadOutlined aria-hidden className={styles.dropIcon} />
      <p>{t("import.drop")}</p>
      <Button type="primary" onClick={() => input.current?.click()}>
        {t("import.choose")}
      </Button>
      <input
        ref={input}
        type="file"
        hidden
        accept={accepted}
        aria-label={t("import.choose")}
        data-testid="import-input"
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = "";
          if (file) onChoose(file);
        }}
      />
      <p className={styles.quiet}>{t("import.columns")}</p>
      <p className={styles.quiet}>
        <code>userid, name, mobile, email, title, departments, manager_userid, password</code>
      </p>
    </div>
  );
}

function Working({ job, busy }: { job: Import | undefined; busy: boolean }) {
  const { t } = useTranslation();
  if (job && ended(job.state)) return null;
  if (!job && !busy) return null;
  const percent = job && job.rows_total > 0 ? Math.floor((job.rows_done / job.rows_total) * 100) : 0;
  return (
    <div className={styles.working} role="status">
      <Progress percent={percent} status="active" aria-label={t("import.progress")} />
      <p className={styles.quiet}>
        {job && job.rows_total > 0
          ? t("import.rows", { done: job.rows_done, total: job.rows_total })
          : t("import.queued")}
      </p>
      <p className={styles.quiet}>{t("import.mayLeave")}</p>
    </div>
  );
}

function Counts({ job }: { job: Import }) {
  const { t } = useTranslation();
  const counts = [
    [t("import.rowCount"), job.rows_total],
    [t("import.memberCount"), job.members],
    [t("import.departmentCount"), job.departments],
    [t("import.errorCount"), job.errors_total],
    ...(job.dry_run
      ? []
      : ([
          [t("import.createdCount"), job.created],
          [t("import.changedCount"), job.changed],
          [t("import.invitedCount"), job.invited],
        ] as const)),
  ] as const;
  return (
    <dl className={styles.counts} data-testid="import-counts">
      {counts.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value.toLocaleString(currentLanguage())}</dd>
        </div>
      ))}
    </dl>
  );
}

interface TrialResultProps {
  job: Import;
  skipErrors: boolean;
  onSkipErrors: (skip: boolean) => void;
  busy: boolean;
  onImport: () => void;
}

function TrialResult({ job, skipErrors, onSkipErrors, busy, onImport }: TrialResultProps) {
  const { t } = useTranslation();
  const clean = job.errors_total === 0;
  const usable = clean || skipErrors;
  return (
    <section aria-label={t("import.stepCheck")} className={styles.result}>
      <Alert
        showIcon
        type={clean ? "success" : "warning"}
        title={clean ? t("import.clean") : t("import.hasErrors", { count: job.errors_total })}
        description={clean ? undefined : t("import.hasErrorsText")}
      />
      <Counts job={job} />
      {!clean && <ErrorTable errors={job.errors} total={job.errors_total} />}
      <div className={styles.actions}>
        {!clean && (
          <Checkbox checked={skipErrors} onChange={(event) => onSkipErrors(event.target.checked)}>
            {t("import.skipErrors")}
          </Checkbox>
        )}
        <Button
          type="primary"
          disabled={!usable}
          loading={busy}
          onClick={onImport}
          data-testid="import-start"
        >
          {t("import.start", { count: job.members })}
        </Button>
      </div>
    </section>
  );
}

function FinalResult({ job, onAgain }: { job: Import; onAgain: () => void }) {
  const { t } = useTranslation();
  const done = job.state === "done";
  return (
    <section aria-label={t("import.stepImport")} className={styles.result} data-testid="import-result">
      <Alert
        showIcon
        type={done ? "success" : "error"}
        title={done ? t("import.done", { count: job.members }) : t("import.refused")}
        description={done ? undefined : t("import.refusedText")}
      />
      <Counts job={job} />
      {job.errors.length > 0 && <ErrorTable errors={job.errors} total={job.errors_total} />}
      <div className={styles.actions}>
        <Button onClick={onAgain}>{t("import.again")}</Button>
        {done && <Link to="/contacts">{t("import.toContacts")}</Link>}
      </div>
    </section>
  );
}
