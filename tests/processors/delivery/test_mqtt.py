"""Publishing from the log to a real Mosquitto: topics, retained lists, what is sent again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from eventlog.times import iso
from eventlog.vocabulary import (
    AccessDenied,
    Alert,
    CommandAccept,
    CommandAssign,
    CommandClose,
    CommandShelve,
    ReportSubmitted,
    SquadRemoved,
    SquadSet,
    VehicleSet,
    Words,
)
from processors.delivery.mqtt import BATCH, READER, MqttDelivery
from processors.runners.embedded import READER as DECIDER
from tests.processors.estate import NAME
from tests.processors.live import Live
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt import Listener
from tests.support.waiting import wait_until

pytestmark = pytest.mark.mosquitto

DESK = f"estates/{NAME}/alerts"
SAFETY = f"estates/{NAME}/safety"
SYSTEM = f"estates/{NAME}/system"


def squad(name: str, what: str = "alerts") -> str:
    """A topic of a squad."""
    return f"estates/{NAME}/patrol/{name}/{what}"


@dataclass
class Post:
    """A delivery that runs, and somebody who hears everything."""

    live: Live
    broker: Mosquitto
    stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def delivering(self, **how: Any) -> Iterator[MqttDelivery]:
        """Runs a delivery for a while."""
        stop = threading.Event()
        delivery = MqttDelivery(self.live.log, url=self.broker.url, **how)
        thread = threading.Thread(target=delivery.run, args=(stop,))
        thread.start()
        try:
            wait_until(delivery.ready.is_set, what="the delivery is connected")
            yield delivery
        finally:
            stop.set()
            thread.join(10)
            assert not thread.is_alive()

    @contextmanager
    def listening(self, *topics: str) -> Iterator[Listener]:
        """Somebody who hears topics; everything by default."""
        listener = Listener(self.broker.url, "", "", topics or ("estates/#",))
        try:
            yield listener
        finally:
            listener.close()

    def answered(self) -> None:
        """Waits until the position has come to the end of the log."""
        wait_until(lambda: self.live.log.position(READER) == self.live.log.head(), what="all is answered")


@pytest.fixture
def post(mosquitto: Mosquitto) -> Post:
    return Post(Live(), mosquitto)


def command(kind: type[Any], alert: Alert, **more: Any) -> Any:
    return kind(**{"alert": alert.id, "by": "wang", "role": "operator", **more})


def test_every_change_goes_to_the_control_room_and_to_the_squad(post: Post) -> None:
    with post.listening() as hears, post.delivering():
        alert = post.live.burst()
        post.live.command(command(CommandAccept, alert, by="li", role="member"))
        hears.wait_for(lambda each: each["event"] == "alert.accepted", squad("squad-1"))
        desk, patrol = hears.of(DESK), hears.of(squad("squad-1"))
    assert [each["event"] for each in desk] == ["alert.raised", "alert.assigned", "alert.accepted"]
    assert patrol == desk
    first, last = desk[0], desk[-1]
    assert (first["id"], first["state"], first["version"], first["resent"]) == (alert.id, "raised", 1, False)
    assert first["title"]["zh"]
    assert first["evidence"] == list(alert.evidence)
    assert (last["state"], last["assignee"], last["by"]) == ("accepted", "li", "li")
    assert hears.of(squad("squad-2")) == []


def test_the_squad_an_alert_is_taken_from_is_told(post: Post) -> None:
    with post.listening() as hears, post.delivering():
        post.live.command(command(CommandAssign, post.live.burst(), squad="squad-2"))
        hears.wait_for(lambda each: each["event"] == "alert.assigned", squad("squad-1"))
        hears.wait_for(lambda each: each["event"] == "alert.assigned", squad("squad-2"))
        hears.wait_for(lambda each: len(each["alerts"]) == 1, squad("squad-2", "open"))
        wait_until(lambda: hears.of(squad("squad-1", "open"))[-1]["alerts"] == [], what="it is off the list")


def test_a_phone_that_joins_late_finds_the_open_alerts(post: Post) -> None:
    alert = post.live.burst()
    with post.delivering():
        with post.listening(squad("squad-1", "open")) as hears:
            found = hears.wait_for(lambda each: each["alerts"])
            assert [each["id"] for each in found["alerts"]] == [alert.id]
            assert hears.heard[0].retained
            post.live.command(command(CommandClose, alert, disposition="genuine"))
            later = hears.wait_for(lambda each: not each["alerts"])
            assert later["version"] > found["version"]


def test_the_open_list_has_the_fifty_most_severe_and_newest(post: Post) -> None:
    live = post.live
    for number in range(55):
        for _ in range(3):
            live.say(_denial(f"door-{number}", None))
        live.after(seconds=1)
    live.burst("gate-n1")
    with post.delivering(), post.listening(squad("squad-1", "open")) as hears:
        found = hears.wait_for(lambda each: each["alerts"])
    assert (len(found["alerts"]), found["total"]) == (50, 55)
    assert found["alerts"][0]["key"] == "door:door-54"


def test_late_alerts_are_not_pushed_to_squads_and_shelved_ones_a_last_time(post: Post) -> None:
    live = post.live
    with post.listening() as hears, post.delivering():
        alert = live.burst()
        until = live.now + timedelta(hours=1)
        live.command(command(CommandShelve, alert, until=until, note="painters"))
        live.now -= timedelta(hours=3)
        late = [live.new(event) for event in (_denial("building-4", card) for card in "xyz")]
        live.now += timedelta(hours=3)
        live.log.append([each._replace(received_us=each.received_us + 3 * 3_600_000_000) for each in late])
        live.run()
        hears.wait_for(lambda each: each["late"], DESK)
        post.answered()
        wait_until(lambda: hears.of(squad("squad-1", "open"))[-1]["alerts"] == [], what="nothing is listed")
    assert [each["event"] for each in hears.of(squad("squad-1"))] == ["alert.raised", "alert.shelved"]
    assert [each["event"] for each in hears.of(DESK)] == ["alert.raised", "alert.shelved", "alert.raised"]


def _denial(door: str, card: str | None) -> AccessDenied:
    return AccessDenied(door=door, credential=card, method="card", direction="in", reason="unknown")


def test_a_squad_hears_of_its_report_in_the_words_of_whoever_made_it(post: Post) -> None:
    with post.listening() as hears, post.delivering():
        said = ReportSubmitted(
            channel="app", category="lift", location="building-3", text="卡在四楼", reporter="吴女士"
        )
        post.live.say(said, source=f"estates/{NAME}/report/desk")
        post.live.run()
        hears.wait_for(lambda each: each["event"] == "report.assigned", squad("squad-1", "reports"))
        hears.wait_for(lambda each: each["event"] == "report.assigned", f"estates/{NAME}/reports")
        patrol = hears.of(squad("squad-1", "reports"))
        heard = str([each.json for each in hears.heard])
    assert [each["text"] for each in patrol] == ["卡在四楼"]
    assert "吴女士" not in heard


def test_levels_are_retained(post: Post) -> None:
    with post.delivering():
        post.live.burst()
        with post.listening(SAFETY) as hears:
            found = hears.wait_for(lambda each: each["level"] == "watch")
            assert hears.heard[0].retained
    assert found["zones"]["building-3"] == {"level": "watch"}
    assert (found["zones"]["yard"]["level"], found["count"]) == ("safe", 1)


def test_thousands_of_registers_renew_what_is_retained_once(post: Post) -> None:
    """As at a first start behind an import: each batch of them made every retained topic anew, and alerts
    waited behind that."""
    for number in range(1_500):
        post.live.say(VehicleSet(plate=f"京A{number:05d}", groups=("resident",)), source="f")
    with post.listening() as hears, post.delivering():
        alert = post.live.burst()
        hears.wait_for(lambda each: each["id"] == alert.id, DESK)
        post.answered()
        wait_until(lambda: hears.of(squad("squad-1", "open"))[-1]["total"] == 1, what="the list has it")
        levels = len(hears.of(SAFETY))
    assert 1 <= levels < 1_500 // BATCH, "less often than there are batches"


def test_our_own_status_beats_and_says_goodbye(post: Post) -> None:
    with post.listening(SYSTEM) as hears:
        with post.delivering(heartbeat_s=0.05):
            post.live.burst()
            beat = hears.wait_for(lambda each: each.get("head") == post.live.log.head())
            post.live.now += timedelta(seconds=5)
            hears.wait_for(lambda each: each.get("at") == iso(post.live.now))
            assert beat["state"] == "online"
            assert beat["positions"]["decider"] == post.live.log.position(DECIDER)
        wait_until(lambda: hears.of(SYSTEM)[-1]["state"] == "offline", what="it says goodbye")


def test_when_the_connection_dies_the_last_will_speaks(post: Post) -> None:
    with post.listening(SYSTEM) as hears, post.delivering(heartbeat_s=0.2) as delivery:
        hears.wait_for(lambda each: each["state"] == "online")
        session: Any = delivery._session
        session._status[NAME]._client.socket().shutdown(socket.SHUT_RDWR)
        hears.wait_for(lambda each: each["state"] == "offline")
        wait_until(lambda: hears.of(SYSTEM)[-1]["state"] == "online", timeout_s=15, what="it is back")


def test_what_was_not_answered_before_a_start_is_sent_again_and_says_so(post: Post) -> None:
    post.live.burst()
    with post.listening() as hears, post.delivering():
        first = hears.wait_for(lambda each: True, DESK)
        post.live.after(minutes=2)
        post.live.burst()
        second = hears.wait_for(lambda each: each["version"] == 2, DESK)
    assert (first["resent"], second["resent"]) == (True, False)


def test_what_was_answered_is_not_sent_again(post: Post) -> None:
    with post.delivering():
        post.live.burst()
        post.answered()
    with post.listening() as hears, post.delivering():
        post.live.burst("building-4")
        hears.wait_for(lambda each: each["key"] == "door:building-4", DESK)
    assert len(hears.of(DESK)) == 1


def test_it_comes_back_after_the_broker_did_and_nothing_is_lost(post: Post) -> None:
    with post.delivering() as delivery:
        post.live.burst()
        post.answered()
        post.broker.stop()
        wait_until(lambda: not delivery.ready.is_set(), what="the delivery notices")
        alert = post.live.burst("building-4")
        post.broker.start()
        with post.listening() as hears:
            told = hears.wait_for(lambda each: each["id"] == alert.id, DESK)
            assert told["event"] == "alert.raised"
            assert not told["resent"]
            listed = hears.wait_for(lambda each: len(each["alerts"]) == 2, squad("squad-1", "open"))
            assert alert.id in {each["id"] for each in listed["alerts"]}


def test_the_list_of_a_squad_that_is_no_more_is_cleared(post: Post) -> None:
    with post.delivering():
        post.live.say(SquadSet(squad="squad-3", name=Words(zh="三", en="three")))
        post.live.run()
        with post.listening(squad("squad-3", "open")) as hears:
            wait_until(lambda: hears.heard, what="a list")
            post.live.say(SquadRemoved(entry="squad-3"))
            post.live.run()
            wait_until(lambda: hears.heard[-1].payload == b"", what="it is cleared")
        post.live.say(SquadSet(squad="squad-3", name=Words(zh="三", en="three")))
        post.answered()
    post.live.say(SquadRemoved(entry="squad-3"))
    with post.delivering(), post.listening(squad("squad-2", "open"), squad("squad-3", "open")) as hears:
        wait_until(lambda: hears.heard, what="the list of a squad that is there")
        assert {each.topic for each in hears.heard} == {squad("squad-2", "open")}


def test_a_second_delivery_stands_by(post: Post) -> None:
    second = MqttDelivery(post.live.log, url=post.broker.url, client_id="second")
    stop = threading.Event()
    with post.listening() as hears:
        with post.delivering():
            thread = threading.Thread(target=second.run, args=(stop,))
            thread.start()
            post.live.burst()
            post.answered()
            assert not second.ready.is_set()
        wait_until(second.ready.is_set, what="the second takes over")
        post.live.burst("building-4")
        hears.wait_for(lambda each: each["key"] == "door:building-4", DESK)
        stop.set()
        thread.join(10)
    assert len(hears.of(DESK)) == 2


def test_an_address_that_is_none_is_refused() -> None:
    delivery = MqttDelivery(Live().log, url="http://somewhere")
    with pytest.raises(ValueError, match="expected mqtt://host:port"):
        delivery.run(threading.Event())
