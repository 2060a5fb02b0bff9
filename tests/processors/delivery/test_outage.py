"""An outage is told of once it has lasted, and again now and then; not of every try to connect."""

from __future__ import annotations

import pytest
import structlog

from processors.delivery import outage as outages
from processors.delivery.link import LinkError
from processors.delivery.outage import TELL_AFTER_S, TELL_AGAIN_S


@pytest.mark.parametrize(
    ("story", "told"),
    [
        ("0 bad, 1 bad, 2 good", []),  # the broker starts beside us
        ("0 good, 1 bad, 2 good", []),
        ("0 bad, 5 bad, 6 bad, 20 good", [5, "again"]),
        ("0 bad, 5 bad, 64 bad, 65 bad, 66 bad", [5, 65]),
        ("0 good, 100 bad, 103 bad, 105 bad", [105]),  # from when it was lost
        ("0 good, 1 bad, 2 good, 3 bad, 4 good, 6 bad", [6]),  # a connection that doesn't last
        ("0 bad, 5 bad, 6 good, 60 bad, 64 bad, 65 bad", [5, "again", 65]),  # another one
    ],
)
def test_what_is_told(monkeypatch: pytest.MonkeyPatch, story: str, told: list[object]) -> None:
    assert (TELL_AFTER_S, TELL_AGAIN_S) == (5.0, 60.0)
    now = [0.0]
    monkeypatch.setattr(outages.time, "monotonic", lambda: now[0])
    outage = outages.Outage()
    heard: list[object] = []
    with structlog.testing.capture_logs() as lines:
        for moment in story.split(", "):
            at, what = moment.split()
            now[0] = float(at)
            before = len(lines)
            if what == "bad":
                outage.lasts(LinkError("away"))
            else:
                outage.ends()
            heard += [
                int(at) if line["event"] == "alerts can't go out" else "again" for line in lines[before:]
            ]
    assert heard == told
