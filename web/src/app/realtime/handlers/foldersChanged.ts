import { foldersQuery } from "@/shared/chat/folders";
import type { Handler } from "../dispatcher";

/** Folders are new, or what stands in them: both are asked for. */
export const foldersChanged: Handler<"folders.changed"> = (_event, { client }) => {
  void client.invalidateQueries({ queryKey: foldersQuery.queryKey });
  void client.invalidateQueries({ queryKey: ["conversations"] });
};
