"""What other modules may ask of attention.

Every function that takes a `uow` works inside the caller's unit of work, which is in the organisation in question.
"""

from pegboard.modules.attention.errors import FolderNotFound
from pegboard.modules.attention.service.folders import folder_of, folders_of
from pegboard.modules.attention.service.settings import attention_of, counting_state, may_disturb
from pegboard.modules.attention.views import (
    KINDS,
    Attention,
    ConversationFacts,
    Folder,
    Kind,
    Notice,
    State,
    matches,
    notice,
)

__all__ = [
    "KINDS",
    "Attention",
    "ConversationFacts",
    "Folder",
    "FolderNotFound",
    "Kind",
    "Notice",
    "State",
    "attention_of",
    "counting_state",
    "folder_of",
    "folders_of",
    "matches",
    "may_disturb",
    "notice",
]
