"""Incidents and their harmless doubles, placed by seed over a week and woven into its ordinary days.

Each is a story: what is meant by it stands in its label, by no rule's limits. How many there are of each kind
says `simulators.day.shares`. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from heapq import merge
from typing import NamedTuple

from eventlog.vocabulary import Event
from simulators.day.incidents import cameras, doors, others, vehicles
from simulators.day.incidents.absence import without
from simulators.day.incidents.tools import MINUTE_US, Cast, Mute, Quiet, Tale
from simulators.day.moments import chance, midnight_us
from simulators.day.shares import PILOT_HOMES, SHARES
from simulators.day.truth import Emission, Label, Sent
from simulators.day.world import EstateWorld

__all__ = ["KINDS", "Episode", "Kind", "Stories", "Story", "Tale", "week"]

SHIFT_US, SHIFTS_MAX = 7 * MINUTE_US, 60
"""A story whose door is busy is moved by so much, so often at most."""
NEEDS: Mapping[str, str] = {"ebike_in_lift": "lift", "fire_lane_blocked": "fire_lane"}
"""Kinds that need a zone of a kind."""

Teller = Callable[[Cast], Tale]


class Kind(NamedTuple):
    """How an incident of a kind is told, and its harmless double."""

    incident: Teller
    double: Teller


def _kinds() -> dict[str, Kind]:
    found: dict[str, Kind] = {}
    for name in SHARES:
        for module in (doors, vehicles, cameras, others):
            incident = getattr(module, name, None) or getattr(module, f"{name}_", None)
            if incident is not None:
                found[name] = Kind(incident, getattr(module, f"{name}_double"))
                break
    return found


KINDS: Mapping[str, Kind] = _kinds()


@dataclass(frozen=True, slots=True)
class Episode:
    """One story's part on one day; the label is there on the day it counts for."""

    label: Label | None
    emissions: tuple[Emission, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """What of a week's stories falls on one day, and the ordinary day with them in it."""

    emissions: Sequence[Emission]
    parts: Sequence[Episode] = ()
    registers: Sequence[Event] = ()
    lost: frozenset[int] = frozenset()
    clocks: Sequence[tuple[str, int, int, float]] = ()

    def disturbed(self, sent: Sequence[Sent]) -> list[Sent]:
        """What was sent without what is lost on the way, and with the clocks that are off."""
        found = [each for each in sent if id(each.event) not in self.lost] if self.lost else list(sent)
        for device, from_us, until_us, off_s in self.clocks:
            off_us = int(off_s * 1_000_000)
            found = [
                replace(each, at_us=each.at_us + off_us)
                if each.device == device and from_us <= each.received_us < until_us and each.seq
                else each
                for each in found
            ]
        return found


def week(estate: EstateWorld, monday: date, seed: int) -> tuple[Tale, ...]:
    """The stories of a week in an estate: as many as it has homes for."""
    return tuple(_stories(estate, monday, seed))


class Stories:
    """The stories of an estate, week by week; the last two weeks are remembered. Of those that began before
    `since` nothing is told: half a story is another one."""

    def __init__(self, estate: EstateWorld, seed: int, since: date | None = None) -> None:
        self._estate, self._seed = estate, seed
        self._since_us = midnight_us(since) if since else 0
        self._weeks: dict[date, tuple[Tale, ...]] = {}

    def on(self, day: date, ordinary: Sequence[Emission]) -> Story:
        """An ordinary day with the stories that fall on it."""
        monday = day - timedelta(days=day.weekday())
        mondays = (monday - timedelta(days=7), monday)
        self._weeks = {
            each: self._weeks.get(each) or week(self._estate, each, self._seed) for each in mondays
        }
        tales = (tale for each in mondays for tale in self._weeks[each])
        return _woven([tale for tale in tales if _begins_us(tale) >= self._since_us], day, ordinary)

    def clocks(self) -> frozenset[str]:
        """The devices whose clocks these weeks' stories put off."""
        tales = (tale for each in self._weeks.values() for tale in each)
        return frozenset(device for tale in tales for device, *_ in tale.clocks)


def _stories(estate: EstateWorld, monday: date, seed: int) -> Iterator[Tale]:
    scale = len(estate.homes) / PILOT_HOMES
    taken: set[str] = set()
    for kind, tellers in KINDS.items():
        if kind in NEEDS and not estate.zones_of(NEEDS[kind]):
            continue
        for harmless in (False, True):
            wanted = scale * (SHARES[kind].doubles if harmless else SHARES[kind].incidents)
            numbers = chance(seed, estate.id, monday, kind, harmless)
            count = int(wanted) + (numbers.random() < wanted % 1)
            for number in range(count):
                name = f"{kind}{'-double' if harmless else ''}-{monday:%m%d}-{number}"
                own = chance(seed, estate.id, name)
                cast = Cast(estate, monday, own, kind, harmless, name, taken=taken)
                yield (tellers.double if harmless else tellers.incident)(cast)


def _woven(tales: Sequence[Tale], on: date, ordinary: Sequence[Emission]) -> Story:
    begin_us, end_us = midnight_us(on), midnight_us(on + timedelta(days=1))
    uses = _uses(ordinary, {quiet.device for tale in tales for quiet in tale.quiet})
    for tale in tales:
        if not tale.quiet:  # those can't be moved: the others keep out of their way
            for each in tale.emissions:
                uses.setdefault(each.device, []).append(each.at_us)
    parts: list[Episode] = []
    registers: list[Event] = []
    here: list[Tale] = []
    for tale in tales:
        if not _touches(tale, begin_us, end_us):
            continue
        if tale.quiet and begin_us <= tale.label.at_us < end_us:
            tale = _placed(tale, uses, begin_us, end_us)
        here.append(tale)
        emissions = tuple(each for each in tale.emissions if begin_us <= each.at_us < end_us)
        label = tale.label if begin_us <= tale.label.at_us < end_us else None
        if emissions or label is not None:
            parts.append(Episode(label, emissions))
        if begin_us <= _begins_us(tale) < end_us:
            registers += tale.registers
    kept = without(ordinary, [mute for tale in here for mute in _mutes(tale, begin_us, end_us)])
    added = sorted((each for part in parts for each in part.emissions), key=_moment)
    woven = list(merge(kept, added, key=_moment))
    lost = frozenset(number for tale in here for number in tale.lost)
    clocks = [clock for tale in here for clock in tale.clocks]
    return Story(woven, parts, registers, lost, clocks)


def _begins_us(tale: Tale) -> int:
    return min((each.at_us for each in tale.emissions), default=tale.label.at_us)


def _touches(tale: Tale, begin_us: int, end_us: int) -> bool:
    moments = [tale.label.at_us, *(each.at_us for each in tale.emissions)]
    if any(begin_us <= at_us < end_us for at_us in moments):
        return True
    return any(mute.from_us < end_us and mute.until_us > begin_us for mute in tale.mutes)


def _uses(ordinary: Sequence[Emission], devices: set[str]) -> dict[str, list[int]]:
    """When the ordinary day uses the devices that stories need for themselves."""
    found: dict[str, list[int]] = {device: [] for device in devices}
    for each in ordinary:
        if each.device in found and each.event.TYPE != "device.heartbeat":
            found[each.device].append(each.at_us)
    return found


def _placed(tale: Tale, uses: dict[str, list[int]], begin_us: int, end_us: int) -> Tale:
    """A story at the next moment when its devices are free; what it uses then is used."""
    for step in range(SHIFTS_MAX):
        by_us = step * SHIFT_US
        if tale.emissions and tale.emissions[-1].at_us + by_us >= end_us - MINUTE_US:
            by_us -= (end_us - begin_us) * 3 // 4  # there is time in the morning
        if tale.emissions and tale.emissions[0].at_us + by_us < begin_us:
            continue
        if all(_free(quiet, by_us, uses) for quiet in tale.quiet):
            moved = tale.moved(by_us) if by_us else tale
            for quiet in moved.quiet:
                uses[quiet.device] += [quiet.from_us, quiet.until_us]
            return moved
    return tale


def _free(quiet: Quiet, by_us: int, uses: dict[str, list[int]]) -> bool:
    from_us, until_us = quiet.from_us + by_us, quiet.until_us + by_us
    return not any(from_us <= at_us <= until_us for at_us in uses[quiet.device])


def _mutes(tale: Tale, begin_us: int, end_us: int) -> Iterator[Mute]:
    yield from tale.mutes
    if tale.absent and any(begin_us <= each.at_us < end_us for each in tale.emissions):
        yield Mute(begin_us, end_us, who=tale.absent)


def _moment(emission: Emission) -> int:
    return emission.at_us
