import { ThunderboltOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Input, Tabs } from "antd";
import { useDeferredValue, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Virtuoso } from "react-virtuoso";
import { fetchReaders } from "@/api/endpoints";
import type { NonReader, Reader, Receipts } from "@/api/types";
import { currentLanguage } from "@/shared/i18n";
import { clockTime, dayLabel, sameDay } from "@/shared/time";
import { PanelHead } from "@/shared/ui/Panel";
import { PersonRow, personRowClass } from "@/shared/ui/PersonRow";
import { EmptyState, ErrorState, SkeletonRows } from "@/shared/ui/states";
import styles from "./messages.module.css";

interface ReadersPanelProps {
  conversationId: string;
  seq: number;
  /** The live counts of the message, if it is loaded: right even before the further pages are. */
  receipts: Receipts | null;
  /** DING exactly those who have not read it; given how many they are. */
  onDing: (unread: number) => void;
  onClose: () => void;
}

function useReaders(conversationId: string, seq: number) {
  return useInfiniteQuery({
    queryKey: ["readers", conversationId, seq],
    queryFn: ({ pageParam, signal }) => fetchReaders(conversationId, seq, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next ?? null,
    placeholderData: (previous) => previous,
  });
}

function readTime(at: string | null | undefined, language: string, unknown: string): string {
  if (!at) return unknown;
  const clock = clockTime(at, language);
  return sameDay(at, new Date().toISOString()) ? clock : `${dayLabel(at, language)} ${clock}`;
}

export function ReadersPanel({ conversationId, seq, receipts, onDing, onClose }: ReadersPanelProps) {
  const { t } = useTranslation();
  const readers = useReaders(conversationId, seq);
  const [search, setSearch] = useState("");
  const wanted = useDeferredValue(search.trim().toLowerCase());
  const pages = readers.data?.pages;
  const read = useMemo(() => pages?.flatMap((page) => page.read) ?? [], [pages]);
  const unread = useMemo(() => pages?.flatMap((page) => page.unread) ?? [], [pages]);
  const complete = !readers.hasNextPage;
  const total = pages?.[0]?.total ?? receipts?.total ?? 0;
  const readCount = complete ? read.length : (receipts?.read ?? read.length);
  const unreadCount = complete ? unread.length : Math.max(unread.length, total - readCount);
  const [tab, setTab] = useState("unread");
  const matching = <P extends Reader | NonReader>(people: P[]) =>
    wanted ? people.filter((person) => person.name.toLowerCase().includes(wanted)) : people;
  const more = () => {
    if (readers.hasNextPage && !readers.isFetchingNextPage) void readers.fetchNextPage();
  };

  const list = (people: (Reader | NonReader)[], emptyText: string) => {
    if (people.length === 0 && complete) return <EmptyState title={emptyText} />;
    return (
      <Virtuoso
        data={people}
        tabIndex={-1}
        computeItemKey={(_index, person) => person.userid}
        endReached={more}
        itemContent={(_index, person) => (
          <Link className={personRowClass} to={`/contacts/members/${person.userid}`}>
            <PersonRow
              userid={person.userid}
              name={person.name}
              tags={person.left ? [t("receipts.left")] : []}
              extra={
                "read_at" in person && (
                  <span className={styles.readAt}>
                    {readTime(person.read_at, currentLanguage(), t("receipts.earlier"))}
                  </span>
                )
              }
            />
          </Link>
        )}
      />
    );
  };

  return (
    <section className={styles.panel} aria-label={t("receipts.title")} data-testid="readers-panel">
      <PanelHead title={t("receipts.title")} onClose={onClose} />
      {readers.isError && !pages ? (
        <ErrorState error={readers.error} onRetry={() => void readers.refetch()} />
      ) : !pages ? (
        <SkeletonRows rows={6} />
      ) : (
        <>
          <div className={styles.panelSearch}>
            <Input
              allowClear
              variant="filled"
              placeholder={t("receipts.search")}
              aria-label={t("receipts.search")}
              value={search}
              onChange={(event) => setSearch(event.target.value)}
            />
          </div>
          <Tabs
            className={styles.tabs}
            activeKey={tab}
            onChange={setTab}
            centered
            items={[
              {
                key: "unread",
                label: t("receipts.unreadTab", { count: unreadCount }),
                children: list(matching(unread), wanted ? t("people.none") : t("receipts.nobodyUnread")),
              },
              {
                key: "read",
                label: t("receipts.readTab", { count: readCount }),
                children: list(matching(read), wanted ? t("people.none") : t("receipts.nobodyRead")),
              },
            ]}
          />
          {tab === "unread" && unreadCount > 0 && (
            <div className={styles.panelFoot}>
              <Button
                block
                type="primary"
                icon={<ThunderboltOutlined aria-hidden />}
                data-testid="ding-unread"
                onClick={() => onDing(unreadCount)}
              >
                {t("receipts.ding", { count: unreadCount })}
              </Button>
            </div>
          )}
        </>
      )}
    </section>
  );
}
