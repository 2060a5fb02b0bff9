"""A power cut at a running system: ten thousand messages of two hundred devices within a minute. The list
stays short, whoever is in danger is on top within a second, every alert can be listed.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.support.checks import assert_chain, settled
from tests.support.mqtt import Publisher
from tests.support.storm import CRITICAL_RULES, ESTATE, Said, estate_file, storm
from tests.support.system import System
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]
COUNT = 10_000
LINES_MORE_MAX = 20
ON_TOP_S = 1.0
AHEAD_S_MAX = 0.05
MEMORY_MORE_MAX = 256 * 2**20


@dataclass
class Looks:
    """An operator's program that looks at the list again and again."""

    api: httpx.Client
    seen: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stop.wait(0.1):
            answer = self.api.get("queue", params={"estate": ESTATE})
            if answer.status_code == 200 and answer.json()["items"]:
                self.seen.append((time.monotonic(), answer.json()["items"][0]))

    def on_top_at(self, rule: str, place: str) -> float | None:
        """When an alert was first seen among the first lines."""
        for at, queue in self.seen:
            top = [line["alert"] for line in queue["lines"][:5]]
            if any(alert["rule"] == rule and place in (alert["key"], *alert["devices"]) for alert in top):
                return at
        return None


def message(said: Said, number: int) -> tuple[str, dict[str, Any]]:
    """The topic and payload of what a device says."""
    if said.kind in ("device.online", "device.offline"):
        state = said.kind.removeprefix("device.")
        return f"{said.source}/status", {"state": state, "session": f"s-{number}"}
    event = {
        "specversion": "1.0", "id": f"storm-{number}", "source": said.source, "type": said.kind,
        "time": datetime.now(UTC).isoformat(), "data": said.data,
    }  # fmt: skip
    return f"{said.source}/events", event


def memory(system: System) -> int:
    """Bytes that the system's processes hold."""
    return sum(child.memory_info().rss for child in psutil.Process(system.pid).children(recursive=True))


def test_ten_thousand_signals_in_a_minute(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "storm.yaml"
    file.write_text(estate_file(), "utf-8")
    system = System(tmp_path, estate=file)
    try:
        system.start()
        login = system.token("--gateway", "storm")
        looks = Looks(system.api("supervisor"))
        looker = threading.Thread(target=looks.run, daemon=True)
        looker.start()
        before = memory(system)
        publisher = Publisher(system.mqtt_url, login.user, login.password, "storm")
        published: dict[tuple[str, str], float] = {}
        began = time.monotonic()
        for number, said in enumerate(storm(COUNT)):
            due = began + said.at_s
            if due > time.monotonic() + AHEAD_S_MAX:
                wait_until(lambda due=due: time.monotonic() >= due)
            topic, payload = message(said, number)
            publisher.publish(topic, payload)
            if said.kind.rpartition(".")[2] in ("fire_smoke", "pressed", "duress"):
                publisher.flush()  # the broker has it
                rule = "help" if said.kind == "help.pressed" else said.kind.rpartition(".")[2]
                published[rule, said.device] = time.monotonic()
        publisher.flush(120)
        took_s = time.monotonic() - began
        with system.log() as log:
            settled(log, 120)
            raised = {
                entry.event.alert.id: entry.event.alert  # type: ignore[attr-defined]
                for entry in log.read(after=0, limit=1_000_000, types=frozenset({"alert.raised"}))
            }
            assert_chain(log)
        late = {
            key: wait_until(lambda key=key: looks.on_top_at(*key), what=f"{key} on top") - at
            for key, at in published.items()
        }
        after = memory(system)
        looks.stop.set()
        looker.join(10)
        lines = [
            len(queue["lines"]) - sum(line["alert"]["rule"] in CRITICAL_RULES for line in queue["lines"])
            for _, queue in looks.seen
        ]
        listed = list_all(system)
        with capsys.disabled():
            print(
                f"\nSTORM at the rim: {COUNT} messages in {took_s:.1f} s, {len(raised)} alerts, at most "
                f"{max(lines)} lines, on top after {max(late.values()):.2f} s at most, "
                f"{(after - before) / 2**20:.0f} MiB more, {len(looks.seen)} looks"
            )
        assert max(lines) <= LINES_MORE_MAX
        assert max(late.values()) <= ON_TOP_S, late
        assert listed == set(raised), "every alert can be listed"
        assert after - before <= MEMORY_MORE_MAX
        publisher.close()
        system.stop()
    finally:
        system.abandon()


def list_all(system: System) -> set[str]:
    """The ids of all alerts, page by page."""
    found: set[str] = set()
    with system.api("supervisor") as api:
        cursor: str | None = None
        while True:
            asked = {"limit": 200, **({"cursor": cursor} if cursor else {})}
            page = api.get("alerts", params=asked).json()
            found |= {one["id"] for one in page["items"]}
            cursor = page["next"]
            if cursor is None:
                return found
