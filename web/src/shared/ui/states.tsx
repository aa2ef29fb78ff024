import { Button } from "antd";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { describeError } from "./describeError";
import styles from "./ui.module.css";

/** Shows its children only after a wait, so that what is fast does not flicker. */
export function Delayed({ children, after = 150 }: { children: ReactNode; after?: number }) {
  const [due, setDue] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setDue(true), after);
    return () => clearTimeout(timer);
  }, [after]);
  return due ? children : null;
}

const widths = ["62%", "45%", "71%", "53%", "66%", "40%", "58%", "49%"];

/** Grey rows in the shape of a list. */
export function SkeletonRows({ rows = 6, avatar = true }: { rows?: number; avatar?: boolean }) {
  const { t } = useTranslation();
  return (
    <Delayed>
      <div className={styles.skeleton} role="status" aria-label={t("state.loading")}>
        {widths.slice(0, rows).map((width) => (
          <div key={width} className={styles.skeletonRow}>
            {avatar && <span className={`${styles.bone} ${styles.boneRound}`} />}
            <span className={styles.bones}>
              <span className={styles.bone} style={{ width }} />
              <span className={styles.bone} style={{ width: "85%" }} />
            </span>
          </div>
        ))}
      </div>
    </Delayed>
  );
}

/** What happened, what to do, and the request's id for whoever must look it up. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  const { text, requestId } = describeError(error);
  return (
    <div className={styles.state} role="alert">
      <h2>{t("state.errorTitle")}</h2>
      <p className={styles.stateText}>{text}</p>
      {onRetry && <Button onClick={onRetry}>{t("action.tryAgain")}</Button>}
      {requestId && (
        <p className={styles.requestId}>
          {t("state.requestId")} <code>{requestId}</code>
        </p>
      )}
    </div>
  );
}

export function EmptyState({ title, text, action }: { title: string; text?: string; action?: ReactNode }) {
  return (
    <div className={styles.state}>
      <h2>{title}</h2>
      {text && <p className={styles.stateText}>{text}</p>}
      {action}
    </div>
  );
}
