"""What the devices of the pilot estate say in the benches: an ordinary mix, and events that must raise.

Ordinary: 60 % doors (granted, opened, closed in turn), 10 % heartbeats, 10 % plates of registered
vehicles, 20 % camera objects; about 250 bytes each. Nine in ten of them are of types that the six rules
listen to, and none of them raises anything. What must raise is a plate on a watch list, a new one each
time, and a third refusal at one door. No clock in here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import orjson

ROOT = Path(__file__).resolve().parents[1]
PILOT = ROOT / "examples" / "pilot" / "estate.yaml"
ESTATE = "xiegou"
DOORS = [f"building-{n}" for n in range(1, 27)] + ["gate-n1", "gate-n2", "gate-s1", "gate-s2"]
CAMERAS = [f"cam-{n:02}" for n in range(1, 31)]
WATCHED_MAX = 2_000
"""Watched plates in the estate of the benches: each raises one alert."""
PLATE_EVERY = 300
"""In a backlog one event in so many is a watched plate."""
BURST_EVERY = 600
"""And so often a burst of three refusals begins; together they make 0.8 % of the events."""
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
    """The pilot's estate file with the benches' watch list added."""
    listed = ", ".join(watched_plate(n) for n in range(WATCHED_MAX))
    added = f"watch_lists:\n  bench:\n    kind: plate\n    severity: high\n    entries: [{listed}]\n"
    return PILOT.read_text("utf-8").replace("watch_lists:\n", added, 1)


def registered_plates() -> list[str]:
    """The plates of the pilot's vehicles."""
    return re.findall(r"- \{plate: ([^,]+), groups: \[resident\]", PILOT.read_text("utf-8"))


class Mix:
    """Messages of one run, whose ids begin with `run` (see `run_id`). Times are given by the caller. `plates`
    are those of an estate's registered vehicles."""

    def __init__(
        self, run: str, watched_from: int = 0, *, estate: str = ESTATE, plates: Sequence[str] = ()
    ) -> None:
        self._run, self._estate = run, estate
        self._plates = plates or registered_plates()
        self._made = self._ordinary = 0
        self._watched = watched_from
        self._seq: dict[str, int] = {}

    def ordinary(self, at: str) -> Made:
        """The next event of the mix."""
        number = self._ordinary
        self._ordinary += 1
        turn, place = divmod(number, len(DOORS))
        phase = turn % 10
        if phase < 6:
            door = DOORS[place]
            kind, data = _door(phase % 3, door, number)
            return self._message("access", door, kind, at, data)
        if phase == 6:
            return self._message("access", DOORS[place], "device.heartbeat", at, _heartbeat(number))
        if phase == 7:
            # Each one out, then in again: in twice would be two cars with one plate.
            number = turn // 10 * len(DOORS) + place
            round_, chosen = divmod(number, len(self._plates))
            return self._plate(self._plates[chosen], "in" if round_ % 2 else "out", at)
        data = {"label": "person", "track": f"t{number}", "event": "enter", "zone": "yard",
                "confidence": 0.87}  # fmt: skip
        return self._message("camera", CAMERAS[place], "camera.object", at, data)

    def watched(self, at: str) -> Made:
        """The next plate of the watch list, leaving: nothing but the list minds it."""
        self._watched += 1
        if self._watched > WATCHED_MAX:
            raise ValueError(f"more than {WATCHED_MAX} watched plates in one run")
        return self._plate(watched_plate(self._watched - 1), "out", at)._replace(alerts=True)

    def refusals(self, door: str, times: list[str]) -> list[Made]:
        """Three cards refused at one door: the last one must raise."""
        made = []
        for at in times:
            data = {"door": door, "credential": f"strange-{self._made}", "method": "card",
                    "direction": "in", "reason": "unknown"}  # fmt: skip
            made.append(self._message("access", door, "access.denied", at, data))
        return [*made[:-1], made[-1]._replace(alerts=True)]

    def _plate(self, plate: str, direction: str, at: str) -> Made:
        data = {"plate": plate, "confidence": 0.97, "lane": f"vgate-n-{direction}", "direction": direction}
        return self._message("vehicle", "lpr-n", "vehicle.plate_read", at, data)

    def _message(self, family: str, device: str, kind: str, at: str, data: dict[str, Any]) -> Made:
        self._made += 1
        event_id = f"{self._run}-{self._made:012}"
        source = f"estates/{self._estate}/{family}/{device}"
        seq = self._seq[source] = self._seq.get(source, 0) + 1
        event = {"specversion": "1.0", "id": event_id, "source": source, "type": kind, "time": at,
                 "seq": seq, "data": data}  # fmt: skip
        return Made(f"{source}/events", orjson.dumps(event), event_id, False)


def _door(phase: int, door: str, number: int) -> tuple[str, dict[str, Any]]:
    if phase == 0:
        card = f"card-{door}-{number // len(DOORS) % 107:03}"  # nobody is at two doors
        return "access.granted", {"door": door, "credential": card, "method": "card", "direction": "in"}
    return ("access.door_opened" if phase == 1 else "access.door_closed"), {"door": door}


def _heartbeat(number: int) -> dict[str, Any]:
    return {"battery": number % 100, "uptime_s": number}


def backlog(run: str, count: int, until: datetime, gap_s: float = 0.005) -> Iterator[Made]:
    """`count` messages in order, `gap_s` apart by the devices' clocks, the last one at `until`."""
    mix = Mix(run)
    start = until - timedelta(seconds=gap_s * count)
    last_burst: dict[str, float] = {}
    made, bursts = 0, 0
    while made < count:
        at_s = made * gap_s
        if made % PLATE_EVERY == PLATE_EVERY // 2:
            yield mix.watched(_iso(start, at_s))
            made += 1
        elif made % BURST_EVERY == BURST_EVERY // 3 and made + 3 <= count:
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


def _iso(start: datetime, after_s: float) -> str:
    return (start + timedelta(seconds=after_s)).isoformat(timespec="milliseconds")


def now_iso(seconds: float) -> str:
    """A moment in seconds since 1970, as devices write it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
