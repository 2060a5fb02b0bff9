"""Tests that read as the story of a night: `check(rule, '''time  who  what  -> what is told''')`.

A line is `time  subject  verb  [words]  [name=value …]  [@effective]  [-> told; told]`. Times are
`[h:]mm:ss[.fraction]` after the story's start; the first is when the log records it, `@…` the device's time
where that differs. `time` alone lets the log's clock reach a moment. A line with no arrow tells nothing.
`seq=5` is the device's counter, the word `history` marks what is uploaded late. More verbs: `verbs`.

What is told, one `;` after the other:
    `medium building-3`             a signal of that severity with that key
    `medium building-3 since 00:00` … and of that moment
    `late medium building-3`        … marked late
    `cleared building-3`            the condition is over
    `withdrawn building-3`          it never held
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from eventlog import codec
from eventlog.estate import Estate
from eventlog.ids import reference
from eventlog.plates import normal
from eventlog.ports import NewEvent, Recorded
from eventlog.times import from_us, to_us
from eventlog.topics import device_source
from eventlog.vocabulary import (
    DeviceHeartbeat,
    DeviceOffline,
    DeviceOnline,
    DoorClosed,
    DoorForcedByDevice,
    DoorOpened,
    Event,
    ExitRequested,
    PlateRead,
    RuleActivated,
    SignalCleared,
    SignalRaised,
    TimeReached,
)
from processors.rules.base import Rule
from processors.step import EstateStep
from tests.processors.door_verbs import door_verbs
from tests.processors.estate import NAME, estate
from tests.processors.vehicle_verbs import vehicle_verbs
from tests.processors.verbs import verbs

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
"""12:00 at the estate."""
NIGHT = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
"""23:00 at the estate."""


@dataclass(frozen=True)
class Line:
    """One line of a story: the event it makes, when it is recorded, and what it must tell."""

    text: str
    recorded: timedelta
    event: Event
    source: str
    effective: timedelta
    told: tuple[str, ...]
    seq: int | None = None
    replay: bool = False


def parse(story: str) -> list[Line]:
    """The lines of a story."""
    return [_line(line.strip()) for line in story.splitlines() if line.strip()]


def moment(text: str) -> timedelta:
    """`[-][h:]mm:ss[.fraction]` as a time span."""
    sign = -1 if text.startswith("-") else 1
    parts = [float(part) for part in text.lstrip("-").split(":")]
    seconds = sum(part * 60**place for place, part in enumerate(reversed(parts)))
    return timedelta(microseconds=sign * round(seconds * 1_000_000))


def _line(text: str) -> Line:
    said, _, told = text.partition("->")
    words = said.split()
    recorded = moment(words[0])
    effective = next((moment(word[1:]) for word in words if word.startswith("@")), recorded)
    options = dict(word.split("=", 1) for word in words if "=" in word)
    plain = [word for word in words[1:] if "=" not in word and not word.startswith("@")]
    event, source = _event([word for word in plain if word != "history"], options)
    expected = tuple(
        _without_names(re.sub(r"\s+", " ", each.strip())) for each in told.split(";") if each.strip()
    )
    seq = int(options["seq"]) if "seq" in options else None
    return Line(text, recorded, event, source, effective, expected, seq, "history" in plain)


def _without_names(told: str) -> str:
    """A story writes a key with its plate or card in it, or with `~` before what it hides; what is told has
    a reference instead."""

    def hide(found: re.Match[str]) -> str:
        value = found[2] if found[1] == "credential" else normal(found[2])
        return f"{found[1]}:{reference(NAME, value)}"

    told = re.sub(r"~(\S+)", lambda found: reference(NAME, found[1]), told)
    return re.sub(r"(\S+):(京\S+|(?<=credential:)\S+)", hide, told)


def _event(words: list[str], options: dict[str, str]) -> tuple[Event, str]:
    if words[0] == "time":
        return TimeReached(at=NOON), f"estates/{NAME}/gatehouse"
    subject, verb, *rest = words
    first = rest[0] if rest else None
    door = {"door": subject}
    made: dict[str, Any] = {
        "opened": lambda: DoorOpened(**door),
        "closed": lambda: DoorClosed(**door),
        "forced": lambda: DoorForcedByDevice(**door),
        "exit": lambda: ExitRequested(**door),
        "read": lambda: PlateRead(
            lane=subject,
            plate=first or "",
            confidence=float(options.get("sure", "0.99")),
            direction=options.get("to", "in"),
            vehicle_class=options.get("class"),
        ),
        "offline": lambda: DeviceOffline(device=subject, session=first),
        "online": lambda: DeviceOnline(device=subject, session=first),
        "heartbeat": lambda: DeviceHeartbeat(uptime_s=1),
        **verbs(subject, rest, options),
        **vehicle_verbs(subject, rest, options),
        **door_verbs(subject, rest, options),
    }
    family = "vehicle" if subject.startswith(("lpr-", "lane-")) else "access"
    return made[verb](), device_source(NAME, family, subject)


def recorded(
    position: int,
    event: Event,
    source: str,
    recorded_us: int,
    effective_us: int,
    event_id: str | None = None,
    **more: Any,
) -> Recorded:
    """An entry of the log, as if it had been appended."""
    new = codec.make(
        event,
        estate=NAME,
        source=source,
        event_id=event_id or f"event-{position}",
        at=from_us(effective_us),
        received_us=recorded_us,
        **more,
    )
    return entry_of(position, new, recorded_us)


def entry_of(position: int, new: NewEvent, recorded_us: int) -> Recorded:
    """A new event as an entry of the log."""
    return Recorded(
        position,
        new.estate,
        new.type,
        new.version,
        new.source,
        new.id,
        new.occurred_us,
        new.received_us,
        recorded_us,
        new.seq,
        new.replay,
        new.body,
    )


def entries_of(lines: list[Line], start: datetime = NOON) -> list[Recorded]:
    """The entries that a story's lines make."""
    made = []
    for position, line in enumerate(lines, 1):
        event: Event = line.event
        if isinstance(event, TimeReached):
            event = TimeReached(at=start + line.recorded)
        recorded_us, effective_us = to_us(start + line.recorded), to_us(start + line.effective)
        more = {"seq": line.seq, "replay": line.replay}
        made.append(recorded(position, event, line.source, recorded_us, effective_us, **more))
    return made


def activated(rule: Rule[Any]) -> RuleActivated:
    """The event that switches a rule on with its settings."""
    zones = {zone: own.model_dump(mode="json") for zone, own in rule._zones.items()}
    return RuleActivated(
        rule=rule.name, version=rule.version, settings=rule.settings.model_dump(mode="json"), zones=zones
    )


def step_for(rule: Rule[Any], place: Estate | None = None) -> EstateStep:
    """A step with this one rule, switched on."""
    place = (place or estate()).with_event(activated(rule))
    return EstateStep(place, rules={rule.name: type(rule)})


@dataclass
class Told:
    """What a step has told, in the words of a story."""

    start: datetime
    signals: list[Any] = field(default_factory=list)

    def words(self, outputs: list[NewEvent], line: Line) -> tuple[str, ...]:
        """The signals among the outputs, said as exactly as the line says them."""
        said = []
        for output in outputs:
            if output.type in (SignalRaised.TYPE, SignalCleared.TYPE):
                signal: Any = codec.decode_body(output.type, output.version, output.body)
                self.signals.append(signal)
                expected = line.told[len(said)] if len(said) < len(line.told) else ""
                said.append(self._say(signal, " since " in expected))
        return tuple(said)

    def _say(self, signal: Any, since: bool) -> str:
        if isinstance(signal, SignalCleared):
            return f"{'withdrawn' if signal.withdrawn else 'cleared'} {signal.key}"
        text = f"{'late ' if signal.late else ''}{signal.severity} {signal.key}"
        after = signal.at - self.start
        minutes, seconds = divmod(after.total_seconds(), 60)
        return f"{text} since {int(minutes):02d}:{seconds:02.0f}" if since else text


def check(rule: Rule[Any], story: str, *, start: datetime = NOON, place: Estate | None = None) -> list[Any]:
    """Runs a story through a rule and fails at the first line that tells something else. Returns the
    signals."""
    lines = parse(story)
    step = step_for(rule, place)
    told = Told(start)
    for line, entry in zip(lines, entries_of(lines, start), strict=True):
        step.take(entry)
        said = told.words(step.outputs(), line)
        assert said == line.told, f"{line.text}\n   told: {'; '.join(said) or 'nothing'}"
    assert not list(step.failures()), "the rule broke off"
    return told.signals
