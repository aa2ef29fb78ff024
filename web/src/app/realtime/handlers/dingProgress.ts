import { noteProgress } from "@/shared/ding/dings";
import type { Handler } from "../dispatcher";

export const dingProgress: Handler<"ding.progress"> = (event, { client }) => noteProgress(client, event);
