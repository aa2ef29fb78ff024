"""Quiet hours and the calm switches of a person, over HTTP; and whom one may disturb."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from pegboard.modules.attention import api as attention
from tests.support.live_server import Company
from tests.support.polling import until

pytestmark = pytest.mark.anyio

At = Callable[[str], None]


def _rule(shown: dict[str, Any], kind: str, *, muted: bool = False) -> dict[str, Any]:
    [found] = [each for each in shown["rule"] if (each["kind"], each["muted"]) == (kind, muted)]
    return dict(found)


async def _change(person: Any, **changes: Any) -> Any:
    revision = (await person.get("/me/attention"))["revision"]
    return await person.do("PATCH", "/me/attention", {"revision": revision, **changes})


async def test_what_somebody_has_who_has_chosen_nothing(company: Company) -> None:
    shown = await company["Bob"].get("/me/attention")
    rule = shown.pop("rule")
    assert shown == {
        "quiet_hours": {
            "enabled": False,
            "starts": "22:00",
            "ends": "08:00",
            "days": [1, 2, 3, 4, 5, 6, 7],
            "zone": "Asia/Shanghai",
        },
        "quiet_until": None,
        "changes_at": None,
        "no_numbers": False,
        "mention_pierces_mute": True,
        "revision": 0,
    }
    assert [(each["kind"], each["muted"]) for each in rule] == [
        (kind, muted) for kind in attention.KINDS for muted in (False, True)
    ]


async def test_quiet_hours_hold_in_the_persons_zone_and_take_the_sound_only(company: Company, at: At) -> None:
    bob = company["Bob"]
    at("2027-03-01T20:30:00")
    quiet = {"enabled": True, "starts": "22:00", "ends": "07:00", "zone": "Europe/Berlin"}
    shown = await _change(bob, quiet_hours=quiet)
    assert (shown["quiet_until"], shown["changes_at"]) == (None, "2027-03-01T21:00:00Z")
    assert _rule(shown, "direct")["alert"] is True
    at("2027-03-01T21:00:01")
    shown = await bob.get("/me/attention")
    assert (shown["quiet_until"], shown["changes_at"]) == ("2027-03-02T06:00:00Z", "2027-03-02T06:00:00Z")
    direct = _rule(shown, "direct")
    assert (direct["number"], direct["bold"], direct["alert"]) == (True, True, False)
    at("2027-03-02T06:00:01")
    assert (await bob.get("/me/attention"))["quiet_until"] is None


async def test_without_a_zone_of_ones_own_the_organisations_holds(company: Company, at: At) -> None:
    ann, bob = company["Ann"], company["Bob"]
    at("2027-03-01T15:00:00")
    shown = await _change(bob, quiet_hours={"enabled": True})
    assert shown["quiet_until"] == "2027-03-02T00:00:00Z"
    device = await bob.socket()
    organisation = await ann.get("/organisation")
    await ann.do("PATCH", "/organisation", {"revision": organisation["revision"], "time_zone": "Europe/Berlin"})
    await device.event("attention.changed")
    shown = await bob.get("/me/attention")
    assert (shown["quiet_until"], shown["quiet_hours"]["zone"]) == (None, "Europe/Berlin")
    own = await _change(bob, quiet_hours={"zone": "Asia/Taipei"})
    assert own["quiet_hours"]["zone"] == "Asia/Taipei"
    assert (await _change(bob, quiet_hours={"zone": None}))["quiet_hours"]["zone"] == "Europe/Berlin"


async def test_a_change_names_what_changes_and_the_rest_stays(company: Company) -> None:
    bob = company["Bob"]
    await _change(bob, quiet_hours={"starts": "21:30", "days": [7, 5, 5]}, no_numbers=True)
    shown = await _change(bob, mention_pierces_mute=False)
    assert shown["quiet_hours"]["starts"] == "21:30"
    assert shown["quiet_hours"]["days"] == [5, 7]
    assert (shown["no_numbers"], shown["mention_pierces_mute"], shown["revision"]) == (True, False, 2)
    assert not any(each["number"] for each in shown["rule"])
    assert _rule(shown, "mention", muted=True)["why"] == "attention.why.muted"
    assert (await company["Cleo"].get("/me/attention"))["no_numbers"] is False


async def test_two_devices_do_not_overwrite_each_other(company: Company) -> None:
    bob = company["Bob"]
    await bob.do("PATCH", "/me/attention", {"revision": 0, "no_numbers": True})
    late = await bob.ask("PATCH", "/me/attention", {"revision": 0, "no_numbers": False})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "revision.mismatch")
    early = await company["Cleo"].ask("PATCH", "/me/attention", {"revision": 1, "no_numbers": True})
    assert early.status_code == 409
    assert (await company["Cleo"].get("/me/attention"))["revision"] == 0


@pytest.mark.parametrize(
    ("quiet", "path", "code"),
    [
        ({"starts": "24:00"}, "quiet_hours.starts", None),
        ({"ends": "8:00"}, "quiet_hours.ends", None),
        ({"starts": "08:00", "ends": "08:00"}, "quiet_hours.ends", "invalid"),
        ({"zone": "Mars/Olympus"}, "quiet_hours.zone", "invalid"),
        ({"zone": "../../etc/passwd"}, "quiet_hours.zone", "invalid"),
        ({"days": [0]}, "quiet_hours.days.0", None),
        ({"days": [8]}, "quiet_hours.days.0", None),
        ({"from": "22:00"}, "quiet_hours", None),
    ],
)
async def test_what_is_no_quiet_hour(company: Company, quiet: dict[str, Any], path: str, code: str | None) -> None:
    answer = await company["Bob"].ask("PATCH", "/me/attention", {"revision": 0, "quiet_hours": quiet})
    assert answer.status_code == 422
    [field] = answer.json()["error"]["fields"]
    assert field["path"].startswith(path)
    assert code is None or field["code"] == code


async def test_why_do_i_see_this_in_three_languages(company: Company) -> None:
    texts = set()
    for language in ("en", "zh-TW", "zh-CN"):
        answer = await company["Bob"].ask("GET", "/me/attention", headers={"accept-language": language})
        for each in answer.json()["rule"]:
            assert each["text"]
            assert each["text"] != each["why"]
        texts.add(_rule(answer.json(), "direct")["text"])
    assert len(texts) == 3


async def test_whom_one_may_disturb(company: Company, at: At, work: Callable[..., Any]) -> None:
    bob, cleo = company["Bob"], company["Cleo"]
    at("2027-03-01T12:00:00")
    await _change(bob, quiet_hours={"enabled": True, "zone": "UTC"})
    await _change(cleo, quiet_hours={"enabled": True})  # Shanghai
    await _change(company["Dan"], quiet_hours={"enabled": False, "zone": "UTC"})
    everybody = [person.member_id for person in company.people.values()]

    async def asked(instant: str) -> Any:
        when = datetime.fromisoformat(instant).replace(tzinfo=UTC)
        found = await work(company, lambda uow: attention.may_disturb(uow, everybody, "ding", when))
        assert found.keys() == set(everybody)
        return {person.userid: found[person.member_id] for person in company.people.values()}

    night = await asked("2027-03-01T23:00:00")
    bobs, cleos = datetime(2027, 3, 2, 8, tzinfo=UTC), datetime(2027, 3, 2, tzinfo=UTC)
    assert night == {"Ann": None, "Bob": bobs, "Cleo": cleos, "Dan": None}
    assert set((await asked("2027-03-01T10:00:00")).values()) == {None}
    assert (await asked("2027-03-01T15:00:00"))["Cleo"] == cleos
    assert await work(company, lambda uow: attention.may_disturb(uow, [], "ding", cleos)) == {}


async def test_who_has_left_is_forgotten(company: Company, work: Callable[..., Any]) -> None:
    bob = company["Bob"]
    await _change(bob, no_numbers=True)
    await bob.do("POST", "/folders", {"name": "Mine"})
    shared = await company["Ann"].do("POST", "/folders", {"name": "Ours", "scope": "organisation"})
    await bob.do("PATCH", f"/folders/{shared['id']}", {"collapsed": True})
    await company["Ann"].do("POST", "/members/Bob/leave", {})

    async def forgotten() -> bool:
        found = await work(company, lambda uow: attention.attention_of(uow, bob.member_id))
        folders = await work(company, lambda uow: attention.folders_of(uow, bob.member_id))
        return found.revision == 0 and [(each.name, each.collapsed) for each in folders] == [("Ours", False)]

    await until(forgotten)
