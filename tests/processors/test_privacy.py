"""What the decider says points to its evidence: no plate and no card is copied into it."""

from __future__ import annotations

from eventlog.vocabulary import AccessDenied, PlateRead
from tests.processors.live import Live


def test_no_output_copies_a_plate_or_a_card() -> None:
    live = Live()
    for door in ("building-3", "building-4", "gate-n1"):
        live.say(
            AccessDenied(door=door, credential="card-77031", method="card", direction="in", reason="unknown")
        )
    for plate in ("京X00042", "京C8B0Z1", "京C880Z1"):
        live.say(PlateRead(lane="lane-1", plate=plate, confidence=0.99, direction="in"))
    live.after(hours=1)
    raised = [e for e in live.outputs() if e.type == "alert.raised"]
    assert {e.event.alert.rule for e in raised} >= {  # type: ignore[attr-defined]
        "repeated_denials",
        "vehicle_not_permitted",
        "watchlist_plate",
    }
    for entry in live.outputs():
        for secret in ("77031", "X00042", "C8B0Z1", "C880Z1"):
            assert secret not in entry.body.decode(), f"{entry.type} copies {secret}"
            assert secret not in entry.id
