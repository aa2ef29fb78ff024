import { Switch } from "antd";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { QuietHours } from "@/api/types";
import { currentLanguage } from "@/shared/i18n";
import styles from "./calm.module.css";

interface QuietHoursFormProps {
  hours: QuietHours;
  organisationZone: string;
  busy: boolean;
  onChange: (change: Partial<QuietHours>) => Promise<void>;
}

/** ISO weekdays, as the wire counts them. */
const weekdays = [1, 2, 3, 4, 5, 6, 7] as const;

/** A day of the week in the reader's language; 5 January 2026 was a Monday. */
function dayName(day: number, width: "narrow" | "long"): string {
  return new Intl.DateTimeFormat(currentLanguage(), { weekday: width, timeZone: "UTC" }).format(
    Date.UTC(2026, 0, 4 + day),
  );
}

function zones(...known: string[]): string[] {
  const all = typeof Intl.supportedValuesOf === "function" ? Intl.supportedValuesOf("timeZone") : [];
  return [...new Set([...known, ...all])].sort();
}

const deviceZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

export function QuietHoursForm({ hours, organisationZone, busy, onChange }: QuietHoursFormProps) {
  const { t } = useTranslation();
  const zoneId = useId();
  const { enabled, days } = hours;
  const device = deviceZone();
  const toggle = (day: number) =>
    onChange({
      days: days.includes(day) ? days.filter((held) => held !== day) : [...days, day].sort((a, b) => a - b),
    });
  return (
    <>
      {/* biome-ignore lint/a11y/noLabelWithoutControl: Ant Design's Switch is the button inside. */}
      <label className={styles.choice}>
        <span>{t("calm.enabled")}</span>
        <Switch
          aria-label={t("calm.enabled")}
          disabled={busy}
          checked={enabled}
          onChange={(on) => void onChange({ enabled: on })}
        />
      </label>
      {enabled && (
        <>
          <div className={styles.row}>
            <Clock
              key={`from ${hours.starts}`}
              label={t("calm.from")}
              value={hours.starts}
              onChange={(starts) => onChange({ starts })}
            />
            <Clock
              key={`to ${hours.ends}`}
              label={t("calm.to")}
              value={hours.ends}
              onChange={(ends) => onChange({ ends })}
            />
            {hours.ends <= hours.starts && <span className={styles.text}>{t("calm.nextDay")}</span>}
          </div>
          <fieldset className={styles.days}>
            <legend>{t("calm.days")}</legend>
            {weekdays.map((day) => (
              <button
                key={day}
                type="button"
                className={styles.day}
                aria-label={dayName(day, "long")}
                aria-pressed={days.includes(day)}
                disabled={busy}
                onClick={() => void toggle(day)}
              >
                {dayName(day, "narrow")}
              </button>
            ))}
          </fieldset>
          <label className={styles.zone} htmlFor={zoneId}>
            {t("calm.zone")}
            <select
              id={zoneId}
              className={styles.field}
              disabled={busy}
              value={hours.zone}
              onChange={(event) => void onChange({ zone: event.target.value })}
            >
              {zones(hours.zone, organisationZone, device).map((zone) => (
                <option key={zone} value={zone}>
                  {zone}
                </option>
              ))}
            </select>
          </label>
          {hours.zone !== device && (
            <p className={styles.text}>
              {t("calm.otherZone", { zone: device })}{" "}
              <button
                type="button"
                className={styles.linkButton}
                onClick={() => void onChange({ zone: device })}
              >
                {t("calm.useDeviceZone")}
              </button>
            </p>
          )}
        </>
      )}
    </>
  );
}

interface ClockProps {
  label: string;
  value: string;
  onChange: (value: string) => Promise<void>;
}

/** Saved when the person has gone on, not with every digit. */
function Clock({ label, value, onChange }: ClockProps) {
  const [shown, setShown] = useState(value);
  return (
    <label className={styles.clock}>
      {label}
      <input
        type="time"
        required
        className={styles.field}
        value={shown}
        onChange={(event) => setShown(event.target.value)}
        onBlur={() => {
          if (shown && shown !== value) void onChange(shown);
          else setShown(value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") event.currentTarget.blur();
        }}
      />
    </label>
  );
}
