import { attentionQuery } from "@/shared/attention/attention";
import type { Handler } from "../dispatcher";

/** The rule is new, and with it every badge. */
export const attentionChanged: Handler<"attention.changed"> = (_event, { client }) => {
  void client.invalidateQueries({ queryKey: attentionQuery.queryKey });
  void client.invalidateQueries({ queryKey: ["conversations"] });
};
