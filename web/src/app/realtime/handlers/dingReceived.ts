import { cachedAttention, ruleFor } from "@/shared/attention/attention";
import { chime } from "@/shared/attention/chime";
import { noteArrival } from "@/shared/ding/dings";
import type { Handler } from "../dispatcher";

export const dingReceived: Handler<"ding.received"> = ({ ding }, { client }) => {
  noteArrival(client, ding);
  if (ruleFor(cachedAttention(client), "ding", false)?.alert) chime();
};
