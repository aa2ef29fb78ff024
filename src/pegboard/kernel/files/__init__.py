"""Files that people upload: content in a directory or in S3, what is known about it in PostgreSQL."""

from pegboard.kernel.files import file_jobs
from pegboard.kernel.files.errors import (
    ChecksumMismatch,
    FileIncomplete,
    FileLinkInvalid,
    FileNotFound,
    FileTooLarge,
    FileTypeNotAllowed,
    ImageTooLarge,
    NoThumbnail,
    WrongOffset,
)
from pegboard.kernel.files.keys import Key, scoped_key
from pegboard.kernel.files.library import KEEP_MANY, FileView, attach, open_for
from pegboard.kernel.files.links import Link, SignedLink, Variant, check_link, sign_link
from pegboard.kernel.files.stores import DirectoryStore, FileStore, S3FileStore, open_store
from pegboard.kernel.files.thumbnails import thumbnail
from pegboard.kernel.files.uploads import NewUpload, append, cancel_upload, finish, start_upload, store_whole

__all__ = [
    "KEEP_MANY",
    "ChecksumMismatch",
    "DirectoryStore",
    "FileIncomplete",
    "FileLinkInvalid",
    "FileNotFound",
    "FileStore",
    "FileTooLarge",
    "FileTypeNotAllowed",
    "FileView",
    "ImageTooLarge",
    "Key",
    "Link",
    "NewUpload",
    "NoThumbnail",
    "S3FileStore",
    "SignedLink",
    "Variant",
    "WrongOffset",
    "append",
    "attach",
    "cancel_upload",
    "check_link",
    "file_jobs",
    "finish",
    "open_for",
    "open_store",
    "scoped_key",
    "sign_link",
    "start_upload",
    "store_whole",
    "thumbnail",
]
