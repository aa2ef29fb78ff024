import type { TFunction } from "i18next";

export const channelLabels = {
  app: "ding.channelApp",
  sms: "ding.channelSms",
  phone: "ding.channelPhone",
} as const;

/** When a step is taken, counted from the first. */
export function afterText(seconds: number, t: TFunction): string {
  return seconds === 0 ? t("ding.atOnce") : t("ding.afterMinutes", { count: Math.round(seconds / 60) });
}
