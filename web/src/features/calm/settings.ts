import type { QueryClient } from "@tanstack/react-query";
import { changeAttention } from "@/api/endpoints";
import { ApiError } from "@/api/errors";
import type { AttentionChange } from "@/api/types";
import { attentionQuery } from "@/shared/attention/attention";

export type Wish = Omit<AttentionChange, "revision">;

/** One after another: each names the revision that the one before has made. */
let last: Promise<unknown> = Promise.resolve();

/** Changes my settings; the badges that the server counted by the old rule are asked for again. */
export function changeSettings(client: QueryClient, wish: Wish): Promise<void> {
  const change = last.then(() => changeNow(client, wish));
  last = change.catch(() => {});
  return change;
}

async function changeNow(client: QueryClient, wish: Wish): Promise<void> {
  const seen = client.getQueryData(attentionQuery.queryKey);
  if (!seen) return;
  try {
    const fresh = await changeAttention({ ...wish, revision: seen.revision });
    client.setQueryData(attentionQuery.queryKey, fresh);
    void client.invalidateQueries({ queryKey: ["conversations"] });
  } catch (error) {
    // Another device was faster: what it chose is shown, and the person decides again.
    if (error instanceof ApiError && error.status === 409) {
      await client.invalidateQueries({ queryKey: attentionQuery.queryKey });
    }
    throw error;
  }
}
