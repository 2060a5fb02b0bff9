"""`gatehouse_unwell`: Gatehouse itself is not well. Pure; knows what it says of itself only.

What it can't tell of is itself standing still: that is what its status topic's last will is for.
"""

from __future__ import annotations

from typing import Annotated, cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import (
    DeliveryConfirmed,
    DeliveryFailed,
    DeliverySent,
    Severity,
    SystemVitals,
    Words,
)
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
from processors.rules.titles import Param, title

READINGS_MAX = 128
FAILURES_KEPT = 100
DELIVERY_PARTS = frozenset({"delivery"})
"""Parts without which alerts can't go out."""


@value
class Reading:
    """What waited in quarantine at a moment."""

    at_us: int
    count: int


@value
class Health:
    """One thing watched: readings of the last while, failures in a row, whether it was told."""

    readings: tuple[Reading, ...] = ()
    failures: tuple[Evidence, ...] = ()
    told: bool = False


class Settings(RuleSettings):
    quarantine_count: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        20, description="quarantine may grow by so many within the time below"
    )
    quarantine_s: Seconds = Field(3_600, description="the time within which it grows, seconds")
    disk_share: float = Field(0.9, gt=0, le=1, description="the disk may be this full, as a share")
    failures: Annotated[int, Field(ge=1, le=FAILURES_KEPT)] = Field(
        3, description="deliveries over one channel that fail one after the other"
    )
    still_s: Seconds = Field(60, description="a part that has work may stand still for this long, seconds")


class GatehouseUnwell(Rule[Health]):
    """Keys `quarantine`, `disk`, `channel:…`, `part:…`; the zone is the estate."""

    name = "gatehouse_unwell"
    version = 1
    listens_to = frozenset({SystemVitals, DeliverySent, DeliveryConfirmed, DeliveryFailed})
    Settings = Settings
    State = Health

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        if event.type != SystemVitals.TYPE:
            return (f"channel:{cast(DeliverySent, event.event).channel}",)
        vitals = cast(SystemVitals, event.event)
        keys = [f"part:{name}" for name in sorted(vitals.parts)]
        if vitals.quarantine_count is not None:
            keys.append("quarantine")
        if vitals.disk_used_share is not None:
            keys.append("disk")
        return tuple(keys)

    def on_event(self, key: str, state: Health, event: Recorded, estate: Estate) -> Step[Health] | None:
        if event.type != SystemVitals.TYPE:
            return self._delivered(key, state, event, estate)
        if key == "quarantine":
            return self._quarantine(key, state, event, estate)
        vitals = cast(SystemVitals, event.event)
        if key == "disk":
            share = vitals.disk_used_share or 0.0
            bad = share > self.limits(estate.id).disk_share
            return self._told(key, state, bad, "medium", event, estate, percent=round(100 * share))
        name = key.removeprefix("part:")
        part = vitals.parts[name]
        bad = part.behind > 0 and part.still_s > self.limits(estate.id).still_s
        severity: Severity = "high" if name in DELIVERY_PARTS else "medium"
        return self._told(key, state, bad, severity, event, estate, part=name, seconds=round(part.still_s))

    def _quarantine(self, key: str, state: Health, event: Recorded, estate: Estate) -> Step[Health]:
        limits = self.limits(estate.id)
        at_us, count = event.effective_us, cast(SystemVitals, event.event).quarantine_count or 0
        kept = [each for each in state.readings if at_us - each.at_us <= limits.quarantine_us]
        readings = (*kept[1 - READINGS_MAX :], Reading(at_us, count))
        grown = count - min(each.count for each in readings)
        after = Health(readings, told=state.told)
        step = self._told(key, after, grown > limits.quarantine_count, "medium", event, estate, count=grown)
        return step or Step(after)

    def _delivered(self, key: str, state: Health, event: Recorded, estate: Estate) -> Step[Health] | None:
        if event.type != DeliveryFailed.TYPE:
            if not state.failures and not state.told:
                return None
            return self._told(key, Health(told=state.told), False, "high", event, estate) or Step(
                self.initial()
            )
        failures = (*state.failures[1 - FAILURES_KEPT :], evidence_of(event))
        bad = len(failures) >= self.limits(estate.id).failures
        after = Health((), failures, state.told)
        channel = key.removeprefix("channel:")
        step = self._told(key, after, bad, "high", event, estate, channel=channel, count=len(failures))
        return step or Step(after)

    def _told(
        self,
        key: str,
        state: Health,
        bad: bool,
        severity: Severity,
        event: Recorded,
        estate: Estate,
        **params: Param,
    ) -> Step[Health] | None:
        """Raises once when it turns bad, clears when it is good again; None when nothing changes."""
        if bad == state.told:
            return None
        signal: Signal = Clear(key, estate.id, event.effective_us, (evidence_of(event),))
        if bad:
            signal = Raise(
                key=key,
                zone=estate.id,
                severity=severity,
                title=self._title(key, params),
                at_us=event.effective_us,
                evidence=state.failures or (evidence_of(event),),
            )
        after = Health(state.readings, state.failures, bad)
        return Step(self.initial() if after == self.initial() else after, (signal,))

    def _title(self, key: str, params: dict[str, Param]) -> Words:
        return title(f"gatehouse_unwell.title_{key.partition(':')[0]}", **params)
