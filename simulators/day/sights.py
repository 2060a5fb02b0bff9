"""What cameras and probes report of somebody who passes: a track that enters and leaves, a radio. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from eventlog.vocabulary import CameraObject, ProbeSighting
from simulators.day.moments import SECOND_US
from simulators.day.people import address
from simulators.day.truth import Emission

STAY_EVERY_S = 60
"""How often a camera says that a track is still there."""
UNSURE = 0.04
"""Detections of what is really there that the camera is unsure of."""


def confidence(numbers: Random) -> float:
    """How sure a camera is of something that is there."""
    low, high = (0.55, 0.72) if numbers.random() < UNSURE else (0.74, 0.98)
    return round(low + (high - low) * numbers.random(), 2)


def track(
    camera: str,
    zone: str,
    name: str,
    from_us: int,
    until_us: int,
    numbers: Random,
    label: str = "person",
) -> Iterator[Emission]:
    """One object in the picture from when until when; that it is still there is told every minute."""

    def seen(at_us: int, what: str) -> Emission:
        event = CameraObject.model_construct(
            label=label,
            track=name,
            event=what,  # type: ignore[arg-type]
            zone=zone,
            confidence=confidence(numbers),
            dwell_s=None if what == "enter" else round((at_us - from_us) / SECOND_US, 1),
        )
        return Emission(at_us, camera, "camera", event)

    yield seen(from_us, "enter")
    still_us = from_us + STAY_EVERY_S * SECOND_US
    while still_us < until_us:
        yield seen(still_us, "stay")
        still_us += STAY_EVERY_S * SECOND_US
    yield seen(until_us, "leave")


def radio(probe: str, at_us: int, own_address: str | None, numbers: Random) -> Emission:
    """A phone seen by a probe: by its own address, or one that it made up just now."""
    event = ProbeSighting.model_construct(
        address=own_address or address(numbers, own=False),
        randomised=own_address is None,
        rssi=-40 - int(45 * numbers.random()),
        radio="wifi" if numbers.random() < 0.7 else "ble",
    )
    return Emission(at_us, probe, "probe", event)
