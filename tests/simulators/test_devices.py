"""Devices as MQTT clients on a real Mosquitto: last will, sessions, counters, buffers."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from simulators.devices import Camera, Device, Gate
from simulators.link import DeviceLinks
from simulators.message import Identity
from tests.simulators.broker_ear import Ear
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import wait_until

pytestmark = pytest.mark.mosquitto
GATE = Identity("xiegou", "access", "gate-n1")


def now_us() -> int:
    return time.time_ns() // 1_000


@pytest.fixture
def links(mosquitto: Mosquitto) -> Iterator[DeviceLinks]:
    made = DeviceLinks(mosquitto.url, None)
    yield made
    made.close()


def gate(links: DeviceLinks, **more: object) -> Gate:
    return Gate(GATE, links.open(GATE), run="test", now_us=now_us, **more)  # type: ignore[arg-type]


def online(device: Device, links: DeviceLinks) -> None:
    device.online()
    links.settle(10)


def test_a_session_begins_retained_and_a_broken_line_sends_the_last_will_of_that_session(
    mosquitto: Mosquitto, links: DeviceLinks
) -> None:
    device = gate(links)
    with Ear(mosquitto.port) as ear:
        online(device, links)
        [first] = ear.wait_for(1, "/status")
        assert first["state"] == "online"
        device.offline()
        assert ear.wait_for(2, "/status")[1] == {"state": "offline", "session": first["session"]}
        device.online()
        again = ear.wait_for(3, "/status")[2]
        assert again["state"] == "online"
        assert again["session"] != first["session"]
    with Ear(mosquitto.port, client_id="later") as later:
        [(_, _, retained)] = [wait_until(lambda: later.heard("/status"), what="the retained status")[0]]
        assert retained
        assert later.documents("/status") == [again]


def test_events_are_counted_without_holes_and_have_ids_that_follow_from_run_device_and_counter(
    mosquitto: Mosquitto, links: DeviceLinks
) -> None:
    device = gate(links)
    with Ear(mosquitto.port) as ear:
        online(device, links)
        for _ in range(250):
            device.say("opened", now_us())
        events = ear.wait_for(250, "/events")
    assert [event["seq"] for event in events] == list(range(1, 251))
    assert {event["source"] for event in events} == {"estates/xiegou/access/gate-n1"}
    same = Gate(GATE, links.open(GATE), run="test", now_us=now_us)
    assert [same.make("opened", 0).id for _ in range(250)] == [event["id"] for event in events]
    other = Gate(GATE, links.open(GATE), run="another", now_us=now_us)
    assert other.make("opened", 0).id != events[0]["id"]


def test_while_the_broker_is_away_a_device_keeps_what_it_has_to_say_and_tells_it_in_order(
    mosquitto: Mosquitto, links: DeviceLinks
) -> None:
    device = gate(links, replay_after_s=3_600)
    with Ear(mosquitto.port) as ear:
        online(device, links)
        device.say("opened", now_us())
        ear.wait_for(1, "/events")
        ear.renewed()
        mosquitto.stop()
        wait_until(lambda: not any(c.connected.is_set() for c in links._connections), what="the line broke")
        for _ in range(300):
            device.say("closed", now_us())
        assert device.waiting == 300
        mosquitto.start()
        ear.subscribed()
        events = ear.wait_for(301, "/events")
        assert [event["seq"] for event in events] == list(range(1, 302))
        assert not any(event.get("replay") for event in events)
        assert len({status["session"] for status in ear.documents("/status")}) == 2


def test_what_waited_longer_than_the_threshold_is_sent_as_history(
    mosquitto: Mosquitto, links: DeviceLinks
) -> None:
    device = gate(links, replay_after_s=60)
    with Ear(mosquitto.port) as ear:
        device.say("opened", now_us() - 61_000_000)
        device.say("closed", now_us() - 58_000_000)
        online(device, links)
        old, young = ear.wait_for(2, "/events")
        assert old["replay"] is True
        assert "replay" not in young


def test_a_full_buffer_drops_the_oldest_and_says_which(links: DeviceLinks) -> None:
    device = gate(links, buffer_events_max=5)
    for _ in range(8):
        device.say("opened", now_us())
    assert device.waiting == 5
    assert device.dropped == [1, 2, 3]


def test_the_end_of_a_simulation_is_no_last_will_but_a_goodbye_says_offline(
    mosquitto: Mosquitto, links: DeviceLinks
) -> None:
    quiet, polite = gate(links), Identity("xiegou", "camera", "cam-01")
    camera = Camera(polite, links.open(polite), run="test", now_us=now_us, place="building-1")
    with Ear(mosquitto.port) as ear:
        quiet.online()
        camera.online()
        links.settle(10)
        ear.wait_for(2, "/status")
        quiet.close()
        camera.goodbye()
        states = [status["state"] for status in ear.wait_for(3, "/status")]
        camera.close()
    assert states == ["online", "online", "offline"]
    assert [topic for topic, *_ in ear.heard("/status")][2] == polite.status_topic


def test_a_word_a_device_does_not_know_or_data_that_does_not_fit_is_refused(links: DeviceLinks) -> None:
    device = gate(links)
    with pytest.raises(KeyError):
        device.make("reads", 0)
    with pytest.raises(ValueError, match="credential"):
        device.make("granted", 0)
    assert device.seq == 0, "what was not made is not counted"
