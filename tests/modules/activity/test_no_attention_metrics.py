"""Nobody's attention is measured: no metric, no act and no table of opening, scrolling, or time spent."""

import re

import pytest

from pegboard.app import tables
from pegboard.kernel.db import metadata
from pegboard.kernel.metrics import REGISTRY
from pegboard.modules.activity.acts import ACTS, Act

# Words of which none stands in a name, and in which sense they would.
WATCHING = {
    *("active", "badge", "click", "clicks", "clicked", "dwell", "engagement", "focus", "foreground", "idle"),
    *("impression", "impressions", "keystroke", "keystrokes", "lastseen", "online", "open", "opened", "opens"),
    *("pageview", "pageviews", "scroll", "scrolled", "scrolls", "seen", "spent", "streak", "streaks", "visit"),
    *("usage", "view", "viewed", "views", "visited", "visits"),
}


def _words(name: str) -> set[str]:
    return set(re.split(r"[^a-z]+", name.lower()))


def _metrics() -> list[str]:
    return [family.name for family in REGISTRY.collect() if family.name.startswith("pegboard")]


@pytest.mark.parametrize("name", _metrics())
def test_no_metric_watches(name: str) -> None:
    assert not _words(name) & WATCHING


def test_no_label_names_a_person() -> None:
    for family in REGISTRY.collect():
        for sample in family.samples:
            assert not sample.labels.keys() & {"member", "userid", "account", "person", "org", "conversation"}


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name)
def test_no_act_is_just_looking(act: Act) -> None:
    assert not _words(act.name) & (WATCHING | {"read", "login", "logins", "received", "acknowledged"})


def test_no_table_of_activity_knows_a_person() -> None:
    tables.load()
    ours = [table for table in metadata.tables.values() if table.name.startswith("activity_")]
    assert len(ours) == 4
    for table in ours:
        assert not {column.name for column in table.columns} & {"member_id", "account_id", "userid", "department_id"}
