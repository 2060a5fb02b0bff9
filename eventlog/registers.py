"""The registers as they are now: every estate folded from the log, followed cheaply."""

from __future__ import annotations

from collections.abc import Mapping

from eventlog.estate import FOLDED_TYPES, Estate
from eventlog.ports import EventLog, Position

_BATCH = 5_000


class Registers:
    """Follows `registry.*` and `rule.*`; `refresh` reads what is new. Not safe across threads."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._estates: dict[str, Estate] = {}
        self._position: Position = 0

    @property
    def estates(self) -> Mapping[str, Estate]:
        """The estates by id, as of the last refresh."""
        return self._estates

    def refresh(self, upto: Position | None = None) -> bool:
        """Folds what came since the last time, up to a position; True when anything changed."""
        changed = False
        # What is up to here and not of these types needn't be looked at again: a refresh stays cheap.
        head = self._log.head() if upto is None else upto
        while True:
            batch = self._log.read(after=self._position, limit=_BATCH, types=FOLDED_TYPES)
            for entry in batch:
                if upto is not None and entry.position > upto:
                    return changed
                estate = self._estates.get(entry.estate) or Estate(entry.estate)
                self._estates[entry.estate] = estate.with_event(entry.event)
                self._position = entry.position
                changed = True
            if len(batch) < _BATCH:
                self._position = max(self._position, head)
                return changed
