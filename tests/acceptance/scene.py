"""The stage for the tests that break things: a running system, its broker, phones, all that was sent."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from eventlog.ports import EventLog, Position
from tests.support import checks
from tests.support.brokers import ConfiguredMosquitto
from tests.support.load import SQUADS, Load, Logins, Phones
from tests.support.mqtt import Key
from tests.support.system import ESTATE, System
from tests.support.waiting import wait_until

SEED = int(os.environ.get("KILL_SEED", "20261122"))
"""What the moments and the load come from; printed, so that a failure can be had again."""


class Scene:
    """One system for all tests of a module; each adds load of its own and checks the whole log."""

    def __init__(
        self,
        folder: Path,
        broker: str,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.name = broker
        self.heard_from: Position = 0
        """From here on in the log, phones can't have missed a message."""
        self.system = System(folder, environment=environment)
        self.mosquitto: ConfiguredMosquitto | None = None
        if broker == "mosquitto":
            self.system.cli("estate", "import", str(ESTATE))
            self.logins = Logins.make(self.system)
            self.mosquitto = ConfiguredMosquitto(self.system, folder)
        self.system.start()
        if broker == "embedded":
            self.logins = Logins.make(self.system)
        self.phones = Phones(self.system, self.logins, "p")
        self._sent: set[Key] = set()
        self._must_raise: list[str] = []
        self._runs = count()
        print(f"{broker}: KILL_SEED={SEED}")

    def close(self) -> None:
        """Ends everything; the system must stop as it should."""
        self.phones.close()
        try:
            if self.system.running:
                self.system.stop()
        finally:
            self.system.abandon()
            if self.mosquitto:
                self.mosquitto.stop()

    @contextmanager
    def load(self, what: str) -> Iterator[tuple[Load, Random]]:
        """Load while the block runs; then every message must have been answered."""
        run = f"r{next(self._runs)}"
        load = Load(self.system, self.logins.gateway, run, SEED)
        try:
            load.wait_flowing()
            yield load, Random(f"{SEED} {self.name} {what}")
            load.wait_flowing()
            load.stop()
        finally:
            load.close()
            self._sent |= load.sent()
            self._must_raise += load.must_raise

    @property
    def count_sent(self) -> int:
        """How many events have been sent, and answered, in loads that have ended."""
        return len(self._sent)

    def phones_are_back(self) -> None:
        """Waits until every phone listens again; what the log says from here on must reach them."""
        self.phones.wait_listening()
        with self.system.log() as log:
            self.heard_from = log.head()

    def all_is_well(self, *, fresh_log: bool = False) -> Position:
        """Everything that must hold at rest."""
        with self.system.log() as log:
            checks.wait_recorded(log, self._sent)
            position = self._rest(log)
            assert not log.quarantine_counts(), log.quarantined(limit=1)
            checks.assert_once_each(log, self._sent | self.phones.sent())
            checks.assert_outputs_of_inputs(log, position)
            checks.assert_each_raised_once(log, self._must_raise)
            checks.assert_chain(log)
            checks.assert_views(log, self.system.log_url)
            if fresh_log:
                checks.assert_same_in_fresh_log(log, position)
        for heard in self.phones.heard().values():
            checks.assert_repeats_flagged(heard)
        return position

    def _rest(self, log: EventLog) -> Position:
        """Waits until nothing moves any more: phones answer what they hear, which makes more to hear."""
        while True:
            position = checks.settled(log)
            for squad in SQUADS:
                heard = partial(self._heard_by, squad)
                checks.wait_told(log, squad, heard, after=self.heard_from)
            self.phones.flush()
            checks.wait_recorded(log, self.phones.sent())
            if checks.settled(log) == position:
                return position

    def _heard_by(self, squad: str) -> list[Any]:
        return self.phones.heard()[squad]

    def kill(self, what: str) -> None:
        """SIGKILL to a role, or to `up` itself, which is then started anew; waits until it is back."""
        if what == "up":
            self.system.kill9_up()
            self.system.start()
            return
        gone = self.system.kill9(what)
        self.system.wait_role(what, other_than=gone)

    def kill_while_it_starts(self, after_s: float) -> None:
        """SIGKILL to `up`, once more to the next one so many seconds after its start, then it may start."""
        self.system.kill9_up()
        self.system.start(ready=False)
        hold(after_s)
        self.kill("up")


def hold(seconds: float) -> None:
    """Lets time pass while something is broken."""
    until = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= until, timeout_s=seconds + 5)
