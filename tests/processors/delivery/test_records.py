"""What the log is told of messages on topics: what the broker answered for, which phone confirmed; and the
route of silent duress."""

from __future__ import annotations

from typing import Any

import pytest

from eventlog.vocabulary import (
    Alert,
    AlertEvent,
    DeliveryConfirmed,
    DeliveryPublished,
    Duress,
    PatrolResponse,
    SafetyChanged,
)
from tests.processors.delivery.test_mqtt import DESK, Post, squad
from tests.processors.estate import NAME
from tests.processors.live import Live
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import wait_until

pytestmark = pytest.mark.mosquitto

QUIET = f"estates/{NAME}/duress/alerts"


@pytest.fixture
def post(mosquitto: Mosquitto) -> Post:
    return Post(Live(), mosquitto)


def recorded(live: Live, kind: type[Any]) -> list[Any]:
    """The events of a type in the log."""
    return [each.event for each in live.log.read(after=0, limit=100_000, types=frozenset({kind.TYPE}))]


def told(live: Live) -> list[tuple[str, int, str, bool]]:
    """What the log says was published: alert, version, to whom, again or not."""
    return [
        (each.alert, each.version, each.recipient, each.resent)
        for record in recorded(live, DeliveryPublished)
        for each in record.messages
    ]


def answer(live: Live, alert: Alert, action: str, member: str = "li") -> None:
    """A member's phone answers."""
    said: Any = PatrolResponse(alert=alert.id, member=member, action=action)  # type: ignore[arg-type]
    live.say(said, source=f"estates/{NAME}/patrol/{member}")
    live.run()


def pressed(live: Live) -> Alert:
    """Somebody opens a door under threat."""
    live.say(Duress(door="building-3", credential="c"))
    live.run()
    (alert,) = {
        e.event.alert.id: e.event.alert for e in alerts(live) if e.event.alert.rule == "duress"
    }.values()
    return alert


def alerts(live: Live) -> list[Any]:
    return [each for each in live.outputs() if isinstance(each.event, AlertEvent)]


def test_what_the_broker_took_over_is_recorded_once(post: Post) -> None:
    with post.delivering():
        alert = post.live.burst()
        wait_until(lambda: told(post.live), what="it is recorded")
        post.answered()
    with post.delivering():
        post.answered()
    mine = [each for each in told(post.live) if each[0] == alert.id and each[1] == 1]
    assert mine == [(alert.id, 1, "desk", False), (alert.id, 1, "squad:squad-1", False)]
    assert all(not each[3] for each in told(post.live))


def test_what_was_sent_again_is_recorded_as_such(post: Post) -> None:
    alert = post.live.burst()
    with post.delivering():
        wait_until(lambda: told(post.live), what="it is recorded")
    assert (alert.id, 1, "squad:squad-1", True) in told(post.live)


def test_a_phone_that_has_it_confirms_it_and_nobody_else_does(post: Post) -> None:
    with post.delivering():
        alert = post.live.burst()
        answer(post.live, alert, "received", member="nobody-of-ours")
        answer(post.live, alert, "received")
        answer(post.live, alert, "accept")
        wait_until(lambda: len(recorded(post.live, DeliveryConfirmed)) == 2, what="both are recorded")
    found = recorded(post.live, DeliveryConfirmed)
    assert [(each.alert, each.by, each.recipient, each.response) for each in found] == [
        (alert.id, "li", "squad:squad-1", "received"),
        (alert.id, "li", "squad:squad-1", "accept"),
    ]


def test_silent_duress_goes_by_its_own_route_alone(post: Post) -> None:
    with post.listening() as hears, post.delivering():
        alert = pressed(post.live)
        raised = hears.wait_for(lambda each: each.get("id") == alert.id, QUIET)
        listed = hears.wait_for(lambda each: each["alerts"], f"estates/{NAME}/duress/open")
        other = post.live.burst()
        hears.wait_for(lambda each: each.get("id") == other.id, squad("squad-1"))
        hears.wait_for(lambda each: each["alerts"], squad("squad-1", "open"))
    assert raised["severity"] == "critical"
    assert [each["id"] for each in listed["alerts"]] == [alert.id]
    elsewhere = [one for one in hears.heard if "/duress/" not in one.topic]
    assert {one.topic for one in elsewhere} >= {DESK, squad("squad-1"), squad("squad-1", "open")}
    assert not [one.topic for one in elsewhere if alert.id.encode() in one.payload]
    assert not [each for each in recorded(post.live, SafetyChanged) if each.cause == alert.id]
    assert (alert.id, 1, "duress", False) in told(post.live)
