"""What attention refuses."""

from pegboard.kernel.errors import Conflict, NotFound


class FolderNotFound(NotFound):
    """No such folder, or somebody else's: the two are never told apart."""

    code = "folder.not_found"


class TooManyFolders(Conflict):
    """A member, and an organisation, has at most `limit` folders."""

    code = "folder.too_many"


class FolderFull(Conflict):
    """At most `limit` conversations stand in a folder by hand."""

    code = "folder.full"


ERRORS = (FolderNotFound, TooManyFolders, FolderFull)
