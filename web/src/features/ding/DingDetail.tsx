import {
  DownloadOutlined,
  LeftOutlined,
  NotificationOutlined,
  StopOutlined,
  UserAddOutlined,
} from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Virtuoso } from "react-virtuoso";
import { cancelDing, fetchDingDeliveries, fetchDingExport, remindOfDing } from "@/api/endpoints";
import type { Ding, DingDelivery, DingRecipient } from "@/api/types";
import { dingQuery, dingUsageQuery, ownPlace, refreshDings, waitsForMe } from "@/shared/ding/dings";
import { currentLanguage } from "@/shared/i18n";
import { clockTime, dayLabel, fullTime, sameDay } from "@/shared/time";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { PersonRow } from "@/shared/ui/PersonRow";
import { ErrorState, SkeletonRows } from "@/shared/ui/states";
import { toast, toastError } from "@/shared/ui/toast";
import { AddRecipientsDialog } from "./AddRecipientsDialog";
import { acknowledge } from "./acknowledge";
import { DingContent } from "./DingContent";
import styles from "./ding.module.css";
import { StateBar, StateCounts, stateLabels, total } from "./StateBar";
import { afterText, channelLabels } from "./steps";

/** One DING: to a recipient its words and the answer, to its sender how far it has come with everybody, live. */
export function DingDetail({ id, back }: { id: string; back: string }) {
  const { t } = useTranslation();
  const query = useQuery(dingQuery(id));
  const ding = query.data;
  if (query.isError && !ding) {
    return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  }
  if (!ding) return <SkeletonRows rows={6} />;
  return (
    <>
      <header className={styles.header}>
        <Link to={back} className={styles.back} aria-label={t("action.back")}>
          <LeftOutlined aria-hidden />
        </Link>
        <h2 className={styles.headerName}>
          {ding.mine ? t("ding.mine") : t("ding.from", { name: ding.sender.name })}
        </h2>
        <span className={styles.tag}>{t(dingStates[ding.state])}</span>
      </header>
      {ding.mine ? <SentDing ding={ding} /> : <ReceivedDing ding={ding} />}
    </>
  );
}

const dingStates = {
  scheduled: "ding.scheduled",
  open: "ding.running",
  done: "ding.done",
  cancelled: "ding.cancelled",
} as const;

const repeats = { day: "ding.everyDay", week: "ding.everyWeek", month: "ding.everyMonth" } as const;

function Facts({ ding }: { ding: Ding }) {
  const { t } = useTranslation();
  const language = currentLanguage();
  const steps = ding.steps.map(
    ({ channel, after_seconds = 0 }) => `${t(channelLabels[channel])} ${afterText(after_seconds, t)}`,
  );
  return (
    <dl className={styles.facts}>
      <dt>{ding.fired_at ? t("ding.sentAt") : t("ding.sendsAt")}</dt>
      <dd>
        {fullTime(ding.fired_at ?? ding.send_at, language)}
        {ding.repeat && ` · ${t(repeats[ding.repeat.every])}`}
      </dd>
      {ding.reminded_at && (
        <>
          <dt>{t("ding.remindedAt")}</dt>
          <dd>{fullTime(ding.reminded_at, language)}</dd>
        </>
      )}
      {ding.mine && (
        <>
          <dt>{t("ding.steps")}</dt>
          <dd>{steps.join(t("system.separator"))}</dd>
        </>
      )}
    </dl>
  );
}

function ReceivedDing({ ding }: { ding: Ding }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [reply, setReply] = useState("");
  const [busy, setBusy] = useState(false);
  const place = ownPlace(ding);
  const waits = waitsForMe(ding);
  const answered = place?.state === "acknowledged";
  const press = async () => {
    setBusy(true);
    try {
      await acknowledge(client, ding, reply.trim());
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className={styles.body}>
      <div className={styles.card}>
        <DingContent ding={ding} />
        <Facts ding={ding} />
        {answered && place.acknowledged_at && (
          <p className={styles.answered}>
            {t("ding.acknowledgedAt", { time: fullTime(place.acknowledged_at, currentLanguage()) })}
            {place.reply && <q>{place.reply}</q>}
          </p>
        )}
        {place?.state === "cancelled" && <p className={styles.quiet}>{t("ding.cancelledText")}</p>}
        {(waits || (answered && !place.reply)) && (
          <div className={styles.answer}>
            <Input
              maxLength={500}
              placeholder={t("ding.replyHint")}
              aria-label={t("ding.reply")}
              value={reply}
              onChange={(event) => setReply(event.target.value)}
            />
            <Button
              type="primary"
              loading={busy}
              disabled={answered && !reply.trim()}
              onClick={() => void press()}
            >
              {waits ? t("ding.acknowledge") : t("ding.sendReply")}
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}

type Filter = "all" | "waiting" | "acknowledged";

const filters: { key: Filter; label: "ding.everybody" | "ding.filterWaiting" | "ding.stateAcknowledged" }[] =
  [
    { key: "all", label: "ding.everybody" },
    { key: "waiting", label: "ding.filterWaiting" },
    { key: "acknowledged", label: "ding.stateAcknowledged" },
  ];

const matches = (filter: Filter, { state }: DingRecipient): boolean =>
  filter === "all" ||
  (filter === "acknowledged" ? state === "acknowledged" : state !== "acknowledged" && state !== "cancelled");

function SentDing({ ding }: { ding: Ding }) {
  const { t } = useTranslation();
  const [filter, setFilter] = useState<Filter>("all");
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  const outside = ding.steps.some(({ channel }) => channel !== "app");
  const deliveries = useQuery({
    queryKey: ["dings", "deliveries", ding.id, ding.revision],
    queryFn: ({ signal }) => fetchDingDeliveries(ding.id, signal),
    enabled: outside && ding.state !== "scheduled",
    placeholderData: (previous) => previous,
  });
  const byPerson = useMemo(() => {
    const found = new Map<string, DingDelivery[]>();
    for (const each of deliveries.data?.items ?? []) {
      found.set(each.userid, [...(found.get(each.userid) ?? []), each]);
    }
    return found;
  }, [deliveries.data]);
  const people = ding.recipients.filter((recipient) => matches(filter, recipient));
  return (
    <div className={styles.body} ref={setScroller}>
      <div className={styles.card}>
        <DingContent ding={ding} />
        <Facts ding={ding} />
        {ding.counts && total(ding.counts) > 0 && (
          <div role="status">
            <StateBar counts={ding.counts} />
            <StateCounts counts={ding.counts} />
          </div>
        )}
        <Actions ding={ding} />
      </div>
      {ding.state === "scheduled" && total(ding.counts ?? nobody) === 0 ? (
        <p className={styles.later}>{t("ding.peopleLater")}</p>
      ) : (
        <>
          <fieldset className={styles.filters} aria-label={t("ding.recipients")}>
            {filters.map(({ key, label }) => (
              <button
                key={key}
                type="button"
                className={styles.filter}
                aria-pressed={filter === key}
                onClick={() => setFilter(key)}
              >
                {t(label)}
              </button>
            ))}
          </fieldset>
          {people.length === 0 && <p className={styles.later}>{t("ding.nobodyHere")}</p>}
          {scroller && (
            <Virtuoso
              customScrollParent={scroller}
              data={people}
              tabIndex={-1}
              computeItemKey={(_index, recipient) => recipient.userid}
              itemContent={(_index, recipient) => (
                <Recipient recipient={recipient} deliveries={byPerson.get(recipient.userid) ?? []} />
              )}
            />
          )}
        </>
      )}
    </div>
  );
}

const nobody = { pending: 0, delivered: 0, acknowledged: 0, undelivered: 0, cancelled: 0 };

function at(instant: string): string {
  const language = currentLanguage();
  const clock = clockTime(instant, language);
  return sameDay(instant, new Date().toISOString()) ? clock : `${dayLabel(instant, language)} ${clock}`;
}

const deliveryLabels = {
  claimed: "ding.outsideTrying",
  begun: "ding.outsideTrying",
  accepted: "ding.outsideAccepted",
  delivered: "ding.stateDelivered",
  failed: "ding.outsideFailed",
} as const;

function Recipient({ recipient, deliveries }: { recipient: DingRecipient; deliveries: DingDelivery[] }) {
  const { t } = useTranslation();
  const { userid, name, state } = recipient;
  const since = recipient.acknowledged_at ?? recipient.delivered_at ?? recipient.told_at;
  const outside = deliveries.map(
    (each) => `${t(channelLabels[each.channel])}: ${t(deliveryLabels[each.state])}`,
  );
  return (
    <div className={styles.recipient} data-testid="ding-recipient">
      <PersonRow
        userid={userid}
        name={name}
        detail={[recipient.reply, ...outside].filter(Boolean).join(" · ")}
        extra={
          <span className={state === "acknowledged" ? styles.recipientDone : styles.recipientState}>
            {t(stateLabels[state])}
            {since && state !== "pending" && <time dateTime={since}>{at(since)}</time>}
          </span>
        }
      />
    </div>
  );
}

function Actions({ ding }: { ding: Ding }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asked, setAsked] = useState<"remind" | "cancel" | "add" | null>(null);
  const [exporting, setExporting] = useState(false);
  const usage = useQuery({ ...dingUsageQuery, enabled: asked === "remind" }).data;
  const counts = ding.counts ?? nobody;
  const waiting = counts.pending + counts.delivered + counts.undelivered;
  const close = () => setAsked(null);
  const save = async () => {
    setExporting(true);
    try {
      const url = URL.createObjectURL(await fetchDingExport(ding.id));
      const anchor = document.createElement("a");
      anchor.href = url;
      anchor.download = `ding-${ding.id}.csv`;
      anchor.click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch (error) {
      toastError(error);
    } finally {
      setExporting(false);
    }
  };
  const over = ding.state === "cancelled";
  const scheduled = ding.state === "scheduled";
  return (
    <div className={styles.actions}>
      {!over && !scheduled && (
        <Button icon={<UserAddOutlined aria-hidden />} onClick={() => setAsked("add")}>
          {t("ding.addPeople")}
        </Button>
      )}
      {!over && !scheduled && waiting > 0 && (
        <Button icon={<NotificationOutlined aria-hidden />} onClick={() => setAsked("remind")}>
          {t("ding.remind")}
        </Button>
      )}
      {!scheduled && (
        <Button icon={<DownloadOutlined aria-hidden />} loading={exporting} onClick={() => void save()}>
          {t("ding.export")}
        </Button>
      )}
      {!over && (waiting > 0 || scheduled || ding.repeat) && (
        <Button danger icon={<StopOutlined aria-hidden />} onClick={() => setAsked("cancel")}>
          {t("ding.cancel")}
        </Button>
      )}
      {asked === "add" && <AddRecipientsDialog dingId={ding.id} onClose={close} />}
      {asked === "remind" && (
        <ConfirmDialog
          title={t("ding.remind")}
          text={
            usage
              ? t("ding.remindTextUsage", { count: waiting, used: usage.used, limit: usage.limit })
              : t("ding.remindText", { count: waiting })
          }
          action={t("ding.remind")}
          onConfirm={async () => {
            await remindOfDing(ding.id);
            toast(t("ding.reminded"));
            refreshDings(client);
          }}
          onClose={close}
        />
      )}
      {asked === "cancel" && (
        <ConfirmDialog
          danger
          title={t("ding.cancel")}
          text={scheduled ? t("ding.cancelScheduledText") : t("ding.cancelText", { count: waiting })}
          action={t("ding.cancel")}
          onConfirm={async () => {
            await cancelDing(ding.id);
            refreshDings(client);
          }}
          onClose={close}
        />
      )}
    </div>
  );
}
