"""Where content lies: one interface, a directory and S3 behind it (both through `obstore`)."""

import asyncio
import errno
import os
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from pegboard.kernel.errors import PegboardError
from pegboard.kernel.files.errors import FileNotFound, StorageFull, StorageUnavailable
from pegboard.kernel.files.keys import Key
from pegboard.kernel.settings import FilesSettings, ServerSettings, Settings

_BUFFER_BYTES = 8 * 1024 * 1024
_CHUNK_BYTES = 256 * 1024


class FileStore(Protocol):
    """Content under keys. Every method raises `StorageFull` or `StorageUnavailable` when the store fails."""

    async def put(self, key: Key, content: AsyncIterable[bytes]) -> int:
        """Store the content whole or, when it or we break off, not at all; how many bytes. Durable on
        return.
        """
        ...

    def get(self, key: Key, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to and without `end`, chunk by chunk. `FileNotFound` before the first
        one.
        """
        ...

    async def size(self, key: Key) -> int | None:
        """How many bytes there are; None if there is no such key."""
        ...

    async def delete(self, key: Key) -> None:
        """Forget it; nothing happens if it is not there."""
        ...


class _ObjectStore:
    """What both have in common."""

    def __init__(self, store: Any) -> None:
        self._store = store

    async def put(self, key: Key, content: AsyncIterable[bytes]) -> int:
        """See `FileStore`."""
        size = 0
        # A writer that is dropped without `close` leaves nothing under the key.
        with _failures():
            writer = obstore.open_writer_async(self._store, key, buffer_size=_BUFFER_BYTES, max_concurrency=2)
        try:
            async for chunk in content:
                size += len(chunk)
                with _failures():
                    await writer.write(chunk)
            with _failures():
                await writer.close()
        except BaseException:
            del writer  # now, not when the last traceback lets go of it
            raise
        return size

    async def get(self, key: Key, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """See `FileStore`."""
        if end is not None and end <= start:
            return
        wanted: Any = {"offset": start} if end is None else (start, end)
        with _failures():
            if start == 0 and end is None:
                found = await obstore.get_async(self._store, key)
            else:
                found = await obstore.get_async(self._store, key, options={"range": wanted})
            stream = found.stream(min_chunk_size=_CHUNK_BYTES)
        chunks = aiter(stream)
        while True:
            with _failures():
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            yield bytes(chunk)

    async def size(self, key: Key) -> int | None:
        """See `FileStore`."""
        try:
            with _failures():
                return (await obstore.head_async(self._store, key))["size"]
        except FileNotFound:
            return None

    async def delete(self, key: Key) -> None:
        """See `FileStore`."""
        try:
            with _failures():
                await obstore.delete_async(self._store, key)
        except FileNotFound:
            pass


class DirectoryStore(_ObjectStore):
    """Content in files below one directory, written beside their place, renamed into it, and flushed to the
    disk.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._root = root
        super().__init__(LocalStore(prefix=root))

    async def put(self, key: Key, content: AsyncIterable[bytes]) -> int:
        """See `FileStore`."""
        size = await super().put(key, content)
        with _failures():
            await asyncio.to_thread(_flush, self._root, self._root / key)
        return size

    async def delete(self, key: Key) -> None:
        """See `FileStore`. Takes along what a process that was killed had begun to write under the key."""
        await super().delete(key)
        with _failures():
            await asyncio.to_thread(_remove_begun, self._root / key)


class S3FileStore(_ObjectStore):
    """Content in a bucket. Give the bucket a rule that drops unfinished multipart uploads after a day."""

    def __init__(self, settings: FilesSettings, *, retries: int = 5) -> None:
        options: dict[str, Any] = {"bucket": settings.s3_bucket, "region": settings.s3_region}
        if settings.s3_endpoint:
            options["endpoint"] = settings.s3_endpoint
        if settings.s3_access_key_id:
            options["access_key_id"] = settings.s3_access_key_id
            options["secret_access_key"] = str(settings.s3_secret_access_key)
        if settings.s3_prefix:
            options["prefix"] = settings.s3_prefix
        plain = settings.s3_endpoint.startswith("http://")
        super().__init__(
            S3Store(
                **options,
                client_options={"allow_http": plain, "connect_timeout": "5s", "timeout": "60s"},
                retry_config={"max_retries": retries, "retry_timeout": timedelta(seconds=30)},
            )
        )


def open_store(settings: Settings) -> FileStore:
    """The store that the settings choose."""
    chosen = settings[FilesSettings]
    if chosen.store == "s3":
        return S3FileStore(chosen)
    return DirectoryStore(settings[ServerSettings].data / "files")


def _flush(root: Path, file: Path) -> None:
    """To the disk: the content, and the names of it and of the directories above it."""
    for path in (file, *file.parents):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if path == root:
            return


def _remove_begun(file: Path) -> None:
    for begun in file.parent.glob(f"{file.name}#*"):
        begun.unlink(missing_ok=True)


@contextmanager
def _failures() -> "Any":
    """The store's own exceptions as ours."""
    try:
        yield
    except PegboardError:
        raise
    except FileNotFoundError:
        raise FileNotFound from None
    except (BaseError, OSError) as error:
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        if full or "No space left" in str(error) or "Disk quota" in str(error):
            raise StorageFull(retry_after_s=60) from error
        raise StorageUnavailable(retry_after_s=5) from error
