"""Estates to sessions, sessions to processes: every estate is one session's, every session one process's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.rights import covers
from ingest.shards import (
    SUBSCRIPTIONS,
    Unit,
    estate_of,
    filters_of,
    mark_of,
    marked,
    shard_of,
    share_of,
    units_of,
)

NAMES = st.text("abcdefghijklmnopqrstuvwxyz-0123456789", min_size=1, max_size=12)


def test_an_estate_keeps_its_shard_for_ever() -> None:
    assert [shard_of(name, 4) for name in ("xiegou", "liuzhuang", "anyuan", "heping")] == [0, 1, 0, 1]


@given(NAMES, st.integers(2, 40))
def test_one_session_takes_an_estate(estate: str, shards: int) -> None:
    takers = [unit for unit in units_of(shards, strays=False) if unit.takes(estate)]
    assert len(takers) == 1
    assert takers[0].filters([estate]) == list(filters_of(estate))


@given(NAMES, st.sampled_from(SUBSCRIPTIONS))
def test_a_shard_reads_of_its_estate_what_one_session_reads_of_all(estate: str, everything: str) -> None:
    own = [name for name in filters_of(estate) if covers(everything, name)]
    assert len(own) == 1
    assert all(covers(everything, name) for name in own)


@pytest.mark.parametrize(
    ("topic", "estate"),
    [
        ("estates/xiegou/access/gate-n1/events", "xiegou"),
        ("estates/xiegou/patrol/n01/members/li/events", "xiegou"),
        ("estates/xiegou/time", "xiegou"),
        ("vendors/acme/xiegou/gate-n1", "xiegou"),
        ("vendors/acme/xiegou/a/b", "xiegou"),
        ("vendors/acme", ""),
        ("elsewhere/xiegou", ""),
        ("gatehouse/ingest/read/xiegou", ""),
    ],
)
def test_the_estate_in_a_topic(topic: str, estate: str) -> None:
    assert estate_of(topic) == estate


def test_a_mark_names_its_estate() -> None:
    assert marked(mark_of("xiegou")) == "xiegou"
    assert marked("estates/xiegou/time") is None


def test_the_names_of_sessions() -> None:
    assert [unit.session for unit in units_of(1, strays=True)] == ["gatehouse-ingest"]
    three = units_of(2, strays=True)
    assert [unit.session for unit in three] == [
        "gatehouse-ingest-1-of-2",
        "gatehouse-ingest-2-of-2",
        "gatehouse-ingest-strays",
    ]
    assert tuple(Unit.of(unit.session) for unit in three) == three


@given(st.integers(1, 40), st.integers(1, 12))
def test_the_shares_make_up_the_whole(units: int, processes: int) -> None:
    members = [f"ingest/member/{number}" for number in range(processes)]
    shares = [share_of(units, members, me) for me in members]
    assert sum(share.most if share.keeps_most else share.least for share in shares) == units
    assert max(share.most for share in shares) - min(share.least for share in shares) <= 1
