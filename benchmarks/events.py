"""What the devices of the pilot estate say in the benches: an ordinary mix, and events that must raise.

Ordinary: 60 % doors (granted, opened, closed in turn), 10 % heartbeats, 10 % plates of registered
vehicles, 20 % people in a camera's sight; about 250 bytes each. It is a day pressed together, not one that
can't be: a door stays open for some seconds, who came in goes out before coming in again, who was seen
leaves. So none of it raises anything, whichever rules are on. What must raise is a plate on a watch list, a
new one each time, and a third refusal at one door. No clock in here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import orjson

ROOT = Path(__file__).resolve().parents[1]
PILOT = ROOT / "examples" / "pilot" / "estate.yaml"
ESTATE = "xiegou"
BUILDINGS = [f"building-{n}" for n in range(1, 26)]
"""Those whose doors are open at all hours."""
DOORS = [*BUILDINGS, "gate-n1", "gate-n2", "gate-s1", "gate-s2"]
STAIRS = 64
"""Doors of a building in the estate of the benches. With one, as in the pilot's, each would open and close
several times a second; see `doors_at`."""
MORE_DOORS = [f"{building}-{n}" for n in range(2, STAIRS + 1) for building in BUILDINGS]
CARDS = 11
"""Of each door: some four thousand where a backlog is made, as many as the estate has people."""
OPEN_S = 3.2
"""A door that opens and closes sooner, again and again, chatters."""
CAMERAS = [f"cam-{n:02}" for n in range(1, 31)]
WATCHED_MAX = 2_000
"""Watched plates in the estate of the benches: each raises one alert."""
PLATE_EVERY = 300
"""In a backlog one event in so many is a watched plate."""
BURST_EVERY = 600
"""And so often a burst of three refusals begins; together they make 0.8 % of the events."""
GAP_S, OVER_S = 0.009, 540.0
"""Between two events of a backlog, and over how long it happened at most: none of it is history yet."""
BURST_S_MIN = 75.0
"""Bursts at one door are told of again after 60 s."""
_CHARACTERS = "34679"  # none that a plate camera takes for another


class Made(NamedTuple):
    """A message to publish; `alerts` when an alert must name `id` among its evidence."""

    topic: str
    payload: bytes
    id: str
    alerts: bool


def run_id(seed: int) -> str:
    """The first part of the ids of a run: with the number they are as long as a UUID."""
    text = f"{seed % 2**88:022x}"
    return f"{text[:8]}-{text[8:12]}-4{text[12:15]}-8{text[15:18]}"


def watched_plate(number: int) -> str:
    """The plate of a watch list's entry, unlike every registered one."""
    marks = ""
    for _ in range(5):
        number, digit = divmod(number, len(_CHARACTERS))
        marks += _CHARACTERS[digit]
    return f"豫N{marks}"


def estate_text() -> str:
    """The pilot's estate file with the benches' doors and watch list added."""
    listed = ", ".join(watched_plate(n) for n in range(WATCHED_MAX))
    lists = f"watch_lists:\n  bench:\n    kind: plate\n    severity: high\n    entries: [{listed}]\n"
    devices, doors = "  access:\n", "doors:\n"
    for door in MORE_DOORS:
        zone = door.rpartition("-")[0]
        devices += f"    - {{id: {door}, zone: {zone}, heartbeat_s: 60}}\n"
        doors += f"  - {{id: {door}, device: {door}, zone: {zone}, kind: building}}\n"
    text = PILOT.read_text("utf-8")
    for begins, added in (("  access:\n", devices), ("doors:\n", doors), ("watch_lists:\n", lists)):
        text = text.replace(begins, added, 1)
    return text


def registered_plates() -> list[str]:
    """The plates of the pilot's vehicles."""
    return re.findall(r"- \{plate: ([^,]+), groups: \[resident\]", PILOT.read_text("utf-8"))


def doors_at(gap_s: float) -> list[str]:
    """So many of the estate's doors that each stays open for `OPEN_S` where events are so far apart."""
    return [*DOORS, *MORE_DOORS][: max(len(DOORS), ceil(OPEN_S / gap_s))]


class Mix:
    """Messages of one run, whose ids begin with `run` (see `run_id`). Times are given by the caller. `doors`
    are an estate's, `plates` those of its registered vehicles, `cameras` those in use. `counted` is False
    where others say something for the same plate camera: it has no counter then."""

    def __init__(
        self,
        run: str,
        watched_from: int = 0,
        *,
        estate: str = ESTATE,
        doors: Sequence[str],
        plates: Sequence[str] = (),
        cameras: Sequence[str] = tuple(CAMERAS),
        counted: bool = True,
    ) -> None:
        self._run, self._estate, self._doors, self._cameras = run, estate, doors, cameras
        self._plates = plates or registered_plates()
        self._counted = counted
        self._made = 0
        self._said = self._days()
        self._watched = watched_from
        self._seq: dict[str, int] = {}

    def ordinary(self, at: str) -> Made:
        """The next event of the mix."""
        return self._message(*next(self._said), at)

    def _days(self) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
        """Family, device, type and data of one event after the other: ten of every door's place in a day."""
        places = len(self._doors)
        for day in count():
            for passed in (2 * day, 2 * day + 1):
                for door in self._doors:
                    yield "access", door, "access.granted", _granted(door, passed)
                    yield "access", door, "access.door_opened", {"door": door}
                for door in self._doors:
                    yield "access", door, "access.door_closed", {"door": door}
            for door in self._doors:
                yield "access", door, "device.heartbeat", {"battery": day % 100, "uptime_s": day}
            for number in range(day * places, (day + 1) * places):
                # Each one out, then in again: in twice would be two cars with one plate.
                round_, chosen = divmod(number, len(self._plates))
                yield _plate(self._plates[chosen], "in" if round_ % 2 else "out")
            for event in ("enter", "leave"):
                for place in range(places):
                    camera = self._cameras[place % len(self._cameras)]
                    track = f"t{day * places + place}"
                    data = {"label": "person", "track": track, "event": event, "zone": "yard",
                            "confidence": 0.87}  # fmt: skip
                    yield "camera", camera, "camera.object", data

    def watched(self, at: str) -> Made:
        """The next plate of the watch list, leaving: nothing but the list minds it."""
        self._watched += 1
        if self._watched > WATCHED_MAX:
            raise ValueError(f"more than {WATCHED_MAX} watched plates in one run")
        made = self._message(*_plate(watched_plate(self._watched - 1), "out"), at)
        return made._replace(alerts=True)

    def refusals(self, door: str, times: list[str]) -> list[Made]:
        """Three cards refused at one door: the last one must raise."""
        made = []
        for at in times:
            data = {"door": door, "credential": f"strange-{self._made}", "method": "card",
                    "direction": "in", "reason": "unknown"}  # fmt: skip
            made.append(self._message("access", door, "access.denied", data, at))
        return [*made[:-1], made[-1]._replace(alerts=True)]

    def _message(self, family: str, device: str, kind: str, data: dict[str, Any], at: str) -> Made:
        self._made += 1
        event_id = f"{self._run}-{self._made:012}"
        source = f"estates/{self._estate}/{family}/{device}"
        event = {"specversion": "1.0", "id": event_id, "source": source, "type": kind, "time": at,
                 "data": data}  # fmt: skip
        if self._counted or family != "vehicle":
            event["seq"] = self._seq[source] = self._seq.get(source, 0) + 1
        return Made(f"{source}/events", orjson.dumps(event), event_id, False)


def _plate(plate: str, direction: str) -> tuple[str, str, str, dict[str, Any]]:
    data = {"plate": plate, "confidence": 0.97, "lane": f"vgate-n-{direction}", "direction": direction}
    return "vehicle", "lpr-n", "vehicle.plate_read", data


def _granted(door: str, passed: int) -> dict[str, Any]:
    """`passed`: how often somebody did before. So many cards a door take turns, none at two doors; at the
    gates each is in after it was out."""
    round_, card = divmod(passed, CARDS)
    direction = "out" if round_ % 2 and door.startswith("gate") else "in"
    return {"door": door, "credential": f"card-{door}-{card:03}", "method": "card", "direction": direction}


def backlog(run: str, events: int, until: datetime) -> Iterator[Made]:
    """`events` messages in order, evenly spread by the devices' clocks, the last one at `until`."""
    gap_s = min(GAP_S, OVER_S / events)
    mix = Mix(run, doors=doors_at(gap_s))
    start = until - timedelta(seconds=gap_s * events)
    last_burst: dict[str, float] = {}
    made, bursts = 0, 0
    while made < events:
        at_s = made * gap_s
        if made % PLATE_EVERY == PLATE_EVERY // 2:
            yield mix.watched(_iso(start, at_s))
            made += 1
        elif made % BURST_EVERY == BURST_EVERY // 3 and made + 3 <= events:
            door = DOORS[bursts % len(DOORS)]
            bursts += 1
            told_s = last_burst.get(door)
            if told_s is None or at_s - told_s > BURST_S_MIN:
                last_burst[door] = at_s
                times = [_iso(start, at_s + n * gap_s) for n in range(3)]
                yield from mix.refusals(door, times)
                made += 3
            else:
                yield mix.ordinary(_iso(start, at_s))
                made += 1
        else:
            yield mix.ordinary(_iso(start, at_s))
            made += 1


def side_by_side(run: str, events: int, until: datetime, share: int, shares: int) -> Iterator[Made]:
    """`events` ordinary messages of one of several publishers at the same time. Each speaks for doors,
    cameras and plates of its own."""
    gap_s = min(GAP_S, OVER_S / (events * shares))
    mix = Mix(
        run,
        doors=doors_at(gap_s)[share::shares],
        plates=registered_plates()[share::shares],
        cameras=CAMERAS[share::shares],
        counted=False,
    )
    start = until - timedelta(seconds=gap_s * shares * events)
    for number in range(events):
        yield mix.ordinary(_iso(start, number * gap_s * shares))


def _iso(start: datetime, after_s: float) -> str:
    return (start + timedelta(seconds=after_s)).isoformat(timespec="milliseconds")


def now_iso(seconds: float) -> str:
    """A moment in seconds since 1970, as devices write it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
