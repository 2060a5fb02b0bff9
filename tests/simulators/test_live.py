"""The live simulation: its cast is the pilot's, its day repeatable and calm, with every kind of incident."""

from __future__ import annotations

import threading
from itertools import takewhile

import pytest
import yaml

from simulators.daily_life import CASTS, PILOT, SECOND_US, Doing, Life
from simulators.devices import KINDS
from simulators.devices.base import event_data
from simulators.live import cast_of, run
from tests.simulators.broker_ear import Ear
from tests.simulators.test_scenarios import MORNING_US
from tests.simulators.virtual import VirtualSystem
from tests.support.mosquitto import Mosquitto
from tests.support.parts import ROOT

MINUTE_US = 60 * SECOND_US
PRESENCE = {"online", "offline"}


def day(minutes: int, seed: int = 0) -> list[Doing]:
    return list(takewhile(lambda doing: doing.at_us < minutes * MINUTE_US, Life(PILOT, seed)))


def test_the_cast_is_in_the_estate_file() -> None:
    estate = yaml.safe_load((ROOT / "examples/pilot/estate.yaml").read_text("utf-8"))
    assert estate["estate"] == PILOT.estate
    families = {device["id"]: family for family, some in estate["devices"].items() for device in some}
    for device, kind in PILOT.devices().items():
        assert families[device] == KINDS[kind].family
    assert {lane for lanes in PILOT.lanes.values() for lane in lanes} == {
        lane for gate in estate["gates"] for lane in gate["lanes"]
    }
    groups = {vehicle["plate"]: vehicle["groups"] for vehicle in estate["vehicles"]}
    assert all(groups[plate] == ["resident"] for plate in PILOT.residents)
    assert set(PILOT.watched) <= set(estate["watch_lists"]["stolen"]["entries"])
    assert not {*PILOT.strangers, *PILOT.watched} & set(groups)


def test_a_day_is_in_order_repeatable_and_every_doing_is_an_event() -> None:
    doings = day(30, seed=4)
    assert doings == day(30, seed=4)
    assert doings != day(30, seed=5)
    assert [doing.at_us for doing in doings] == sorted(doing.at_us for doing in doings)
    kinds = PILOT.devices()
    for doing in doings:
        if doing.word not in PRESENCE:
            event_data(KINDS[kinds[doing.device]], doing.word, doing.data, place=PILOT.place(doing.device))


def test_it_is_lively_but_calm() -> None:
    doings = day(60)
    assert 2_000 < len([doing for doing in doings if doing.word != "heartbeat"]) < 10_000


def test_twenty_minutes_of_it_raise_each_of_its_incidents_and_nothing_at_calm_doors() -> None:
    system = VirtualSystem("examples/pilot/estate.yaml")
    _perform(system, day(20))
    alerts = {alert.id: alert for alert in system.alerts()}.values()
    assert {alert.rule for alert in alerts} >= {
        "door_forced", "door_held_open", "repeated_denials", "vehicle_not_permitted", "watchlist_plate",
        "device_offline",
    }  # fmt: skip
    at_doors = {alert.key for alert in alerts if alert.rule.startswith("door_")}
    assert at_doors.isdisjoint(PILOT.doors), "nothing happens at the doors of calm days"
    first = min(alert.raised_at for alert in alerts)
    assert (first.timestamp() - MORNING_US / 1e6) < 20


def _perform(system: VirtualSystem, doings: list[Doing]) -> None:
    """The same on one ordered connection, in virtual time."""
    from simulators.link import SharedLink
    from simulators.message import Identity
    from simulators.stage import PacedClock

    clock, link = PacedClock(MORNING_US, 0), SharedLink(system.publish)
    link.tell_time(PILOT.estate, MORNING_US)
    devices = {}
    for name, kind in PILOT.devices().items():
        who = Identity(PILOT.estate, KINDS[kind].family, name)
        devices[name] = KINDS[kind](
            who, link.open(who), run="t", now_us=clock.now_us, place=PILOT.place(name)
        )
        devices[name].online()
    for doing in doings:
        at_us = MORNING_US + doing.at_us
        clock.wait_until(at_us)
        link.tell_time(PILOT.estate, at_us)
        device = devices[doing.device]
        if doing.word in PRESENCE:
            {"online": device.online, "offline": device.offline}[doing.word]()
        else:
            device.say(doing.word, at_us, **doing.data)


@pytest.mark.mosquitto
def test_it_lives_on_a_real_broker_until_it_is_stopped(mosquitto: Mosquitto) -> None:
    stop = threading.Event()
    thread = threading.Thread(
        target=run, args=("pilot",), kwargs={"broker_url": mosquitto.url, "stop": stop, "seed": 1}
    )
    with Ear(mosquitto.port, "estates/xiegou/#") as ear:
        thread.start()
        online = ear.wait_for(len(PILOT.devices()), "/status")
        events = ear.wait_for(5, "/events")
        stop.set()
        thread.join(8)
        assert not thread.is_alive()
        assert [status["state"] for status in ear.documents("/status")] == ["online"] * len(online)
    assert all(event["source"].startswith("estates/xiegou/") for event in events)


def test_an_unknown_name_is_told_with_those_there_are() -> None:
    with pytest.raises(LookupError, match="pilot"):
        cast_of("pilt")
    assert cast_of("pilot") is CASTS["pilot"]
