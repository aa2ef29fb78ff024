import { createContext, useContext, useSyncExternalStore } from "react";
import type { Outbox, Outgoing } from "./outbox";

export const OutboxContext = createContext<Outbox | null>(null);

export function useOutbox(): Outbox {
  const outbox = useContext(OutboxContext);
  if (!outbox) throw new Error("useOutbox outside OutboxContext");
  return outbox;
}

export function useOutgoing(conversationId: string): readonly Outgoing[] {
  const outbox = useOutbox();
  return useSyncExternalStore(outbox.subscribe, () => outbox.of(conversationId));
}
