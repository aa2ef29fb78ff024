import { PlusOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Switch, Tabs } from "antd";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { Virtuoso } from "react-virtuoso";
import type { Ding } from "@/api/types";
import { type Box, dingsQuery, ownPlace, waitsForMe } from "@/shared/ding/dings";
import { currentLanguage } from "@/shared/i18n";
import { fullTime, listTime } from "@/shared/time";
import { Avatar } from "@/shared/ui/Avatar";
import { IconButton } from "@/shared/ui/IconButton";
import { EmptyState, ErrorState, SkeletonRows } from "@/shared/ui/states";
import { DingDetail } from "./DingDetail";
import styles from "./ding.module.css";
import { StateBar, stateLabels, total } from "./StateBar";

const DingComposer = lazy(async () => ({ default: (await import("./DingComposer")).DingComposer }));

/** All DINGs: those received, those sent with bars that move, and one of them beside. */
export function DingPage() {
  const { t } = useTranslation();
  const { dingId } = useParams();
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const [composing, setComposing] = useState(false);
  const box: Box = search.get("box") === "sent" ? "sent" : "received";
  const onlyOpen = search.get("only") === "open";
  useEffect(() => {
    document.title = `${t("ding.title")} · Pegboard`;
  }, [t]);
  const choose = (change: Record<string, string | null>) => {
    const next = new URLSearchParams(search);
    for (const [name, value] of Object.entries(change)) {
      if (value === null) next.delete(name);
      else next.set(name, value);
    }
    setSearch(next, { replace: true });
  };
  return (
    <div className={dingId ? `${styles.page} ${styles.open}` : styles.page}>
      <nav className={styles.list} aria-label={t("ding.title")}>
        <div className={styles.listHead}>
          <h1>{t("ding.title")}</h1>
          <IconButton
            label={t("ding.new")}
            icon={<PlusOutlined aria-hidden />}
            data-testid="new-ding"
            onClick={() => setComposing(true)}
          />
        </div>
        <Tabs
          className={styles.tabs}
          activeKey={box}
          onChange={(key) => choose({ box: key === "sent" ? "sent" : null })}
          centered
          items={[
            { key: "received", label: t("ding.received") },
            { key: "sent", label: t("ding.sent") },
          ]}
        />
        {/* biome-ignore lint/a11y/noLabelWithoutControl: Ant Design's Switch is the button inside. */}
        <label className={styles.onlyOpen}>
          {t("ding.onlyOpen")}
          <Switch size="small" checked={onlyOpen} onChange={(on) => choose({ only: on ? "open" : null })} />
        </label>
        <div className={styles.listBody}>
          <DingList
            key={`${box} ${onlyOpen}`}
            box={box}
            state={onlyOpen ? "open" : "all"}
            selectedId={dingId ?? null}
            search={search.toString()}
            onNew={() => setComposing(true)}
          />
        </div>
      </nav>
      <main className={styles.main} aria-label={t("ding.title")}>
        {dingId ? (
          <DingDetail key={dingId} id={dingId} back={`/dings?${search}`} />
        ) : (
          <EmptyState title={t("ding.choose")} />
        )}
      </main>
      {composing && (
        <Suspense>
          <DingComposer
            onClose={() => setComposing(false)}
            onSent={(id) => navigate(`/dings/${id}?box=sent`)}
          />
        </Suspense>
      )}
    </div>
  );
}

interface DingListProps {
  box: Box;
  state: "open" | "all";
  selectedId: string | null;
  search: string;
  onNew: () => void;
}

function DingList({ box, state, selectedId, search, onNew }: DingListProps) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(dingsQuery(box, state));
  const dings = query.data?.pages.flatMap((page) => page.items);
  if (query.isError && !dings) {
    return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  }
  if (!dings) return <SkeletonRows rows={6} />;
  if (dings.length === 0) {
    if (state === "open") return <EmptyState title={t("ding.noneOpen")} />;
    if (box === "received") {
      return <EmptyState title={t("ding.noneReceived")} text={t("ding.noneReceivedText")} />;
    }
    return (
      <EmptyState
        title={t("ding.noneSent")}
        text={t("ding.noneSentText")}
        action={<Button onClick={onNew}>{t("ding.new")}</Button>}
      />
    );
  }
  return (
    <Virtuoso
      data={dings}
      tabIndex={-1}
      computeItemKey={(_index, ding) => ding.id}
      endReached={() => {
        if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
      }}
      itemContent={(_index, ding) => (
        <DingItem ding={ding} selected={ding.id === selectedId} search={search} />
      )}
    />
  );
}

function DingItem({ ding, selected, search }: { ding: Ding; selected: boolean; search: string }) {
  const { t } = useTranslation();
  const { sender, counts, content } = ding;
  const place = ownPlace(ding);
  const at = ding.fired_at ?? ding.send_at;
  return (
    <Link
      className={selected ? `${styles.item} ${styles.itemSelected}` : styles.item}
      to={`/dings/${ding.id}?${search}`}
      aria-current={selected ? "page" : undefined}
      data-testid="ding-item"
    >
      {!ding.mine && <Avatar id={sender.userid} name={sender.name} size={36} />}
      <span className={styles.itemText}>
        <span className={styles.itemTop}>
          <span className={waitsForMe(ding) ? styles.itemBold : styles.itemName}>
            {ding.mine ? content : sender.name}
          </span>
          <time className={styles.itemTime} dateTime={at}>
            {ding.state === "scheduled" ? fullTime(at, currentLanguage()) : listTime(at, currentLanguage())}
          </time>
        </span>
        {!ding.mine && <span className={styles.itemContent}>{content}</span>}
        {place && (
          <span className={waitsForMe(ding) ? styles.waits : styles.done}>
            {waitsForMe(ding) ? t("ding.waitsForMe") : t(stateLabels[place.state])}
          </span>
        )}
        {ding.mine && ding.state === "scheduled" && (
          <span className={styles.done}>{t("ding.scheduled")}</span>
        )}
        {ding.mine && counts && ding.state !== "scheduled" && (
          <>
            <StateBar counts={counts} />
            <span className={styles.done}>
              {ding.state === "cancelled" && `${t("ding.cancelled")} · `}
              {t("ding.progress", { done: counts.acknowledged, count: total(counts) })}
            </span>
          </>
        )}
      </span>
    </Link>
  );
}
