import { useState } from "react";
import { fetchFileLink } from "@/api/endpoints";
import { toastError } from "@/shared/ui/toast";

/** Fetches a personal link and lets the browser save what is behind it. */
export function useDownload(conversationId: string, seq: number, name: string) {
  const [busy, setBusy] = useState(false);
  const download = async () => {
    setBusy(true);
    try {
      const { url } = await fetchFileLink(conversationId, seq, "original");
      const anchor = document.createElement("a");
      anchor.href = url;
      anchor.download = name;
      anchor.rel = "noopener";
      anchor.click();
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  return { download: () => void download(), busy };
}
