"""`dead_credential_used`: a credential that is lost, revoked or past its time is presented. Pure; knows
presentations at doors and the register of credentials.

The register has the last word: what it says is valid now is silent, whatever a controller that has not heard
of it says. A credential that is not in it goes by the controller's word. What was let through and is uploaded
later is judged by dates only, since the credential may have been lost meanwhile.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from eventlog.estate import Estate
from eventlog.ids import reference
from eventlog.ports import Recorded
from eventlog.times import to_us
from eventlog.vocabulary import AccessDenied, AccessGranted, CredentialSet, Event, Severity
from processors.rules.base import Raise, Rule, RuleSettings, Step, evidence_of, value
from processors.rules.doors import controller
from processors.rules.titles import door_name, title, zone_name

DISORDER_US = 10_000_000
"""Events come out of order by less than this."""

Death = Literal["lost", "revoked", "expired"]
_SAID_BY_DEVICE = frozenset({"revoked", "expired"})


@value
class Told:
    """When the credential was last told of at this door."""

    told_us: int = 0


class Settings(RuleSettings):
    again_s: float = Field(
        60, ge=0, le=3_600, description="at one door told again no sooner than this, seconds"
    )


class DeadCredentialUsed(Rule[Told]):
    """Key `{door}:{reference of the credential}`."""

    name = "dead_credential_used"
    version = 1
    listens_to = frozenset[type[Event]]((AccessGranted, AccessDenied))
    Settings = Settings
    State = Told

    def keys(self, event: Recorded, estate: Estate) -> tuple[str, ...]:
        what = event.event
        credential: str | None = what.credential  # type: ignore[attr-defined]
        if credential is None:
            return ()
        entry = estate.credentials.get(credential)
        if type(what) is AccessGranted and (
            entry is None or (entry.state == "active" and entry.valid_until is None)
        ):  # nearly always
            return ()
        if death_of(entry, event) is None:
            return ()
        return (f"{what.door}:{reference(estate.id, credential)}",)  # type: ignore[attr-defined]

    def on_event(self, key: str, state: Told, event: Recorded, estate: Estate) -> Step[Told] | None:
        what = event.event
        door: str = what.door  # type: ignore[attr-defined]
        death = death_of(estate.credentials.get(what.credential), event)  # type: ignore[attr-defined]
        zone = estate.door_zone(door)
        at_us, again_us = event.effective_us, self.limits(zone).again_us
        if death is None or (state.told_us and abs(at_us - state.told_us) < again_us):
            return None
        severity: Severity = "high" if death == "lost" else "medium"
        text = "title_in" if event.type == AccessGranted.TYPE else "title"
        signal = Raise(
            key=key,
            zone=zone,
            severity=severity,
            title=title(
                f"dead_credential_used.{text}_{death}",
                zone=zone_name(estate, zone),
                door=door_name(estate, door),
            ),
            at_us=at_us,
            devices=(controller(estate, door),),
            evidence=(evidence_of(event),),
        )
        forget_us = at_us + again_us + DISORDER_US
        return Step(Told(at_us), (signal,), forget_us=forget_us)


def death_of(entry: CredentialSet | None, event: Recorded) -> Death | None:
    """Why a presented credential was dead at that moment; None when it was not."""
    what = event.event
    said: Death | None = None
    if type(what) is AccessDenied and what.reason in _SAID_BY_DEVICE:
        said = "revoked" if what.reason == "revoked" else "expired"
    if entry is None:
        return said
    if entry.state == "active":
        return _expired(entry, event.effective_us)
    if event.late and said is None:
        return _expired(entry, event.effective_us)  # perhaps it was lost only afterwards
    return entry.state


def _expired(entry: CredentialSet, at_us: int) -> Death | None:
    over = entry.valid_until is not None and to_us(entry.valid_until) <= at_us
    return "expired" if over else None
