"""Events a second through the embedded broker to durable: publish with QoS 1 to PUBACK.

The broker runs in a process of its own; four publishers, each with its own connection and a window of
unanswered messages, run in another one on the same machine.

    python -m benchmarks.ingest_broker --events 30000 --publishers 4 --window 100
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import selectors
import socket
import statistics
import struct
import tempfile
import threading
import time
from typing import Any

from benchmarks.ingest_client import ESTATE, KEY, messages, open_bench_log, publish_packet, registers
from eventlog.memory import MemoryAccounts
from eventlog.ports import Account
from ingest import secrets
from ingest.broker import EmbeddedBroker
from ingest.pipeline import Pipeline

USER = f"{ESTATE}.gateway.bench"


def serve(url: str, secret_hash: str, port: Any, recorded: Any, stop: Any) -> None:
    """The broker's process."""
    log = open_bench_log(url)
    log.append(registers())
    head = log.head()
    accounts = MemoryAccounts()
    accounts.put(Account(USER, "gateway", ESTATE, "bench", secret_hash=secret_hash))
    broker = EmbeddedBroker(Pipeline(log, hmac_key=KEY), accounts, port=0)
    ending = threading.Event()
    running = threading.Thread(target=broker.run, args=(ending,))
    running.start()
    broker.ready.wait(10)
    port.value = broker.port
    stop.wait()
    ending.set()
    running.join()
    recorded.value = log.head() - head
    log.close()


class Publisher:
    """One connection with a window of unanswered messages."""

    def __init__(self, port: int, name: str, token: str, packets: list[bytes], window: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        texts = b"".join(struct.pack("!H", len(text)) + text.encode() for text in (name, USER, token))
        body = b"\x00\x04MQTT\x04\xc2\x00\x00" + texts
        self.sock.sendall(bytes([0x10, len(body)]) + body)
        if self.sock.recv(4) != b"\x20\x02\x00\x00":
            raise SystemExit("the broker refuses the publisher")
        self.packets, self.window = packets, window
        self.sent = self.answered = 0

    def push(self) -> None:
        """Sends what the window allows."""
        upto = min(self.answered + self.window, len(self.packets))
        if upto > self.sent:
            self.sock.sendall(b"".join(self.packets[self.sent : upto]))
            self.sent = upto

    def answer(self) -> None:
        """Reads answers."""
        data = self.sock.recv(65536)
        if not data:
            raise SystemExit("the broker closed the connection")
        self.answered += len(data) // 4


def publish(port: int, token: str, events: int, count: int, window: int, seconds: Any) -> None:
    """The publishers' process."""
    run = str(time.time_ns())
    pairs = list(messages(events, run))
    packets = [publish_packet(topic, body, number % 65_000 + 1) for number, (topic, body) in enumerate(pairs)]
    publishers = [Publisher(port, f"{run}-{n}", token, packets[n::count], window) for n in range(count)]
    started = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for one in publishers:
            selector.register(one.sock, selectors.EVENT_READ, one)
            one.push()
        while any(one.answered < len(one.packets) for one in publishers):
            for key, _ in selector.select():
                key.data.answer()
                key.data.push()
    seconds.value = time.perf_counter() - started


def main() -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=30_000)
    parser.add_argument("--publishers", type=int, default=4)
    parser.add_argument("--window", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--log", choices=("sqlite", "memory"), default="sqlite")
    chosen = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    port, recorded, seconds = context.Value("i", 0), context.Value("i", 0), context.Value("d", 0.0)
    stop, secret = context.Event(), secrets.new_secret()
    rates = []
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
        url = "memory" if chosen.log == "memory" else f"sqlite:///{folder}/gatehouse.db"
        server = context.Process(target=serve, args=(url, secret.secret_hash, port, recorded, stop))
        server.start()
        while not port.value:
            time.sleep(0.05)
        for _ in range(chosen.rounds):
            sending = (port.value, secret.token, chosen.events, chosen.publishers, chosen.window, seconds)
            client = context.Process(target=publish, args=sending)
            client.start()
            client.join()
            if client.exitcode:
                raise SystemExit(client.exitcode)
            rates.append(chosen.events / seconds.value)
        stop.set()
        server.join()
    if recorded.value != chosen.events * chosen.rounds:
        raise SystemExit(f"{recorded.value} events recorded, {chosen.events * chosen.rounds} answered")
    result = {
        "events_per_round": chosen.events,
        "publishers": chosen.publishers,
        "window": chosen.window,
        "log": chosen.log,
        "embedded_per_s": round(statistics.median(rates)),
        "rates": [round(rate) for rate in rates],
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
