"""Events a second from Mosquitto to durable, as a ratio to a bare paho subscriber in the same run.

A backlog waits in the persistent sessions of both; each drains its own in a process of its own, with
nothing else running, in turns. The bare one counts and acknowledges by hand, nothing more. Also the
CPU time of judging one event (`Pipeline.judge`, what `take` does besides the commit).

    python -m benchmarks.ingest_client --events 30000 --rounds 3
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import socket
import statistics
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from eventlog import codec
from eventlog.memory import MemoryLog
from eventlog.ports import EventLog
from eventlog.sql import open_log
from eventlog.vocabulary import DeviceSet, EstateSet, Words
from ingest.client import MqttIngest
from ingest.messages import Message
from ingest.pipeline import Pipeline
from ingest.shards import SUBSCRIPTIONS

ESTATE, DOORS = "bench", 40
KEY = b"benchmark-key-of-32-bytes-length"


def registers() -> list[Any]:
    """The estate that the events are of."""
    at = datetime(2026, 11, 22, tzinfo=UTC)
    name = Words(zh="试验", en="Bench")
    events = [EstateSet(name=name)] + [
        DeviceSet(device=f"door-{n}", family="access", zone="all") for n in range(DOORS)
    ]
    return [
        codec.make(event, estate=ESTATE, source=f"estates/{ESTATE}/registry", event_id=f"r{n}", at=at)
        for n, event in enumerate(events)
    ]


def messages(count: int, run: str) -> Iterator[tuple[str, bytes]]:
    """Topics and payloads of ordinary door events."""
    at = datetime.now(UTC).isoformat()
    for number in range(count):
        source = f"estates/{ESTATE}/access/door-{number % DOORS}"
        data = {
            "door": f"door-{number % DOORS}",
            "credential": f"card-{number % 5000:04}",
            "method": "card",
            "direction": "in",
        }
        document = {
            "specversion": "1.0",
            "id": f"{run}-{number:08}",
            "source": source,
            "type": "access.granted",
            "time": at,
            "data": data,
        }
        yield f"{source}/events", json.dumps(document, separators=(",", ":")).encode()


def flood(port: int, pairs: Iterator[tuple[str, bytes]]) -> None:
    """Publishes QoS 1 from one raw connection, and waits for the last answer."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        name = b"bench-publisher"
        sock.sendall(bytes([0x10, 12 + len(name)]) + b"\x00\x04MQTT\x04\x02\x00\x00"
                     + struct.pack("!H", len(name)) + name)  # fmt: skip
        sock.recv(4)
        answered = threading.Event()
        total = [0, -1]

        def count() -> None:
            while total[0] != total[1]:
                total[0] += len(sock.recv(65536))
            answered.set()

        reader = threading.Thread(target=count, daemon=True)
        reader.start()
        sent, buffer = 0, bytearray()
        for topic, payload in pairs:
            sent += 1
            buffer += publish_packet(topic, payload, (sent - 1) % 65000 + 1)
            if len(buffer) > 60_000:
                sock.sendall(buffer)
                buffer.clear()
                while sent - total[0] // 4 > 5_000:
                    time.sleep(0.001)
        total[1] = sent * 4
        sock.sendall(buffer)
        if not answered.wait(120):
            raise SystemExit("the broker did not answer the flood")


def publish_packet(topic: str, payload: bytes, number: int) -> bytes:
    """An MQTT 3.1.1 PUBLISH of QoS 1."""
    body = struct.pack("!H", len(topic)) + topic.encode() + struct.pack("!H", number) + payload
    length, left = bytearray(), len(body)
    while True:
        byte, left = left % 128, left // 128
        length.append(byte | (0x80 if left else 0))
        if not left:
            return b"\x32" + bytes(length) + body


def bare(port: int, expected: int, seconds: Any) -> None:
    """paho as documented: counts and acknowledges by hand."""
    client = Client(CallbackAPIVersion.VERSION2, client_id="bench-bare", clean_session=False, manual_ack=True)
    count = 0

    def on_message(client: Client, _: Any, message: MQTTMessage) -> None:
        nonlocal count
        count += 1
        client.ack(message.mid, message.qos)

    client.on_message = on_message
    client.on_connect = lambda c, *_: c.subscribe([(topic, 1) for topic in SUBSCRIPTIONS])
    client.connect("127.0.0.1", port)
    started = time.perf_counter()
    while count < expected:
        client.loop(1.0)
    seconds.value = time.perf_counter() - started
    client.disconnect()


def ingest(port: int, expected: int, url: str, seconds: Any) -> None:
    """Gatehouse's ingest into a log."""
    log = open_bench_log(url)
    pipeline = Pipeline(log, hmac_key=KEY)
    client = MqttIngest(pipeline, url=f"mqtt://127.0.0.1:{port}", client_id="bench-ingest")
    log.append(registers())
    head = log.head()
    stop = threading.Event()
    taken, take = 0, pipeline.take

    def counted(batch: list[Message], stop_: threading.Event | None = None) -> None:
        nonlocal taken
        take(batch, stop_)
        taken += len(batch)
        if taken >= expected:
            seconds.value = time.perf_counter() - started
            stop.set()

    pipeline.take = counted  # type: ignore[assignment,method-assign]
    started = time.perf_counter()
    client.run(stop)
    recorded = log.head() - head
    if expected and recorded != expected:
        raise SystemExit(f"{recorded} events recorded, {expected} sent")
    log.close()


def open_bench_log(url: str) -> EventLog:
    """The log under test."""
    return MemoryLog() if url == "memory" else open_log(url)


def in_process(work: Callable[..., None], *arguments: Any) -> float:
    """Runs work alone in a fresh process; the seconds it measured."""
    context = multiprocessing.get_context("spawn")
    seconds = context.Value("d", 0.0)
    process = context.Process(target=work, args=(*arguments, seconds))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(process.exitcode)
    return float(seconds.value)


def subscribe_once(port: int, client_id: str) -> None:
    """Makes the persistent session, so that the broker keeps what comes."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False)
    done = threading.Event()
    client.on_connect = lambda c, *_: c.subscribe([(topic, 1) for topic in SUBSCRIPTIONS])
    client.on_subscribe = lambda *_: done.set()
    client.connect("127.0.0.1", port)
    while not done.is_set():
        client.loop(0.2)
    client.disconnect()


def judge_us(count: int) -> float:
    """CPU microseconds an event of everything in `take` but the commit."""
    log = MemoryLog()
    log.append(registers())
    pipeline = Pipeline(log, hmac_key=KEY)
    now_us = time.time_ns() // 1000
    batch = [Message(topic, body, 1, False, False, now_us) for topic, body in messages(count, "judge")]
    best = 1e9
    for _ in range(7):
        started = time.process_time()
        for start in range(0, count, 500):
            pipeline.judge(batch[start : start + 500])
        best = min(best, time.process_time() - started)
    return best / count * 1e6


def main() -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--log", choices=("sqlite", "memory"), default="sqlite")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        config = Path(folder, "mosquitto.conf")
        config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
            "max_inflight_messages 2000\nuser root\nlog_type none\n"
        )
        broker = subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(config)])
        try:
            time.sleep(0.5)
            print(json.dumps(rounds(port, folder, chosen.events, chosen.rounds, chosen.log), indent=2))
        finally:
            broker.terminate()
            broker.wait(10)


def rounds(port: int, folder: str, events: int, count: int, log: str) -> dict[str, Any]:
    """Both in turns; medians."""
    bare_rates, ingest_rates = [], []
    url = "memory" if log == "memory" else f"sqlite:///{folder}/gatehouse.db"
    for client_id in ("bench-bare", "bench-ingest"):
        subscribe_once(port, client_id)
    for number in range(count):
        flood(port, messages(events, f"{time.time_ns()}-{number}"))
        bare_rates.append(events / in_process(bare, port, events))
        ingest_rates.append(events / in_process(ingest, port, events, url))
    result = {
        "events_per_round": events,
        "log": log,
        "bare_paho_per_s": round(statistics.median(bare_rates)),
        "ingest_per_s": round(statistics.median(ingest_rates)),
        "judge_cpu_us_per_event": round(judge_us(5_000), 2),
    }
    ratios = [mine / other for mine, other in zip(ingest_rates, bare_rates, strict=True)]
    return result | {
        "ratio_median": round(statistics.median(ratios), 2),
        "ratios": [round(r, 2) for r in ratios],
    }


if __name__ == "__main__":
    main()
