"""Incidents of vehicles, gates and fire lanes, and their harmless doubles."""

from __future__ import annotations

from eventlog.vocabulary import BarrierClosed, BarrierOpened
from simulators.day.incidents.doors import visit
from simulators.day.incidents.tools import HOUR_US, MINUTE_US, SECOND_US, Cast, Mute, Tale

_ALIKE = {"0": "D", "D": "0", "1": "I", "8": "B", "B": "8", "5": "S", "S": "5", "2": "Z", "Z": "2"}


def watchlist_plate(c: Cast) -> Tale:
    """A listed car comes to a gate; half of them are not let in."""
    lane, at_us = c.lane(), c.at(0, 24)
    plate = c.choice(c.estate.watched_plates)
    c.read(at_us, lane, plate)
    if c.numbers.random() < 0.3:
        c.read(at_us + c.seconds(1, 4), lane, plate)
    zone = c.estate.lane[lane].zone
    return c.tell(zone, lane, at_us, "a listed car comes", quiet=c.busy_lane(lane, at_us, at_us))


def watchlist_plate_double(c: Cast) -> Tale:
    """A registered car whose plate is near a listed one in two characters, clearly read."""
    lane, at_us = c.lane(), c.at(6, 23)
    listed = c.choice(c.estate.watched_plates)
    places = [place for place in range(3, len(listed)) if listed[place].isdigit()][:2]

    def near() -> str:
        return "".join(
            str((int(char) + c.numbers.randrange(1, 10)) % 10) if place in places else char
            for place, char in enumerate(listed)
        )

    plate = c.alone(near, str)
    permit = visit(c, at_us, at_us + 2 * HOUR_US, plate)
    c.drives(at_us, lane, plate)
    c.drives(at_us + 50 * MINUTE_US, lane.replace("-in", "-out"), plate)
    zone = c.estate.lane[lane].zone
    return c.tell(zone, lane, at_us, "a visitor's plate looks like a listed one", registers=(permit,))


def vehicle_not_permitted(c: Cast) -> Tale:
    """A car that nobody knows wants in, by day or by night."""
    lane, at_us = c.lane(), c.at(0, 24)
    c.read(at_us, lane, c.plate())
    zone = c.estate.lane[lane].zone
    return c.tell(zone, lane, at_us, "an unknown car wants in", quiet=c.busy_lane(lane, at_us, at_us))


def vehicle_not_permitted_double(c: Cast) -> Tale:
    """A visitor with a permit, an ambulance, a fire engine, a resident's dirty plate."""
    lane, at_us = c.lane(), c.at(7, 21)
    zone = c.estate.lane[lane].zone
    pick = c.numbers.random()
    if pick < 0.4:
        plate = c.plate()
        permit = visit(c, at_us, at_us + 3 * HOUR_US, plate)
        c.drives(at_us, lane, plate)
        c.drives(at_us + c.seconds(1_800, 7_200), lane.replace("-in", "-out"), plate)
        return c.tell(zone, lane, at_us, "a visitor with a permit", registers=(permit,))
    if pick < 0.7:
        kind = c.choice(("ambulance", "fire_engine"))
        plate = c.plate()
        c.drives(at_us, lane, plate, kind)
        c.drives(at_us + 40 * MINUTE_US, lane.replace("-in", "-out"), plate, kind)
        return c.tell(zone, lane, at_us, f"an {kind} comes")
    person, vehicle = c.owner()
    places = [place for place, char in enumerate(vehicle.plate) if place > 2 and char in _ALIKE]
    plate = vehicle.plate
    if places:
        place = c.choice(places)
        plate = plate[:place] + _ALIKE[plate[place]] + plate[place + 1 :]
    c.read(at_us, lane, plate, sure=round(c.numbers.uniform(0.55, 0.75), 3))
    c.barrier(at_us + 2 * SECOND_US, lane, "remote")
    mute = Mute(at_us - 13 * HOUR_US, at_us + 13 * HOUR_US, who=frozenset({person.id, vehicle.plate}))
    return c.tell(zone, lane, at_us, "a resident's plate is dirty", mutes=(mute,))


def plate_cloned(c: Cast) -> Tale:
    """The plate of a car that is in comes in once more, at the other gate."""
    person, vehicle = c.owner()
    sides = sorted(c.estate.gates)
    if len(sides) < 2:
        sides = sides * 2
    c.numbers.shuffle(sides)
    at_us = c.at(8, 20)
    again_us = at_us + (c.seconds(10, 40) if c.numbers.random() < 0.4 else c.seconds(300, 3_000))
    first, second = f"{sides[0]}-in", f"{sides[1]}-in"
    c.drives(at_us, first, vehicle.plate)
    c.drives(again_us, second, vehicle.plate)
    c.drives(again_us + HOUR_US, second.replace("-in", "-out"), vehicle.plate)
    mute = Mute(at_us - 12 * HOUR_US, again_us + 8 * HOUR_US, who=frozenset({person.id, vehicle.plate}))
    zone = c.estate.lane[second].zone
    return c.tell(zone, second, again_us, "one plate comes in at two gates", mutes=(mute,))


def plate_cloned_double(c: Cast) -> Tale:
    """In at one gate, out at it, in at the other; or read twice at one."""
    person, vehicle = c.owner()
    sides = sorted(c.estate.gates)
    at_us = c.at(8, 20)
    first, last = f"{sides[0]}-in", f"{sides[-1]}-in"
    c.drives(at_us, first, vehicle.plate)
    if c.numbers.random() < 0.4:
        c.read(at_us + c.seconds(2, 5), first, vehicle.plate)
    out_us = at_us + c.seconds(200, 1_800)
    c.drives(out_us, first.replace("-in", "-out"), vehicle.plate)
    again_us = out_us + c.seconds(120, 900)
    c.drives(again_us, last, vehicle.plate)
    c.drives(again_us + HOUR_US, last.replace("-in", "-out"), vehicle.plate)
    mute = Mute(at_us - 12 * HOUR_US, again_us + 8 * HOUR_US, who=frozenset({person.id, vehicle.plate}))
    zone = c.estate.lane[last].zone
    return c.tell(zone, last, again_us, "a resident takes the other gate", mutes=(mute,))


def vehicle_overstay(c: Cast) -> Tale:
    """A visitor's car stays past its permit."""
    return _guest_car(c, c.numbers.uniform(20, 300))


def vehicle_overstay_double(c: Cast) -> Tale:
    """A visitor's car leaves in time, though late in its permit."""
    return _guest_car(c, -c.numbers.uniform(3, 60))


def _guest_car(c: Cast, over_min: float) -> Tale:
    lane, at_us = c.lane(), c.at(9, 16, range(6))
    plate = c.plate()
    until_us = at_us + c.seconds(2.0 * 3_600, 6.0 * 3_600)
    permit = visit(c, at_us, until_us, plate)
    c.drives(at_us, lane, plate)
    c.drives(until_us + int(over_min * MINUTE_US), lane.replace("-in", "-out"), plate)
    zone = c.estate.lane[lane].zone
    story = f"a visitor's car leaves {over_min:.0f} min after its permit"
    return c.tell(zone, lane, until_us, story, registers=(permit,))


def barrier_forced(c: Cast) -> Tale:
    """A barrier is pushed up, and nobody was read."""
    lane, at_us = c.lane(c.choice(("in", "out"))), c.at(0, 24)
    c.barrier(at_us, lane, None, c.numbers.uniform(4, 30))
    zone = c.estate.lane[lane].zone
    quiet = c.busy_lane(lane, at_us, at_us + 30 * SECOND_US)
    return c.tell(zone, lane, at_us, "a barrier is pushed up", quiet=quiet)


def barrier_forced_double(c: Cast) -> Tale:
    """The guard opens by hand, the desk from afar, or the plate was read long before the barrier moved."""
    lane, at_us = c.lane(), c.at(6, 23)
    zone = c.estate.lane[lane].zone
    pick = c.numbers.random()
    if pick < 0.6:
        c.barrier(at_us, lane, c.choice(("manual", "remote")))
    else:
        _, vehicle = c.owner()
        before_us = c.seconds(4, 12)
        device = c.estate.lane[lane].device
        c.read(at_us - before_us, lane, vehicle.plate)
        c.say(at_us, device, "vehicle", BarrierOpened, lane=lane, by=None)
        c.say(at_us + 7 * SECOND_US, device, "vehicle", BarrierClosed, lane=lane, by=None)
        c.drives(at_us + 20 * MINUTE_US, lane.replace("-in", "-out"), vehicle.plate)
        mute = Mute(at_us - 13 * HOUR_US, at_us + 9 * HOUR_US, who=frozenset({vehicle.plate}))
        return c.tell(zone, lane, at_us, "a barrier moves slowly", mutes=(mute,))
    quiet = c.busy_lane(lane, at_us - 15 * SECOND_US, at_us + 8 * SECOND_US)
    return c.tell(zone, lane, at_us, "a barrier is opened by right", quiet=quiet)


def fire_lane_blocked(c: Cast) -> Tale:
    """Somebody parks in the fire lane and walks away."""
    zone = c.choice(c.estate.zones_of("fire_lane"))
    at_us = c.at(0, 24)
    stays_s = c.numbers.triangular(150, 3_600, 900)
    c.sees(c.camera(zone), zone, at_us, at_us + int(stays_s * SECOND_US), c.choice(("car", "car", "truck")))
    story = f"a car is parked in the fire lane for {stays_s:.0f} s"
    return c.tell(zone, zone, at_us + 120 * SECOND_US, story)


def fire_lane_blocked_double(c: Cast) -> Tale:
    """An ambulance at work, a car that lets somebody out, children's bicycles."""
    zone = c.choice(c.estate.zones_of("fire_lane"))
    at_us = c.at(6, 24)
    pick = c.numbers.random()
    if pick < 0.4:
        label, stays_s = c.choice(("ambulance", "fire_engine")), c.numbers.uniform(300, 2_400)
    elif pick < 0.8:
        label, stays_s = "car", c.numbers.triangular(20, 175, 60)
    else:
        label, stays_s = "bicycle", c.numbers.uniform(60, 900)
    c.sees(c.camera(zone), zone, at_us, at_us + int(stays_s * SECOND_US), label)
    return c.tell(zone, zone, at_us + 60 * SECOND_US, f"{label} in the fire lane for {stays_s:.0f} s")
