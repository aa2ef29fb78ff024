import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { fetchMessages } from "@/api/endpoints";
import type { Conversation, NoticeKind, NoticeRule } from "@/api/types";
import { ruleFor, useAttention } from "@/shared/attention/attention";
import { isMuted } from "@/shared/chat/conversations";
import { countsAsUnread, kindOf } from "@/shared/chat/notices";
import { useMyUserid } from "@/shared/session/me";
import { Dialog } from "@/shared/ui/Dialog";
import { ErrorState, SkeletonRows } from "@/shared/ui/states";
import styles from "./conversations.module.css";

/** As many as the server counts. */
const looked = 100;

/** "Why do I see this": what is new here, by kind, each with the server's own reason. */
export function WhyDialog({ conversation, onClose }: { conversation: Conversation; onClose: () => void }) {
  const { t } = useTranslation();
  const attention = useAttention();
  const myUserid = useMyUserid();
  const { id, mine, name } = conversation;
  const query = useQuery({
    queryKey: ["why", id, mine.read_seq, conversation.head_seq],
    queryFn: ({ signal }) => fetchMessages(id, { after_seq: mine.read_seq, limit: looked }, signal),
    gcTime: 0,
  });
  const muted = isMuted(conversation);
  const counted = new Map<NoticeKind, number>();
  for (const message of query.data?.items ?? []) {
    const kind = kindOf(message, conversation, myUserid);
    if (countsAsUnread(message, kind, myUserid)) counted.set(kind, (counted.get(kind) ?? 0) + 1);
  }
  const reasons = [...counted]
    .map(([kind, count]) => ({ count, rule: ruleFor(attention, kind, muted) }))
    .filter((reason): reason is { count: number; rule: NoticeRule } => reason.rule !== undefined)
    .sort((a, b) => Number(b.rule.number) - Number(a.rule.number));
  return (
    <Dialog title={t("why.title", { name })} onClose={onClose}>
      {query.error ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data ? (
        <ul className={styles.reasons}>
          {reasons.map(({ rule, count }) => (
            <li key={rule.kind}>
              <strong>{t("why.messages", { count })}</strong>
              <span>
                {rule.text}
                <small>{rule.number ? t("why.number") : rule.bold ? t("why.bold") : t("why.quiet")}</small>
              </span>
            </li>
          ))}
          {reasons.length === 0 && <li>{mine.marked_unread ? t("why.marked") : t("why.nothing")}</li>}
        </ul>
      ) : (
        <SkeletonRows rows={2} avatar={false} />
      )}
      <p className={styles.whyLink}>
        <Link to="/settings/notifications">{t("why.settings")}</Link>
      </p>
    </Dialog>
  );
}
