import { useEffect, useState } from "react";

/** Counts down the seconds until trying again is allowed; 0 when it is. */
export function useLockout(): { seconds: number; lock: (seconds: number) => void } {
  const [until, setUntil] = useState(0);
  const [now, setNow] = useState(() => Date.now());
  const seconds = Math.max(0, Math.ceil((until - now) / 1000));
  const locked = seconds > 0;
  useEffect(() => {
    if (!locked) return;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [locked]);
  return {
    seconds,
    lock: (wait) => {
      const at = Date.now();
      setNow(at);
      setUntil(at + wait * 1000);
    },
  };
}

export function minutesAndSeconds(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
