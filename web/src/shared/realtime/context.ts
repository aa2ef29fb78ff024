import { createContext, useContext, useSyncExternalStore } from "react";
import type { ConnectionState, RealtimeConnection } from "./connection";

export const RealtimeContext = createContext<RealtimeConnection | null>(null);

const nothing = () => () => {};

export function useRealtime(): RealtimeConnection | null {
  return useContext(RealtimeContext);
}

export function useConnectionState(): ConnectionState {
  const connection = useContext(RealtimeContext);
  return useSyncExternalStore(
    connection?.subscribe ?? nothing,
    connection?.getState ?? (() => "connecting" as const),
  );
}
