import { useTranslation } from "react-i18next";
import type { DingCounts, DingRecipientState } from "@/api/types";
import styles from "./ding.module.css";

/** In the order of the bar: what has come furthest first. */
export const states: readonly DingRecipientState[] = [
  "acknowledged",
  "delivered",
  "pending",
  "undelivered",
  "cancelled",
];

export const stateLabels = {
  acknowledged: "ding.stateAcknowledged",
  delivered: "ding.stateDelivered",
  pending: "ding.statePending",
  undelivered: "ding.stateUndelivered",
  cancelled: "ding.stateCancelled",
} as const;

const colours: Record<DingRecipientState, string | undefined> = {
  acknowledged: styles.acknowledged,
  delivered: styles.delivered,
  pending: styles.pending,
  undelivered: styles.undelivered,
  cancelled: styles.cancelled,
};

export function total(counts: DingCounts): number {
  return states.reduce((sum, state) => sum + counts[state], 0);
}

/** How many have come how far, drawn; the words stand beside it. */
export function StateBar({ counts }: { counts: DingCounts }) {
  const all = total(counts);
  return (
    <span className={styles.stateBar} aria-hidden="true">
      {states.map(
        (state) =>
          counts[state] > 0 && (
            <span
              key={state}
              className={colours[state]}
              style={{ width: `${(100 * counts[state]) / all}%` }}
            />
          ),
      )}
    </span>
  );
}

/** The same in words, with the colours' meaning. */
export function StateCounts({ counts }: { counts: DingCounts }) {
  const { t } = useTranslation();
  return (
    <ul className={styles.counts} data-testid="ding-counts">
      {states.map(
        (state) =>
          counts[state] > 0 && (
            <li key={state}>
              <span aria-hidden="true" className={`${styles.dot} ${colours[state]}`} />
              {t(stateLabels[state])} <strong>{counts[state]}</strong>
            </li>
          ),
      )}
    </ul>
  );
}
