"""A power cut, through the real step and the real read model, in virtual time: few lines, nothing lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine, create_engine

from eventlog import codec
from eventlog.memory import MemoryLog
from eventlog.times import to_us
from eventlog.vocabulary import TYPES, DeviceEvent
from gatehouse.estatefile import parse
from processors.alerts.held import EVIDENCE_MAX
from processors.delivery.board import OPEN_MAX, Board
from processors.runners.common import owner_of
from processors.runners.embedded import EmbeddedRunner
from projections.alerts import AlertFilter, count_alerts
from projections.lines import OWN_LINES, Queue, open_queue
from projections.runner import ProjectionRunner
from tests.processors.story import NOON
from tests.support.storm import CRITICAL_RULES, ESTATE, SPAN_S, SQUADS, Said, storm

LINES_MORE_MAX = 20


@dataclass
class Desk:
    """The estate, its decider, its read models and an operator who looks every second."""

    now_s: float = 0.0
    log: MemoryLog = field(init=False)
    engine: Engine = field(default_factory=lambda: create_engine("sqlite://"))
    looks: list[Queue] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.log = MemoryLog(clock=lambda: to_us(NOON + timedelta(seconds=self.now_s)))
        self.runner = EmbeddedRunner(self.log)
        for event in parse(_file()).events:
            self.say(event, f"estates/{ESTATE}/estate-file")
        self.projections = ProjectionRunner(self.log, self.engine)

    def say(self, event: Any, source: str) -> None:
        self.count += 1
        at = NOON + timedelta(seconds=self.now_s)
        new = codec.make(
            event, estate=ESTATE, source=source, event_id=f"e-{self.count}", at=at, received_us=to_us(at)
        )
        self.log.append([new])

    def hear(self, said: Said) -> None:
        """A device says something; between whole seconds the operator looks."""
        while len(self.looks) <= said.at_s:  # the first look is before the storm
            self.now_s = float(len(self.looks))
            self.look()
        self.now_s = said.at_s
        kind = TYPES[said.kind]
        status = "" if issubclass(kind, DeviceEvent) else "/status"
        self.say(kind.model_validate(said.data), said.source + status)

    def look(self) -> None:
        """What the list shows now."""
        while self.runner.run_once():
            pass
        self.projections.catch_up()
        with self.engine.connect() as connection:
            self.looks.append(open_queue(connection, ESTATE, limit=200, late_limit=50))

    def entries(self) -> list[Any]:
        return list(self.log.read(after=0, limit=10_000_000))

    def states(self) -> dict[str, bytes]:
        """The decider's saved state."""
        return {each.key: each.value for each in self.log.load_state(owner_of(ESTATE))}


def _file() -> str:
    from tests.support.storm import estate_file

    return estate_file()


def through(count: int) -> Desk:
    """A desk that has had the storm, and ten quiet seconds."""
    desk = Desk()
    desk.look()
    for said in storm(count):
        desk.hear(said)
    desk.now_s = SPAN_S
    desk.look()
    desk.now_s = SPAN_S + 10
    desk.look()
    return desk


def check(desk: Desk) -> dict[str, int]:
    """Everything that must hold; figures for whoever asks."""
    entries = desk.entries()
    raised = {e.event.alert.id: e for e in entries if e.type == "alert.raised"}
    critical = [e.event.alert for e in raised.values() if e.event.alert.rule in CRITICAL_RULES]
    assert len(critical) == 4, "each of those in danger has an alert"

    most = 0
    for second, seen in enumerate(desk.looks):
        own = [line for line in seen.lines if line.alert.rule in OWN_LINES]
        most = max(most, len(seen.lines) - len(own))
        assert len(seen.lines) - len(own) <= LINES_MORE_MAX, f"second {second}"
        assert seen.shown == seen.open_count, "the lines stand for all there is"
        due = {a.id for a in critical if a.raised_at <= NOON + timedelta(seconds=second)}
        top = {line.id for line in seen.lines[: len(own)]} | {alert.id for alert in seen.discreet}
        assert due <= top, f"second {second}: who is in danger is on top within a second"

    with desk.engine.connect() as connection:
        everything = count_alerts(connection, AlertFilter(estate=ESTATE))
        hidden = count_alerts(connection, AlertFilter(held=("flood", "suppressed", "shelved")))
    assert everything == len(raised), "every alert can be listed"
    last = desk.looks[-1]
    alone = sum(line.by is None for line in last.lines)
    assert hidden >= last.open_count + last.suppressed_count - alone
    began = [e for e in entries if e.type == "desk.flood_began"]
    assert len(began) == 1
    assert last.flood is not None

    messages = open_lists = 0
    board = Board(lambda _: "")
    for entry in entries:
        messages += sum(message.kind == "squad_alert" for message in board.take(entry, resent=False))
    for squad in range(1, SQUADS + 1):
        listed = board._open(ESTATE, f"squad-{squad}", 1)
        open_lists = max(open_lists, len(orjson.loads(listed.payload)["alerts"]))
    assert open_lists <= OPEN_MAX
    changes = sum(entry.type.startswith("alert.") for entry in entries)
    assert max(len(e.event.alert.evidence) for e in entries if e.type.startswith("alert.")) <= EVIDENCE_MAX
    signals = sum(entry.type.startswith("signal.") for entry in entries)
    figures = {"signals": signals, "alerts": len(raised), "changes": changes, "to squads": messages}
    state = sum(map(len, desk.states().values()))
    return {**figures, "most lines": most, "state bytes": state, "open": last.open_count}


def test_a_power_cut_is_a_few_lines_and_nobody_in_danger_is_missed() -> None:
    desk = through(1_500)
    figures = check(desk)
    assert figures["alerts"] > 3 * LINES_MORE_MAX, "a storm indeed"


@pytest.mark.soak
def test_ten_thousand_signals_of_two_hundred_devices_in_a_minute(
    capsys: pytest.CaptureFixture[str],
) -> None:
    half, whole = check(through(5_000)), check(through(10_000))
    assert whole["alerts"] <= 1.5 * half["alerts"], "alerts are bounded by rules and places, not by signals"
    assert whole["state bytes"] <= 1.5 * half["state bytes"]
    with capsys.disabled():
        print(f"\nSTORM of 5,000: {half}\nSTORM of 10,000: {whole}")
