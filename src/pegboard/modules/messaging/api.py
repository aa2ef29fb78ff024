"""What other modules and the application may ask of messaging."""

from pegboard.modules.messaging.schemas import NewConversation, NewMessage
from pegboard.modules.messaging.service.conversations import begin as begin_conversation
from pegboard.modules.messaging.service.conversations import create_group
from pegboard.modules.messaging.service.sending import Messenger

__all__ = ["Messenger", "NewConversation", "NewMessage", "begin_conversation", "create_group"]
