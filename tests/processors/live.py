"""A log in memory with a decider on it and a clock in the test's hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from eventlog import codec
from eventlog.memory import MemoryLog
from eventlog.ports import NewEvent, Recorded
from eventlog.times import to_us
from eventlog.topics import device_source
from eventlog.vocabulary import (
    OUTPUT_TYPES,
    AccessDenied,
    AccessGranted,
    Alert,
    DoorOpened,
    Event,
    RuleActivated,
)
from processors.rules import RULES
from processors.runners.embedded import EmbeddedRunner, replay
from tests.processors.estate import NAME, REGISTERS
from tests.processors.story import NOON

ALL_RULES = tuple(RuleActivated(rule=name, version=rule.version) for name, rule in RULES.items())


@dataclass
class Live:
    """An estate with its registers and all rules on; `now` is the log's clock."""

    now: datetime = NOON
    rules: Iterable[RuleActivated] = ALL_RULES
    batch: int = 2_000
    log: MemoryLog = field(init=False)
    runner: EmbeddedRunner = field(init=False)
    _count: int = 0

    def __post_init__(self) -> None:
        self.log = MemoryLog(clock=lambda: to_us(self.now))
        self.runner = EmbeddedRunner(self.log, batch=self.batch)
        source = f"estates/{NAME}/estate-file"
        self.log.append([self.new(event, source=source) for event in (*REGISTERS, *self.rules)])
        self.run()

    def new(
        self,
        event: Event,
        *,
        source: str | None = None,
        at: datetime | None = None,
        event_id: str | None = None,
    ) -> NewEvent:
        """An event ready to append, received now."""
        self._count += 1
        return codec.make(
            event,
            estate=NAME,
            source=source or device_source(NAME, "access", getattr(event, "door", "console")),
            event_id=event_id or f"said-{self._count}",
            at=at or self.now,
            received_us=to_us(self.now),
        )

    def say(self, event: Event, **more: Any) -> str:
        """Appends an event; returns its id."""
        new = self.new(event, **more)
        self.log.append([new])
        return new.id

    def run(self) -> None:
        """Lets the decider take everything there is."""
        while self.runner.run_once():
            pass

    def after(self, **span: float) -> None:
        """Lets time pass and the decider take what it brings."""
        self.now += timedelta(**span)
        self.run()

    def command(self, event: Event, **more: Any) -> list[Recorded]:
        """Says something and gives the outputs that it made."""
        before = self.log.head()
        self.say(event, source=f"estates/{NAME}/console", **more)
        self.run()
        return [entry for entry in self.outputs() if entry.position > before]

    def outputs(self) -> list[Recorded]:
        """Every output in the log."""
        return [e for e in self.log.read(after=0, limit=1_000_000) if e.type in OUTPUT_TYPES]

    def replayed(self) -> list[tuple[str, str, bytes]]:
        """The outputs of a fresh run over the log: type, id, content."""
        made: list[NewEvent] = []
        replay(self.log, made.extend)
        return [(each.type, each.id, each.body) for each in made]

    def told(self) -> list[tuple[str, str, bytes]]:
        """The outputs in the log, to compare with `replayed`."""
        return [(each.type, each.id, each.body) for each in self.outputs()]

    def alert(self, index: int = -1) -> Alert:
        """The present form of an alert, the newest raised by default."""
        raised = [e.event.alert.id for e in self.outputs() if e.type == "alert.raised"]  # type: ignore[attr-defined]
        changes = [
            e.event.alert  # type: ignore[attr-defined]
            for e in self.outputs()
            if e.type.startswith("alert.") and e.event.alert.id == raised[index]  # type: ignore[attr-defined]
        ]
        return changes[-1]  # type: ignore[no-any-return]

    def open(self, door: str = "building-3") -> None:
        """Somebody is let through a door, which opens."""
        self.say(AccessGranted(door=door, credential="z", method="card", direction="in"))
        self.say(DoorOpened(door=door))
        self.run()

    def burst(self, door: str = "building-3") -> Alert:
        """Three denials of three cards at a door: one alert of repeated_denials."""
        for card in ("a", "b", "c"):
            self.say(
                AccessDenied(
                    door=door, credential=f"{door}-{card}", method="card", direction="in", reason="unknown"
                )
            )
        self.run()
        return self.alert()
