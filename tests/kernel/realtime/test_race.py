"""State before + events = state after: for every type of event, after being away, with losses, and in any order."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random  # noqa: TID251
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pegboard.app.registry import MODULES, gather
from pegboard.kernel.realtime.live import LiveEvent, SessionEnded
from pegboard.modules.attention.live import AttentionChanged, FoldersChanged
from pegboard.modules.ding.live import DingChanged, DingProgress, DingReceived
from pegboard.modules.directory.live import MemberShownChanged
from pegboard.modules.messaging.live import (
    BookmarkChanged,
    ConversationChanged,
    ConversationJoined,
    ConversationLeft,
    CursorMoved,
    MessageChanged,
    MessageCreated,
    MineChanged,
    ReceiptsChanged,
    ThreadRead,
)
from tests.support.live_server import Company, LiveServer, found_company
from tests.support.polling import until
from tests.support.race import Client, assert_events_explain, assert_explained

pytestmark = pytest.mark.anyio

PEOPLE = ("Ann", "Bob", "Cleo", "Dan")
EXAMPLES = 2000 if os.environ.get("PEGBOARD_SOAK") == "1" else 50


@pytest.fixture
def anyio_backend() -> str:
    """One event loop is enough here: the protocol's own tests run on both."""
    return "asyncio"


# --- one case for each type of event ---------------------------------------------------------------------------------


@dataclass
class Scene:
    """A company, a group in which Ann (its owner), Bob and Cleo have said one thing each, and Bob's first device."""

    company: Company
    group: str
    device: Client

    async def patch(self, userid: str, path: str, body: Any) -> Any:
        """A change below the group."""
        return await self.company[userid].do("PATCH", f"/conversations/{self.group}{path}", body)

    async def revision(self) -> int:
        """The group's revision."""
        shown = await self.company["Ann"].get(f"/conversations/{self.group}")
        revision: int = shown["revision"]
        return revision


Act = Callable[[Scene], Awaitable[object]]


async def _others_write(scene: Scene) -> None:
    await scene.company["Ann"].send(scene.group, "one", mentions=["Bob"])
    await scene.company["Bob"].send(scene.group, "two")
    await scene.company["Cleo"].send(scene.group, "three", reply_to=1, mentions=["all"])


async def _write_at_the_head(scene: Scene) -> None:
    await scene.device.read(scene.group)
    await scene.company["Bob"].send(scene.group, "I have read all, so I have read this too")


async def _edit_recall_and_react(scene: Scene) -> None:
    ann, messages = scene.company["Ann"], f"/conversations/{scene.group}/messages"
    sent = await ann.send(scene.group, "a reply", reply_to=2)
    await ann.do("PATCH", f"{messages}/2", {"content": {"text": "other words"}, "rev": 0})
    await ann.do("PUT", f"{messages}/3/reactions/👍")
    await scene.company["Bob"].do("PUT", f"{messages}/3/reactions/👍")
    await scene.company["Bob"].do("PUT", f"{messages}/3/reactions/🎉")
    await scene.company["Bob"].do("DELETE", f"{messages}/3/reactions/👍")
    await ann.do("POST", f"{messages}/2/recall")
    await ann.do("POST", f"{messages}/{sent['seq']}/recall")


async def _threads_grow(scene: Scene) -> None:
    await scene.patch("Bob", "/mine", {"hidden": True})
    await scene.company["Ann"].send(scene.group, "a reply", reply_to=2)
    await scene.company["Cleo"].send(scene.group, "a reply to the reply", reply_to=5)
    await scene.device.settle()
    await scene.company["Ann"].send(scene.group, "for all", reply_to=2, also_in_main=True)
    await scene.patch("Bob", "/mine", {"hidden": True})
    await scene.company["Cleo"].send(scene.group, "you too", reply_to=4, mentions=["Bob"])
    await scene.company["Bob"].send(scene.group, "yes", reply_to=4)


async def _root_changes_while_its_thread_grows(scene: Scene) -> None:
    ann, messages = scene.company["Ann"], f"/conversations/{scene.group}/messages"
    await scene.company["Cleo"].send(scene.group, "a reply", reply_to=2)
    await asyncio.gather(
        ann.do("PATCH", f"{messages}/2", {"content": {"text": "other words"}, "rev": 0}),
        *(scene.company[name].send(scene.group, "and another", reply_to=2) for name in ("Ann", "Bob", "Cleo")),
    )
    await ann.do("POST", f"{messages}/5/recall")


async def _pinned(scene: Scene) -> None:
    ann, messages = scene.company["Ann"], f"/conversations/{scene.group}/messages"
    for seq in (2, 3, 4):
        await ann.do("PUT", f"{messages}/{seq}/pin")
    await ann.do("DELETE", f"{messages}/3/pin")
    await scene.company["Cleo"].do("POST", f"{messages}/4/recall")


async def _read_in_threads(scene: Scene) -> None:
    ann, bob, path = scene.company["Ann"], scene.company["Bob"], f"/conversations/{scene.group}"
    for number in range(3):
        await ann.send(scene.group, f"reply {number}", reply_to=3)
        await ann.send(scene.group, f"aside {number}", reply_to=2, mentions=["Bob"] if number == 1 else [])
    await bob.do("POST", f"{path}/threads/3/read", {"seq": 7})
    await scene.device.settle()
    await scene.device.read(scene.group, 8)  # the second aside, which calls Bob
    await bob.do("DELETE", f"{path}/threads/3/following")
    await ann.send(scene.group, "once more", reply_to=2)
    await bob.do("POST", f"{path}/threads/2/read", {"seq": 11})


async def _read_all_threads(scene: Scene) -> None:
    await _read_in_threads(scene)
    await scene.company["Ann"].send(scene.group, "and now", reply_to=3)
    await scene.device.settle()
    await scene.device.read(scene.group)
    await scene.company["Ann"].send(scene.group, "one more thing", reply_to=3)
    await scene.company["Bob"].do("POST", f"/conversations/{scene.group}/read", {})


async def _others_read_threads(scene: Scene) -> None:
    path = f"/conversations/{scene.group}"
    await scene.company["Bob"].send(scene.group, "who reads this?", reply_to=2)
    await scene.company["Bob"].send(scene.group, "and this?", reply_to=3)
    await scene.company["Ann"].do("POST", f"{path}/threads/2/read", {"seq": 5})
    await scene.company["Cleo"].do("POST", f"{path}/read", {"seq": 6})
    await scene.company["Ann"].do("POST", f"{path}/read", {})


async def _bookmarked(scene: Scene) -> None:
    bob, messages = scene.company["Bob"], f"/conversations/{scene.group}/messages"
    for seq in (2, 3, 4):
        await bob.do("PUT", f"{messages}/{seq}/bookmark", {"note": f"note {seq}"})
    await bob.do("PUT", f"{messages}/2/bookmark", {})
    await bob.do("DELETE", f"{messages}/3/bookmark")


async def _bookmarked_taken_out_and_back(scene: Scene) -> None:
    await _bookmarked(scene)
    await _taken_out_and_back(scene)


async def _bookmarked_and_hidden(scene: Scene) -> None:
    await _bookmarked(scene)
    await _history_is_shown_again(scene)


async def _read_on_one_device(scene: Scene) -> None:
    await scene.company["Ann"].send(scene.group, "new", mentions=["Bob"])
    await scene.patch("Bob", "/mine", {"marked_unread": True})
    await scene.device.settle()
    await scene.device.read(scene.group, 3)
    await scene.device.read(scene.group)


async def _read_without_a_socket(scene: Scene) -> None:
    await scene.company["Bob"].do("POST", f"/conversations/{scene.group}/read", {})


async def _others_read(scene: Scene) -> None:
    await scene.company["Bob"].send(scene.group, "who reads this?")
    await scene.company["Ann"].do("POST", f"/conversations/{scene.group}/read", {})
    await scene.company["Cleo"].do("POST", f"/conversations/{scene.group}/read", {"seq": 3})


async def _brought_into(scene: Scene) -> None:
    await scene.company.group("Cleo", "Bob", "Dan", name="another")
    await scene.company["Dan"].do("POST", "/conversations", {"kind": "direct", "userid": "Bob"})


async def _taken_out(scene: Scene) -> None:
    await scene.company["Ann"].do("DELETE", f"/conversations/{scene.group}/members/Bob")
    await scene.company["Ann"].send(scene.group, "Bob does not hear this")


async def _taken_out_and_back(scene: Scene) -> None:
    await _taken_out(scene)
    await scene.company["Ann"].do("POST", f"/conversations/{scene.group}/members", {"userids": ["Bob"]})
    await scene.company["Ann"].send(scene.group, "Bob hears this")


async def _changed_by_its_owner(scene: Scene) -> None:
    await scene.patch("Ann", "", {"revision": await scene.revision(), "name": "New name", "topic": "T", "notice": "N"})
    await scene.company["Ann"].do("POST", f"/conversations/{scene.group}/members", {"userids": ["Dan"]})
    await scene.patch("Ann", "/members/Cleo", {"muted": True})
    await scene.company["Cleo"].do("POST", f"/conversations/{scene.group}/leave")


async def _history_is_hidden(scene: Scene) -> None:
    await _taken_out_and_back(scene)  # so that there is something that Bob is not to see
    ann = scene.company["Ann"]
    await scene.patch("Ann", "", {"revision": await scene.revision(), "rules": {"history_for_new": False}})
    await ann.do("PUT", f"/conversations/{scene.group}/messages/2/reactions/👀")
    await ann.send(scene.group, "seen by all")


async def _history_is_shown_again(scene: Scene) -> None:
    await _history_is_hidden(scene)
    await scene.patch("Ann", "", {"revision": await scene.revision(), "rules": {"history_for_new": True}})


async def _dissolved(scene: Scene) -> None:
    await scene.company["Ann"].do("DELETE", f"/conversations/{scene.group}")


async def _own_side(scene: Scene) -> None:
    await scene.patch("Bob", "/mine", {"pinned": True, "draft": "half a sen", "muted_until": "2030-01-01T00:00:00Z"})
    await scene.patch("Bob", "/mine", {"hidden": True, "marked_unread": True})
    await scene.company["Ann"].send(scene.group, "it shows itself again")


async def _own_role(scene: Scene) -> None:
    await scene.patch("Ann", "/members/Bob", {"role": "admin"})
    await scene.company["Ann"].do("POST", f"/conversations/{scene.group}/owner", {"userid": "Bob"})
    await scene.company["Bob"].do("POST", f"/conversations/{scene.group}/owner", {"userid": "Cleo"})


async def _renamed(scene: Scene) -> None:
    cleo, ann = scene.company["Cleo"], scene.company["Ann"]
    await cleo.do("POST", "/conversations", {"kind": "direct", "userid": "Bob"})
    await cleo.send(scene.group, "as Cleo", reply_to=4)
    revision = (await ann.get("/members/Cleo"))["revision"]
    await ann.do("PATCH", "/members/Cleo", {"name": "Cleopatra", "title": "Queen", "revision": revision})
    await cleo.send(scene.group, "as Cleopatra")


async def _suspended(scene: Scene) -> None:
    await scene.company["Cleo"].do("POST", "/conversations", {"kind": "direct", "userid": "Bob"})
    await scene.company["Ann"].do("POST", "/members/Cleo/suspend")


async def _left_for_good(scene: Scene) -> None:
    await scene.company["Cleo"].do("POST", "/conversations", {"kind": "direct", "userid": "Bob"})
    await scene.company["Ann"].do("POST", "/members/Cleo/leave", {})


async def _signed_out(scene: Scene) -> None:
    bob = scene.company["Bob"]
    [token] = (await bob.get("/tokens"))["items"]
    await bob.do("DELETE", f"/tokens/{token['id']}")


async def _folders(scene: Scene) -> None:
    ann, bob = scene.company["Ann"], scene.company["Bob"]
    by_hand = await bob.do("POST", "/folders", {"name": "By hand"})
    await bob.do("PUT", f"/folders/{by_hand['id']}/conversations/{scene.group}")
    await bob.do("POST", "/folders", {"name": "Muted", "rules": [{"kind": "muted"}]})
    await scene.patch("Bob", "/mine", {"muted_until": "2030-01-01T00:00:00Z"})
    ours = await ann.do("POST", "/folders", {"name": "Ours", "scope": "organisation", "rules": [{"kind": "groups"}]})
    await bob.do("PUT", "/folders/order", {"folder_ids": [ours["id"], by_hand["id"]]})
    await ann.do("PATCH", f"/folders/{ours['id']}", {"revision": 1, "rules": []})
    await bob.do("PATCH", f"/folders/{by_hand['id']}", {"collapsed": True})


async def _calmer(scene: Scene) -> None:
    ann, bob = scene.company["Ann"], scene.company["Bob"]
    await ann.send(scene.group, "you", mentions=["Bob"])
    await scene.patch("Bob", "/mine", {"muted_until": "2030-01-01T00:00:00Z"})
    await ann.send(scene.group, "and you", mentions=["Bob"])
    await bob.do("PATCH", "/me/attention", {"revision": 0, "mention_pierces_mute": False})
    await ann.send(scene.group, "hush", mentions=["Bob"])


async def _no_numbers(scene: Scene) -> None:
    ann, bob = scene.company["Ann"], scene.company["Bob"]
    direct = await ann.do("POST", "/conversations", {"kind": "direct", "userid": "Bob"})
    await ann.send(direct["id"], "for you alone")
    await bob.do("PATCH", "/me/attention", {"revision": 0, "no_numbers": True})
    await ann.send(direct["id"], "and this")
    await bob.do("PATCH", "/me/attention", {"revision": 1, "no_numbers": False})
    await ann.send(direct["id"], "and that", reply_to=1)


async def _dinged(scene: Scene) -> None:
    """What a client makes of these is tested in tests/modules/ding/test_live.py."""
    ann, bob = scene.company["Ann"], scene.company["Bob"]
    made = await ann.do("POST", "/dings", {"content": "come", "userids": ["Bob"]})

    async def told() -> bool:
        return bool((await bob.get("/dings"))["items"])

    await until(told)
    await bob.do("POST", f"/dings/{made['id']}/acknowledge", {})


async def _dings(scene: Scene) -> None:
    ann, bob = scene.company["Ann"], scene.company["Bob"]
    made = await bob.do("POST", "/dings", {"content": "come", "userids": ["Ann"]})

    async def told() -> bool:
        return bool((await ann.get("/dings"))["items"])

    await until(told)
    await ann.do("POST", f"/dings/{made['id']}/acknowledge", {})


CASES: dict[type[LiveEvent], list[Act]] = {
    MessageCreated: [_others_write, _write_at_the_head, _threads_grow],
    MessageChanged: [_edit_recall_and_react, _pinned, _root_changes_while_its_thread_grows],
    CursorMoved: [_read_on_one_device, _read_without_a_socket],
    ThreadRead: [_read_in_threads, _read_all_threads],
    BookmarkChanged: [_bookmarked, _bookmarked_taken_out_and_back, _bookmarked_and_hidden],
    ReceiptsChanged: [_others_read, _others_read_threads],
    ConversationJoined: [_brought_into, _taken_out_and_back],
    ConversationLeft: [_taken_out],
    ConversationChanged: [_changed_by_its_owner, _history_is_hidden, _history_is_shown_again, _dissolved],
    MineChanged: [_own_side, _own_role],
    FoldersChanged: [_folders],
    AttentionChanged: [_calmer, _no_numbers],
    DingReceived: [_dinged],
    DingChanged: [_dinged],
    DingProgress: [_dings],
    MemberShownChanged: [_renamed, _suspended, _left_for_good],
    SessionEnded: [_signed_out],
}


def test_every_type_of_event_has_a_case() -> None:
    declared = {SessionEnded, *gather(lambda module: module.live_events)}
    assert declared == _all_subclasses(LiveEvent), "an event that no module's manifest names"
    assert declared == CASES.keys(), "state before + events = state after: write a case for every type of event"
    assert MODULES


def _all_subclasses(kind: type[LiveEvent]) -> set[type[LiveEvent]]:
    direct = {each for each in kind.__subclasses__() if each.__module__.startswith("pegboard.")}
    return direct.union(*(_all_subclasses(each) for each in direct))


@pytest.mark.parametrize(
    ("event", "act"), [pytest.param(event, act, id=act.__name__[1:]) for event, acts in CASES.items() for act in acts]
)
async def test_events_explain_what_changed(company: Company, event: type[LiveEvent], act: Act) -> None:
    group = await company.group("Ann", "Bob", "Cleo")
    for userid in ("Ann", "Bob", "Cleo"):
        await company[userid].send(group, f"{userid} says hello")

    seen = await assert_events_explain(company["Bob"], lambda device: act(Scene(company, group, device)))

    assert event.__struct_config__.tag in {each["type"] for each in seen}


# --- away ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "act",
    [pytest.param(act, id=act.__name__[1:]) for acts in CASES.values() for act in acts if act is not _signed_out],
)
async def test_catching_up_after_being_away(company: Company, act: Act) -> None:
    group = await company.group("Ann", "Bob", "Cleo")
    for userid in ("Ann", "Bob", "Cleo"):
        await company[userid].send(group, f"{userid} says hello")
    away, other = Client(company["Bob"]), Client(company["Bob"])
    await away.connect()
    await assert_explained(away)
    await away.disconnect()

    await other.connect()  # so that an act can read by socket
    await act(Scene(company, group, other))
    await away.connect()

    await assert_explained(away, other)


async def test_messages_by_the_thousand_while_away(company: Company) -> None:
    group = await company.group("Ann", "Bob")
    away = Client(company["Bob"])
    await away.connect()
    await away.disconnect()

    writing = await company["Ann"].socket()
    await asyncio.gather(
        *(
            writing.ask("message.send", conversation_id=group, kind="text", content={"text": f"{number}"})
            for number in range(1200)
        )
    )
    await away.connect()

    await assert_explained(away)
    assert away.held[group].mine["unread"] == 100
    assert away.held[group].seq == 1201


# --- any order -------------------------------------------------------------------------------------------------------

Step = tuple[str, str, int, int]

STEPS: st.SearchStrategy[Step] = st.tuples(
    st.sampled_from(PEOPLE),
    st.sampled_from(
        (
            "send", "send", "send", "reply", "reply", "mention", "answer", "read_thread", "follow", "pin", "mark",
            "edit", "recall", "react", "unreact", "read", "read_http",
            "leave", "bring_in", "take_out", "rename", "rules", "role", "mine", "away", "direct",
        )
    ),
    st.integers(0, 9),
    st.integers(0, 1),
)  # fmt: skip
ROUNDS = st.lists(st.lists(STEPS, min_size=1, max_size=5), min_size=1, max_size=5)


class World:
    """Two groups, four people with a device each (Bob has two), and steps that may be refused but never break."""

    def __init__(self, company: Company, groups: list[str], losses: int) -> None:
        self.company = company
        self.groups = groups
        random = Random(losses)

        def loses(event: dict[str, Any]) -> bool:
            return bool(losses) and event["type"].startswith("message.") and random.random() < 0.3

        self.devices = {userid: Client(company[userid], loses=loses) for userid in PEOPLE}
        self.second = Client(company["Bob"])

    @property
    def clients(self) -> list[Client]:
        return [*self.devices.values(), self.second]

    async def step(self, step: Step) -> None:
        """One thing that somebody does."""
        userid, verb, number, which = step
        person, group = self.company[userid], self.groups[which]
        path = f"/conversations/{group}"
        message = f"{path}/messages/{number + 1}"
        emoji = "👍🎉👀"[number % 3]
        other = PEOPLE[number % 4]
        match verb:
            case "send":
                await self._try(person, "POST", f"{path}/messages", _text(f"{userid} {number}"))
            case "reply":
                await self._try(person, "POST", f"{path}/messages", {**_text("so it is"), "reply_to": number + 1})
            case "answer":
                body = {**_text("and"), "reply_to": number + 1, "mentions": [other], "also_in_main": number % 3 == 0}
                await self._try(person, "POST", f"{path}/messages", body)
            case "read_thread":
                await self._try(person, "POST", f"{path}/threads/{number + 1}/read", {"seq": 2 * number + 1})
            case "follow":
                method = "PUT" if number % 2 else "DELETE"
                await self._try(person, method, f"{path}/threads/{number + 1}/following")
            case "pin":
                await self._try(person, "DELETE" if number % 3 == 0 else "PUT", f"{message}/pin")
            case "mark" if number % 3 == 0:
                await self._try(person, "DELETE", f"{message}/bookmark")
            case "mark":
                await self._try(person, "PUT", f"{message}/bookmark", {"note": str(number)})
            case "mention":
                mentions = ["all"] if number > 6 else [other]
                await self._try(person, "POST", f"{path}/messages", {**_text("look"), "mentions": mentions})
            case "edit":
                seen = await person.ask("GET", message)
                rev = seen.json().get("rev", 0) if seen.status_code == 200 else 0
                await self._try(person, "PATCH", message, {"content": {"text": f"edited {number}"}, "rev": rev})
            case "recall":
                await self._try(person, "POST", f"{message}/recall")
            case "react" | "unreact":
                await self._try(person, "PUT" if verb == "react" else "DELETE", f"{message}/reactions/{emoji}")
            case "read":
                await self.devices[userid].settle()
                await self.devices[userid].read(group, None if number > 4 else number)
            case "read_http":
                await self._try(person, "POST", f"{path}/read", {"seq": number})
            case "leave":
                await self._try(person, "POST", f"{path}/leave")
            case "bring_in":
                await self._try(person, "POST", f"{path}/members", {"userids": [other]})
            case "take_out":
                await self._try(person, "DELETE", f"{path}/members/{other}")
            case "rename" | "rules":
                shown = await person.ask("GET", path)
                revision = shown.json().get("revision", 0)
                rules = {"history_for_new": number > 4, "read_lists": number % 2 == 0}
                change = {"name": f"Name {number}"} if verb == "rename" else {"rules": rules}
                await self._try(person, "PATCH", path, {"revision": revision, **change})
            case "role":
                body = {"role": "admin" if number % 2 else "member", "muted": number > 7}
                await self._try(person, "PATCH", f"{path}/members/{other}", body)
            case "mine":
                body = {"pinned": number % 2 == 0, "hidden": number % 3 == 0, "draft": str(number)}
                await self._try(person, "PATCH", f"{path}/mine", body)
            case "direct":
                await self._try(person, "POST", "/conversations", {"kind": "direct", "userid": other})
            case "away":
                await self.devices[userid].reconnect()

    async def _try(self, person: Any, method: str, path: str, body: Any = None) -> None:
        answer = await person.ask(method, path, body)
        assert answer.status_code < 500, answer.text

    async def show_losses(self) -> None:
        """Whatever was lost shows in the next message and the next change of each conversation."""
        for client in self.devices.values():
            client._loses = lambda event: False
        ids = {conversation_id for client in self.clients for conversation_id in client.held}
        for conversation_id in ids:
            for person in self.company.people.values():
                answer = await person.ask("POST", f"/conversations/{conversation_id}/messages", _text("the end"))
                if answer.status_code == 201:
                    path = f"/conversations/{conversation_id}/messages/{answer.json()['seq']}/reactions/🏁"
                    await person.do("PUT", path)
                    break


def _text(text: str) -> dict[str, Any]:
    return {"kind": "text", "content": {"text": text}}


async def _play(server: LiveServer, rounds: list[list[Step]], losses: int) -> None:
    company = await found_company(server, *PEOPLE)
    groups = [await company.group("Ann", "Bob", "Cleo", "Dan"), await company.group("Bob", "Cleo")]
    world = World(company, groups, losses)
    try:
        for client in world.clients:
            await client.connect()
        for steps in rounds:
            # Devices do their own things one after the other, and people all at once.
            by_person = {userid: [step for step in steps if step[0] == userid] for userid in PEOPLE}
            await asyncio.gather(*(_in_turn(world, own) for own in by_person.values()))
        if losses:
            await world.show_losses()
        await assert_explained(*world.clients)
    finally:
        for client in world.clients:
            await client.disconnect()


async def _in_turn(world: World, steps: list[Step]) -> None:
    for step in steps:
        await world.step(step)


@pytest.mark.soak
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rounds=ROUNDS, losses=st.sampled_from((0, 0, 1, 2, 3)))
async def test_whatever_happens_at_once(server: LiveServer, rounds: list[list[Step]], losses: int) -> None:
    await _play(server, rounds, losses)
