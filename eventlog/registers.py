"""The registers as they are now: every estate folded from the log, followed cheaply."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from eventlog.estate import FOLDED_TYPES, Estate
from eventlog.ports import EventLog, Position, Recorded
from eventlog.vocabulary.base import Event

_BATCH = 5_000


class Registers:
    """Follows `registry.*` and `rule.*`; `refresh` reads what is new. Not safe across threads.

    With `takes`, only of the estates for which it is true.
    """

    def __init__(self, log: EventLog, takes: Callable[[str], bool] | None = None) -> None:
        self._log, self._takes = log, takes
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
            wanted = [entry for entry in batch if upto is None or entry.position <= upto]
            self._fold(wanted)
            changed = changed or bool(wanted)
            if len(wanted) < len(batch):
                return changed
            if len(batch) < _BATCH:
                self._position = max(self._position, head)
                return changed

    def _fold(self, entries: Sequence[Recorded]) -> None:
        """A batch at a time, so that an import of thousands copies each register once."""
        events: dict[str, list[Event]] = {}
        for entry in entries:
            self._position = entry.position
            if self._takes is None or self._takes(entry.estate):
                events.setdefault(entry.estate, []).append(entry.event)
        for estate, changes in events.items():
            known = self._estates.get(estate) or Estate(estate)
            self._estates[estate] = known.with_events(changes)
