"""One contract, both stores: a directory, and S3 spoken with a server."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from pegboard.kernel.files import DirectoryStore, FileNotFound, FileStore, Key, S3FileStore, scoped_key
from pegboard.kernel.files.errors import StorageFull, StorageUnavailable
from pegboard.kernel.files.keys import content_key
from pegboard.kernel.files.stores import open_store
from pegboard.kernel.ids import OrgId, uuid7
from pegboard.kernel.settings import FilesSettings, Secret, load
from tests.support.polling import until

pytestmark = pytest.mark.anyio

CHUNK = bytes(range(256)) * 1024


def s3_settings(endpoint: str, **more: str) -> FilesSettings:
    return FilesSettings(
        store="s3",
        s3_bucket="files",
        s3_endpoint=endpoint,
        s3_access_key_id="key",
        s3_secret_access_key=Secret("secret"),
        s3_prefix=more.get("prefix", ""),
    )


@pytest.fixture(params=["directory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    if request.param == "directory":
        return DirectoryStore(tmp_path / "files")
    return S3FileStore(s3_settings(request.getfixturevalue("s3_endpoint")))


@pytest.fixture
def key(org_id: OrgId) -> Key:
    return scoped_key(org_id, "files", uuid7())


async def chunks(*contents: bytes, then: Exception | None = None) -> AsyncIterator[bytes]:
    for content in contents:
        yield content
    if then is not None:
        raise then


async def read(store: FileStore, key: Key, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.get(key, start=start, end=end)])


async def test_what_was_put_comes_back(store: FileStore, key: Key) -> None:
    assert await store.put(key, chunks(b"hello ", b"", b"world")) == 11
    assert await store.size(key) == 11
    assert await read(store, key) == b"hello world"


@pytest.mark.parametrize(("start", "end"), [(0, 5), (6, 11), (6, None), (3, 4), (10, None), (5, 5), (7, 3)])
async def test_a_range_is_that_range(store: FileStore, key: Key, start: int, end: int | None) -> None:
    await store.put(key, chunks(b"hello world"))
    assert await read(store, key, start, end) == b"hello world"[start:end]


async def test_large_content_goes_in_and_out_in_pieces(store: FileStore, key: Key) -> None:
    count = 80  # 20 MiB: more than two parts of a multipart upload
    assert await store.put(key, chunks(*[CHUNK] * count)) == count * len(CHUNK)
    sizes = [len(chunk) async for chunk in store.get(key)]
    assert sum(sizes) == count * len(CHUNK)
    assert max(sizes) <= 4 * 1024 * 1024
    assert await read(store, key, 10 * len(CHUNK) + 5, 10 * len(CHUNK) + 9) == bytes([5, 6, 7, 8])


async def test_nothing_is_content_too(store: FileStore, key: Key) -> None:
    assert await store.put(key, chunks()) == 0
    assert await store.size(key) == 0
    assert await read(store, key) == b""


@pytest.mark.parametrize("count", [1, 80])
async def test_what_breaks_off_leaves_nothing(store: FileStore, key: Key, count: int) -> None:
    with pytest.raises(ZeroDivisionError):
        await store.put(key, chunks(*[CHUNK] * count, then=ZeroDivisionError()))
    assert await store.size(key) is None


async def test_what_breaks_off_leaves_what_was_there_before(store: FileStore, key: Key) -> None:
    await store.put(key, chunks(b"before"))
    with pytest.raises(ZeroDivisionError):
        await store.put(key, chunks(b"after", then=ZeroDivisionError()))
    assert await read(store, key) == b"before"
    await store.put(key, chunks(b"replaced"))
    assert await read(store, key) == b"replaced"


async def test_what_is_not_there_is_said_before_the_first_byte(store: FileStore, key: Key) -> None:
    assert await store.size(key) is None
    with pytest.raises(FileNotFound):
        await anext(store.get(key))
    with pytest.raises(FileNotFound):
        await anext(store.get(key, start=3, end=7))


async def test_deleting_forgets_and_may_be_repeated(store: FileStore, key: Key) -> None:
    await store.put(key, chunks(b"x"))
    await store.delete(key)
    await store.delete(key)
    assert await store.size(key) is None


# --- keys ----------------------------------------------------------------------------------------------------


def test_a_key_begins_with_its_organisation() -> None:
    org_id, file_id = OrgId(uuid7()), UUID(int=7)
    assert scoped_key(org_id, "x", 3) == f"{org_id}/x/3"
    assert content_key(org_id, file_id) == f"{org_id}/files/07/{file_id}"


@pytest.mark.parametrize(
    "part", ["", ".", "..", "../x", "a/b", "/a", "A", "a b", "a..b", ".a", "a.", "a\\b", "a\0", "é"]
)
def test_no_part_of_a_key_leads_elsewhere(part: str) -> None:
    with pytest.raises(ValueError, match="not parts of a key"):
        scoped_key(OrgId(uuid7()), "files", part)
    with pytest.raises(ValueError, match="not parts of a key"):
        scoped_key(OrgId(uuid7()))


# --- each by itself ------------------------------------------------------------------------------------------


async def test_the_directory_is_ours_alone_and_has_no_leftovers(tmp_path: Path, key: Key) -> None:
    store = DirectoryStore(tmp_path / "files")
    assert (tmp_path / "files").stat().st_mode & 0o777 == 0o700
    await store.put(key, chunks(b"x"))
    with pytest.raises(ZeroDivisionError):
        await store.put(key, chunks(*[CHUNK] * 80, then=ZeroDivisionError()))

    def nothing_else() -> bool:
        return [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == [tmp_path / "files" / key]

    await until(nothing_else)  # what a broken writer had begun is removed right after


async def test_what_a_killed_process_had_begun_goes_with_its_key(tmp_path: Path, key: Key) -> None:
    store = DirectoryStore(tmp_path / "files")
    await store.put(key, chunks(b"x"))
    begun = (tmp_path / "files" / key).with_name(f"{key.rpartition('/')[2]}#1")
    begun.write_bytes(b"half")
    await store.delete(key)
    assert not begun.exists()


async def test_a_directory_that_cannot_be_written_is_said_so(tmp_path: Path, key: Key) -> None:
    store = DirectoryStore(tmp_path / "files")
    (tmp_path / "files").rmdir()
    (tmp_path / "files").write_text("in the way")
    with pytest.raises(StorageUnavailable):
        await store.put(key, chunks(b"x"))


async def test_a_full_disk_is_said_so(tmp_path: Path, key: Key) -> None:
    """/dev/full answers every write with ENOSPC; our flush meets it as it would meet a full disk."""
    from pegboard.kernel.files.stores import _failures

    with pytest.raises(StorageFull), _failures(), open("/dev/full", "wb", buffering=0) as full:  # noqa: ASYNC230
        os.write(full.fileno(), b"x")


async def test_s3_that_does_not_answer_is_said_so(key: Key) -> None:
    store = S3FileStore(s3_settings("http://127.0.0.1:9"), retries=0)
    with pytest.raises(StorageUnavailable):
        await store.size(key)


async def test_a_bucket_can_be_shared_by_prefix(s3_endpoint: str, key: Key) -> None:
    ours = S3FileStore(s3_settings(s3_endpoint, prefix="ours"))
    await ours.put(key, chunks(b"x"))
    assert await ours.size(key) == 1
    assert await S3FileStore(s3_settings(s3_endpoint)).size(key) is None


def test_the_settings_choose(tmp_path: Path) -> None:
    environ = {"PEGBOARD_DATA": str(tmp_path)}
    assert isinstance(open_store(load(None, environ)), DirectoryStore)
    environ |= {"PEGBOARD_FILES__STORE": "s3", "PEGBOARD_FILES__S3_BUCKET": "b"}
    assert isinstance(open_store(load(None, environ)), S3FileStore)
