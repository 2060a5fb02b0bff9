"""History uploaded late pages nobody: not as an alert of its own, and not through one that is open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson

from eventlog.vocabulary import AccessDenied, CommandAcknowledge, CommandClose, DoorClosed, PlateRead
from processors.delivery.board import Board
from processors.runners.embedded import owner_of
from tests.processors.estate import NAME
from tests.processors.live import Live
from tests.support.histories import no_trace


def published(live: Live) -> list[tuple[str, str]]:
    """Topics below the estate and the events told on them, of all outputs so far."""
    board = Board(no_trace)
    return [
        (message.topic.removeprefix(f"estates/{NAME}/"), entry.type)
        for entry in live.outputs()
        for message in board.take(entry, resent=False)
    ]


def past_burst(live: Live) -> None:
    """Three denials at building-3, yesterday."""
    for card in ("x", "y", "z"):
        denied = AccessDenied(
            door="building-3", credential=card, method="card", direction="in", reason="unknown"
        )
        live.say(denied, at=live.now - timedelta(days=1))
    live.run()


def test_history_goes_to_the_control_room_only() -> None:
    live = Live()
    past_burst(live)
    assert published(live) == [("alerts", "alert.raised")]


def test_history_that_joins_an_open_alert_tells_no_squad_of_it() -> None:
    live = Live()
    live.burst()
    assert ("patrol/squad-1/alerts", "alert.raised") in published(live)
    before = live.alert()
    past_burst(live)
    after = live.alert()
    assert (after.id, after.version, len(after.evidence)) == (before.id, before.version + 1, 6)
    assert not after.late
    assert published(live)[-1] == ("alerts", "alert.updated")
    live.command(CommandAcknowledge(alert=after.id, by="desk", version=after.version))
    assert published(live)[-1] == ("patrol/squad-1/alerts", "alert.acknowledged")


def test_history_makes_no_open_alert_worse_nor_active_again() -> None:
    live = Live()
    live.say(PlateRead(lane="lane-open", plate="京C880Z1", confidence=0.8, direction="in"))
    live.run()
    before = live.alert()
    assert before.severity == "medium"
    live.say(
        PlateRead(lane="lane-open", plate="京C8B0Z1", confidence=0.99, direction="in"),
        at=live.now - timedelta(days=1),
    )
    live.run()
    after: Any = live.alert()
    assert after.id == before.id
    assert (after.severity, after.title, after.condition) == (before.severity, before.title, "active")
    assert len(after.evidence) == 2


def test_a_door_shut_long_ago_and_told_of_only_now_still_ends_its_alert() -> None:
    live = Live()
    live.open()
    live.after(seconds=40)
    live.now += timedelta(minutes=20)
    live.say(DoorClosed(door="building-3"), at=live.now - timedelta(minutes=15))
    live.run()
    assert live.alert().condition == "cleared"
    assert ("patrol/squad-1/alerts", "alert.cleared") in published(live)


def test_closed_alerts_are_not_kept_for_ever() -> None:
    live, board = Live(), Board(no_trace)
    for _ in range(5):
        alert = live.burst()
        live.command(CommandClose(alert=alert.id, by="desk", disposition="nuisance"))
        live.after(minutes=2)
    for entry in live.outputs():
        board.take(entry, resent=False)
    kept = board._board(NAME)
    assert (len(kept.alerts), len(kept.versions)) == (0, 0)


def test_a_change_from_before_the_saved_state_opens_nothing_again() -> None:
    live, board = Live(), Board(no_trace)
    alert = live.burst()
    live.command(CommandClose(alert=alert.id, by="desk", disposition="nuisance"))
    board.load(NAME, live.log.load_state(owner_of(NAME)))
    estate = live.runner._steps.by_estate[NAME].estate  # type: ignore[union-attr]
    for entry in live.outputs():
        board.take(entry, resent=True)
        (opened,) = [
            orjson.loads(m.payload)
            for m in board.renewed([estate], 1, 0, all_of=True)
            if m.topic.endswith("squad-1/open")
        ]
        assert opened["alerts"] == []
