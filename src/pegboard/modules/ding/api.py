"""What other modules may ask of `ding`.

Works inside the caller's unit of work, which is in the organisation in question, and checks the actor.
"""

from pegboard.modules.ding.schemas import MessagePlace, NewDing
from pegboard.modules.ding.service.creating import create as send_ding
from pegboard.modules.ding.views import Repeat, Step

__all__ = ["MessagePlace", "NewDing", "Repeat", "Step", "send_ding"]
