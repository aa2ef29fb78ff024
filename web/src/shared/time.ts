/** Instants as people read them. Wire instants are RFC 3339 in UTC; here they become local to the reader. */

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language}${JSON.stringify(options)}`;
  let made = formatters.get(key);
  if (!made) {
    made = new Intl.DateTimeFormat(language, options);
    formatters.set(key, made);
  }
  return made;
}

const startOfDay = (date: Date): number =>
  new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

/** How many midnights lie between two instants in the reader's zone; robust over daylight saving changes. */
export function daysBetween(earlier: Date, later: Date): number {
  return Math.round((startOfDay(later) - startOfDay(earlier)) / 86_400_000);
}

export function sameDay(a: string, b: string): boolean {
  return daysBetween(new Date(a), new Date(b)) === 0;
}

export function clockTime(instant: string, language: string): string {
  return formatter(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(
    new Date(instant),
  );
}

function relativeDay(days: number, language: string): string {
  return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-days, "day");
}

/** "Today", "yesterday", a weekday within the week, else the date. */
export function dayLabel(instant: string, language: string, now: Date = new Date()): string {
  const date = new Date(instant);
  const days = daysBetween(date, now);
  if (days === 0 || days === 1) return relativeDay(days, language);
  const options: Intl.DateTimeFormatOptions = { month: "long", day: "numeric", weekday: "short" };
  if (date.getFullYear() !== now.getFullYear()) options.year = "numeric";
  return formatter(language, options).format(date);
}

/** The short form in lists: the clock today, then yesterday, weekday, date. */
export function listTime(instant: string, language: string, now: Date = new Date()): string {
  const date = new Date(instant);
  const days = daysBetween(date, now);
  if (days <= 0) return clockTime(instant, language);
  if (days === 1) return relativeDay(1, language);
  if (days < 7) return formatter(language, { weekday: "short" }).format(date);
  if (date.getFullYear() === now.getFullYear()) {
    return formatter(language, { month: "numeric", day: "numeric" }).format(date);
  }
  return formatter(language, { year: "numeric", month: "numeric", day: "numeric" }).format(date);
}

export function fullTime(instant: string, language: string): string {
  return formatter(language, {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(new Date(instant));
}

/** A size in bytes for reading: 1.5 MB. */
export function fileSize(bytes: number, language: string): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit > 0 && value < 10 ? 1 : 0;
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value)} ${units[unit]}`;
}
