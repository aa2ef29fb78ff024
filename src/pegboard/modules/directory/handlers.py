"""What the directory does when it hears its own facts: connected clients shall show people as they are."""

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.events import Fact, Handler
from pegboard.kernel.realtime.live import tell
from pegboard.modules.directory import events
from pegboard.modules.directory.live import MemberShownChanged
from pegboard.modules.directory.service.people import people

SHOWN = {"userid", "name", "title", "avatar_file_id", "state"}


async def _member_changed(uow: UnitOfWork, fact: Fact) -> None:
    if SHOWN & set(fact.event.fields):
        await _show(uow, fact)


async def _show(uow: UnitOfWork, fact: Fact) -> None:
    person = (await people(uow, [fact.event.member_id])).get(fact.event.member_id)
    if person is not None:
        tell(
            uow,
            ("org", uow.org_id),
            MemberShownChanged(
                userid=person.userid,
                name=person.name,
                title=person.title,
                avatar_file_id=person.avatar_file_id,
                state=str(person.state),
            ),
        )


HANDLERS = (
    Handler(name="directory.show_changed", event=events.MemberChanged, handle=_member_changed),
    Handler(name="directory.show_joined", event=events.MemberJoined, handle=_show),
    Handler(name="directory.show_suspended", event=events.MemberSuspended, handle=_show),
    Handler(name="directory.show_resumed", event=events.MemberResumed, handle=_show),
    Handler(name="directory.show_left", event=events.MemberLeft, handle=_show),
)
