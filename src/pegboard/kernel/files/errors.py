"""What is refused about files."""

from pegboard.kernel.errors import Conflict, Invalid, NotFound, PegboardError, TooLarge, Unavailable


class FileNotFound(NotFound):
    """No such file, or not one that they may use."""

    code = "file.not_found"


class FileTooLarge(TooLarge):
    """Over the size limit; the text names it."""

    code = "file.too_large"


class FileTypeNotAllowed(Invalid):
    """A type that the operator has blocked."""

    code = "file.type_not_allowed"


class WrongOffset(Conflict):
    """These bytes do not follow those that are here; the text names the right offset."""

    code = "file.wrong_offset"


class AlreadyComplete(Conflict):
    """All bytes are here."""

    code = "file.already_complete"


class FileIncomplete(Conflict):
    """Bytes are missing, so it cannot be used yet."""

    code = "file.incomplete"


class ChecksumMismatch(Invalid):
    """The bytes are not those that were announced; the upload is dropped."""

    code = "file.checksum_mismatch"


class ImageTooLarge(Invalid):
    """More pixels than anything here would unpack."""

    code = "file.image_too_large"


class NoThumbnail(NotFound):
    """Not a picture that a small one can be made of."""

    code = "file.no_thumbnail"


class FileLinkInvalid(NotFound):
    """Expired, or never ours."""

    code = "file.link_invalid"


class RangeNotSatisfiable(PegboardError):
    """The asked range lies outside the file (RFC 9110 §15.5.17)."""

    code = "file.range_not_satisfiable"
    status = 416


class StorageFull(Unavailable):
    """The disk or bucket takes no more."""

    code = "file.storage_full"


class StorageUnavailable(Unavailable):
    """The store does not answer, or has lost the content."""

    code = "file.storage_unavailable"
