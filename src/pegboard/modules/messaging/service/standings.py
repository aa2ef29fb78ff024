"""What the committer remembers of conversations and of who sends in them, so that it need not ask before each commit.

Whatever changes who may speak moves the conversation's head or its revision, and appending stores nothing where these
are no longer as remembered (`store.append`). So a memory can be outdated, but never lead to anything; what it would
refuse, it does not refuse: it sends the wish the thorough way.
"""

from collections import OrderedDict
from dataclasses import dataclass, field, replace

from pegboard.kernel.ids import MemberId
from pegboard.modules.messaging.store import Place, Seen
from pegboard.modules.messaging.views import Standing

REMEMBERED = 10_000


@dataclass(slots=True)
class _Conversation:
    """As of `seen`: the places of those who have sent in it."""

    seen: Seen
    standings: dict[MemberId, Standing] = field(default_factory=dict)


class Standings:
    """The conversations that were sent to last, at most REMEMBERED."""

    def __init__(self) -> None:
        self._conversations: OrderedDict[Place, _Conversation] = OrderedDict()

    def of(self, place: Place, member_id: MemberId) -> Standing | None:
        """How somebody stood when we last looked; None if we do not know."""
        conversation = self._conversations.get(place)
        return None if conversation is None else conversation.standings.get(member_id)

    def seen(self, place: Place) -> Seen:
        """Head and revision of a conversation that is remembered."""
        return self._conversations[place].seen

    def learn(self, place: Place, member_id: MemberId, standing: Standing) -> None:
        """What was just read, but for the message that it found: another one comes next time."""
        seen = Seen(head_seq=standing.head_seq, revision=standing.revision)
        conversation = self._conversations.get(place)
        if conversation is None or conversation.seen != seen:
            conversation = self._conversations[place] = _Conversation(seen)
            if len(self._conversations) > REMEMBERED:
                self._conversations.popitem(last=False)
        conversation.standings[member_id] = replace(standing, known=None)

    def advance(self, place: Place, head_seq: int) -> None:
        """We have appended up to here."""
        conversation = self._conversations.get(place)
        if conversation is not None:
            conversation.seen = Seen(head_seq=head_seq, revision=conversation.seen.revision)
            self._conversations.move_to_end(place)

    def forget(self, place: Place) -> None:
        """It has moved on without us."""
        self._conversations.pop(place, None)

    def forget_all(self) -> None:
        """Nobody knows what has become of the last commit."""
        self._conversations.clear()
