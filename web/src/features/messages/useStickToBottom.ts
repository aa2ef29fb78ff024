import { type RefObject, useCallback, useEffect, useRef } from "react";

/** A step away from the bottom is the person's when it comes this soon after their hand moved. */
const intentMs = 1_000;
const gestures = ["wheel", "touchmove", "keydown", "pointerdown"] as const;
const scrollKeys = new Set(["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End", " "]);

/** Whether a gesture scrolls: a press does on the scroll bar only, not on what the list shows. */
function scrolls(event: Event): boolean {
  if (event instanceof KeyboardEvent) return scrollKeys.has(event.key);
  if (event.type !== "pointerdown") return true;
  return event.target instanceof HTMLElement && "virtuosoScroller" in event.target.dataset;
}

/**
 * Keeps a list at its end while the person is there: when the window narrows beside a panel, the composer grows or a
 * picture arrives, the last message stays in sight. Only the person's own scrolling lets go.
 */
export function useStickToBottom(
  container: RefObject<HTMLElement | null>,
  startsAtBottom: boolean,
  toBottom: () => void,
) {
  const sticking = useRef(startsAtBottom);
  const lastGesture = useRef(0);

  useEffect(() => {
    const element = container.current;
    const note = (event: Event) => {
      if (scrolls(event)) lastGesture.current = Date.now();
    };
    for (const gesture of gestures) element?.addEventListener(gesture, note, { passive: true });
    return () => {
      for (const gesture of gestures) element?.removeEventListener(gesture, note);
    };
  }, [container]);

  const stay = useCallback(() => {
    // Under the person's hand nothing moves by itself.
    const handled = Date.now() - lastGesture.current < intentMs;
    if (sticking.current && !handled) toBottom();
  }, [toBottom]);
  const onAtBottom = useCallback(
    (atBottom: boolean) => {
      if (atBottom) sticking.current = true;
      else if (Date.now() - lastGesture.current < intentMs) sticking.current = false;
      else stay();
    },
    [stay],
  );
  const letGo = useCallback(() => {
    sticking.current = false;
  }, []);
  return { onAtBottom, onHeight: stay, letGo };
}
