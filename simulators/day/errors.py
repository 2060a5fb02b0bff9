"""From what perfect sensors would report to what reaches the broker: the errors of real sensors, devices
and lines, by the rates of `error_rates`. Pure, and the same for the same seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from random import Random

from eventlog.vocabulary import (
    CameraObject,
    DeviceOffline,
    DeviceOnline,
    DoorClosed,
    DoorOpened,
    Event,
    FaceRecognised,
    FaceUnknown,
    FenceAlarm,
    FenceRestored,
    PeopleCounted,
    PlateRead,
)
from simulators.day import error_rates as rates
from simulators.day.error_rates import RATES
from simulators.day.moments import DAY_US, HOUR_US, SECOND_US, chance, local_hours, share
from simulators.day.truth import Emission, Sent
from simulators.day.weather import Weather
from simulators.day.world import EstateWorld

NIGHT_FROM_H, NIGHT_UNTIL_H = 22.0, 6.0

Err = Callable[[Emission], Iterable[Emission]]


def sense(
    emissions: Sequence[Emission],
    seed: int,
    *,
    estate: EstateWorld,
    weather: Weather,
    scale: float = 1.0,
    counters: MutableMapping[str, int] | None = None,
) -> list[Sent]:
    """What reaches the broker of a day's emissions (in order of time), in the order it is received.

    `scale` multiplies every rate; 0 gives perfect sensors and lines. `counters` carries the devices' message
    counters from day to day and is changed; without it they start at 1.
    """
    if not emissions:
        return []
    sensors = _Sensors(seed, estate, weather, scale, emissions[0].at_us)
    reported = [each for emission in emissions for each in sensors.report(emission)]
    reported += sensors.invented(emissions)
    reported.sort(key=_moment)
    return _sent(reported, seed, scale, {} if counters is None else counters)


def clock_off_us(device: str, seed: int, scale: float = 1.0) -> int:
    """How far a device's clock is off, for as long as the world lasts."""
    if share(seed, device, "clock") >= RATES[rates.CLOCK_OFF].rate * scale:
        return 0
    way = 1 if share(seed, device, "ahead") < 0.5 else -1
    return way * int(rates.CLOCK_OFF_S * SECOND_US)


def wrong_plate(plate: str, numbers: Random) -> str:
    """A plate with one character wrong: mostly one that looks like it, never the province's."""
    place = numbers.randrange(1, len(plate))
    right = plate[place]
    alike = [other for group in rates.LOOK_ALIKES if right in group for other in group if other != right]
    if not alike or numbers.random() >= rates.LOOK_ALIKE_SHARE:
        alike = [other for other in "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789" if other != right]
    return plate[:place] + numbers.choice(alike) + plate[place + 1 :]


def _moment(emission: Emission) -> int:
    return emission.at_us


class _Sensors:
    """The sensors of an estate on one day."""

    def __init__(self, seed: int, estate: EstateWorld, weather: Weather, scale: float, first_us: int) -> None:
        self._estate = estate
        self._weather = weather
        self._scale = scale
        self._seed = (seed, estate.id, first_us // DAY_US)
        self._numbers = chance(*self._seed, "sensors")
        self._listed = frozenset(estate.watched_people)
        self._errs: dict[type[Event], Err] = {
            PeopleCounted: self._counted,
            PlateRead: self._plate,
            FaceUnknown: self._stranger,
            FaceRecognised: self._face,
            CameraObject: self._object,
            DoorOpened: self._opened,
            DoorClosed: self._closed,
        }

    def report(self, emission: Emission) -> Iterable[Emission]:
        """What the sensor says of it."""
        err = self._errs.get(type(emission.event))
        return (emission,) if err is None else err(emission)

    def _hit(self, name: str) -> bool:
        return self._numbers.random() < RATES[name].rate * self._scale

    def _counted(self, emission: Emission) -> Iterable[Emission]:
        event = emission.event
        assert isinstance(event, PeopleCounted)
        count = event.count
        for _ in range(event.count):
            if self._hit(rates.COUNT_WRONG):
                count += self._numbers.choice((-1, 1))
        if count == event.count:
            return (emission,)
        return (_with(emission, event, count=max(count, 0)),)

    def _plate(self, emission: Emission) -> Iterable[Emission]:
        event = emission.event
        assert isinstance(event, PlateRead)
        hour = local_hours(emission.at_us)
        dark = not NIGHT_UNTIL_H <= hour < NIGHT_FROM_H or self._weather.wet(emission.at_us)
        if not event.has_plate or not self._hit(rates.PLATE_WRONG_DARK if dark else rates.PLATE_WRONG):
            return (emission,)
        plate = wrong_plate(event.plate, self._numbers)
        confidence = round(self._numbers.uniform(*rates.WRONG_PLATE_CONFIDENCE), 3)
        return (_with(emission, event, plate=plate, confidence=confidence),)

    def _stranger(self, emission: Emission) -> Iterable[Emission]:
        if not self._listed or not self._hit(rates.STRANGER_MATCHED):
            return (emission,)
        event = FaceRecognised.model_construct(
            person=self._numbers.choice(sorted(self._listed)),
            list="wanted",
            score=round(self._numbers.uniform(*rates.FALSE_MATCH_SCORE), 3),
        )
        return (Emission(emission.at_us, emission.device, emission.family, event),)

    def _face(self, emission: Emission) -> Iterable[Emission]:
        event = emission.event
        assert isinstance(event, FaceRecognised)
        if event.person not in self._listed or not self._hit(rates.LISTED_UNKNOWN):
            return (emission,)
        score = round(rates.FACE_THRESHOLD - 0.01 - 0.15 * self._numbers.random(), 3)
        unknown = FaceUnknown.model_construct(score=score)
        return (Emission(emission.at_us, emission.device, emission.family, unknown),)

    def _object(self, emission: Emission) -> Iterable[Emission]:
        return () if self._hit(rates.OBJECT_DROPPED) else (emission,)

    def _opened(self, emission: Emission) -> Iterable[Emission]:
        """Half of the bounces are at the opening: open, shut, open again within a moment."""
        if not self._hit(rates.CONTACT_BOUNCED) or self._numbers.random() < 0.5:
            return (emission,)
        return self._bounce(emission, DoorClosed, DoorOpened)

    def _closed(self, emission: Emission) -> Iterable[Emission]:
        """The other half are at the closing."""
        if not self._hit(rates.CONTACT_BOUNCED) or self._numbers.random() < 0.5:
            return (emission,)
        return self._bounce(emission, DoorOpened, DoorClosed)

    def _bounce(
        self, emission: Emission, back: type[DoorOpened | DoorClosed], again: type[DoorOpened | DoorClosed]
    ) -> Iterator[Emission]:
        event = emission.event
        assert isinstance(event, DoorOpened | DoorClosed)
        yield emission
        at_us = emission.at_us
        for kind in (back, again):
            at_us += int(self._numbers.uniform(*rates.BOUNCE_S) * SECOND_US)
            yield Emission(at_us, emission.device, emission.family, kind.model_construct(door=event.door))

    def invented(self, emissions: Sequence[Emission]) -> Iterator[Emission]:
        """What sensors report of nothing at all, over the time of the emissions."""
        span = (emissions[0].at_us, emissions[-1].at_us)
        for zone, cameras in self._estate.cameras.items():
            for camera in cameras:
                yield from self._invented_objects(camera, zone, span)
        for start_us, end_us in self._weather.storm:
            yield from self._wind(start_us, end_us)

    def _invented_objects(self, camera: str, zone: str, span: tuple[int, int]) -> Iterator[Emission]:
        numbers = chance(*self._seed, camera, "invented")
        per_us = RATES[rates.OBJECT_INVENTED].rate * self._scale / HOUR_US
        labels, weights = tuple(rates.INVENTED_LABELS), tuple(rates.INVENTED_LABELS.values())
        at_us, number = span[0], 0
        while per_us and (at_us := at_us + int(numbers.expovariate(per_us))) < span[1]:
            number += 1
            gone_us = at_us + int(numbers.uniform(*rates.INVENTED_S) * SECOND_US)
            label = numbers.choices(labels, weights)[0]
            for moment, what in ((at_us, "enter"), (gone_us, "leave")):
                event = CameraObject.model_construct(
                    label=label,
                    track=f"x{at_us // SECOND_US % 100_000}-{number}",
                    event=what,  # type: ignore[arg-type]
                    zone=zone,
                    confidence=round(numbers.uniform(*rates.INVENTED_CONFIDENCE), 2),
                    dwell_s=None if what == "enter" else round((gone_us - at_us) / SECOND_US, 1),
                )
                yield Emission(moment, camera, "camera", event)

    def _wind(self, start_us: int, end_us: int) -> Iterator[Emission]:
        """Gusts shake several segments within seconds, some of them one alone."""
        numbers = chance(*self._seed, start_us, "wind")
        nights = (end_us - start_us) / HOUR_US / rates.STORM_NIGHT_H
        wanted = RATES[rates.WIND_ALARM].rate * self._scale * nights / rates.GUST_SHARE
        gusts = int(wanted) + (numbers.random() < wanted % 1)
        for _ in range(gusts):
            gust_us = start_us + int(numbers.random() * (end_us - start_us))
            for segment in self._estate.segments:
                if numbers.random() >= rates.GUST_SHARE:
                    continue
                at_us = gust_us + int(numbers.random() * rates.GUST_S * SECOND_US)
                alarm = FenceAlarm.model_construct(segment=segment.id, kind="vibration")
                quiet = FenceRestored.model_construct(segment=segment.id, kind="vibration")
                quiet_us = at_us + int(numbers.uniform(2.0, 6.0) * SECOND_US)
                yield Emission(at_us, segment.device, "fence", alarm)
                yield Emission(quiet_us, segment.device, "fence", quiet)


def _with(emission: Emission, event: Event, **changed: object) -> Emission:
    return Emission(emission.at_us, emission.device, emission.family, event.model_copy(update=changed))


def _sent(
    reported: Sequence[Emission], seed: int, scale: float, counters: MutableMapping[str, int]
) -> list[Sent]:
    """The way of the reports to the broker: clocks, counters, repeats, disorder, lateness."""
    numbers = chance(seed, reported[0].at_us // DAY_US, "lines")
    draw = numbers.random
    late_below = RATES[rates.HOURS_LATE].rate * scale
    order_below = late_below + RATES[rates.OUT_OF_ORDER].rate * scale
    twice_below = RATES[rates.SENT_TWICE].rate * scale
    latency_us, spread_us = (int(each * SECOND_US) for each in rates.LATENCY_S)
    clocks: dict[str, int] = {}
    found: list[Sent] = []
    for at_us, device, family, event in map(_parts, reported):
        received_us = at_us + latency_us + int(draw() * spread_us)
        if isinstance(event, (DeviceOffline, DeviceOnline)):
            # The broker tells these, by our clock.
            found.append(Sent(received_us, received_us, device, family, event, 0, False))
            continue
        seq = counters[device] = counters.get(device, 0) + 1
        off_us = clocks.get(device)
        if off_us is None:
            off_us = clocks[device] = clock_off_us(device, seed, scale)
        replay, hit = False, draw()
        if hit < late_below:
            received_us += int(numbers.uniform(*rates.LATE_H) * HOUR_US)
            replay = draw() < rates.LATE_FLAGGED_SHARE
        elif hit < order_below:
            received_us += int(draw() * rates.OVERTAKEN_S * SECOND_US)
        found.append(Sent(at_us + off_us, received_us, device, family, event, seq, replay))
        if draw() < twice_below:
            again_us = received_us + int(numbers.uniform(*rates.TWICE_AFTER_S) * SECOND_US)
            found.append(Sent(at_us + off_us, again_us, device, family, event, seq, replay))
    found.sort(key=_received)
    return found


def _parts(emission: Emission) -> tuple[int, str, str, Event]:
    return emission.at_us, emission.device, emission.family, emission.event


def _received(sent: Sent) -> int:
    return sent.received_us
