import sys
import weakref

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pegboard.kernel.realtime import Hub, events_frame, frame, reply, reply_error


class Ear:
    """A subscriber that remembers."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def send_soon(self, frame: bytes) -> None:
        self.heard.append(frame)


def test_publish_reaches_the_subscribers_and_nobody_else() -> None:
    hub, one, two, three = Hub(), Ear(), Ear(), Ear()
    hub.subscribe_all(one, ["a", "b"])
    hub.subscribe(two, "a")
    hub.subscribe(two, "a")
    hub.subscribe(three, "b")
    assert hub.publish("a", b"1") == 2
    assert hub.publish("a", b"2", skip=one) == 1
    assert hub.publish("a", b"3", skip=three) == 2
    assert hub.publish("nothing", b"4") == 0
    assert hub.publish_many({"b": b"5", "c": b"6"}) == 2
    assert (one.heard, two.heard, three.heard) == ([b"1", b"3", b"5"], [b"1", b"2", b"3"], [b"5"])
    assert hub.subscribers("a") == (one, two)
    assert hub.topics(one) == ["a", "b"]


def test_a_dropped_subscriber_leaves_no_trace() -> None:
    hub, ear, other = Hub(), Ear(), Ear()
    hub.subscribe_all(ear, ["a", "b", "c"])
    hub.subscribe(other, "a")
    hub.unsubscribe(ear, "b")
    hub.unsubscribe(ear, "b")
    hub.unsubscribe(ear, "unknown")
    hub.drop(ear)
    hub.drop(ear)
    assert (hub.subscribers("a"), hub.subscribers("c"), hub.topics(ear)) == ((other,), (), [])
    hub.unsubscribe(other, "a")
    gone = weakref.ref(ear)
    del ear
    assert gone() is None
    assert (hub._topics, hub._listening) == ({}, {})


@given(
    st.lists(
        st.tuples(st.sampled_from(["subscribe", "unsubscribe", "drop"]), st.integers(0, 99), st.integers(0, 2)),
        max_size=400,
    ),
    st.integers(0, 100),
)
def test_the_hub_agrees_with_a_plain_set_of_pairs(steps: list[tuple[str, int, int]], crowd: int) -> None:
    hub, ears, pairs = Hub(), [Ear() for _ in range(100)], set[tuple[int, int]]()
    for step, ear, topic in [("subscribe", ear, 0) for ear in range(crowd)] + steps:
        match step:
            case "subscribe":
                hub.subscribe(ears[ear], topic)
                pairs.add((ear, topic))
            case "unsubscribe":
                hub.unsubscribe(ears[ear], topic)
                pairs.discard((ear, topic))
            case _:
                hub.drop(ears[ear])
                pairs = {pair for pair in pairs if pair[0] != ear}
    for topic in range(3):
        expected = {ear for ear, of in pairs if of == topic}
        assert hub.publish(topic, b"%d" % topic) == len(expected)
        assert {ear for ear in range(100) if ears[ear].heard[-1:] == [b"%d" % topic]} == expected
    for number, listener in enumerate(ears):
        assert set(hub.topics(listener)) == {topic for of, topic in pairs if of == number}


def test_one_object_is_kept_for_each_topic_however_many_equal_ones_come() -> None:
    hub, ears = Hub(), [Ear() for _ in range(50)]
    for ear in ears:
        hub.subscribe(ear, ("conversation", int("7" * 30)))
    assert len({id(hub.topics(ear)[0]) for ear in ears}) == 1


def test_a_topic_with_few_subscribers_is_small() -> None:
    hub = Hub()
    ears = [Ear() for _ in range(50)]
    hub.subscribe(ears[0], "a")
    alone = sys.getsizeof(hub._topics["a"].members)
    for ear in ears:
        hub.subscribe(ear, "a")
    assert alone <= 64
    assert sys.getsizeof(hub._topics["a"].members) <= 64 + 8 * 50


def test_frames() -> None:
    assert frame(b"hi") == b"\x81\x02hi"
    assert frame(b"x" * 126)[:4] == b"\x81\x7e\x00\x7e"
    assert frame(b"x" * 65535)[:4] == b"\x81\x7e\xff\xff"
    assert frame(b"x" * 65536)[:10] == b"\x81\x7f" + (65536).to_bytes(8, "big")
    assert events_frame([]) == frame(b'{"events":[]}')


def test_replies() -> None:
    batch = events_frame([reply(1), reply(2, b'{"seq":7}'), reply_error(3, "not_found", "沒有這個對話")])
    assert msgspec.json.decode(batch[batch.index(b"{") :]) == {
        "events": [
            {"type": "reply", "id": 1, "ok": {}},
            {"type": "reply", "id": 2, "ok": {"seq": 7}},
            {"type": "reply", "id": 3, "error": {"code": "not_found", "message": "沒有這個對話"}},
        ]
    }
