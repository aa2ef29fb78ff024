"""A reference client, and the test that says what realtime events are: state before + events = state after.

The client holds what docs/protocol/realtime.md says, and changes it by the rules that stand there, and by nothing else.
`picture()` is what it shows; `fresh_picture` is what somebody sees who has just fetched everything over HTTP.
"""

import copy
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import websockets

from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.modules.messaging.service.sending import Messenger
from tests.support.live_server import LiveServer, Person, Socket
from tests.support.polling import until

Json = dict[str, Any]
Picture = dict[str, Any] | None
"""What a client shows, by conversation; None: it is signed out."""

UNREAD_COUNTED_TO = 100
_COUNTS = ("unread", "mentions", "mentioned", "badge")
_CALLS = ("mention", "reply", "mention_all")
_PERSON_FIELDS = ("name", "title", "avatar_file_id", "state")


@dataclass
class Held:
    """One conversation as the client holds it."""

    shown: Json
    """Conversation as it came over HTTP, kept up to date; without its last message."""
    seq: int
    """S: every message from `first_seq` to here is held."""
    rev: int
    """R: every change up to here is applied."""
    wanted_rev: int
    """The highest rev that was heard of."""
    counted: int
    """Up to this seq `mine` is as the server said; what is above was added by ourselves."""
    messages: dict[int, Json] = field(default_factory=dict)
    counts: dict[int, Json] = field(default_factory=dict)
    members: dict[str, Json] = field(default_factory=dict)
    asks_seq: bool = True
    asks_counts: bool = True
    asks_members: bool = True
    asks_all: bool = False
    threads: dict[int, Json] = field(default_factory=dict)
    """How the person stands with threads, by root: following, read_seq."""
    asks_threads: bool = True

    @property
    def mine(self) -> Json:
        """The own side."""
        mine: Json = self.shown["mine"]
        return mine


class Client:
    """A device of one person: it stays when its socket is gone, and catches up with the next."""

    def __init__(self, person: Person, *, loses: Callable[[Json], bool] = lambda event: False) -> None:
        self.person = person
        self.held: dict[str, Held] = {}
        self.seen: list[Json] = []
        self.signed_out = False
        self._loses = loses
        self._socket: Socket | None = None
        self._taken = 0
        self._unknown: set[str] = set()
        self.folders: list[Json] = []
        self.attention: Json = {}
        self._asks_folders = self._asks_attention = False
        self.bookmarks: dict[tuple[str, int], str] = {}
        self._asks_bookmarks = False

    # --- connecting --------------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Connect, take the heads, and fetch what they say is missing."""
        self._socket, self._taken = await self.person.socket(), 0
        heads = {head["conversation_id"]: head for head in self._socket.hello["heads"]}
        for gone in self.held.keys() - heads.keys():
            del self.held[gone]
        await self._fetch_rules()
        self._unknown |= heads.keys() - self.held.keys()
        for conversation_id, head in heads.items():
            if held := self.held.get(conversation_id):
                held.asks_seq |= held.seq < head["head_seq"]
                held.wanted_rev = max(held.wanted_rev, head["head_rev"])
                held.asks_counts = held.asks_members = held.asks_threads = True
        self._asks_bookmarks = True
        await self.settle()

    async def disconnect(self) -> None:
        """Be away."""
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    async def reconnect(self) -> None:
        """Be away for a moment."""
        await self.disconnect()
        await self.connect()

    async def settle(self) -> None:
        """Apply what has come, ask for what it shows to be missing, until nothing is."""
        self.take()
        while not self.signed_out and self._socket is not None:
            asked = [conversation_id for conversation_id, held in self.held.items() if _asks(held)]
            asks_lists = self._asks_folders or self._asks_attention or self._asks_bookmarks
            if not asked and not self._unknown and not asks_lists:
                return
            try:
                if self._asks_bookmarks:
                    await self._fetch_bookmarks()
                if self._asks_folders or self._asks_attention:
                    await self._fetch_rules()
                for conversation_id in list(self._unknown):
                    await self._fetch_unknown(conversation_id)
                for conversation_id in asked:
                    if held := self.held.get(conversation_id):
                        await self._fetch(conversation_id, held)
            except (ConnectionError, websockets.ConnectionClosed):
                self.take()
                assert self.signed_out, "the server closed the socket and did not say why"
            self.take()

    def take(self) -> None:
        """Apply the events that have come."""
        if self._socket is None:
            return
        new, self._taken = self._socket.events[self._taken :], len(self._socket.events)
        for event in new:
            if event["type"] != "hello" and not self._loses(event):
                self.seen.append(event)
                self.apply(copy.deepcopy(event))

    async def ping(self) -> None:
        """Everything that the server had sent before has come."""
        if self._socket is not None and not self.signed_out:
            try:
                await self._socket.ask("ping")
            except (ConnectionError, websockets.ConnectionClosed):
                self.take()
                assert self.signed_out, "the server closed the socket and did not say why"

    # --- what this device does itself --------------------------------------------------------------------------------

    async def read(self, conversation_id: str, seq: int | None = None) -> None:
        """See everything up to `seq`; by the rules all above the cursor is held."""
        assert self._socket is not None
        params = {} if seq is None else {"seq": seq}
        answer = await self._socket.reply("conversation.read", conversation_id=conversation_id, **params)
        self.take()
        held = self.held.get(conversation_id)
        if held is None or "error" in answer:
            return
        moved = answer["ok"]["read_seq"] > held.mine["read_seq"]
        self._read_threads(held, answer["ok"])
        held.asks_all |= held.mine["mentioned"]  # what calls us in a thread stays until the thread is read
        if moved:
            held.mine.update(read_seq=answer["ok"]["read_seq"], marked_unread=False, **dict.fromkeys(_COUNTS, 0))
            held.mine["mentioned"] = False
            self._count_above(held, held.mine["read_seq"])

    # --- the rules ---------------------------------------------------------------------------------------------------

    def apply(self, event: Json) -> None:
        """One event."""
        kind = event["type"]
        if kind == "session.ended":
            self.signed_out = True
            return
        if kind == "member.changed":
            self._show_person(event)
            return
        if kind == "conversation.joined":
            self._put(event["conversation"])
            self._asks_bookmarks = True
            return
        if kind == "bookmark.changed":
            place = (event["conversation_id"], event["seq"])
            if event["bookmarked"]:
                self.bookmarks[place] = event["note"]
            else:
                self.bookmarks.pop(place, None)
            return
        if kind == "folders.changed":
            self._asks_folders = True
            return
        if kind == "attention.changed":
            self._asks_attention = True
            return
        conversation_id = event.get("conversation_id")
        if conversation_id is None:
            return  # a newer server's
        if kind == "conversation.left":
            self.held.pop(conversation_id, None)
            self._unknown.discard(conversation_id)
            return
        held = self.held.get(conversation_id)
        if held is None:
            self._unknown.add(conversation_id)
            return
        match kind:
            case "message.created":
                self._created(held, event["message"])
                self._check_thread(held, event)
            case "message.changed":
                self._changed(held, event["message"], personal=event["personal"])
            case "cursor.moved":
                self._read_threads(held, event)
                self._moved(held, event)
            case "thread.read":
                self._thread_read(held, event)
                held.asks_all |= held.mine["mentioned"]  # some of what calls us may be read with it
            case "receipts.changed":
                for count in event["counts"]:
                    held.counts[count["seq"]] = {"read": count["read"], "total": count["total"]}
            case "conversation.changed":
                self._conversation_changed(held, event)
            case "conversation.mine_changed":
                before, held.shown["mine"] = held.mine, event["mine"]
                held.shown.update(my_role=event["my_role"], folder_ids=event["folder_ids"])
                self._restate(held, before, event["head_seq"])

    def _put(self, conversation: Json) -> None:
        """A conversation as the server shows it, new or again. Its messages are asked for."""
        shown = {name: value for name, value in conversation.items() if name != "last_message"}
        held = self.held.get(shown["id"])
        if held is None:
            head_rev = shown["head_rev"]
            held = Held(shown, shown["mine"]["first_seq"] - 1, head_rev, head_rev, shown["head_seq"])
            self.held[shown["id"]] = held
            self._unknown.discard(shown["id"])
            return
        before, held.shown = held.mine, shown
        self._restate(held, before, shown["head_seq"])
        held.asks_threads = True
        held.asks_seq |= held.seq < shown["head_seq"]
        held.wanted_rev = max(held.wanted_rev, shown["head_rev"])
        self._cut(held)

    def _cut(self, held: Held) -> None:
        """Messages below `first_seq` are not shown; if there are more to be shown than before, all are asked for."""
        first_seq = held.mine["first_seq"]
        held.messages = {seq: message for seq, message in held.messages.items() if seq >= first_seq}
        held.seq = max(held.seq, first_seq - 1)
        if held.seq >= first_seq and first_seq not in held.messages:
            held.seq, held.asks_seq, self._asks_bookmarks = first_seq - 1, True, True

    def _created(self, held: Held, message: Json) -> None:
        if message["seq"] > held.seq + 1:
            held.asks_seq = True
        elif message["seq"] == held.seq + 1:
            self._add(held, message)
            if self._is_mine(message):
                nobody = {"read": 0, "total": held.shown["member_count"] - 1}
                held.counts.setdefault(message["seq"], nobody)

    def _check_thread(self, held: Held, event: Json) -> None:
        """What comes with a reply is what the client makes of its root by itself."""
        message = event["message"]
        root = held.messages.get(message["thread_seq"] or 0)
        if root is not None and root["thread"]["last_seq"] == message["seq"]:
            shown = {name: root["thread"][name] for name in ("replies", "last_seq", "last_at")}
            assert event["thread"] == {"root_seq": root["seq"], **shown}

    def _add(self, held: Held, message: Json) -> None:
        held.messages[message["seq"]] = message
        held.seq = message["seq"]
        held.asks_threads |= message["thread"] is not None
        if message["thread_seq"] is not None:
            self._continue(held, message)
        if message["seq"] > held.counted:
            self._count(held, message)

    def _continue(self, held: Held, reply: Json) -> None:
        """What a reply does to the thread, and to the own side of it."""
        self._follow(held, reply)
        root = held.messages.get(reply["thread_seq"])
        if root is None:
            return
        thread = root["thread"] = root["thread"] or {"replies": 0, "last_seq": 0, "last_at": None, "people": []}
        if reply["seq"] <= thread["last_seq"]:
            return
        thread.update(replies=thread["replies"] + 1, last_seq=reply["seq"], last_at=reply["sent_at"])
        known = {person["userid"] for person in thread["people"]}
        if len(known) < 3 and reply["sender"]["userid"] not in known:
            thread["people"].append(dict(reply["sender"]))

    def _follow(self, held: Held, reply: Json) -> None:
        """Whoever replies, or is named or quoted in a reply, follows the thread."""
        state = held.threads.setdefault(reply["thread_seq"], {"following": False, "read_seq": 0})
        state["following"] |= self._is_mine(reply) or self._kind(held, reply) in ("mention", "reply")

    def _thread_read(self, held: Held, event: Json) -> None:
        state = held.threads.setdefault(event["root_seq"], {"following": False, "read_seq": 0})
        state.update(following=event["following"], read_seq=max(state["read_seq"], event["read_seq"]))
        for seq, message in held.messages.items():
            if seq > event["last_seq"] and message["thread_seq"] == event["root_seq"]:
                self._follow(held, message)

    def _read_threads(self, held: Held, told: Json) -> None:
        held.mine["threads_read_seq"] = max(held.mine["threads_read_seq"], told["threads_read_seq"])

    def _count(self, held: Held, message: Json) -> None:
        """What a new message does to the own side."""
        held.counted = message["seq"]
        mine = held.mine
        if self._is_mine(message) or self._kind(held, message) != "thread_reply":
            mine["hidden"] = False
        in_main = [seq for seq, each in held.messages.items() if seq < message["seq"] and _in_main(each)]
        if self._is_mine(message) and max(in_main, default=0) <= mine["read_seq"] < message["seq"]:
            mine["read_seq"] = message["seq"]
        kind = self._kind(held, message)
        if self._is_mine(message) or kind in ("system", "thread_reply"):
            return
        mine["unread"] = min(mine["unread"] + 1, UNREAD_COUNTED_TO)
        if kind in _CALLS:
            mine["mentions"] = min(mine["mentions"] + 1, UNREAD_COUNTED_TO)
            mine["mentioned"] = True
        if self._carries_number(held, kind):
            mine["badge"] = min(mine["badge"] + 1, UNREAD_COUNTED_TO)

    def _kind(self, held: Held, message: Json) -> str:
        """What a message is to this person, for the badge rule."""
        if message["kind"] == "system":
            return "system"
        if self.person.userid in message["mentions"]:
            return "mention"
        if ((message["reply_to"] or {}).get("sender") or {}).get("userid") == self.person.userid:
            return "reply"
        if "all" in message["mentions"]:
            return "mention_all"
        if message["thread_seq"] is not None and not message["also_in_main"]:
            return "thread_reply"
        return "direct" if held.shown["kind"] == "direct" else "group"

    def _carries_number(self, held: Held, kind: str) -> bool:
        """As the server's table says; the client decides nothing."""
        until = held.mine["muted_until"]
        muted = until is not None and datetime.fromisoformat(until) > self.person.server.clock.now()
        return any(
            rule["number"]
            for rule in self.attention["rule"]
            if (rule["kind"], rule["muted"]) == (kind, muted)
        )  # fmt: skip

    def _count_above(self, held: Held, seq: int) -> None:
        held.counted = seq
        for each in sorted(held.messages):
            if each > seq:
                self._count(held, held.messages[each])

    def _restate(self, held: Held, before: Json, head_seq: int) -> None:
        """The own side was said anew, as of `head_seq`: what is held above counts again. A cursor never goes back."""
        mine = held.mine
        self._read_threads(held, before)
        if mine["read_seq"] < before["read_seq"]:
            mine.update({name: before[name] for name in ("read_seq", *_COUNTS)})
            mine["hidden"] = mine["hidden"] and held.seq <= head_seq
        else:
            self._count_above(held, head_seq)

    def _moved(self, held: Held, event: Json) -> None:
        if event["read_seq"] < held.mine["read_seq"]:
            return
        told = {name: event[name] for name in ("read_seq", *_COUNTS)}
        held.mine.update(told, marked_unread=False)
        hidden = held.mine["hidden"]
        self._count_above(held, event["head_seq"])
        held.mine["hidden"] = hidden

    def _changed(self, held: Held, message: Json, *, personal: bool = True) -> None:
        held.wanted_rev = max(held.wanted_rev, message["rev"])
        if message["rev"] > held.rev + 1:
            return
        held.rev = max(held.rev, message["rev"])
        self._replace(held, message, personal=personal)

    def _replace(self, held: Held, message: Json, *, personal: bool) -> None:
        before = held.messages.get(message["seq"])
        if before is None or before["rev"] >= message["rev"]:
            return
        if not personal:
            own = {reaction["emoji"] for reaction in before["reactions"] if reaction["mine"]}
            for reaction in message["reactions"]:
                reaction["mine"] = reaction["emoji"] in own
        if before["thread"] and (message["thread"] or before["thread"])["last_seq"] <= before["thread"]["last_seq"]:
            message["thread"] = before["thread"]
        held.messages[message["seq"]] = message

    def _conversation_changed(self, held: Held, event: Json) -> None:
        shown = held.shown
        held.asks_members = True
        if event["revision"] < shown["revision"]:
            return
        new_rules = event["rules"]
        held.asks_all |= new_rules["history_for_new"] != shown["rules"]["history_for_new"]
        held.asks_counts |= new_rules["read_lists"] and not shown["rules"]["read_lists"]
        for name in ("topic", "notice", "avatar_file_id", "rules", "owner_userid", "member_count", "revision"):
            shown[name] = event[name]
        if shown["kind"] != "direct":
            shown["name"] = event["name"]
        if not event["dissolved"]:
            shown["dissolved_at"] = None
        elif shown["dissolved_at"] is None:
            shown["dissolved_at"] = "now"

    def _show_person(self, event: Json) -> None:
        told = {name: event[name] for name in _PERSON_FIELDS}
        for held in self.held.values():
            if event["userid"] in held.members:
                held.members[event["userid"]].update(told)
            for message in held.messages.values():
                threaders = (message["thread"] or {}).get("people", [])
                for who in (message["sender"], (message["reply_to"] or {}).get("sender"), *threaders):
                    if who is not None and who["userid"] == event["userid"]:
                        who["name"] = event["name"]
            peer = held.shown["peer"]
            if peer is not None and peer["userid"] == event["userid"]:
                peer.update({name: event[name] for name in ("name", "avatar_file_id", "state")})
                held.shown["name"] = event["name"]

    def _is_mine(self, message: Json) -> bool:
        return message["sender"] is not None and message["sender"]["userid"] == self.person.userid

    # --- asking ------------------------------------------------------------------------------------------------------

    async def _fetch_rules(self) -> None:
        """Folders and the badge rule, and by them where conversations stand and what number they carry."""
        self._asks_folders = self._asks_attention = False
        for name, path in (("folders", "/folders"), ("attention", "/me/attention")):
            answer = await self.person.ask("GET", path)
            if answer.status_code != 200:
                return
            setattr(self, name, answer.json()["items"] if name == "folders" else answer.json())
        for shown in await pages(self.person, "/conversations", may_be_gone=True):
            self._put(shown)

    async def _fetch_bookmarks(self) -> None:
        self._asks_bookmarks = False
        found = await pages(self.person, "/bookmarks", may_be_gone=True)
        self.bookmarks.update({(each["conversation"]["id"], each["message"]["seq"]): each["note"] for each in found})

    async def _fetch_unknown(self, conversation_id: str) -> None:
        answer = await self.person.ask("GET", f"/conversations/{conversation_id}")
        self._unknown.discard(conversation_id)
        if answer.status_code == 200:
            self._put(answer.json())
        else:
            assert answer.status_code in (401, 404), answer.text

    async def _fetch(self, conversation_id: str, held: Held) -> None:
        """One thing that a conversation asks for; forgets the conversation when it is the caller's no longer."""
        assert self._socket is not None
        path = f"/conversations/{conversation_id}"
        if held.asks_all:
            held.asks_all = False
            answer = await self.person.ask("GET", path)
            if answer.status_code == 200:
                self._put(answer.json())
        elif held.asks_seq:
            asked = {"conversation_id": conversation_id, "seq": held.seq}
            answered = await self._socket.reply("messages.after", **asked)
            if "ok" in answered and held.seq == asked["seq"]:
                for message in answered["ok"]["items"]:
                    if message["seq"] > held.seq:
                        self._add(held, message)
                        held.asks_counts = True
            held.asks_seq = "ok" in answered and answered["ok"]["next_seq"] is not None
        elif held.rev < held.wanted_rev:
            wanted = held.wanted_rev
            answered = await self._socket.reply("messages.changed", conversation_id=conversation_id, rev=held.rev)
            for message in answered["ok"]["items"] if "ok" in answered else ():
                self._replace(held, message, personal=True)
                held.rev = max(held.rev, message["rev"])
            if "ok" not in answered or answered["ok"]["next_rev"] is None:
                held.rev = max(held.rev, wanted)  # the last changes may be of messages that we do not see
        elif held.asks_counts:
            held.asks_counts = False
            for message in await pages(self.person, f"{path}/messages", after_seq=0, may_be_gone=True):
                if message["receipts"] is not None:
                    held.counts[message["seq"]] = message["receipts"]
        elif held.asks_threads:
            held.asks_threads = False
            for seq in [seq for seq, message in held.messages.items() if message["thread"]]:
                answer = await self.person.ask("GET", f"{path}/threads/{seq}")
                if answer.status_code == 200:
                    told = {name: answer.json()[name] for name in ("following", "read_seq", "last_seq")}
                    self._thread_read(held, {"root_seq": seq, **told})
        elif held.asks_members:
            held.asks_members = False
            found = await pages(self.person, f"{path}/members", may_be_gone=True)
            held.members = {member["userid"]: member for member in found}
            for member in found:
                self._show_person(member)

    # --- what is shown -----------------------------------------------------------------------------------------------

    def picture(self) -> Picture:
        """What a person would see."""
        if self.signed_out:
            return None
        shown = {conversation_id: _picture(held, self.person.userid) for conversation_id, held in self.held.items()}
        bookmarks = {
            place: note
            for place, note in self.bookmarks.items()
            if place[0] in self.held and place[1] >= self.held[place[0]].mine["first_seq"]
        }
        return shown | {"folders": self.folders, "attention": self.attention, "bookmarks": bookmarks}


def _in_main(message: Json) -> bool:
    return message["thread_seq"] is None or bool(message["also_in_main"])


def _asks(held: Held) -> bool:
    asks_lists = held.asks_all or held.asks_counts or held.asks_members or held.asks_threads
    return asks_lists or held.asks_seq or held.rev < held.wanted_rev


def _picture(held: Held, userid: str) -> Json:
    shown = {name: value for name, value in held.shown.items() if name not in ("head_seq", "head_rev", "dissolved_at")}
    own = [
        seq
        for seq, message in held.messages.items()
        if message["sender"] is not None and message["sender"]["userid"] == userid
    ]
    return {
        **shown,
        "dissolved": held.shown["dissolved_at"] is not None,
        "messages": {seq: _message(held, message) for seq, message in sorted(held.messages.items())},
        "receipts": {seq: held.counts[seq] for seq in own if seq in held.counts and shown["rules"]["read_lists"]},
        "members": held.members,
        "threads": {seq: _thread(held, seq, userid) for seq, message in held.messages.items() if message["thread"]},
    }


def _thread(held: Held, root: int, userid: str) -> Json:
    """The own side of a thread; what is unread is counted from the replies that are held."""
    state = held.threads[root]
    read_seq = max(state["read_seq"], held.mine["threads_read_seq"])
    unread = [
        seq
        for seq, message in held.messages.items()
        if message["thread_seq"] == root
        and seq > read_seq
        and message["sender"]["userid"] != userid
        and not (message["also_in_main"] and seq <= held.mine["read_seq"])
    ]
    return {"following": state["following"], "unread": min(len(unread), UNREAD_COUNTED_TO)}


def _message(held: Held, message: Json) -> Json:
    """Counts have a place of their own, names in reactions are as of their time, quotes show what they quote."""
    reactions = [
        {name: value for name, value in reaction.items() if name != "names"} for reaction in message["reactions"]
    ]
    quote = message["reply_to"]
    if quote is not None:
        quoted = held.messages.get(quote["seq"])
        quote = {"seq": quote["seq"]} if quoted is None else {**quote, "sender": quoted["sender"], **excerpt(quoted)}
    return {
        **{name: value for name, value in message.items() if name != "receipts"},
        "reactions": reactions,
        "reply_to": quote,
    }


def excerpt(message: Json) -> Json:
    """A message as a reply shows it."""
    says = {"text": "text", "markdown": "text", "file": "name", "link": "title"}.get(message["kind"], "")
    flat = " ".join(str(message["content"].get(says) or "").split())
    return {"kind": message["kind"], "excerpt": flat if len(flat) <= 80 else flat[:79] + "…"}


# --- the truth -------------------------------------------------------------------------------------------------------


async def pages(person: Person, path: str, *, may_be_gone: bool = False, **params: Any) -> list[Json]:
    """All items of a list."""
    items: list[Json] = []
    params["limit"] = 1000 if path.endswith("/messages") else 200
    while True:
        answer = await person.ask("GET", path, params=params)
        if may_be_gone and answer.status_code in (401, 404):
            return items
        assert answer.status_code == 200, answer.text
        page = answer.json()
        items += page["items"]
        if page["next"] is None:
            return items
        params["cursor"] = page["next"]


async def fresh_picture(person: Person) -> Picture:
    """What somebody sees who has just fetched everything."""
    if (await person.ask("GET", "/me")).status_code == 401:
        return None
    found: Json = {"folders": (await person.get("/folders"))["items"], "attention": await person.get("/me/attention")}
    for shown in await pages(person, "/conversations"):
        path = f"/conversations/{shown['id']}"
        messages = {each["seq"]: each for each in await pages(person, f"{path}/messages", after_seq=0)}
        held = Held(shown, shown["head_seq"], 0, 0, shown["head_seq"], messages)
        held.counts = {seq: each["receipts"] for seq, each in messages.items() if each["receipts"] is not None}
        held.members = {member["userid"]: member for member in await pages(person, f"{path}/members")}
        for quoting in messages.values():
            quote, quoted = quoting["reply_to"], messages.get((quoting["reply_to"] or {}).get("seq"))
            assert quote is None or quoted is None or quote == {
                "seq": quoted["seq"], "sender": quoted["sender"], **excerpt(quoted)
            }, "a quote is not what the rules say"  # fmt: skip
        for seq in [seq for seq, each in messages.items() if each["thread"]]:
            held.threads[seq] = await person.get(f"{path}/threads/{seq}")
        shown.pop("last_message")
        picture = found[shown["id"]] = _picture(held, person.userid)
        for seq, thread in picture["threads"].items():
            assert thread["unread"] == held.threads[seq]["unread"], "unread replies are not what the rules say"
    found["bookmarks"] = {
        (each["conversation"]["id"], each["message"]["seq"]): each["note"] for each in await pages(person, "/bookmarks")
    }
    return found


async def quiet(server: LiveServer) -> None:
    """Wait until all facts are handled and all counts told: nothing will be sent that was not asked for."""
    publisher = server.parts[Messenger]._publisher

    async def is_quiet() -> bool:
        return not publisher._tasks and await facts_waiting(server) == 0

    await until(is_quiet)
    await until(is_quiet)  # handling a fact may have moved a cursor, or made another fact


async def facts_waiting(server: LiveServer) -> int:
    """How many facts no handler has seen yet."""

    async def count() -> int:
        async with UnitOfWork(server.parts[Database], system=True) as uow:
            waiting: int = await uow.value(sql("SELECT count(*) FROM outbox"))
            return waiting

    counted: int = await server.acall(count)
    return counted


async def assert_explained(*clients: Client) -> None:
    """Once all is quiet, each client shows what a fresh fetch would show."""
    await quiet(clients[0].person.server)
    for client in clients:
        await client.ping()
        await client.settle()
    for client in clients:
        expected, shown = await fresh_picture(client.person), client.picture()
        if shown is not None and expected is not None:
            for conversation_id in expected.keys() & shown.keys():
                assert shown[conversation_id] == expected[conversation_id], client.person.userid
        assert shown == expected, client.person.userid


async def assert_events_explain(person: Person, act: Callable[[Client], Awaitable[object]]) -> list[Json]:
    """State before + the events of `act` = state after, on two devices of one person; the events of the second.

    `act` gets the first device, which may do something itself.
    """
    first, second = Client(person), Client(person)
    await first.connect()
    await second.connect()
    await assert_explained(first, second)
    second.seen.clear()
    await act(first)
    await assert_explained(first, second)
    return second.seen
