"""What `gatehouse up --simulate NAME` runs: an estate's never-ending everyday life, over real MQTT.

One connection a device, the wall's clock. Ends when told to; a broker that is away is waited for, since
devices wait for theirs.
"""

from __future__ import annotations

import threading

import structlog

from eventlog.times import from_us, iso
from simulators.daily_life import CASTS, Cast, Doing, Life
from simulators.devices import KINDS, Device
from simulators.link import Credentials, DeviceLinks
from simulators.message import Identity
from simulators.stage import WallClock

CONNECT_EVERY_S = 0.05
"""Devices connect one after the other, so that a small broker is not overrun."""

_log = structlog.get_logger()


def names() -> list[str]:
    """What can be simulated live."""
    return sorted(CASTS)


def cast_of(name: str) -> Cast:
    """The cast of that name; its devices need accounts. Raises LookupError naming those there are."""
    if name not in CASTS:
        raise LookupError(f"nothing called {name!r} can be simulated live; there is: {', '.join(names())}")
    return CASTS[name]


def run(
    name: str,
    *,
    broker_url: str,
    stop: threading.Event,
    credentials: Credentials | None = None,
    seed: int = 0,
) -> None:
    """Simulates until `stop` is set. Raises LookupError for an unknown name, ValueError for a bad address."""
    cast = cast_of(name)
    clock = WallClock()
    links = DeviceLinks(broker_url, credentials)
    started = f"{seed}/live/{iso(from_us(clock.now_us()))}"
    devices = {
        device: _device(cast, device, kind, links, clock, started) for device, kind in cast.devices().items()
    }
    try:
        for device in devices.values():
            device.online()
            if stop.wait(CONNECT_EVERY_S):
                return
        _live(Life(cast, seed), devices, clock, stop)
    finally:
        links.close()


def _device(cast: Cast, name: str, kind: str, links: DeviceLinks, clock: WallClock, started: str) -> Device:
    cls = KINDS[kind]
    who = Identity(cast.estate, cls.family, name)
    return cls(who, links.open(who), run=started, now_us=clock.now_us, place=cast.place(name))


def _live(life: Life, devices: dict[str, Device], clock: WallClock, stop: threading.Event) -> None:
    start_us = clock.now_us()
    for doing in life:
        late_s = (clock.now_us() - start_us - doing.at_us) / 1e6
        if late_s > 60.0:
            # The machine slept, or its clock jumped: life goes on from now, it doesn't catch up.
            _log.warning("the simulation goes on from now", behind_s=round(late_s))
            start_us += int(late_s * 1e6)
        if stop.wait(max(0.0, -late_s)):
            return
        _do(devices[doing.device], doing, clock)


def _do(device: Device, doing: Doing, clock: WallClock) -> None:
    match doing.word:
        case "offline":
            device.offline()
        case "online":
            device.online()
        case word:
            device.say(word, clock.now_us(), **doing.data)
