import { createContext, useContext, useMemo, useSyncExternalStore } from "react";
import type { Root } from "./messages";
import type { Outbox, Outgoing } from "./outbox";

export const OutboxContext = createContext<Outbox | null>(null);

export function useOutbox(): Outbox {
  const outbox = useContext(OutboxContext);
  if (!outbox) throw new Error("useOutbox outside OutboxContext");
  return outbox;
}

/** What is on its way into the main line of a conversation, or into one of its threads. */
export function useOutgoing(conversationId: string, root: Root): readonly Outgoing[] {
  const outbox = useOutbox();
  const all = useSyncExternalStore(outbox.subscribe, () => outbox.of(conversationId));
  return useMemo(
    () =>
      all.filter((item) =>
        root === null ? item.thread === null || item.also_in_main : item.thread === root,
      ),
    [all, root],
  );
}
