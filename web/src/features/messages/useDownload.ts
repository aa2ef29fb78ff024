import { useState } from "react";
import { fetchFileLink } from "@/api/endpoints";
import { toastError } from "@/shared/ui/toast";
import type { StoredFile } from "./fileLinks";

/** Fetches a personal link and lets the browser save what is behind it. */
export function useDownload(file: StoredFile, name: string) {
  const [busy, setBusy] = useState(false);
  const download = async () => {
    setBusy(true);
    try {
      const { url } = await fetchFileLink(file.conversationId, file.seq, "original", file.fileId);
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
