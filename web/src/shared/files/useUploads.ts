import { useCallback, useEffect, useRef, useState } from "react";
import { newId } from "@/api/client";
import type { OutgoingContent } from "@/api/content";
import { describeError } from "../ui/describeError";
import { imageSize, isImage, uploadFile } from "./upload";

export interface Attachment {
  id: string;
  file: File;
  previewUrl: string | null;
  state: "uploading" | "paused" | "failed" | "done";
  /** Between 0 and 1. */
  progress: number;
  problem: string | null;
  fileId: string | null;
  /** What will be sent, once the upload is complete. */
  body: OutgoingContent | null;
}

async function bodyFor(file: File, fileId: string): Promise<OutgoingContent> {
  const size = isImage(file) ? await imageSize(file) : null;
  if (size) return { kind: "image", content: { file_id: fileId, ...size } };
  return {
    kind: "file",
    content: {
      file_id: fileId,
      name: file.name,
      size: file.size,
      type: file.type || "application/octet-stream",
    },
  };
}

/** The files in the composer: uploading at once, to be paused, gone on with, or thrown away. */
export function useUploads() {
  const [attachments, setAttachments] = useState<Attachment[]>([]);
  const running = useRef(new Map<string, AbortController>());

  const change = useCallback((id: string, part: Partial<Attachment>) => {
    setAttachments((held) => held.map((item) => (item.id === id ? { ...item, ...part } : item)));
  }, []);

  const run = useCallback(
    async (id: string, file: File, fileId: string | null) => {
      const abort = new AbortController();
      running.current.set(id, abort);
      change(id, { state: "uploading", problem: null });
      try {
        const done = await uploadFile(file, fileId, {
          signal: abort.signal,
          onCreated: (created) => change(id, { fileId: created }),
          onProgress: (progress) => change(id, { progress }),
        });
        change(id, { state: "done", progress: 1, fileId: done, body: await bodyFor(file, done) });
      } catch (error) {
        if (abort.signal.aborted) change(id, { state: "paused" });
        else change(id, { state: "failed", problem: describeError(error).text });
      } finally {
        running.current.delete(id);
      }
    },
    [change],
  );

  const add = useCallback(
    (files: Iterable<File>) => {
      for (const file of files) {
        const id = newId();
        const previewUrl = isImage(file) ? URL.createObjectURL(file) : null;
        const fresh: Attachment = {
          id,
          file,
          previewUrl,
          state: "uploading",
          progress: 0,
          problem: null,
          fileId: null,
          body: null,
        };
        setAttachments((held) => [...held, fresh]);
        void run(id, file, null);
      }
    },
    [run],
  );

  const pause = useCallback((id: string) => running.current.get(id)?.abort(), []);
  const resume = useCallback((item: Attachment) => void run(item.id, item.file, item.fileId), [run]);
  const remove = useCallback((id: string) => {
    running.current.get(id)?.abort();
    setAttachments((held) =>
      held.filter((item) => {
        if (item.id === id && item.previewUrl) URL.revokeObjectURL(item.previewUrl);
        return item.id !== id;
      }),
    );
  }, []);
  const clear = useCallback(() => {
    setAttachments((held) => {
      for (const item of held) if (item.previewUrl) URL.revokeObjectURL(item.previewUrl);
      return [];
    });
  }, []);

  useEffect(() => {
    const controllers = running.current;
    return () => {
      for (const abort of controllers.values()) abort.abort();
    };
  }, []);

  return { attachments, add, pause, resume, remove, clear };
}
