"""Incidents at doors and with credentials, and their harmless doubles."""

from __future__ import annotations

from datetime import timedelta

from eventlog.times import from_us
from eventlog.vocabulary import (
    DoorForcedByDevice,
    DrillSet,
    Duress,
    FaceRecognised,
    MaintenanceSet,
    PersonSet,
    VisitorSet,
)
from simulators.day.incidents.tools import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Cast, Mute, Tale


def door_forced(c: Cast) -> Tale:
    """Somebody levers a door open; now and then the controller says so itself."""
    door, at_us = c.building(), c.at(0.5, 23.5)
    if c.numbers.random() < 0.3:
        c.say(at_us + SECOND_US // 2, door.device, "access", DoorForcedByDevice, door=door.id)
    c.opening(at_us, door, c.numbers.uniform(4, 25), c.choice((1, 1, 2)))
    return c.tell(
        door.zone, door.id, at_us, "a door is levered open", quiet=c.busy(door, at_us, at_us + 30 * SECOND_US)
    )


def door_forced_double(c: Cast) -> Tale:
    """The button inside, the desk, a resident who is slow with the handle; work on the lock."""
    door, at_us = c.building(), c.at(6, 23)
    pick = c.numbers.random()
    slow = c.seconds(0.5, 4.2)
    registers: tuple[MaintenanceSet, ...] = ()
    if pick < 0.4:
        c.exit_button(at_us - slow, door)
    elif pick < 0.6:
        c.granted(at_us - slow, door, "desk", method="remote")
    elif pick < 0.85:
        person = c.resident(door)
        c.granted(at_us - slow, door, person.credentials[0], holder=person.id)
    else:
        hour = timedelta(hours=1)
        moment = from_us(at_us)
        registers = (
            MaintenanceSet.model_construct(
                maintenance=c.name, starts_at=moment - hour, ends_at=moment + hour, devices=(door.device,)
            ),
        )
    c.opening(at_us, door, c.numbers.uniform(3, 15))
    quiet = () if registers else c.busy(door, at_us - slow, at_us + 20 * SECOND_US)
    return c.tell(door.zone, door.id, at_us, "a door opens with a reason", quiet=quiet, registers=registers)


def door_held_open(c: Cast) -> Tale:
    """A door is wedged; at gates it takes longer until it matters to anybody."""
    gate = c.numbers.random() < 0.15
    door = c.gate() if gate else c.building()
    open_s = c.numbers.triangular(45, 400, 150) if gate else c.numbers.triangular(20, 200, 90)
    at_us = c.at(5, 24)
    person = c.resident(None if gate else door)
    if gate:
        c.granted(at_us, door, "desk", method="remote")
        c.opening(at_us + SECOND_US, door, open_s, 0)
    else:
        c.entering(at_us, door, person, open_s)
    end_us = at_us + int(open_s * SECOND_US)
    limit_us = (30 if gate else 0) * SECOND_US
    return c.tell(
        door.zone, door.id, at_us + limit_us, f"a door is wedged open for {open_s:.0f} s",
        quiet=c.busy(door, at_us, end_us),
    )  # fmt: skip


def door_held_open_double(c: Cast) -> Tale:
    """Somebody holds the door for a neighbour with bags, a pram, a parcel."""
    door, at_us = c.building(), c.at(7, 22)
    open_s = c.numbers.triangular(8, 36, 16)
    first, second = c.resident(door), c.resident(door)
    c.granted(at_us, door, first.credentials[0], holder=first.id)
    c.granted(at_us + int(open_s * 0.4 * SECOND_US), door, second.credentials[0], holder=second.id)
    c.opening(at_us + SECOND_US, door, open_s, 2)
    end_us = at_us + int(open_s * SECOND_US)
    return c.tell(
        door.zone, door.id, at_us, f"a door is held for a neighbour for {open_s:.0f} s",
        quiet=c.busy(door, at_us, end_us),
    )  # fmt: skip


def repeated_denials(c: Cast) -> Tale:
    """Somebody tries found cards at a door, or one card from door to door."""
    at_us = c.at(0, 24)
    doors = [c.building()] * 4
    across = c.numbers.random() < 0.4
    if across:
        first = int(doors[0].id.rpartition("-")[2])
        near = [each for each in c.estate.doors if each.kind == "building" and each.id != doors[0].id]
        near.sort(key=lambda each: abs(int(each.id.rpartition("-")[2]) - first))
        doors = [doors[0], *near[:3]]
    tries = c.choice((3, 4, 4)) if not across else 3
    card = f"card-found-{c.name}"
    at = at_us
    last_us = at_us
    for number in range(tries):
        c.denied(at, doors[number], card if across else f"{card}-{number}", "unknown")
        if number == 2:
            last_us = at
        at += c.seconds(14, 27) if across else c.seconds(3, 22)
    where = doors[2] if across else doors[0]
    return c.tell(where.zone, where.id, last_us, f"cards are tried, {tries} times")


def repeated_denials_double(c: Cast) -> Tale:
    """A resident whose card is dirty, who forgot it, or who is impatient."""
    door, at_us = c.building(), c.at(6, 24)
    person = c.resident(door)
    card = person.credentials[0]
    pick = c.numbers.random()
    if pick < 0.5:  # an impatient hand: the same card again and again, then it is read
        times = c.choice((2, 3, 4))
        for number in range(times):
            c.denied(at_us + int(number * 0.7 * SECOND_US), door, card, "other")
        done_us = at_us + times * SECOND_US + c.seconds(2, 6)
    elif pick < 0.8:  # a code typed wrong, then right
        c.denied(at_us, door, None, "unknown", method="pin")
        done_us = at_us + c.seconds(6, 20)
    else:  # two tries, then somebody opens from inside
        c.denied(at_us, door, card, "expired")
        c.denied(at_us + c.seconds(4, 12), door, card, "expired")
        done_us = at_us + c.seconds(20, 50)
    c.entering(done_us, door, person)
    return c.tell(
        door.zone, door.id, done_us, "a resident is refused and then let in",
        quiet=c.busy(door, at_us, done_us + 8 * SECOND_US),
    )  # fmt: skip


def dead_credential_used(c: Cast) -> Tale:
    """A card that was lost, revoked, or has run out."""
    door = c.choice((c.building(), c.gate()))
    at_us = c.at(0, 24)
    state = c.choice(("lost", "revoked", "expired"))
    card = c.choice(c.estate.dead_credentials[state])
    reason = {"lost": "revoked", "revoked": "revoked", "expired": "expired"}[state]
    c.denied(at_us, door, card, reason)
    return c.tell(door.zone, door.id, at_us, f"a card that is {state} is presented")


def dead_credential_used_double(c: Cast) -> Tale:
    """A controller that has not yet heard of a renewal; a stranger's card of another estate."""
    door, at_us = c.building(), c.at(6, 23)
    person = c.resident(door)
    if c.numbers.random() < 0.6:
        c.denied(at_us, door, person.credentials[0], "expired")
        c.exit_button(at_us + c.seconds(10, 30), door)
    else:
        c.denied(at_us, door, f"card-elsewhere-{c.name}", "unknown")
    return c.tell(door.zone, door.id, at_us, "a card is refused that is none of the dead ones")


def tailgating(c: Cast) -> Tale:
    """People slip in behind a resident: two at a door with a counter, one where a camera sees it, too."""
    door = c.building()
    at_us = c.at(6, 24)
    person = c.resident(door)
    extra = c.choice((2, 2, 3))
    open_s = 5.0 + 2.5 * extra
    c.entering(at_us, door, person, open_s, 1 + extra)
    for number in range(1 + extra):
        begin_us = at_us + int(number * 1.7 * SECOND_US)
        c.sees(c.camera(door.zone), door.zone, begin_us, begin_us + c.seconds(6, 9))
    end_us = at_us + int((open_s + 1) * SECOND_US)
    return c.tell(
        door.zone, door.id, end_us, f"{extra} follow a resident in", quiet=c.busy(door, at_us, end_us)
    )


def tailgating_double(c: Cast) -> Tale:
    """Families and friends: each with a card, or a child on the arm; people leaving together."""
    door, at_us = c.building(), c.at(7, 22)
    pick = c.numbers.random()
    if pick < 0.5:
        first, second = c.resident(door), c.resident(door)
        c.granted(at_us, door, first.credentials[0], holder=first.id)
        c.granted(at_us + c.seconds(1, 4), door, second.credentials[0], holder=second.id)
        c.opening(at_us + SECOND_US, door, 9, 2)
    elif pick < 0.75:
        c.exit_button(at_us, door)
        c.opening(at_us + SECOND_US, door, 8, c.choice((2, 3)), "out")
    else:  # a child by the hand: the counter sees two, the camera one
        person = c.resident(door)
        c.entering(at_us, door, person, 7, 2)
        c.sees(c.camera(door.zone), door.zone, at_us - SECOND_US, at_us + 7 * SECOND_US)
    end_us = at_us + 11 * SECOND_US
    return c.tell(
        door.zone, door.id, end_us, "several people come by right", quiet=c.busy(door, at_us, end_us)
    )


def antipassback(c: Cast) -> Tale:
    """A card is handed back over the gate: in, and in again some minutes later."""
    gate, at_us = c.gate(), c.at(8, 21)
    person = c.resident()
    again_us = at_us + c.seconds(40, 900)
    c.entering(at_us, gate, person)
    c.entering(again_us, gate, person)
    mute = Mute(at_us - 6 * HOUR_US, again_us + 6 * HOUR_US, who=frozenset({person.id}))
    return c.tell(gate.zone, gate.id, again_us, "a card goes in twice", mutes=(mute,))


def antipassback_double(c: Cast) -> Tale:
    """In, out and in again within minutes; or the same card twice by an impatient hand."""
    gate, at_us = c.gate(), c.at(8, 21)
    person = c.resident()
    again_us = at_us + c.seconds(100, 900)
    c.entering(at_us, gate, person)
    if c.numbers.random() < 0.3:
        c.granted(at_us + c.seconds(0.4, 1.6), gate, person.credentials[0], holder=person.id)
    c.granted(at_us + (again_us - at_us) // 2, gate, person.credentials[0], "out", holder=person.id)
    c.opening(at_us + (again_us - at_us) // 2 + SECOND_US, gate, 5, 1, "out")
    c.entering(again_us, gate, person)
    mute = Mute(at_us - 6 * HOUR_US, again_us + 6 * HOUR_US, who=frozenset({person.id}))
    return c.tell(gate.zone, gate.id, again_us, "a resident forgot the milk", mutes=(mute,))


def impossible_travel(c: Cast) -> Tale:
    """A copied card: at two far doors sooner than anybody walks."""
    first, person = c.building(), c.resident()
    far = [each for each in c.estate.doors if c.shortest_m(first.zone, each.zone) > 60]
    second = c.choice(far or [each for each in c.estate.doors if each.zone != first.zone])
    at_us = c.at(6, 23)
    metres = c.shortest_m(first.zone, second.zone)
    again_us = at_us + int(metres / 1.5 * c.numbers.uniform(0.1, 0.85) * SECOND_US)
    card = person.credentials[0]
    c.granted(at_us, first, card, holder=person.id)
    c.opening(at_us + SECOND_US, first, 5)
    c.granted(again_us, second, card, holder=person.id)
    c.opening(again_us + SECOND_US, second, 5)
    mute = Mute(at_us - 4 * HOUR_US, again_us + 4 * HOUR_US, who=frozenset({person.id}))
    return c.tell(second.zone, second.id, again_us, "a copied card is at two doors", mutes=(mute,))


def impossible_travel_double(c: Cast) -> Tale:
    """Somebody runs, or goes through the two doors of one gate."""
    person, at_us = c.resident(), c.at(6, 23)
    first = c.building()
    second = c.choice(each for each in c.estate.doors if each.zone != first.zone)
    metres = c.shortest_m(first.zone, second.zone)
    again_us = at_us + int(max(metres / c.numbers.uniform(1.15, 1.45), 6.0) * SECOND_US)
    card = person.credentials[0]
    c.granted(at_us, first, card, holder=person.id)
    c.opening(at_us + SECOND_US, first, 5)
    c.granted(again_us, second, card, holder=person.id, way="in" if second.kind == "building" else "out")
    c.opening(again_us + SECOND_US, second, 5)
    mute = Mute(at_us - 4 * HOUR_US, again_us + 4 * HOUR_US, who=frozenset({person.id}))
    return c.tell(second.zone, second.id, again_us, "somebody is in a hurry", mutes=(mute,))


def off_hours_access(c: Cast) -> Tale:
    """Somebody goes into the centre at night."""
    door = c.estate.door[c.estate.centre]
    at_us = c.at(22.4, 29.9)
    person = c.resident()
    c.entering(at_us, door, person)
    return c.tell(
        door.zone, door.id, at_us, "the centre is entered at night", quiet=c.busy(door, at_us, at_us)
    )


def off_hours_access_double(c: Cast) -> Tale:
    """The centre just before it closes, or just after it opens."""
    door = c.estate.door[c.estate.centre]
    at_us = c.at(21.3, 21.95) if c.numbers.random() < 0.5 else c.at(6.55, 7.5)
    c.entering(at_us, door, c.resident())
    return c.tell(
        door.zone, door.id, at_us, "the centre is entered in its hours", quiet=c.busy(door, at_us, at_us)
    )


def duress(c: Cast) -> Tale:
    """A resident is forced to open, and uses the silent code."""
    door, at_us = c.building(), c.at(0, 24)
    person = c.resident(door)
    c.say(at_us, door.device, "access", Duress, door=door.id, credential=person.credentials[0])
    c.opening(at_us + SECOND_US, door, 8, 2)
    return c.tell(
        door.zone, door.id, at_us, "a resident opens under threat",
        quiet=c.busy(door, at_us, at_us + 10 * SECOND_US),
    )  # fmt: skip


def duress_double(c: Cast) -> Tale:
    """An announced drill."""
    door, at_us = c.building(), c.at(9, 16)
    person = c.resident(door)
    c.say(at_us, door.device, "access", Duress, door=door.id, credential=person.credentials[0])
    moment, half = from_us(at_us), timedelta(minutes=30)
    drill = DrillSet.model_construct(drill=c.name, starts_at=moment - half, ends_at=moment + half)
    return c.tell(door.zone, door.id, at_us, "a drill of the silent code", registers=(drill,))


def wellbeing_check(c: Cast) -> Tale:
    """Somebody who lives alone comes home and is not seen again."""
    return _unseen(c, away=False)


def wellbeing_check_double(c: Cast) -> Tale:
    """Somebody who lives alone has gone to their children and said so."""
    return _unseen(c, away=True)


def _unseen(c: Cast, *, away: bool) -> Tale:
    alone = [each for each in c.estate.people if each.lives_alone]
    person = c.alone(lambda: c.choice(alone or c.estate.people), lambda each: each.id)
    door = c.estate.door[person.door]
    seen_us = c.at(12, 15, range(5))
    c.entering(seen_us, door, person)
    mute = Mute(seen_us - 2 * HOUR_US, seen_us + 50 * HOUR_US, who=frozenset({person.id}))
    registers: tuple[PersonSet, ...] = ()
    if away:
        known = next(
            each for each in c.estate.registers if isinstance(each, PersonSet) and each.person == person.id
        )
        gone = {
            "away_from": from_us(seen_us - HOUR_US * 6),
            "away_until": from_us(seen_us + 3 * DAY_US),
        }
        registers = (known.model_copy(update=gone),)
    story = "somebody who lives alone is away" if away else "somebody who lives alone is not seen"
    return c.tell(
        door.zone, person.id, seen_us + 36 * HOUR_US, story, mutes=(mute,), registers=registers,
    )  # fmt: skip


def watchlist_face(c: Cast) -> Tale:
    """Somebody on a list passes a terminal; more than once where the score is low. That one in twenty stays
    under the threshold is the sensor's doing."""
    terminal = c.choice(c.estate.faces)
    at_us = c.at(0, 24)
    person = c.choice(c.estate.watched_people)
    score = c.numbers.uniform(0.72, 0.97)
    c.say(at_us, terminal.id, "face", FaceRecognised, person=person, list="wanted", score=round(score, 3))
    again_us = at_us + c.seconds(2, 15)
    if score < 0.85:
        again = round(min(score + c.numbers.uniform(-0.03, 0.05), 0.99), 3)
        c.say(again_us, terminal.id, "face", FaceRecognised, person=person, list="wanted", score=again)
    return c.tell(terminal.zone, terminal.id, at_us, "somebody wanted passes a terminal")


def watchlist_face_double(c: Cast) -> Tale:
    """Somebody who only looks like a listed person: one low score and no second."""
    terminal = c.choice(c.estate.faces)
    at_us = c.at(6, 23)
    person = c.choice(c.estate.watched_people)
    score = round(c.numbers.triangular(0.4, 0.7, 0.5), 3)
    c.say(at_us, terminal.id, "face", FaceRecognised, person=person, list="wanted", score=score)
    return c.tell(terminal.zone, terminal.id, at_us, "somebody who only looks alike")


def visit(c: Cast, at_us: int, until_us: int, plate: str) -> VisitorSet:
    """A visitor's permit."""
    return VisitorSet.model_construct(
        visitor=c.name,
        home=c.choice(c.estate.homes).id,
        plate=plate,
        valid_from=from_us(at_us - 30 * MINUTE_US),
        valid_until=from_us(until_us),
    )
