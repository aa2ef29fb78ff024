"""What other modules and the application may ask of messaging."""

from pegboard.modules.messaging.schemas import NewConversation, NewMessage
from pegboard.modules.messaging.service.answering import Answer, answers_among
from pegboard.modules.messaging.service.conversations import begin as begin_conversation
from pegboard.modules.messaging.service.conversations import create_group
from pegboard.modules.messaging.service.indexing import begin_again as forget_words
from pegboard.modules.messaging.service.indexing import index_some as index_words
from pegboard.modules.messaging.service.notices import excerpts, must_read, unread_members
from pegboard.modules.messaging.service.sending import Messenger

__all__ = [
    "Answer",
    "Messenger",
    "NewConversation",
    "NewMessage",
    "answers_among",
    "begin_conversation",
    "create_group",
    "excerpts",
    "forget_words",
    "index_words",
    "must_read",
    "unread_members",
]
