/** Until the end of time, as the wire wants an instant. */
export const forEver = "9999-12-31T00:00:00Z";

const morning = 8;

export function inAnHour(now: Date = new Date()): string {
  return new Date(now.getTime() + 3_600_000).toISOString();
}

/** Tomorrow at eight by this device's clock: a mute that ends at midnight would ring at night. */
export function untilTomorrow(now: Date = new Date()): string {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, morning).toISOString();
}
