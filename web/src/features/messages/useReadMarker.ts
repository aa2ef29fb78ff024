import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";
import { markRead } from "@/api/endpoints";
import { getConversation, refreshConversation } from "@/shared/chat/conversations";
import { getWindow, noteRead, type Root } from "@/shared/chat/messages";
import { getThread, noteReadInMain, readThread } from "@/shared/chat/threads";
import { firstAfter } from "@/shared/chat/window";
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
 * Moves my cursor to the furthest message that was really on screen: shown, in a visible page, for a moment. The main
 * line and each thread have cursors of their own. Returns a ref callback for each row.
 */
export function useReadMarker(
  conversationId: string,
  root: Root = null,
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
      if (root !== null) {
        const thread = getThread(client, conversationId, root);
        // The message at its head is of the main line.
        if (!thread || furthest === root || furthest <= thread.read_seq) return;
        const items = getWindow(client, conversationId, root)?.items ?? [];
        const above = items.slice(firstAfter(items, furthest));
        const stillNew = above.filter(({ sender }) => sender?.userid !== myUserid).length;
        readThread(client, conversationId, root, furthest, stillNew).catch(() => {});
        return;
      }
      const held = getConversation(client, conversationId);
      if (!held) return;
      const last = getWindow(client, conversationId)?.items.at(-1)?.seq ?? held.head_seq;
      if (furthest <= held.mine.read_seq && !(held.mine.marked_unread && furthest >= last)) return;
      const items = getWindow(client, conversationId)?.items ?? [];
      const passed = items.slice(firstAfter(items, held.mine.read_seq), firstAfter(items, furthest));
      noteReadInMain(
        client,
        conversationId,
        passed.filter(({ sender }) => sender?.userid !== myUserid),
      );
      noteRead(client, conversationId, furthest, myUserid);
      const command = { conversation_id: conversationId, seq: furthest };
      const told: Promise<unknown> =
        realtime?.state === "online"
          ? realtime.command("conversation.read", command)
          : markRead(conversationId, furthest);
      // A lost word is no harm: the cursor is told again with the next message seen, and `hello` brings the truth.
      // What still calls me then stands in threads, or was not held here: the server has counted it.
      const called = getConversation(client, conversationId)?.mine.mentioned;
      void told.then(() => (called ? refreshConversation(client, conversationId) : null)).catch(() => {});
    }, settleMs);
  }, [client, conversationId, root, myUserid, realtime]);

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
