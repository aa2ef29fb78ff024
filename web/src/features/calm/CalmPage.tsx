import { CheckOutlined, MoonOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Switch } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Attention } from "@/api/types";
import { attentionQuery, ruleFor } from "@/shared/attention/attention";
import { currentLanguage } from "@/shared/i18n";
import { useMe } from "@/shared/session/me";
import { clockTime } from "@/shared/time";
import { ErrorState, SkeletonRows } from "@/shared/ui/states";
import { toastError } from "@/shared/ui/toast";
import styles from "./calm.module.css";
import { QuietHoursForm } from "./QuietHoursForm";
import { changeSettings, type Wish } from "./settings";

/** What may disturb me, and when; and the rule that follows, as the server has it. */
export function CalmPage() {
  const { t } = useTranslation();
  const query = useQuery(attentionQuery);
  useEffect(() => {
    document.title = `${t("calm.title")} · Pegboard`;
  }, [t]);
  return (
    <main className={styles.page} aria-label={t("calm.title")}>
      <div className={styles.inner}>
        <h1 className={styles.title}>{t("calm.title")}</h1>
        {query.data ? (
          <Settings attention={query.data} />
        ) : query.error ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : (
          <SkeletonRows rows={5} avatar={false} />
        )}
      </div>
    </main>
  );
}

function Settings({ attention }: { attention: Attention }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const me = useMe();
  const [busy, setBusy] = useState(false);
  const change = async (wish: Wish) => {
    setBusy(true);
    try {
      await changeSettings(client, wish);
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  const { quiet_until, no_numbers, mention_pierces_mute } = attention;
  return (
    <>
      <section className={styles.card} aria-labelledby="quiet-hours">
        <h2 id="quiet-hours">{t("calm.quietHours")}</h2>
        <p className={styles.text}>{t("calm.quietHoursText")}</p>
        {quiet_until && (
          <p className={styles.now} role="status">
            <MoonOutlined aria-hidden />{" "}
            {t("calm.quietUntil", { time: clockTime(quiet_until, currentLanguage()) })}
          </p>
        )}
        <QuietHoursForm
          hours={attention.quiet_hours}
          organisationZone={me.org?.time_zone ?? "UTC"}
          busy={busy}
          onChange={(quiet_hours) => change({ quiet_hours })}
        />
      </section>
      <section className={styles.card} aria-labelledby="numbers">
        <h2 id="numbers">{t("calm.numbers")}</h2>
        <Choice
          label={t("calm.noNumbers")}
          text={t("calm.noNumbersText")}
          busy={busy}
          checked={no_numbers}
          onChange={(on) => change({ no_numbers: on })}
        />
        <Choice
          label={t("calm.pierces")}
          text={t("calm.piercesText")}
          busy={busy}
          checked={mention_pierces_mute}
          onChange={(on) => change({ mention_pierces_mute: on })}
        />
      </section>
      <RuleTable attention={attention} />
    </>
  );
}

interface ChoiceProps {
  label: string;
  text: string;
  checked: boolean;
  busy: boolean;
  onChange: (on: boolean) => Promise<void>;
}

function Choice({ label, text, checked, busy, onChange }: ChoiceProps) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: Ant Design's Switch is the button inside.
    <label className={styles.choice}>
      <span>
        {label}
        <small>{text}</small>
      </span>
      <Switch aria-label={label} disabled={busy} checked={checked} onChange={(on) => void onChange(on)} />
    </label>
  );
}

/** What this client can bring; the server's table speaks of more to come. */
const kinds = {
  direct: "calm.kindDirect",
  mention: "calm.kindMention",
  mention_all: "calm.kindMentionAll",
  reply: "calm.kindReply",
  ding: "calm.kindDing",
  thread_reply: "calm.kindThreadReply",
  group: "calm.kindGroup",
} as const;

/** The rule as it is for me now: looked up, so it cannot say anything else than what happens. */
function RuleTable({ attention }: { attention: Attention }) {
  const { t } = useTranslation();
  return (
    <section className={styles.card} aria-labelledby="rule">
      <h2 id="rule">{t("calm.rule")}</h2>
      <p className={styles.text}>{t("calm.ruleText")}</p>
      <div className={styles.tables}>
        <Rows attention={attention} muted={false} title={t("calm.usual")} />
        <Rows attention={attention} muted title={t("calm.muted")} />
      </div>
    </section>
  );
}

function Rows({ attention, muted, title }: { attention: Attention; muted: boolean; title: string }) {
  const { t } = useTranslation();
  const mark = (on: boolean) =>
    on ? (
      <CheckOutlined role="img" aria-label={t("calm.yes")} />
    ) : (
      <span className="visually-hidden">{t("calm.no")}</span>
    );
  return (
    <table className={styles.table}>
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">{t("calm.what")}</th>
          <th scope="col">{t("calm.number")}</th>
          <th scope="col">{t("calm.bold")}</th>
          <th scope="col">{t("calm.alert")}</th>
        </tr>
      </thead>
      <tbody>
        {(Object.keys(kinds) as (keyof typeof kinds)[]).map((kind) => {
          const row = ruleFor(attention, kind, muted);
          return (
            row && (
              <tr key={kind}>
                <th scope="row">{t(kinds[kind])}</th>
                <td>{mark(row.number)}</td>
                <td>{mark(row.bold)}</td>
                <td>{mark(row.alert)}</td>
              </tr>
            )
          );
        })}
      </tbody>
    </table>
  );
}
