"""The verbs of stories for doors and the people at them. `tests.processors.story` has the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from eventlog.vocabulary import (
    AccessDenied,
    AccessGranted,
    CommandForgive,
    CredentialSet,
    Duress,
    Event,
    PeopleCounted,
    PersonRemoved,
    PersonSet,
)

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def door_verbs(subject: str, rest: list[str], options: dict[str, str]) -> dict[str, Callable[[], Event]]:
    """The event that each verb makes: `subject verb rest… name=value…`. A person `lives` `alone` or not, is
    perhaps `away` or `back`; a credential `is` active, lost or revoked; it is `forgiven`."""
    first = rest[0] if rest else None
    presented: dict[str, Any] = {
        "door": subject,
        "method": options.get("by", "card"),
        "direction": options.get("to", "in"),
    }
    return {
        "granted": lambda: AccessGranted(
            **presented, credential=first or "card", holder=options.get("holder")
        ),
        "denied": lambda: AccessDenied(
            **presented,
            credential=first,
            reason=options.get("reason", "unknown"),  # type: ignore[arg-type]
        ),
        "counted": lambda: PeopleCounted(
            door=subject,
            count=int(first or "1"),
            direction=options.get("to", "in"),  # type: ignore[arg-type]
        ),
        "duress": lambda: Duress(door=subject, credential=first or "card"),
        "forgiven": lambda: CommandForgive(credential=subject, by="zhao"),
        "is": lambda: CredentialSet(credential=subject, state=first or "active"),  # type: ignore[arg-type]
        "lives": lambda: PersonSet(
            person=subject,
            role="owner",
            home="home-3",
            lives_alone="alone" in rest,
            look_in="unasked" not in rest,
            away_from=LONG_AGO if "away" in rest else None,
        ),
        "moved": lambda: PersonRemoved(person=subject),
    }
