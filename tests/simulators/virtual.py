"""A whole system in one thread and in virtual time, without a broker: the real pipeline, log and decider."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from eventlog import codec
from eventlog.memory import MemoryLog
from eventlog.ports import NewEvent
from eventlog.times import from_us, to_us
from eventlog.vocabulary import TYPES, Alert, AlertEvent, Event, ReportEvent
from gatehouse.estatefile import EstateFile, load
from gatehouse.overlay import lay_over
from ingest.messages import Message
from ingest.pipeline import Pipeline
from processors.runners.embedded import EmbeddedRunner
from simulators.scenarios.model import What, WhichReport
from simulators.verdict import Told, first_fitting, last_fitting
from tests.support.parts import ROOT

ALERT_TYPES = frozenset(name for name, kind in TYPES.items() if issubclass(kind, AlertEvent))
REPORT_TYPES = frozenset(name for name, kind in TYPES.items() if issubclass(kind, ReportEvent))
_READ = 10_000
_KEY = b"k" * 32


@cache
def _estate(path: Path) -> EstateFile:
    """Read once for all scenarios."""
    return load(path, radio_key=lambda: _KEY)


class VirtualSystem:
    """Give it an estate file, publish to it, ask what it alerted. The estate's clock follows the events."""

    def __init__(
        self, estate_file: str | Path, *, start_us: int = 0, time_mode: Literal["wall", "events"] = "events"
    ) -> None:
        self.log = MemoryLog(time_mode=time_mode)
        found = _estate(ROOT / estate_file)
        registers: list[NewEvent] = [
            codec.make(
                event, estate=found.estate, source=f"estates/{found.estate}/registry",
                event_id=f"entry-{number}", at=from_us(start_us),
            )
            for number, event in enumerate(found.events)
        ]  # fmt: skip
        self.log.append(registers)
        self.pipeline = Pipeline(self.log, time_mode=time_mode, hmac_key=_KEY)
        self.runner = EmbeddedRunner(self.log, time_mode=time_mode)
        self._waiting: list[Message] = []

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """As a broker would hand it over."""
        self._waiting.append(Message(topic, payload, 1, False, False, 0))
        if len(self._waiting) >= 500:
            self.take()

    def pump(self) -> None:
        """Nothing moves by itself here."""

    def flush(self) -> None:
        """Everything published is taken."""
        self.take()

    def take(self) -> None:
        """Takes what waits into the log."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self.pipeline.take(waiting)

    def decide(self) -> None:
        """Runs the decider until there is nothing left to do."""
        self.take()
        while self.runner.run_once():
            pass

    def lay_over(self, estate: str, events: Sequence[Event]) -> Callable[[], None]:
        """Registry events into the registers, and out again."""
        self.take()
        return lay_over(self.log, _KEY, estate, events)

    def find_alert(self, what: What, since_us: int) -> str | None:
        """The last alert that fits, raised since a moment."""
        found = last_fitting(what, self.alerts(), since_us)
        return found.id if found else None

    def find_report(self, which: WhichReport, since_us: int) -> str | None:
        """The first report that fits, opened since a moment."""
        found = first_fitting(which, [t for t in self.told() if to_us(t.report.opened_at) >= since_us])
        return found[0] if found else None

    def told(self) -> list[Told]:
        """Every change of every report, in order, as it would be published."""
        self.decide()
        entries = self.log.read(after=0, limit=1_000_000, types=REPORT_TYPES)
        return [Told(each.type, each.event.report) for each in entries]  # type: ignore[attr-defined]

    def alerts(self) -> list[Alert]:
        """Every change of every alert, in order, as it would be published."""
        self.decide()
        changes: list[Alert] = []
        after = 0
        while batch := self.log.read(after=after, limit=_READ, types=ALERT_TYPES):
            after = batch[-1].position
            for entry in batch:
                assert isinstance(entry.event, AlertEvent)
                changes.append(entry.event.alert)
        return changes
