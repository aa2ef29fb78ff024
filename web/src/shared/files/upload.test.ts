import { beforeEach, describe, expect, it, vi } from "vitest";
import { serve } from "../../../tests/app";
import { uploadFile } from "./upload";

/** An XMLHttpRequest whose answers the test decides. */
class FakeUpload {
  static ranges: string[] = [];
  static answer: (range: string) => { status: number; body: unknown } | "network" | "never" = () => "never";
  upload: { onprogress: ((event: { loaded: number }) => void) | null } = { onprogress: null };
  status = 0;
  responseText = "";
  onload: (() => void) | null = null;
  onerror: (() => void) | null = null;
  onabort: (() => void) | null = null;
  #range = "";
  open() {}
  setRequestHeader(name: string, value: string) {
    if (name === "Content-Range") this.#range = value;
  }
  getResponseHeader() {
    return null;
  }
  abort() {
    this.onabort?.();
  }
  send(body: Blob) {
    FakeUpload.ranges.push(this.#range);
    this.upload.onprogress?.({ loaded: body.size });
    queueMicrotask(() => {
      const answer = FakeUpload.answer(this.#range);
      if (answer === "network") this.onerror?.();
      else if (answer !== "never") {
        this.status = answer.status;
        this.responseText = JSON.stringify(answer.body);
        this.onload?.();
      }
    });
  }
}

const mib = 1024 * 1024;
const file = new File([new Uint8Array(mib + 10)], "a.bin");
const ok = (offset: number) => ({ status: 200, body: { offset, complete: offset >= file.size } });
const end = (range: string) => Number(range.match(/-(\d+)\//)?.[1]) + 1;

beforeEach(() => {
  FakeUpload.ranges = [];
  FakeUpload.answer = (range) => ok(end(range));
  vi.stubGlobal("XMLHttpRequest", FakeUpload);
  // The buffers of jsdom are none that the crypto of Node takes.
  const subtle = { digest: async () => new Uint8Array([0, 171]).buffer };
  vi.stubGlobal("crypto", { getRandomValues: (bytes: Uint8Array) => bytes, subtle });
});

function start(fileId: string | null = null) {
  const abort = new AbortController();
  const progress: number[] = [];
  const created: string[] = [];
  const done = uploadFile(file, fileId, {
    signal: abort.signal,
    onProgress: (part) => progress.push(part),
    onCreated: (id) => created.push(id),
  });
  return { done, abort, progress, created };
}

describe("an upload", () => {
  it("goes piece by piece and tells how far it is", async () => {
    const calls = serve({ "POST /files": () => ({ status: 201, body: { file_id: "f1", offset: 0 } }) });
    const { done, progress, created } = start();
    await expect(done).resolves.toBe("f1");
    expect(calls[0]?.body).toMatchObject({ name: "a.bin", size: mib + 10, sha256: "00ab" });
    expect(created).toEqual(["f1"]);
    expect(FakeUpload.ranges).toEqual([
      `bytes 0-${mib - 1}/${mib + 10}`,
      `bytes ${mib}-${mib + 9}/${mib + 10}`,
    ]);
    expect(progress.at(-1)).toBe(1);
  });

  it("goes on from where the server stands", async () => {
    serve({ "GET /files/f1/upload": () => ({ body: { offset: mib, size: file.size, complete: false } }) });
    await expect(start("f1").done).resolves.toBe("f1");
    expect(FakeUpload.ranges).toEqual([`bytes ${mib}-${mib + 9}/${mib + 10}`]);
  });

  it("mends a broken line by asking how far the server is", async () => {
    serve({
      "POST /files": () => ({ status: 201, body: { file_id: "f1", offset: 0 } }),
      "GET /files/f1/upload": () => ({ body: { offset: 100, size: file.size, complete: false } }),
    });
    let broken = true;
    FakeUpload.answer = (range) => {
      if (!broken) return ok(end(range));
      broken = false;
      return "network";
    };
    await expect(start().done).resolves.toBe("f1");
    expect(FakeUpload.ranges[1]).toBe(
      `bytes 100-${mib + 99}/${mib + 10}`.replace(`${mib + 99}`, `${mib + 9}`),
    );
  });

  it("stops when told, and passes a refusal on", async () => {
    serve({ "POST /files": () => ({ status: 201, body: { file_id: "f1", offset: 0 } }) });
    FakeUpload.answer = () => "never";
    const stopped = start();
    await vi.waitFor(() => expect(FakeUpload.ranges).toHaveLength(1));
    stopped.abort.abort();
    await expect(stopped.done).rejects.toMatchObject({ name: "AbortError" });
    FakeUpload.answer = () => ({ status: 413, body: { error: { code: "file.too_large", message: "太大" } } });
    await expect(start().done).rejects.toMatchObject({ code: "file.too_large" });
  });
});
