"""What is switched on and set like a rule, and hears of no event itself: alert handling goes by it. Pure."""

from __future__ import annotations

from typing import Any, ClassVar

from eventlog.vocabulary import Event
from processors.rules.base import Rule, value


@value
class Nothing:
    """A policy keeps no state."""


class Policy(Rule[Nothing]):
    """Settings with a name and a version, per estate and per zone; `processors.step` hands them on."""

    listens_to: ClassVar[frozenset[type[Event]]] = frozenset()
    State: ClassVar[type[Any]] = Nothing
