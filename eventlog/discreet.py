"""What nobody may see over somebody's shoulder: a silent duress alarm goes by its own route and shows on no
shared screen, list, topic or level. Every room asks here which alerts those are.
"""

from __future__ import annotations

from typing import Any

from eventlog.vocabulary.base import Event

RULES = frozenset({"duress"})
"""Rules whose alerts are discreet."""
TYPES = frozenset({"access.duress"})
"""Events of devices that say what such an alert says."""


def is_discreet(rule: str) -> bool:
    """Whether alerts of a rule are kept from shared screens."""
    return rule in RULES


def tells_of(kind: str, event: Event, alerts: frozenset[str]) -> bool:
    """Whether an event of type `kind` tells of a discreet alert; `alerts` are the ids of those known."""
    if kind in TYPES:
        return True
    said: Any = event
    alert = getattr(said, "alert", None)
    rule = getattr(alert, "rule", None) or getattr(said, "rule", None)
    if kind.startswith(("alert.", "signal.")) and rule in RULES:
        return True
    if isinstance(alert, str) and alert in alerts:
        return True
    return any(each.alert in alerts for each in getattr(said, "messages", ()))
