/** Sending a file in pieces: progress as it goes, stopping, and going on from where the server stands. */
import { apiUrl, requestHeaders, toApiError } from "@/api/client";
import { createUpload, fetchUploadState } from "@/api/endpoints";
import { ApiError, isTransient, NetworkError } from "@/api/errors";

const pieceSize = 1024 * 1024;
/** Above this the checksum is left to the server: hashing needs the whole file in memory. */
const hashLimit = 64 * 1024 * 1024;
const attempts = 5;

export interface UploadHandlers {
  onCreated: (fileId: string) => void;
  /** Between 0 and 1. */
  onProgress: (part: number) => void;
  signal: AbortSignal;
}

async function checksum(file: Blob): Promise<string | undefined> {
  // Only secure origins have it; elsewhere the server checks the size alone.
  if (!globalThis.crypto?.subtle || file.size > hashLimit) return undefined;
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

interface Piece {
  fileId: string;
  bytes: Blob;
  offset: number;
  total: number;
}

/** One `PUT` with Content-Range. XMLHttpRequest, because fetch does not tell how much has left. */
function putPiece(
  piece: Piece,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<{ offset: number; complete: boolean }> {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("PUT", apiUrl(`/files/${encodeURIComponent(piece.fileId)}/content`));
    for (const [name, value] of Object.entries(requestHeaders("PUT"))) call.setRequestHeader(name, value);
    const last = piece.offset + piece.bytes.size - 1;
    const range = piece.bytes.size > 0 ? `${piece.offset}-${last}` : "*";
    call.setRequestHeader("Content-Range", `bytes ${range}/${piece.total}`);
    call.setRequestHeader("Content-Type", "application/octet-stream");
    call.upload.onprogress = (event) => onSent(event.loaded);
    call.onload = () => {
      if (call.status >= 200 && call.status < 300) resolve(JSON.parse(call.responseText));
      else reject(toApiError(call.status, call.responseText, call.getResponseHeader("Retry-After")));
    };
    call.onerror = () => reject(new NetworkError());
    call.onabort = () => reject(new DOMException("aborted", "AbortError"));
    signal.addEventListener("abort", () => call.abort(), { once: true });
    call.send(piece.bytes);
  });
}

/** The server stands elsewhere than we thought: it had more, or lost what it had not acknowledged. */
function isWrongOffset(error: unknown): boolean {
  return error instanceof ApiError && error.code === "file.wrong_offset";
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Uploads a file, or goes on with an upload begun before (`fileId`). Resolves with the file's id once it is complete.
 * A broken line is tried again a few times from the server's own offset; then the error is the caller's.
 */
export async function uploadFile(
  file: File,
  fileId: string | null,
  handlers: UploadHandlers,
): Promise<string> {
  let id = fileId;
  let offset = 0;
  if (id === null) {
    const created = await createUpload({
      name: file.name,
      size: file.size,
      type: file.type || "application/octet-stream",
      sha256: await checksum(file),
    });
    handlers.signal.throwIfAborted();
    id = created.file_id;
    offset = created.offset;
    handlers.onCreated(id);
  } else {
    const state = await fetchUploadState(id, handlers.signal);
    if (state.complete) return id;
    offset = state.offset;
  }
  let failures = 0;
  while (true) {
    handlers.onProgress(file.size === 0 ? 1 : offset / file.size);
    const bytes = file.slice(offset, offset + pieceSize);
    const start = offset;
    try {
      const answer = await putPiece(
        { fileId: id, bytes, offset, total: file.size },
        (sent) => handlers.onProgress(Math.min(1, (start + sent) / file.size)),
        handlers.signal,
      );
      failures = 0;
      offset = answer.offset;
      if (answer.complete) return id;
    } catch (error) {
      failures += 1;
      if (!(isTransient(error) || isWrongOffset(error)) || failures >= attempts) throw error;
      await pause(500 * 2 ** failures);
      handlers.signal.throwIfAborted();
      const state = await fetchUploadState(id, handlers.signal);
      if (state.complete) return id;
      offset = state.offset;
    }
  }
}

/** The size of a picture in pixels, or null when the browser cannot read it (then it goes as a file). */
export async function imageSize(file: Blob): Promise<{ width: number; height: number } | null> {
  try {
    const bitmap = await createImageBitmap(file);
    const size = { width: bitmap.width, height: bitmap.height };
    bitmap.close();
    return size;
  } catch {
    return null;
  }
}

const imageTypes = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

export function isImage(file: File): boolean {
  return imageTypes.has(file.type);
}
