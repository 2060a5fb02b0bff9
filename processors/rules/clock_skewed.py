"""`clock_skewed`: a device's clock is off. Pure; the step measures, this says when it is too much."""

from __future__ import annotations

from typing import Annotated, cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import DeviceClockSkewed
from processors.measured import ClockMeasured
from processors.rules.base import Clear, Raise, Rule, RuleSettings, Step, evidence_of, value
from processors.rules.titles import device_name, title, zone_name


@value
class Told:
    """The skew that was told of; 0: none."""

    skew_us: int = 0


class Settings(RuleSettings):
    skew_s: Annotated[float, Field(ge=2.5, le=86_400)] = Field(
        5, description="a device's clock may be off by this much, seconds"
    )


class ClockSkewed(Rule[Told]):
    """One key a device."""

    name = "clock_skewed"
    version = 1
    listens_to = frozenset({ClockMeasured})
    Settings = Settings
    State = Told

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        return (cast(ClockMeasured, event.event).device,)

    def on_event(self, key: str, state: Told, event: Recorded, estate: Estate) -> Step[Told] | None:
        skew_us = cast(ClockMeasured, event.event).skew_us
        zone = estate.device_zone(key)
        limit_us = self.limits(zone).skew_us
        if abs(skew_us) <= limit_us:
            if not state.skew_us:
                return None
            clear = Clear(key, zone, event.effective_us, (evidence_of(event),))
            return Step(self.initial(), (clear,))
        if state.skew_us and abs(skew_us - state.skew_us) <= limit_us:
            return None
        signal = Raise(
            key=key,
            zone=zone,
            severity="low",
            title=title(
                "clock_skewed.title_ahead" if skew_us > 0 else "clock_skewed.title_behind",
                zone=zone_name(estate, zone),
                device=device_name(estate, key),
                seconds=round(abs(skew_us) / 1_000_000),
            ),
            at_us=event.effective_us,
            devices=(key,),
            evidence=(evidence_of(event),),
            says=DeviceClockSkewed(device=key, skew_s=round(skew_us / 1_000_000, 3)),
        )
        return Step(Told(skew_us), (signal,))
