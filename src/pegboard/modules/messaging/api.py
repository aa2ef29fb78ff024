"""What other modules and the application may ask of messaging."""

from pegboard.modules.messaging.service.conversations import create_group
from pegboard.modules.messaging.service.sending import Messenger

__all__ = ["Messenger", "create_group"]
