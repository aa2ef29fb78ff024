"""Small pictures, made when somebody first asks for one."""

import asyncio
from collections.abc import AsyncIterator

from pegboard.kernel.files.errors import NoThumbnail
from pegboard.kernel.files.images import make_thumbnail
from pegboard.kernel.files.keys import Key, content_key, thumbnail_key
from pegboard.kernel.files.library import FileView
from pegboard.kernel.files.stores import FileStore
from pegboard.kernel.files.types import SAFE_IMAGES

TYPE = "image/webp"
_MAX_SOURCE_BYTES = 64 * 1024 * 1024

# Unpacking 50 megapixels takes 200 MB, so never many at a time.
_at_once = asyncio.Semaphore(2)


async def thumbnail(store: FileStore, file: FileView) -> tuple[Key, int]:
    """Where the file's small picture lies, and how many bytes it has. `NoThumbnail` if it can have none."""
    if file.type not in SAFE_IMAGES or file.width is None or file.size > _MAX_SOURCE_BYTES:
        raise NoThumbnail
    key = thumbnail_key(file.org_id, file.file_id)
    if (size := await store.size(key)) is not None:
        return key, size
    async with _at_once:
        content = b"".join([chunk async for chunk in store.get(content_key(file.org_id, file.file_id))])
        small = await asyncio.to_thread(make_thumbnail, content)
        return key, await store.put(key, _once(small))


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
