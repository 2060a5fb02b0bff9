"""`crowd`: too many people in one place for too long. Pure; knows what cameras count only."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.times import to_us
from eventlog.vocabulary import CameraCrowd
from processors.rules.base import (
    Clear,
    Evidence,
    Raise,
    Rule,
    RuleSettings,
    Seconds,
    Signal,
    Step,
    evidence_of,
    value,
)
from processors.rules.seen import zone_of
from processors.rules.titles import title, zone_name

COUNTS_MAX = 8
"""Last counts of a camera kept, for those that come out of order."""
DISORDER_US = 10_000_000


HISTORY = " (history)"
"""What a camera counted long ago is a view of its own: it says nothing of now."""


@value
class Count:
    """A camera's count: when, whether it was too many, by which event."""

    at_us: int
    over: bool
    event: Evidence


@value
class View:
    """One camera's last counts in order of time; `since` is the first of those in a row that are over."""

    counts: tuple[Count, ...] = ()
    since: Count | None = None
    late: bool = False


@value
class Zone:
    """What each camera counts in a zone, and whether it was told of now."""

    views: dict[str, View] = field(default_factory=dict)
    told: bool = False


class Settings(RuleSettings):
    count: Annotated[int, Field(ge=1, le=100_000)] = Field(20, description="people that are too many")
    hold_s: Seconds = Field(60, description="for this long, seconds")
    settle_s: Seconds = Field(2, description="judged this long after that, seconds")


class Crowd(Rule[Zone]):
    """One key a zone. Cameras that see the same zone don't add up: each counts what it sees."""

    name = "crowd"
    version = 1
    listens_to = frozenset({CameraCrowd})
    Settings = Settings
    State = Zone

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        return (zone_of(event, estate),)

    def on_event(self, key: str, state: Zone, event: Recorded, estate: Estate) -> Step[Zone] | None:
        over = cast(CameraCrowd, event.event).count >= self.limits(key).count
        camera = event.device + HISTORY if event.late else event.device
        before = state.views.get(camera, _NOTHING)
        if not over and not before.counts:
            return None  # nearly always
        view = _with(before, Count(event.effective_us, over, evidence_of(event)), event.late)
        views = {name: each for name, each in state.views.items() if name != camera}
        if any(each.over for each in view.counts):
            views[camera] = view
        if state.told and not event.late and all(each.since is None or each.late for each in views.values()):
            clear = Clear(key, key, event.effective_us, (evidence_of(event),))
            return self._step(key, Zone(views), (clear,), estate)
        return self._step(key, Zone(views, state.told), (), estate)

    def on_time(self, key: str, state: Zone, due_us: int, estate: Estate) -> Step[Zone]:
        due = [name for judged_us, name in self._waiting(key, state, estate) if judged_us <= due_us]
        old = [name for name in due if state.views[name].late]
        now = due[len(old) : len(old) + 1]
        signals: list[Signal] = [self._raise(key, name, state.views[name], estate) for name in (*old, *now)]
        if old and not state.told:  # history: told, and over by now; what is here now is another matter
            signals.insert(len(old), Clear(key, key, due_us, late=True))
        views = {name: each for name, each in state.views.items() if name not in old}
        return self._step(key, Zone(views, state.told or bool(now)), tuple(signals), estate)

    def _raise(self, key: str, camera: str, view: View, estate: Estate) -> Raise:
        assert view.since is not None
        return Raise(
            key=key,
            zone=key,
            severity="medium",
            title=title("crowd.title", zone=zone_name(estate, key), count=self.limits(key).count),
            at_us=view.since.at_us,
            devices=(camera.removesuffix(HISTORY),),
            evidence=tuple(each.event for each in view.counts if each.over) or (view.since.event,),
            late=view.late,
        )

    def _step(self, key: str, state: Zone, signals: tuple[Signal, ...], estate: Estate) -> Step[Zone]:
        if not state.views and not state.told:
            return Step(self.initial(), signals)
        wake_us = min((judged_us for judged_us, _ in self._waiting(key, state, estate)), default=None)
        if state.told or wake_us is not None:
            return Step(state, signals, wake_us)
        last_us = max(each.counts[-1].at_us for each in state.views.values())
        return Step(state, signals, None, last_us + DISORDER_US)

    def _waiting(self, key: str, state: Zone, estate: Estate) -> list[tuple[int, str]]:
        """When it is to be judged which camera counted too many for too long, as far as that is still to be
        told: history first, and of the present the first."""
        limits = self.limits(key)
        found = []
        for name, view in state.views.items():
            if view.since is None or (state.told and not view.late):
                continue
            over_us = view.since.at_us + limits.hold_us
            while (known := estate.gathering_at(key, over_us)) is not None:  # whether they go when it is over
                over_us = to_us(known.ends_at)
            found.append((not view.late, over_us + limits.settle_us, name))
        return [(judged_us, name) for _, judged_us, name in sorted(found)]


_NOTHING = View()


def _with(view: View, count: Count, late: bool) -> View:
    """With one count more, at its place in time."""
    counts = tuple(sorted((*view.counts, count), key=lambda each: each.at_us))[-COUNTS_MAX:]
    under = [index for index, each in enumerate(counts) if not each.over]
    if not under:
        first = counts[0] if view.since is None or counts[0].at_us < view.since.at_us else view.since
    else:
        first = counts[under[-1] + 1] if under[-1] + 1 < len(counts) else None  # type: ignore[assignment]
    return View(counts, first, late)
