import { SearchOutlined } from "@ant-design/icons";
import { type InfiniteData, keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { type FormEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation, useSearchParams } from "react-router";
import { searchMessages } from "@/api/endpoints";
import { ApiError } from "@/api/errors";
import type { FoundMessage, Page } from "@/api/types";
import { isThreadOnly } from "@/shared/chat/notices";
import { messageAddress } from "@/shared/chat/places";
import { currentLanguage } from "@/shared/i18n";
import { fullTime, listTime } from "@/shared/time";
import { Avatar } from "@/shared/ui/Avatar";
import { PageHead } from "@/shared/ui/PageHead";
import { EmptyState, ErrorState, SkeletonRows } from "@/shared/ui/states";
import { Excerpt } from "./Excerpt";
import { Filters } from "./Filters";
import { readQuery, type SearchQuery, wireQuery, writeQuery } from "./query";
import styles from "./search.module.css";

/** Where each list of results was scrolled to, so that coming back finds it so. */
const scrolledTo = new Map<string, number>();

/** Pages that the server searched in vain are followed by the next one, this often. */
const emptyPagesFollowed = 5;

function useFound(query: SearchQuery) {
  return useInfiniteQuery({
    queryKey: ["search", writeQuery(query).toString()],
    queryFn: ({ pageParam, signal }) => searchMessages({ ...wireQuery(query), cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    enabled: query.text !== "",
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    gcTime: 10 * 60_000,
  });
}

/** Every word anybody wrote where I may read, with the way to its place and back. */
export function SearchPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const query = readQuery(search);
  const [text, setText] = useState(query.text);
  // Back and forward change the address; the box follows.
  useEffect(() => setText(query.text), [query.text]);
  useEffect(() => {
    document.title = `${query.text ? `${query.text} · ` : ""}${t("search.title")} · Pegboard`;
  }, [query.text, t]);
  const look = (change: Partial<SearchQuery>) => {
    const next = writeQuery({ ...query, text: text.trim(), ...change });
    if (next.toString() !== search.toString()) setSearch(next, { replace: query.text === "" });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    look({});
  };
  return (
    <div className={styles.page}>
      <PageHead title={t("search.title")} back="/messages" />
      <search className={styles.head}>
        <form className={styles.words} onSubmit={submit}>
          <Input
            autoFocus={query.text === ""}
            allowClear
            size="large"
            prefix={<SearchOutlined aria-hidden />}
            enterKeyHint="search"
            aria-label={t("search.words")}
            placeholder={t("search.words")}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <Button type="primary" size="large" htmlType="submit">
            {t("search.search")}
          </Button>
        </form>
        <Filters query={query} onChange={look} />
      </search>
      <Results query={query} />
    </div>
  );
}

const notes = (pages: InfiniteData<Page<FoundMessage>>["pages"]) => pages.flatMap((page) => page.items);

function Results({ query }: { query: SearchQuery }) {
  const { t } = useTranslation();
  const { key, pathname, search } = useLocation();
  const found = useFound(query);
  const body = useRef<HTMLDivElement>(null);
  const pages = query.text ? found.data?.pages : undefined;
  const items = pages && notes(pages);
  const ready = items !== undefined && !found.isPlaceholderData;

  useLayoutEffect(() => {
    const element = body.current;
    if (!element || !ready) return;
    element.scrollTop = scrolledTo.get(key) ?? 0;
    const note = () => scrolledTo.set(key, element.scrollTop);
    element.addEventListener("scroll", note, { passive: true });
    return () => element.removeEventListener("scroll", note);
  }, [key, ready]);

  // A page without a hit is no end: the server stopped to take breath.
  const { hasNextPage, isFetching, fetchNextPage } = found;
  const inVain = ready && pages?.at(-1)?.items.length === 0;
  const vain = pages?.filter((page) => page.items.length === 0).length ?? 0;
  const goOn = inVain && hasNextPage && !isFetching && vain <= emptyPagesFollowed;
  useEffect(() => {
    if (goOn) void fetchNextPage();
  }, [goOn, fetchNextPage]);

  return (
    <div ref={body} className={styles.body} aria-busy={found.isFetching} data-testid="search-results">
      {query.text === "" ? (
        <EmptyState title={t("search.begin")} text={t("search.beginText")} />
      ) : found.error && !items ? (
        <Refused error={found.error} onRetry={() => void found.refetch()} />
      ) : !items || goOn ? (
        <SkeletonRows rows={6} />
      ) : items.length === 0 && !hasNextPage ? (
        <EmptyState title={t("search.nothing", { text: query.text })} text={t("search.nothingText")} />
      ) : (
        <>
          <ol className={found.isPlaceholderData ? `${styles.list} ${styles.old}` : styles.list}>
            {items.map((hit) => (
              <li key={`${hit.conversation.id}/${hit.message.seq}`}>
                <Hit hit={hit} back={`${pathname}${search}`} />
              </li>
            ))}
          </ol>
          {hasNextPage ? (
            <div className={styles.more}>
              <Button loading={found.isFetchingNextPage} onClick={() => void fetchNextPage()}>
                {t("search.older")}
              </Button>
            </div>
          ) : (
            <p className={styles.end}>{t("search.end")}</p>
          )}
        </>
      )}
    </div>
  );
}

/** What the person can mend is said in the server's own words; else it is a fault, with the request's id. */
function Refused({ error, onRetry }: { error: Error; onRetry: () => void }) {
  if (error instanceof ApiError && (error.code === "search.no_words" || error.code === "search.too_long")) {
    return (
      <div role="alert" data-code={error.code}>
        <EmptyState title={error.message} />
      </div>
    );
  }
  return <ErrorState error={error} onRetry={onRetry} />;
}

function Hit({ hit, back }: { hit: FoundMessage; back: string }) {
  const { t } = useTranslation();
  const { conversation, message, excerpt } = hit;
  const name = message.sender?.name ?? "";
  const language = currentLanguage();
  return (
    <Link
      to={messageAddress(conversation.id, message)}
      state={{ results: back }}
      className={styles.hit}
      data-testid="search-hit"
    >
      <Avatar id={message.sender?.userid ?? conversation.id} name={name || conversation.name} size={40} />
      <span className={styles.text}>
        <span className={styles.top}>
          <span className={styles.sender}>{name}</span>
          <span className={styles.where}>
            {isThreadOnly(message) ? t("search.inThread", { name: conversation.name }) : conversation.name}
          </span>
          <time
            className={styles.time}
            dateTime={message.sent_at}
            title={fullTime(message.sent_at, language)}
          >
            {listTime(message.sent_at, language)}
          </time>
        </span>
        <span className={styles.excerpt}>
          <Excerpt text={excerpt.text} marks={excerpt.marks} />
        </span>
      </span>
    </Link>
  );
}
