import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect } from "react";
import { attentionQuery, useAttention } from "@/shared/attention/attention";
import { isMuted, refreshConversation, useConversations } from "@/shared/chat/conversations";

/** Browsers take no longer wait; whoever waits longer asks once between. */
const longestWait = 2 ** 31 - 1;
/** A moment more, so that the server's clock has passed it too. */
const graceMs = 500;

function useAt(instant: string | null | undefined, act: () => void): void {
  useEffect(() => {
    if (!instant) return;
    const wait = Math.max(0, Date.parse(instant) - Date.now()) + graceMs;
    const timer = setTimeout(act, Math.min(wait, longestWait));
    return () => clearTimeout(timer);
  }, [instant, act]);
}

/** Quiet hours begin and end, and mutes end, by themselves: then the server is asked what holds now. */
export function useAttentionClock(): void {
  const client = useQueryClient();
  const attention = useAttention();
  const { conversations } = useConversations();
  const [next] = (conversations ?? [])
    .filter((conversation) => isMuted(conversation))
    .map(({ id, mine }) => ({ id, until: mine.muted_until ?? "" }))
    .sort((a, b) => Date.parse(a.until) - Date.parse(b.until));
  const nextId = next?.id;
  useAt(
    attention?.changes_at,
    useCallback(() => void client.invalidateQueries({ queryKey: attentionQuery.queryKey }), [client]),
  );
  useAt(
    next?.until,
    useCallback(() => {
      if (nextId) refreshConversation(client, nextId).catch(() => {});
    }, [client, nextId]),
  );
}
