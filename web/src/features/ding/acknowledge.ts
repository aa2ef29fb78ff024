import type { QueryClient } from "@tanstack/react-query";
import { acknowledgeDing } from "@/api/endpoints";
import type { Ding } from "@/api/types";
import { ownPlace, putDing, refreshDings } from "@/shared/ding/dings";

/** Says that I have seen it, and takes it off my screen before the word of it comes back. */
export async function acknowledge(client: QueryClient, ding: Ding, reply: string): Promise<void> {
  try {
    await acknowledgeDing(ding.id, reply);
  } catch (error) {
    // Cancelled or gone meanwhile: what is shown is old.
    refreshDings(client);
    throw error;
  }
  const place = ownPlace(ding);
  if (!place) return;
  const done = {
    ...place,
    state: "acknowledged" as const,
    acknowledged_at: place.acknowledged_at ?? new Date().toISOString(),
    reply: place.reply ?? (reply || null),
  };
  putDing(client, { ...ding, recipients: [done] });
}
