import i18next from "i18next";
import { ApiError, NetworkError } from "@/api/errors";

/** An error in the words a person can use. The server's own message comes first: it is already in their language. */
export function describeError(error: unknown): { text: string; requestId: string } {
  if (error instanceof NetworkError) return { text: i18next.t("state.network"), requestId: "" };
  if (error instanceof ApiError) {
    return { text: error.message || i18next.t("state.refused"), requestId: error.requestId };
  }
  return { text: i18next.t("state.unexpected"), requestId: "" };
}
