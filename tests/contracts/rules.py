"""What holds for every rule, whatever it watches. `tests/processors/rules/test_properties.py` runs it.

1. A repeated delivery changes nothing.
2. Cut anywhere, saved and resumed: the same outputs.
3. Other keys in between change nothing.
4. What waited and comes all at once raises nothing that it wouldn't have raised in its time.
5. Live and replay give the same outputs, ids included, with inputs placed around every limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from eventlog import codec
from eventlog.estate import Estate
from eventlog.ids import reference
from eventlog.ports import NewEvent, Recorded
from eventlog.times import to_us
from eventlog.vocabulary import TYPES, EstateSet, Event, Hours, Role, RuleActivated, SignalRaised, Words
from processors.rules import RULES
from processors.rules.base import Rule
from processors.step import EstateStep
from tests.processors.estate import NAME, estate
from tests.processors.live import Live
from tests.processors.story import NOON, entry_of, parse

OURS = {
    "access.door_opened": ["building-3 opened", "gate-n1 opened"],
    "access.door_closed": ["building-3 closed", "gate-n1 closed"],
    "access.door_forced": ["building-3 forced"],
    "access.granted": [
        "building-3 granted",
        "building-4 granted",
        "gate-n1 granted by=remote",
        "gate-w1 granted c",
        "gate-w1 granted c to=out",
        "building-3 granted lost",
        "building-3 granted threat",
        "building-3 granted key",
        "shop granted c",
    ],
    "access.people_counted": ["building-3 counted 2", "building-3 counted 3", "building-3 counted 1 to=out"],
    "access.duress": ["building-3 duress a"],
    "command.forgive": ["c forgiven"],
    "registry.person_set": ["wang lives alone", "wang lives alone away", "wang lives family"],
    "registry.person_removed": ["wang moved"],
    "access.exit_requested": ["building-3 exit"],
    "access.denied": [
        "building-3 denied a",
        "building-3 denied b",
        "building-4 denied a",
        "building-3 denied",
        "building-3 denied lost",
        "building-3 denied b reason=revoked",
    ],
    "vehicle.plate_read": [
        "lane-1 read 京X00000",
        "lane-1 read 京A10001",
        "lane-2 read 京C8B0Z1",
        "lane-1 read 京C880Z1 sure=0.7",
        "lane-shut read 京A10001",
        "lane-1 read 京A10001 to=out",
        "lane-1 read 京A10003",
        "lane-1 read 京A10003 to=out",
    ],
    "device.online": ["nvr-1 online", "cam-1 online s2", "building-3 online"],
    "device.offline": ["nvr-1 offline", "cam-1 offline s1", "building-3 offline"],
    "device.heartbeat": ["nvr-1 heartbeat", "cam-1 heartbeat", "building-3 heartbeat"],
    "measured.clock": ["building-3 heartbeat off=30 times=11", "building-3 heartbeat times=11"],
    "measured.counter_jumped": ["building-3 heartbeat seq=5", "building-3 heartbeat seq=9"],
    "measured.counter_filled": ["building-3 heartbeat seq=6", "building-3 heartbeat seq=7"],
    "vehicle.barrier_opened": [
        "lane-2 rises",
        "lane-2 rises by=manual",
    ],
    "vehicle.barrier_closed": [
        "lane-2 lowers",
    ],
    "registry.visitor_set": [
        "guest brings 京A10003 until=10:00",
        "guest brings 京A10003 until=20:00",
    ],
    "registry.vehicle_set": [
        "京A10003 registered visitor",
        "京A10003 registered visitor until=02:00",
    ],
    "registry.vehicle_removed": [
        "京A10003 unregistered",
    ],
    "camera.object": [
        "cam-1 sees car zone=fire-lane",
        "cam-1 sees van zone=fire-lane track=t2",
        "cam-1 sees car zone=fire-lane what=leave",
        "cam-1 sees person zone=yard",
        "cam-1 sees person zone=building-3 track=t7",
        "cam-1 sees person zone=building-3 track=t8",
        "cam-3 sees person zone=store",
        "cam-3 sees person zone=store sure=0.4",
        "cam-4 sees person zone=square",
        "cam-4 sees person zone=square what=stay dwell=119",
        "cam-4 sees person zone=square what=leave",
        "cam-4 sees ebike zone=lift-3",
        "cam-4 sees ebike zone=lift-3 what=leave",
        "cam-4 sees box zone=corridor-3 what=leave",
    ],
    "camera.crowd": ["cam-4 counts 20", "cam-4 counts 19", "cam-1 counts 30"],
    "camera.tamper": ["cam-1 tampered", "cam-2 tampered dark", "cam-3 tampered"],
    "camera.restored": ["cam-1 sighted", "cam-3 sighted"],
    "camera.fire_smoke": ["cam-1 burns fire", "cam-1 burns smoke sure=0.4"],
    "camera.fall": ["cam-1 falls", "cam-1 falls sure=0.4"],
    "camera.object_left": ["cam-4 left box track=t1", "cam-4 left box zone=corridor-3 track=t1"],
    "face.recognised": ["face-1 knows p-wanted", "face-1 knows p-wanted score=0.7", "face-1 knows p-other"],
    "face.unknown": ["face-1 stranger f-1", "face-1 stranger f-2"],
    "system.vitals": [
        "gatehouse vitals quarantine=0 disk=0.5",
        "gatehouse vitals quarantine=30 disk=0.95",
        "gatehouse vitals part=delivery behind=3 still=61",
        "gatehouse vitals part=delivery behind=0 still=0",
    ],
    "delivery.sent": ["sms sent"],
    "delivery.confirmed": ["sms confirmed"],
    "delivery.failed": ["sms failed"],
    "fence.alarm": [
        "seg-1 alarms vibration",
        "seg-2 alarms vibration",
        "seg-3 alarms vibration",
        "seg-5 alarms vibration",
        "seg-4 alarms cut",
    ],
    "fence.restored": [
        "seg-1 quiet",
        "seg-4 quiet",
    ],
    "probe.sighting": [
        "probe-1 hears p1",
        "probe-1 hears p1 random",
    ],
    "help.pressed": [
        "yard pressed",
    ],
    "patrol.checkpoint": [
        "li point point-1",
    ],
    "patrol.position": [
        "li stands yard",
    ],
    "patrol.response": [
        "li answers need_help",
    ],
}
"""What happens at the places that are watched, by event type."""

SETTINGS: dict[str, dict[str, float]] = {
    "unknown_radio_lingers": {"linger_s": 60},
    "stranger_returns": {"nights": 1},
    "wellbeing_check": {"silent_s": 60},
    "impossible_travel": {"floor_s": 600},
}
"""Where a limit is longer than these histories."""
NIGHT_RULES = frozenset({"unknown_radio_lingers", "stranger_returns"})
"""Rules that watch at night only: for them it is always night."""

OTHERS = [
    "far-door opened",
    "far-door closed",
    "far-door granted z",
    "far-door denied z",
    "lane-open read 京Z00000",
    "lane-1 read 京Z00000",
    "fence-1 offline",
    "fence-1 online",
    "lpr-n heartbeat",
]
"""What happens at other places."""

AROUND = sorted(
    {
        round(limit + off, 3)
        for limit in (0, 1, 2, 5, 10, 15, 20, 28, 30, 32, 60, 62, 90, 92, 120, 122, 180, 185, 570, 600, 632)
        for off in (-0.001, 0, 0.001)
        if limit + off >= 0
    }
)
"""Seconds between two events: on the limits of the rules and a millisecond to each side."""


@dataclass(frozen=True)
class Happening:
    """Something that happens: seconds after the last thing, what, how old it is on arrival."""

    after_s: float
    text: str
    age_s: float = 0.0


SOON = [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 40.0, 130.0]
"""Seconds between two events of one story."""


def happenings(
    texts: list[str], *, most: int = 14, after: list[float] = AROUND
) -> st.SearchStrategy[list[Happening]]:
    """Histories made of these, around every limit, some out of order, some late."""
    ages = st.sampled_from([0.0, 0.0, 0.0, 0.0, 0.5, 1.999, 2.0, 2.001, 10_800.0])
    one = st.builds(Happening, st.sampled_from(after), st.sampled_from(texts), ages)
    return st.lists(one, max_size=most)


def texts_of(rule: type[Rule[Any]]) -> list[str]:
    """What a rule listens to, at the watched places."""
    return sorted(text for kind in rule.listens_to for text in OURS[kind.TYPE])


def news(history: list[Happening], *, prefix: str = "e") -> list[tuple[int, NewEvent]]:
    """The events of a history, with when each is recorded."""
    made = []
    at = timedelta(seconds=1)
    for number, happening in enumerate(history):
        at += timedelta(seconds=happening.after_s)
        options = dict(word.split("=", 1) for word in happening.text.split() if "=" in word)
        line = parse(f"00:00 {happening.text}")[0]
        effective = NOON + at - timedelta(seconds=happening.age_s - float(options.get("off", "0")))
        for again in range(int(options.get("times", "1"))):
            new = codec.make(
                line.event,
                estate=NAME,
                source=line.source,
                event_id=f"{prefix}{number}" + (f"/{again}" if again else ""),
                at=effective,
                received_us=to_us(NOON + at),
                seq=line.seq,
            )
            made.append((to_us(NOON + at), new))
    return made


def _place(rule: type[Rule[Any]]) -> Estate:
    return estate(*_switches(rule))


def _switches(rule: type[Rule[Any]]) -> list[Event]:
    settings = SETTINGS.get(rule.name, {})
    night = Hours(start="00:00", end="00:00")
    switched = RuleActivated(rule=rule.name, version=rule.version, settings=settings)
    named = EstateSet(name=Words(zh="谢沟", en="Xiegou"), night=night, default_squad="squad-1")
    return [named, switched] if rule.name in NIGHT_RULES else [switched]


def _outputs(step: EstateStep, entries: list[Recorded]) -> list[NewEvent]:
    for entry in entries:
        step.take(entry)
    return step.outputs()


def repeated(rule: type[Rule[Any]], history: list[Happening], again: list[int]) -> None:
    """A repeated delivery changes nothing."""
    once, twice = Live(), Live()
    for live in (once, twice):
        for event in _switches(rule):
            live.say(event, source=f"estates/{NAME}/estate-file")
        told = news(history)
        for number, (recorded_us, new) in enumerate(told):
            live.now = NOON + timedelta(microseconds=recorded_us - to_us(NOON))
            live.log.append([new])
            if live is twice:
                live.log.append([told[index % (number + 1)][1] for index in again])
            live.run()
        live.after(hours=1)
    assert twice.told() == once.told()


def cut(rule: type[Rule[Any]], history: list[Happening], at: int) -> None:
    """Cut anywhere, saved and resumed: the same outputs, bytes and all."""
    entries = [entry_of(n, new, when) for n, (when, new) in enumerate(news(history), 1)]
    end = news([*history, Happening(3_600, "time")])[-1]
    entries.append(entry_of(len(entries) + 1, end[1], end[0]))
    kinds = {rule.name: rule}
    whole = _outputs(EstateStep(_place(rule), rules=kinds), entries)
    first = EstateStep(_place(rule), rules=kinds)
    saved = {}
    made = []
    for part in (entries[: at // 2], entries[at // 2 : at]):
        made += _outputs(first, part)
        write, gone = first.changed()
        saved.update({each.key: each for each in write})
        for key in gone:
            saved.pop(key, None)
    second = EstateStep(first.estate, saved.values(), rules=kinds)
    assert second.next_us() == first.next_us()
    made += _outputs(second, entries[at:])
    assert [(e.type, e.id, e.body) for e in made] == [(e.type, e.id, e.body) for e in whole]


def others_between(rule: type[Rule[Any]], history: list[Happening], others: list[tuple[int, str]]) -> None:
    """Other keys in between change nothing about ours."""
    ours = news(history)
    alone = _signals(rule, ours)
    mixed = list(ours)
    for number, (place, text) in enumerate(others):
        when = ours[place % len(ours)][0] if ours else to_us(NOON)
        new = news([Happening(0, text)], prefix=f"other-{number}-")[0][1]
        new = new._replace(occurred_us=when, received_us=when)
        mixed.append((when, new))
    mixed.sort(key=lambda each: each[0])
    assert [each for each in _signals(rule, mixed) if not _foreign(each)] == alone


def _foreign(signal: tuple[Any, ...]) -> bool:
    key = signal[1]
    return any(part in key for part in ("far-door", _THEIR_PLATE, _THEIR_CARD, "fence-1", "lpr-n", "open:"))


_THEIR_PLATE, _THEIR_CARD = reference(NAME, "京Z00000"), reference(NAME, "z")


def _signals(rule: type[Rule[Any]], told: list[tuple[int, NewEvent]]) -> list[tuple[Any, ...]]:
    entries = [entry_of(n, new, when) for n, (when, new) in enumerate(told, 1)]
    end = max((when for when, _ in told), default=to_us(NOON)) + 3_600_000_000
    entries.append(entry_of(len(entries) + 1, news([Happening(0, "time")])[0][1], end))
    outputs = _outputs(EstateStep(_place(rule), rules={rule.name: rule}), entries)
    signals = []
    for output in outputs:
        if output.type.startswith("signal."):
            event: Any = codec.decode_body(output.type, output.version, output.body)
            severity = getattr(event, "severity", "cleared")
            signals.append((output.type, event.key, severity, event.at, event.evidence, event.late))
    return signals


WAITED_S_MAX = 540.0
"""So old what waits may be before it is history, less what it takes to arrive."""
BY_ARRIVAL = frozenset({"device_offline", "camera_blind", "clock_skewed", "sequence_gap", "gatehouse_unwell"})
"""Rules about devices, lines and Gatehouse itself: for them it matters when something arrives."""


def waited(rule: type[Rule[Any]], history: list[Happening]) -> None:
    """What waited at the broker and comes all at once raises nothing that it wouldn't have raised in its
    time."""
    told = [each for each in _uncounted(history) if each[0] - to_us(NOON) < WAITED_S_MAX * 1e6]
    back_us = to_us(NOON) + round(WAITED_S_MAX * 1e6)
    at_once = [
        (back_us + number * 1_000, new._replace(received_us=back_us + number * 1_000))
        for number, (_, new) in enumerate(told)
    ]
    assert _raised(rule, at_once) <= _raised(rule, told)


def _raised(rule: type[Rule[Any]], told: list[tuple[int, NewEvent]]) -> set[str]:
    return {key for kind, key, *_ in _signals(rule, told) if kind == SignalRaised.TYPE}


def history_between(
    rule: type[Rule[Any]], old: list[Happening], history: list[Happening], place: int
) -> None:
    """What devices saw ten days ago, uploaded at any moment, silences nothing of the present."""
    present = _uncounted(history)
    days_us = 10 * 86_400_000_000
    at_us = present[place][0] if place < len(present) else to_us(NOON)
    uploaded = [
        (at_us, new._replace(occurred_us=when - days_us, received_us=at_us, replay=True))
        for when, new in _uncounted(old, prefix="old")
        if TYPES[new.type].ROLE is Role.DEVICE
    ]
    place = place if place < len(present) else 0
    mixed = [*present[:place], *uploaded, *present[place:]]
    assert _raised_now(rule, present) <= _raised_now(rule, mixed)


def _raised_now(rule: type[Rule[Any]], told: list[tuple[int, NewEvent]]) -> set[str]:
    return {key for kind, key, *_, late in _signals(rule, told) if kind == SignalRaised.TYPE and not late}


def _uncounted(history: list[Happening], *, prefix: str = "e") -> list[tuple[int, NewEvent]]:
    """A history that arrives in its time, without counters: what fills a hole comes as a surprise."""
    return news(
        [Happening(each.after_s, each.text) for each in history if "seq=" not in each.text], prefix=prefix
    )


def live_and_replay(history: list[Happening], pauses: list[float]) -> None:
    """Live, with time told by the log when it is quiet, and a replay: the same outputs, ids included."""
    live = Live()
    for number, (recorded_us, new) in enumerate(news(history)):
        when = NOON + timedelta(microseconds=recorded_us - to_us(NOON))
        pause = timedelta(seconds=pauses[number % len(pauses)]) if pauses else timedelta()
        if live.now < when - pause:
            live.now = when - pause
            live.run()
        live.now = max(live.now, when)
        live.log.append([new])
        if number % 3:
            live.run()
    live.after(hours=1)
    assert live.replayed() == live.told()
    kinds = {entry.type for entry in live.outputs()}
    assert not kinds & {"command.refused"}


NEVER_ALONE = "patrol.response"
"""Answers to alerts that the histories don't have are refused, so these aren't in the histories of all."""
ALL = sorted(text for kind, texts in OURS.items() if kind != NEVER_ALONE for text in texts)
assert {kind.TYPE for rule in RULES.values() for kind in rule.listens_to} <= OURS.keys()
