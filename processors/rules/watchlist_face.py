"""`watchlist_face`: a face on a watch list. Pure; knows faces only, and names nobody in what it tells."""

from __future__ import annotations

from typing import cast

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ids import reference
from eventlog.ports import Recorded
from eventlog.vocabulary import SEVERITIES, FaceRecognised, Severity
from processors.rules.base import Evidence, Raise, Rule, RuleSettings, Seconds, Step, evidence_of, value
from processors.rules.seen import DISORDER_US, UNSURE_MAX, Glance
from processors.rules.titles import title, zone_name


@value
class Matches:
    """The last matches with a low score, and when it was last told of."""

    low: tuple[Glance, ...] = ()
    told_us: int | None = None


class Settings(RuleSettings):
    sure_score: float = Field(0.8, ge=0, le=1, description="from this score on, one match is enough")
    low_score: float = Field(0.6, ge=0, le=1, description="below this score a match is none")
    twice_s: Seconds = Field(30, description="between the two, two matches within this time count, seconds")
    again_s: Seconds = Field(
        60, description="matches of one person this close together are one visit, seconds"
    )


class WatchlistFace(Rule[Matches]):
    """Key `{zone}:{reference of the person on the list}`."""

    name = "watchlist_face"
    version = 1
    listens_to = frozenset({FaceRecognised})
    Settings = Settings
    State = Matches

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        face = cast(FaceRecognised, event.event)
        if face.person not in estate.watched_people and face.list not in estate.people_lists:
            return ()
        return (f"{estate.device_zone(event.device)}:{reference(estate.id, face.person)}",)

    def on_event(self, key: str, state: Matches, event: Recorded, estate: Estate) -> Step[Matches] | None:
        face = cast(FaceRecognised, event.event)
        zone = estate.device_zone(event.device)
        limits = self.limits(zone)
        at_us, seen = event.effective_us, evidence_of(event)
        if face.score < limits.low_score:
            return None
        found: tuple[Evidence, ...] = (seen,)
        low = state.low
        if face.score < limits.sure_score:
            beside = [each for each in low if abs(each.at_us - at_us) <= limits.twice_us]
            found = (beside[-1].event, seen) if beside else ()
            low = (*low[1 - UNSURE_MAX :], Glance(at_us, seen))
        forget_us = at_us + max(limits.twice_us, limits.again_us) + DISORDER_US
        quiet = state.told_us is not None and abs(at_us - state.told_us) < limits.again_us
        if not found or quiet:
            return Step(Matches(low, state.told_us), forget_us=forget_us)
        entries = estate.watched_people.get(face.person, ())
        severity: Severity = max((each.severity for each in entries), key=SEVERITIES.index, default="high")
        lists = ", ".join(sorted({each.list for each in entries} or {face.list}))
        signal = Raise(
            key=key,
            zone=zone,
            severity=severity,
            title=title("watchlist_face.title", zone=zone_name(estate, zone), list=lists),
            at_us=at_us,
            devices=(event.device,),
            evidence=found,
        )
        return Step(Matches(low, at_us), (signal,), forget_us=forget_us)
