import { useSyncExternalStore } from "react";
import { describeError } from "./describeError";
import styles from "./ui.module.css";

interface Toast {
  id: number;
  text: string;
}

const shownFor = 5_000;
let toasts: readonly Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A short word at the bottom of the screen; also read out. */
export function toast(text: string): void {
  const id = nextId++;
  set([...toasts.slice(-2), { id, text }]);
  setTimeout(() => set(toasts.filter((shown) => shown.id !== id)), shownFor);
}

export function toastError(error: unknown): void {
  const { text, requestId } = describeError(error);
  toast(requestId ? `${text} (${requestId})` : text);
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className={styles.toasts} role="status" aria-live="polite">
      {shown.map((item) => (
        <div key={item.id} className={styles.toast}>
          {item.text}
        </div>
      ))}
    </div>
  );
}
