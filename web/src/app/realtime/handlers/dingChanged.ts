import { putDing } from "@/shared/ding/dings";
import type { Handler } from "../dispatcher";

export const dingChanged: Handler<"ding.changed"> = ({ ding }, { client }) => putDing(client, ding);
