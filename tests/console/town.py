"""A small estate in running order for the console's tests: SQLite log, the decider, the read models.

The decider and the projections are the real ones, each in a thread, as in the running system.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from console.context import Check, ConsoleContext, ConsoleSettings
from console.passwords import hash_password
from console.sessions import token_hash
from eventlog import codec
from eventlog.ports import Account
from eventlog.sql import open_accounts, open_log
from eventlog.times import from_us
from eventlog.vocabulary import (
    AccessDenied,
    DeviceHeartbeat,
    DeviceOnline,
    DeviceSet,
    DoorSet,
    EstateSet,
    Event,
    GateSet,
    PlateRead,
    RuleActivated,
    SquadSet,
    Words,
    ZoneSet,
)
from processors.runners.embedded import EmbeddedRunner
from projections.alerts import AlertFilter, find_alerts
from projections.generations import positions
from projections.runner import ProjectionRunner
from projections.store import open_views
from tests.support.waiting import wait_until

PASSWORD = "correct horse battery"
PASSWORD_HASH = hash_password(PASSWORD)
TOKENS = {
    "operator": Account("desk-1", "token", "", role="operator"),
    "viewer": Account("wall", "token", "", role="viewer"),
    "nobody": Account("nobody", "token", "", role="stranger"),
    "elsewhere": Account("other", "token", "east", role="operator"),
}
"""API tokens by what they are for; the token is the word itself and `-token`."""

ZONES = {
    "north-gate": ("北门", "North gate"),
    "south-gate": ("南门", "South gate"),
    "garage": ("地下车库", "Garage"),
    "building-3": ("3 号楼", "Building 3"),
    "building-7": ("7 号楼", "Building 7"),
    "fence-east": ("东侧围栏", "East fence"),
    "playground": ("儿童乐园", "Playground"),
}


class Town:
    """One estate with its parts; `deny` makes an alert."""

    def __init__(self, folder: Path, *, decider: bool = True, estate: str = "xiegou") -> None:
        self.url = f"sqlite:///{folder / 'gatehouse.db'}"
        self.estate = estate
        self.log = open_log(self.url)
        self.accounts = open_accounts(self.url)
        self.views = open_views(self.url)
        self.stop = threading.Event()
        self.broken: list[Check] = []
        self._decider = EmbeddedRunner(self.log)
        self._projections = ProjectionRunner(self.log, self.views)
        runs = [self._projections.run] + ([self._decider.run] if decider else [])
        self._threads = [threading.Thread(target=run, args=(self.stop,), daemon=True) for run in runs]
        self._accounts()
        self.registers(estate)
        for thread in self._threads:
            thread.start()
        self.settle()

    def context(self, **settings: float) -> ConsoleContext:
        """The console's context on this town."""
        given = ConsoleSettings(**{"command_timeout_s": 3.0, **settings})  # type: ignore[arg-type]
        return ConsoleContext(
            self.log, self.views, self.accounts, "s" * 32, settings=given, checks=lambda: self.broken
        )

    def _accounts(self) -> None:
        for word, account in TOKENS.items():
            hashed = token_hash(f"{word}-token")
            self.accounts.put(Account(account.name, "token", account.estate, "", account.role, hashed))
        for name, role in (("li.wei", "operator"), ("wang.fang", "supervisor"), ("look", "viewer")):
            self.accounts.put(Account(name, "user", "", "", role, PASSWORD_HASH))

    def registers(self, estate: str) -> None:
        """The estate, its zones, doors, devices, a squad, a gate; the rules on."""
        words = [Words(zh=zh, en=en) for zh, en in ZONES.values()]
        events: list[Event] = [
            EstateSet(name=Words(zh="谢沟小区", en="Xiegou"), default_squad="squad-1"),
            SquadSet(squad="squad-1", name=Words(zh="专职一队", en="Squad 1")),
            SquadSet(squad="squad-2", name=Words(zh="义务二队", en="Volunteers 2"), kind="volunteer"),
            GateSet(gate="gate-v1", zone="garage", lanes=("lane-1",)),
            DeviceSet(device="cam-p1", family="vehicle", zone="garage"),
        ]
        for zone, name in zip(ZONES, words, strict=True):
            events.append(ZoneSet(zone=zone, name=name, squad="squad-1"))
            events.append(DeviceSet(device=f"gate-{zone}", family="access", zone=zone, name=name))
            events.append(
                DoorSet(door=f"door-{zone}", device=f"gate-{zone}", zone=zone, kind="gate", name=name)
            )
        events.append(RuleActivated(rule="repeated_denials", version=1))
        self.tell(events, f"estates/{estate}/gatehouse")

    def tell(self, events: Sequence[Event], source: str, at: datetime | None = None) -> None:
        """Appends events from one source, now or as if they had happened at `at`."""
        now_us = self.log.now_us()
        estate = source.split("/")[1]
        self.log.append(
            [
                codec.make(
                    event,
                    estate=estate,
                    source=source,
                    event_id=str(uuid.uuid4()),
                    at=at or from_us(now_us),
                    received_us=now_us,
                )
                for event in events
            ]
        )

    def deny(self, zone: str = "north-gate", at: datetime | None = None) -> None:
        """Three denials of three cards at one door: an alert."""
        door = f"door-{zone}"
        events = [
            AccessDenied(
                door=door, credential=f"card-{zone}-{n}", method="card", direction="in", reason="unknown"
            )
            for n in range(3)
        ]
        self.tell(events, f"estates/{self.estate}/access/gate-{zone}", at)

    def live_day(self) -> None:
        """A heartbeat, a session, a car coming in."""
        source = f"estates/{self.estate}/access/gate-north-gate"
        self.tell([DeviceHeartbeat(battery=80, uptime_s=5)], source)
        self.tell([DeviceOnline(device="gate-north-gate", session="s1")], f"{source}/status")
        car = PlateRead(plate="苏A12345", confidence=0.97, lane="lane-1", direction="in")
        self.tell([car], f"estates/{self.estate}/vehicle/cam-p1")

    def settle(self) -> None:
        """Waits until decider and read models have taken everything."""

        def still() -> bool:
            head = self.log.head()
            reached = positions(self.views).values()
            decided = len(self._threads) == 1 or self.log.position("decider") >= head
            return decided and min(reached, default=0) >= head

        wait_until(still, what="the read models have caught up")

    def alert(self, zone: str = "north-gate") -> str:
        """Makes an alert; its id, once the read models have it."""
        before = {alert.id for alert in self._alerts()}
        self.deny(zone)
        found = wait_until(
            lambda: [alert.id for alert in self._alerts() if alert.id not in before], what="an alert is shown"
        )
        self.settle()
        return found[0]

    def _alerts(self):  # type: ignore[no-untyped-def]
        with self.views.connect() as connection:
            return [one for _, one in find_alerts(connection, AlertFilter(), before=None, limit=500)]

    def close(self) -> None:
        self.stop.set()
        self.tell([DeviceOnline(device="none")], f"estates/{self.estate}/access/none/status")
        for thread in self._threads:
            thread.join(10)
        self.views.dispose()
        self.log.close()


@contextmanager
def town(folder: Path, *, decider: bool = True) -> Iterator[Town]:
    """A town for one test or module."""
    made = Town(folder, decider=decider)
    try:
        yield made
    finally:
        made.close()


LONG_AGO = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
