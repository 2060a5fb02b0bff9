"""Publishers: raw MQTT 3.1.1 connections that send QoS 1 faster than what is measured can take.

Each runs in a process of its own. A client library would be the bottleneck of the bench, so packets are
put together by hand; the answers are counted, and a publisher is done when the last one has come.
"""

from __future__ import annotations

import multiprocessing
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple

from benchmarks.city import City
from benchmarks.events import Made, Mix, backlog, doors_at, now_iso, side_by_side

ANSWER_S_MAX = 120.0
_SPAWN = multiprocessing.get_context("spawn")


class Login(NamedTuple):
    """Where and as whom to connect."""

    port: int
    client_id: str
    user: str = ""
    password: str = ""


class Connection:
    """One connection: `send` packets, `answered` counts the PUBACKs."""

    def __init__(self, login: Login) -> None:
        self._socket = socket.create_connection(("127.0.0.1", login.port), ANSWER_S_MAX)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(_connect(login))
        answer = self._socket.recv(4)
        if len(answer) != 4 or answer[3]:
            raise SystemExit(f"the broker refuses {login.client_id}: {answer!r}")
        self.sent = self.answered = 0
        self._rest = 0

    def send(self, made: list[Made]) -> None:
        """Publishes, however long the broker takes to read."""
        packets = bytearray()
        for one in made:
            self.sent += 1
            packets += _publish(one, self.sent % 65_000 + 1)
        self._socket.sendall(packets)

    def send_packets(self, packets: list[bytes]) -> None:
        """Sends publishes made before."""
        self.sent += len(packets)
        self._socket.sendall(b"".join(packets))

    def collect(self, wait_s: float) -> None:
        """Counts the answers that come within a time; returns at the first of them."""
        if not select.select([self._socket], [], [], wait_s)[0]:
            return
        data = self._socket.recv(65_536)
        if not data:
            raise SystemExit("the broker closed a publisher's connection")
        self._rest += len(data)
        self.answered, self._rest = self.answered + self._rest // 4, self._rest % 4

    def collect_to(self, open_max: int) -> None:
        """Waits until at most so many are unanswered."""
        deadline = time.monotonic() + ANSWER_S_MAX
        while self.sent - self.answered > open_max:
            if time.monotonic() > deadline:
                raise SystemExit(f"{self.sent - self.answered} publishes were not answered")
            self.collect(1.0)

    def close(self) -> None:
        """Says goodbye."""
        self._socket.sendall(b"\xe0\x00")
        self._socket.close()


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("!H", len(data)) + data


def _packet(head: int, body: bytes) -> bytes:
    length, left = bytearray(), len(body)
    while True:
        left, byte = divmod(left, 128)
        length.append(byte | (0x80 if left else 0))
        if not left:
            return bytes([head]) + bytes(length) + body


def _connect(login: Login) -> bytes:
    flags = 0x02 | (0xC0 if login.user else 0)
    body = b"\x00\x04MQTT\x04" + bytes([flags]) + b"\x00\x00" + _text(login.client_id)
    if login.user:
        body += _text(login.user) + _text(login.password)
    return _packet(0x10, body)


def _publish(made: Made, number: int) -> bytes:
    return _packet(0x32, _text(made.topic) + struct.pack("!H", number) + made.payload)


def _in_lots(made: Iterator[Made], size: int) -> Iterator[list[Made]]:
    lot: list[Made] = []
    for one in made:
        lot.append(one)
        if len(lot) == size:
            yield lot
            lot = []
    if lot:
        yield lot


def flood(login: Login, run: str, count: int) -> None:
    """Publishes a backlog as fast as the broker takes it."""
    connection = Connection(login)
    for lot in _in_lots(backlog(run, count, datetime.now(UTC)), 200):
        connection.send(lot)
        connection.collect_to(5_000)
    connection.collect_to(0)
    connection.close()


def live(
    login: Login, run: str, count: int, window: int, share: tuple[int, int], together: Any, began: Any
) -> None:
    """Publishes the ordinary mix with at most `window` unanswered, as one (from 0) of so many publishers. The
    packets are made before, so that publishers take little of the machine; all publishers begin together;
    `began` gets the time of it."""
    lot = max(1, min(50, window // 4))
    mix = side_by_side(run, count, datetime.now(UTC), *share)
    packets = [_publish(made, number % 65_000 + 1) for number, made in enumerate(mix)]
    lots = [packets[first : first + lot] for first in range(0, count, lot)]
    connection = Connection(login)
    together.wait(ANSWER_S_MAX)
    began.value = time.time()
    for packets in lots:
        connection.send_packets(packets)
        connection.collect_to(window - lot)
    connection.collect_to(0)
    connection.close()


def paced(login: Login, run: str, rate: int, seconds: float, alert_every: int, sent: Any) -> None:
    """Publishes at an even rate; one in `alert_every` is a watched plate: `sent` gets (id, time) of each."""
    mix = Mix(run, doors=doors_at(1 / rate))
    _pace(login, lambda at, watched: mix.watched(at) if watched else mix.ordinary(at), rate, seconds,
          alert_every, sent)  # fmt: skip


def city_paced(
    login: Login, run: str, estates: Sequence[str], rate: int, seconds: float, alert_every: int, sent: Any
) -> None:
    """As `paced`, for a city."""
    _pace(login, City(run, estates).next, rate, seconds, alert_every, sent)


def city_flood(login: Login, run: str, estates: Sequence[str], count: int) -> None:
    """Publishes a backlog of a city's ordinary events as fast as the broker takes it."""
    connection, city = Connection(login), City(run, estates)
    made = (city.next(now_iso(time.time()), False) for _ in range(count))
    for lot in _in_lots(made, 200):
        connection.send(lot)
        connection.collect_to(5_000)
    connection.collect_to(0)
    connection.close()


def _pace(
    login: Login, make: Callable[[str, bool], Made], rate: int, seconds: float, alert_every: int, sent: Any
) -> None:
    connection = Connection(login)
    start = time.time()
    for number in range(int(rate * seconds)):
        due = start + number / rate
        while (left := due - time.time()) > 0:
            connection.collect(left)
        now = time.time()
        alerting = number % alert_every == alert_every - 1
        made = make(now_iso(now), alerting)
        connection.send([made])
        if alerting:
            sent.send((made.id, now))
    connection.collect_to(0)
    connection.close()
    sent.send(None)
    sent.close()


def start(work: Any, *arguments: Any) -> BaseProcess:
    """Runs a publisher in a fresh process."""
    process = _SPAWN.Process(target=work, args=arguments, daemon=True)
    process.start()
    return process


def finish(process: BaseProcess, within_s: float = 600.0) -> None:
    """Waits for a publisher. Raises SystemExit when it failed."""
    process.join(within_s)
    if process.exitcode != 0:
        process.kill()
        raise SystemExit(f"a publisher failed ({process.exitcode})")


def must_alert(run: str, count: int) -> frozenset[str]:
    """The ids in a backlog that alerts must name."""
    return frozenset(one.id for one in backlog(run, count, datetime.now(UTC)) if one.alerts)


def barrier(parties: int) -> Any:
    """Where publishers wait for each other."""
    return _SPAWN.Barrier(parties)


def shared_time() -> Any:
    """A time that several publishers share."""
    return _SPAWN.Value("d", 0.0)


def pipe() -> tuple[Any, Any]:
    """A pipe between the bench and a publisher: receiving and sending end."""
    return _SPAWN.Pipe(duplex=False)
