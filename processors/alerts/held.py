"""An alert as the desk holds it: with who changed it last, what is held back of it, its wake-ups. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson

from eventlog.ports import SavedState
from eventlog.times import from_us, to_us
from eventlog.vocabulary import Alert, Words
from processors.rules.base import Evidence, Raise
from processors.rules.titles import both

PREFIX = "alert/"
ACKNOWLEDGED_FOR = timedelta(minutes=10)
"""An acknowledgement runs out after this when nothing follows, and the alert rises again."""
REOPEN_WITHIN_US = 24 * 3_600_000_000
"""A closed alert can be reopened this long; then it is history and no longer kept."""
EVIDENCE_MAX = 50
"""Evidence kept with an alert: the first ten and the newest."""
SIGNAL_FIELDS = ("condition", "title", "exercise", "devices", "evidence", "evidence_positions", "late")
"""What a rule's signals change of an alert, besides its severity."""


@dataclass(slots=True)
class Held:
    """An alert, and who changed it last."""

    alert: Alert
    by: str | None = None
    wakes: dict[str, int] = field(default_factory=dict)
    """Wake-ups that the alert's own fields do not say, by owner."""
    turns: tuple[int, ...] = ()
    """When its rule's last signals were told."""
    pending: Alert | None = None
    """The alert as untold signals have made it."""
    calmed: int = 0
    """How many signals were not told one by one."""
    declined: tuple[str, ...] = ()
    """Squads that gave it back."""

    @property
    def latest(self) -> Alert:
        """The alert with what is not told yet."""
        return self.pending or self.alert

    def saved(self) -> SavedState:
        """The same, to be kept."""
        value: dict[str, Any] = {"alert": _dumped(self.alert), "by": self.by}
        for name in ("wakes", "turns", "calmed", "declined"):
            if getattr(self, name):
                value[name] = getattr(self, name)
        if self.pending:
            value["pending"] = _dumped(self.pending)
        return SavedState(PREFIX + self.alert.id, orjson.dumps(value))


def _dumped(alert: Alert) -> dict[str, Any]:
    return alert.model_dump(mode="json", exclude_none=True)


def held_of(saved: SavedState) -> Held | None:
    """The alert in a saved value of the decider's; None when it isn't one."""
    if not saved.key.startswith(PREFIX):
        return None
    value = orjson.loads(saved.value)
    pending = value.get("pending")
    return Held(
        Alert.model_validate(value["alert"]),
        value["by"],
        value.get("wakes", {}),
        tuple(value.get("turns", ())),
        Alert.model_validate(pending) if pending else None,
        value.get("calmed", 0),
        tuple(value.get("declined", ())),
    )


def alert_of(saved: SavedState) -> Alert | None:
    """The same without what only the desk needs."""
    if not saved.key.startswith(PREFIX):
        return None
    return Alert.model_validate(orjson.loads(saved.value)["alert"])


def title_of(signal: Raise, *, exercise: bool) -> Words:
    """What is an exercise says so wherever its title is read."""
    return both("alerts.exercise", title=signal.title) if exercise else signal.title


def note_of(key: str, **params: str | int | Words) -> str:
    """A note of our own, in both languages."""
    said = both(f"alerts.note.{key}", **params)
    return f"{said.zh} {said.en}"


def shown_again(alert: Alert, now_us: int) -> dict[str, Any]:
    """The fields of an alert that is hidden no more: an acknowledged one counts from now."""
    due = from_us(now_us) + ACKNOWLEDGED_FOR if alert.state == "acknowledged" else None
    return {"shelved_until": None, "suppressed_by": None, "ack_due_at": due}


def is_history(alert: Alert, now_us: int) -> bool:
    """Whether an alert was closed too long ago to be opened again."""
    return alert.closed_at is not None and to_us(alert.closed_at) + REOPEN_WITHIN_US < now_us


def joined(alert: Alert, more: tuple[Evidence, ...]) -> dict[str, Any]:
    """The alert's evidence and more, each once, the first ten and the newest when there are too many."""
    known = dict(zip(alert.evidence, alert.evidence_positions, strict=True))
    known.update((each.id, each.position) for each in more)
    pairs = list(known.items())
    if len(pairs) > EVIDENCE_MAX:
        pairs = pairs[:10] + pairs[10 - EVIDENCE_MAX :]
    return {
        "evidence": tuple(each for each, _ in pairs),
        "evidence_positions": tuple(place for _, place in pairs),
    }
