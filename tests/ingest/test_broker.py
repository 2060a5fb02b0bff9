"""The embedded broker: answers, rights, wills, retained messages, slow and returning subscribers."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from eventlog.memory import MemoryLog
from eventlog.ports import Account
from eventlog.vocabulary import DeviceOffline, DeviceOnline
from ingest import secrets
from ingest.broker import EmbeddedBroker
from ingest.embedded.commits import PENDING_MESSAGES_MAX, GroupCommit
from ingest.embedded.outbox import QUEUE_MESSAGES_MAX, WINDOW, Outbox, Outgoing
from ingest.messages import Message
from tests.ingest.clients import Mqtt, People, embedded, everybody
from tests.ingest.support import GATE, BreakableLog, estate_log, event, message, pipeline_of
from tests.support.net import free_port
from tests.support.waiting import wait_until

GATE_USER, SQUAD, SERVICE = "xiegou.gate-n1", "xiegou.squad.squad-1", "gatehouse"
ALERTS, OPEN = "estates/xiegou/patrol/squad-1/alerts", "estates/xiegou/patrol/squad-1/open"
STATUS = f"{GATE}/status"
ONLINE, OFFLINE = b'{"state":"online","session":"s1"}', b'{"state":"offline","session":"s1"}'


class House:
    """A broker with its log and its people."""

    def __init__(self, broker: EmbeddedBroker, log: MemoryLog, away: BreakableLog, people: People) -> None:
        self.broker, self.log, self.away, self.people = broker, log, away, people

    def enter(
        self,
        user: str,
        *,
        client_id: str = "",
        clean: bool = True,
        will: bytes | None = None,
        manual_ack: bool = False,
        wait: bool = True,
    ) -> Mqtt:
        return Mqtt(
            self.broker.port,
            user,
            self.people.passwords[user],
            client_id=client_id,
            clean=clean,
            will=(STATUS, will) if will else None,
            manual_ack=manual_ack,
            wait=wait,
        )

    def ids(self) -> list[str]:
        return [entry.id for entry in self.log.read(after=0, limit=10_000) if entry.source == GATE]

    def presence(self) -> list[tuple[str, str | None]]:
        events = [entry.event for entry in self.log.read(after=0, limit=10_000)]
        return [
            (one.TYPE.partition(".")[2], one.session)
            for one in events
            if isinstance(one, (DeviceOnline, DeviceOffline))
        ]


@pytest.fixture
def house() -> Iterator[House]:
    people, log = everybody(), estate_log()
    away = BreakableLog(log)
    with embedded(pipeline_of(away), people.accounts) as broker:
        yield House(broker, log, away, people)


def payload(number: int) -> bytes:
    return message(event(number)).payload


@pytest.mark.parametrize("qos", [1, 2])
def test_an_answered_message_is_in_the_log(house: House, qos: int) -> None:
    gate = house.enter(GATE_USER)
    for number in range(20):
        gate.publish(f"{GATE}/events", payload(number), qos=qos)
        assert house.ids()[-1] == str(number)
    gate.close()


def test_qos_0_and_rubbish_are_taken_too(house: House) -> None:
    gate = house.enter(GATE_USER)
    gate.publish(f"{GATE}/events", payload(1), qos=0)
    gate.publish(f"{GATE}/events", b"rubbish")
    wait_until(lambda: house.ids() == ["1"], what="the event")
    assert [one.reject.payload for one in house.log.quarantined()] == [b"rubbish"]
    gate.close()


def test_while_the_log_is_away_nothing_is_answered_but_patrols_are_served(house: House) -> None:
    house.away.away.set()
    gate, squad, service = house.enter(GATE_USER), house.enter(SQUAD), house.enter(SERVICE)
    infos = [gate.client.publish(f"{GATE}/events", payload(number), 1) for number in range(100)]
    wait_until(lambda: house.away.refused >= 2, what="the batch is tried again")
    assert squad.subscribe(ALERTS)
    service.publish(ALERTS, b"while it is away")
    wait_until(lambda: squad.got, what="the alert")
    assert not any(info.is_published() for info in infos)
    house.away.away.clear()
    for info in infos:
        info.wait_for_publish(10)
    assert sorted(house.ids(), key=int) == [str(number) for number in range(100)]
    for client in (gate, squad, service):
        client.close()


def test_a_publish_without_the_right_is_not_answered_and_ends_the_connection(house: House) -> None:
    gate = house.enter(GATE_USER)
    info = gate.client.publish("estates/xiegou/probe/probe-1/events", payload(1), 1)
    assert gate.lost.wait(10)
    assert not info.is_published()
    head, counts = house.log.head(), house.log.quarantine_counts()
    assert (head, dict(counts)) == (5, {})
    gate.close()


def test_a_client_id_belongs_to_its_user(house: House) -> None:
    gate = house.enter(GATE_USER, client_id="same")
    probe = house.enter("xiegou.probe-1", client_id="same")
    stranger = Mqtt(house.broker.port, GATE_USER, "wrong", client_id="same", wait=False)
    assert stranger.refused.wait(10)
    gate.publish(f"{GATE}/events", payload(1))
    probe.publish("estates/xiegou/probe/probe-1/status", b'{"state":"online"}')
    assert not gate.lost.is_set()
    for client in (gate, probe, stranger):
        client.close()


def test_the_same_client_again_ends_its_old_connection_and_is_served_on_the_new(house: House) -> None:
    first = house.enter(SQUAD, client_id="phone", clean=False)
    assert first.subscribe(ALERTS)
    second = house.enter(SQUAD, client_id="phone", clean=False)
    assert first.lost.wait(10)
    service = house.enter(SERVICE)
    service.publish(ALERTS, b"one")
    wait_until(lambda: [one[1] for one in second.got] == [b"one"], what="the alert on the new connection")
    for client in (first, second, service):
        client.close()


def test_a_last_will_is_recorded_and_a_goodbye_is_not_one(house: House) -> None:
    polite = house.enter(GATE_USER, will=OFFLINE)
    polite.publish(STATUS, ONLINE, retain=True)
    polite.close()
    rude = house.enter(GATE_USER, will=OFFLINE.replace(b"s1", b"s2"))
    rude.publish(STATUS, ONLINE.replace(b"s1", b"s2"), retain=True)
    rude.break_off()
    wait_until(lambda: len(house.presence()) == 3, what="the will")
    assert house.presence() == [("online", "s1"), ("online", "s2"), ("offline", "s2")]


def test_the_last_will_of_our_own_service_reaches_everybody_and_stays(house: House) -> None:
    system = "estates/xiegou/system"
    squad = house.enter(SQUAD)
    assert squad.subscribe(system)
    service = Mqtt(house.broker.port, SERVICE, house.people.passwords[SERVICE], will=(system, b"down"))
    service.publish(system, b"up", retain=True)
    service.break_off()
    wait_until(lambda: [one[1] for one in squad.got] == [b"up", b"down"], what="the will")
    late = house.enter(SQUAD)
    assert late.subscribe(system)
    wait_until(lambda: late.got == [(system, b"down", True)], what="the retained will")
    for client in (squad, late):
        client.close()


def test_a_client_silent_for_longer_than_its_keepalive_is_gone(house: House) -> None:
    """A connection whose other end just vanished: nobody says goodbye, nothing breaks."""
    with socket.create_connection(("127.0.0.1", house.broker.port)) as sock:

        def text(content: str | bytes) -> bytes:
            data = content if isinstance(content, bytes) else content.encode()
            return len(data).to_bytes(2, "big") + data

        body = b"\x00\x04MQTT\x04\xee\x00\x01" + text("raw") + text(STATUS) + text(OFFLINE)
        body += text(GATE_USER) + text(house.people.passwords[GATE_USER])
        sock.sendall(b"\x10" + _length(len(body)) + body)
        assert sock.recv(4) == b"\x20\x02\x00\x00"
        wait_until(lambda: house.presence() == [("offline", "s1")], what="its will after 1.5 s of silence")


def _length(size: int) -> bytes:
    return bytes([size]) if size < 128 else bytes([size % 128 | 0x80, size // 128])


def test_retained_messages_reach_those_who_come_late_and_may_read_them(house: House) -> None:
    service, gate = house.enter(SERVICE), house.enter(GATE_USER)
    service.publish(OPEN, b"open list", retain=True)
    service.publish("estates/xiegou/patrol/squad-2/open", b"others", retain=True)
    service.publish("estates/xiegou/safety", b"old", retain=True)
    service.publish("estates/xiegou/safety", b"", retain=True)
    gate.publish(STATUS, ONLINE, retain=True)
    squad = house.enter(SQUAD, client_id="phone", clean=False)
    assert squad.subscribe(OPEN)
    assert squad.subscribe("estates/xiegou/safety")
    assert not squad.subscribe("estates/xiegou/patrol/+/open")
    squad.round_trip()
    assert squad.got == [(OPEN, b"open list", True)]
    squad.close()
    back = house.enter(SQUAD, client_id="phone", clean=False)
    back.round_trip()
    assert not {topic for topic, _, _ in back.got} - {OPEN}
    assert service.subscribe(STATUS)
    wait_until(lambda: (STATUS, ONLINE, True) in service.got, what="the device's status")
    for client in (service, gate, back):
        client.close()


def test_a_phone_gets_what_came_while_it_was_away_and_again_what_it_did_not_answer(house: House) -> None:
    phone = house.enter(SQUAD, client_id="phone", clean=False, manual_ack=True)
    assert phone.subscribe(ALERTS)
    service = house.enter(SERVICE)
    service.publish(ALERTS, b"unanswered")
    wait_until(lambda: phone.got, what="the first")
    phone.break_off()
    service.publish(ALERTS, b"missed")
    back = house.enter(SQUAD, client_id="phone", clean=False)
    wait_until(lambda: [one[1] for one in back.got] == [b"unanswered", b"missed"], what="both, in order")
    for client in (service, back):
        client.close()


def test_a_slow_subscriber_gets_everything_when_it_answers(house: House) -> None:
    phone = house.enter(SQUAD, manual_ack=True)
    assert phone.subscribe(ALERTS)
    service = house.enter(SERVICE)
    for number in range(WINDOW * 3):
        service.publish(ALERTS, str(number).encode())
    wait_until(lambda: len(phone.got) == WINDOW, what="a window full")
    answered = 0
    while answered < WINDOW * 3:
        wait_until(lambda: len(phone.unanswered) > answered, what="the next")  # noqa: B023
        one = phone.unanswered[answered]
        phone.client.ack(one.mid, one.qos)
        answered += 1
    assert [one[1] for one in phone.got] == [str(number).encode() for number in range(WINDOW * 3)]
    for client in (phone, service):
        client.close()


def test_what_waits_for_a_subscriber_is_bounded_and_the_oldest_go_first() -> None:
    class Line:
        def __init__(self) -> None:
            self.written: list[bytes] = []

        def write(self, data: bytes) -> None:
            self.written.append(data)

        def unsent(self) -> int:
            return 0

    box = Outbox()
    for number in range(QUEUE_MESSAGES_MAX + 10):
        box.offer(Outgoing("t", str(number).encode(), 1, False))
    assert box.dropped == 10
    line = Line()
    box.connect(line)
    assert len(line.written) == WINDOW
    assert line.written[0].endswith(b"10")


def test_past_the_bound_connections_are_not_read_until_the_log_is_back() -> None:
    away = BreakableLog(estate_log())
    away.away.set()

    class Sender:
        def __init__(self) -> None:
            self.answered: list[int] = []

        def recorded(self, message: Message, number: int) -> None:
            self.answered.append(number)

        def flush(self) -> None: ...

    async def fill() -> list[int]:
        commits, sender = GroupCommit(pipeline_of(away), threading.Event()), Sender()
        for number in range(PENDING_MESSAGES_MAX):
            await asyncio.wait_for(commits.room(), 1)
            commits.put(message(event(number)), number, sender)
        running = asyncio.create_task(commits.run())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(commits.room(), 0.3)
        assert not sender.answered
        away.away.clear()
        await asyncio.wait_for(commits.room(), 20)
        commits.close()
        await running
        return sender.answered

    assert asyncio.run(fill()) == list(range(PENDING_MESSAGES_MAX))


def test_accounts_count_at_once_when_made_and_soon_when_taken_away(house: House) -> None:
    user = house.people.add("xiegou.gate-new", "device", "access/gate-new")
    fresh = house.enter(user)
    house.people.accounts.remove(user, "device")
    assert fresh.lost.wait(10)
    refused = house.enter(user, wait=False)
    assert refused.refused.wait(10)
    gate = house.enter(GATE_USER)
    secret = secrets.new_secret()
    house.people.accounts.put(
        Account(GATE_USER, "device", "xiegou", "access/gate-n1", secret_hash=secret.secret_hash)
    )
    assert gate.lost.wait(10)
    for client in (fresh, refused, gate):
        client.close()


def test_what_the_service_publishes_is_handed_on_and_not_recorded(house: House) -> None:
    service, squad = house.enter(SERVICE), house.enter(SQUAD)
    assert squad.subscribe(ALERTS)
    service.publish(ALERTS, b"alert")
    service.publish(f"{GATE}/events", payload(1))
    wait_until(lambda: squad.got == [(ALERTS, b"alert", False)], what="the alert")
    assert house.ids() == []
    assert not house.log.quarantined()
    for client in (service, squad):
        client.close()


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x10\xff\xff\xff\xff\xff",
        b"\x10\x00",
        b"\x10\x0c\x00\x04MQTT\x05\x02\x00\x00\x00\x00",
        b"\x30\x05\x00\x01axx",
        b"\x00" * 64,
        b"\x10\x10\x00\x04MQTT\x04\xc2\x00\x00\x00\x00\x00\x01a",
    ],
)
def test_whoever_speaks_nonsense_is_put_out_and_nobody_else_notices(house: House, data: bytes) -> None:
    gate = house.enter(GATE_USER)
    with socket.create_connection(("127.0.0.1", house.broker.port)) as sock:
        sock.settimeout(10)
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(100):
            pass
    gate.publish(f"{GATE}/events", payload(1))
    assert house.ids() == ["1"]
    gate.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\x36\x04\x00\x01ab",  # QoS 3
        b"\x32\x02\x00\x09",  # a topic longer than the packet
        b"\x82\x00",  # SUBSCRIBE with nothing in it
        b"\x10\x02\x00\x00",  # a second CONNECT
        b"\xf0\x00",
        b"\x30\x03\x00\x01+",
        b"\xff\xff\xff\xff\xff\x00",
    ],
)
def test_nonsense_from_a_signed_in_client_ends_its_connection_only(house: House, data: bytes) -> None:
    gate, other = house.enter(GATE_USER), house.enter("xiegou.probe-1")
    sock = gate.client.socket()
    assert sock
    sock.sendall(data)
    assert gate.lost.wait(10)
    other.publish("estates/xiegou/probe/probe-1/status", ONLINE)
    for client in (gate, other):
        client.close()


def test_a_device_that_did_not_come_back_after_a_restart_is_recorded_as_offline() -> None:
    people, log = everybody(), estate_log()
    with embedded(pipeline_of(log), people.accounts) as broker:
        for user, topic in ((GATE_USER, STATUS), ("xiegou.probe-1", "estates/xiegou/probe/probe-1/status")):
            client = Mqtt(broker.port, user, people.passwords[user])
            client.publish(topic, ONLINE)
            client.close()
    with embedded(pipeline_of(log), people.accounts, back_within_s=1.0) as broker:
        back = Mqtt(broker.port, GATE_USER, people.passwords[GATE_USER])
        wait_until(lambda: log.head() == 8, what="the one that is missing")
        back.close()
    last = log.read_back(limit=1)[0]
    assert isinstance(last.event, DeviceOffline)
    assert (last.event.device, last.event.session) == ("probe-1", "s1")


def test_a_port_that_is_taken_is_said_so() -> None:
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        broker = EmbeddedBroker(pipeline_of(estate_log()), everybody().accounts, "127.0.0.1", port)
        with pytest.raises(OSError, match=str(port)):
            broker.run(threading.Event())
