import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";
import { markRead } from "@/api/endpoints";
import { getConversation } from "@/shared/chat/conversations";
import { noteRead } from "@/shared/chat/messages";
import { useRealtime } from "@/shared/realtime/context";
import { useMyUserid } from "@/shared/session/me";

const settleMs = 350;

/** Half of the message, or as much of a long one as half the window holds. */
function isSeen(entry: IntersectionObserverEntry): boolean {
  if (!entry.isIntersecting) return false;
  const windowHeight = entry.rootBounds?.height ?? window.innerHeight;
  return entry.intersectionRatio >= 0.5 || entry.intersectionRect.height >= windowHeight * 0.4;
}

/**
 * Moves my cursor to the furthest message that was really on screen: shown, in a visible page, for a moment.
 * Returns a ref callback for each row.
 */
export function useReadMarker(
  conversationId: string,
): (element: HTMLElement | null) => (() => void) | undefined {
  const client = useQueryClient();
  const realtime = useRealtime();
  const myUserid = useMyUserid();
  const visible = useRef(new Set<number>());
  const observer = useRef<IntersectionObserver | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const settle = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      if (document.visibilityState !== "visible") return;
      const furthest = Math.max(0, ...visible.current);
      const held = getConversation(client, conversationId);
      if (!held) return;
      if (furthest <= held.mine.read_seq && !(held.mine.marked_unread && furthest >= held.head_seq)) return;
      noteRead(client, conversationId, furthest, myUserid);
      const command = { conversation_id: conversationId, seq: furthest };
      const told =
        realtime?.state === "online"
          ? realtime.command("conversation.read", command)
          : markRead(conversationId, furthest);
      // A lost word is no harm: the cursor is told again with the next message seen, and `hello` brings the truth.
      told.catch(() => {});
    }, settleMs);
  }, [client, conversationId, myUserid, realtime]);

  const getObserver = useCallback(() => {
    if (observer.current || typeof IntersectionObserver === "undefined") return observer.current;
    observer.current = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          const seq = Number((entry.target as HTMLElement).dataset.seq);
          if (isSeen(entry)) visible.current.add(seq);
          else visible.current.delete(seq);
        }
        settle();
      },
      { threshold: [0, 0.25, 0.5, 1] },
    );
    return observer.current;
  }, [settle]);

  useEffect(() => {
    document.addEventListener("visibilitychange", settle);
    return () => {
      document.removeEventListener("visibilitychange", settle);
      clearTimeout(timer.current);
      observer.current?.disconnect();
      observer.current = null;
    };
  }, [settle]);

  return useCallback(
    (element: HTMLElement | null) => {
      if (!element) return undefined;
      const watching = getObserver();
      watching?.observe(element);
      return () => {
        watching?.unobserve(element);
        visible.current.delete(Number(element.dataset.seq));
      };
    },
    [getObserver],
  );
}
