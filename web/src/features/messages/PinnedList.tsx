import { CloseOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { setPinned } from "@/api/endpoints";
import type { Conversation, Message } from "@/api/types";
import { replaceMessages } from "@/shared/chat/messages";
import { mayPin, pinsQuery } from "@/shared/chat/pins";
import { messageAddress } from "@/shared/chat/places";
import { summaryOf } from "@/shared/chat/summary";
import { currentLanguage } from "@/shared/i18n";
import { useMyUserid } from "@/shared/session/me";
import { listTime } from "@/shared/time";
import { IconButton } from "@/shared/ui/IconButton";
import { ErrorState, SkeletonRows } from "@/shared/ui/states";
import { toastError } from "@/shared/ui/toast";
import styles from "./messages.module.css";

/** What stands pinned in a conversation: press one to go to its place. */
export function PinnedList({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const myUserid = useMyUserid();
  const { id } = conversation;
  const pins = useInfiniteQuery(pinsQuery(id));
  const items = pins.data?.pages.flatMap((page) => page.items);
  const unpin = async (message: Message) => {
    const changed = await setPinned(id, message.seq, false);
    if (changed) replaceMessages(client, id, changed);
    await client.invalidateQueries({ queryKey: pinsQuery(id).queryKey });
  };
  return (
    <section className={styles.pins} aria-label={t("message.pins")} data-testid="pins">
      <h3>{t("message.pins")}</h3>
      {pins.isError && !items && <ErrorState error={pins.error} onRetry={() => void pins.refetch()} />}
      {!items && !pins.isError && <SkeletonRows rows={2} avatar={false} />}
      {items?.length === 0 && <p className={styles.quiet}>{t("message.noPins")}</p>}
      <ul>
        {items?.map((message) => (
          <li key={message.seq} className={styles.pin}>
            <Link to={messageAddress(id, message)} className={styles.pinLink}>
              <span className={styles.pinHead}>
                {message.sender?.name}
                <time dateTime={message.sent_at}>{listTime(message.sent_at, currentLanguage())}</time>
              </span>
              <span className={styles.pinText}>{summaryOf(message, t, myUserid)}</span>
            </Link>
            {mayPin(conversation) && (
              <IconButton
                label={t("message.unpin")}
                icon={<CloseOutlined aria-hidden />}
                onClick={() => void unpin(message).catch(toastError)}
              />
            )}
          </li>
        ))}
      </ul>
      {pins.hasNextPage && (
        <Button type="link" loading={pins.isFetchingNextPage} onClick={() => void pins.fetchNextPage()}>
          {t("action.more")}
        </Button>
      )}
    </section>
  );
}
