"""Tells the log how Gatehouse itself is, so that a rule can raise the alarm: quarantine, disk, parts.

Keeps the log quiet: something is said when it changed by enough to matter, else every five minutes. What it
can't tell of is the decider standing still, since nobody would judge it: `/readyz` and the status topic do.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

import structlog

from eventlog import codec
from eventlog.ports import Claim, EventLog, LogUnavailableError
from eventlog.registers import Registers
from eventlog.times import from_us
from eventlog.vocabulary import PartVital, SystemVitals
from gatehouse.vitals import read_vitals

LOOK_EVERY_S = 15.0
SAY_EVERY_S = 300.0
QUARANTINE_STEP = 5
"""A change of quarantine by so many is worth saying at once."""
STILL_STEP_S = 30.0
"""So is a part that has stood still for so much longer."""
READERS = {"decider": "decider", "delivery": "delivery.mqtt"}
"""The parts that follow the log, with the names under which their positions are kept."""
_PAGE = 1_000

_log = structlog.get_logger()


class SelfWatch:
    """Looks at a system of one log. `roles` are those that run beside this process; times are monotonic."""

    def __init__(
        self,
        log: EventLog,
        *,
        data: Path,
        run: Path,
        roles: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
        disk_share: Callable[[Path], float] | None = None,
    ) -> None:
        self._eventlog = log
        self._registers = Registers(log)
        self._data = data
        self._run = run
        self._roles = tuple(roles)
        self._clock = clock
        self._disk_share = disk_share or _disk_share
        self._quarantined: Counter[str] = Counter()
        self._quarantine_id = 0
        self._moved: dict[str, tuple[int, float]] = {}
        self._said: dict[str, tuple[float, tuple[object, ...]]] = {}

    def run(self, stop: threading.Event) -> None:
        """Looks every 15 s until told to stop; stands by while another process does."""
        claim: Claim | None = None
        try:
            while not stop.wait(LOOK_EVERY_S):
                try:
                    claim = claim or self._eventlog.claim("selfwatch")
                    if claim:
                        self.look()
                except LogUnavailableError as error:
                    if claim:  # its server may have forgotten it, and given it to another
                        claim.release()
                        claim = None
                    _log.warning("the log is away: nothing to say of ourselves", error=str(error))
        finally:
            if claim:
                claim.release()

    def look(self) -> int:
        """Looks once and appends what is worth saying; returns to how many estates. Raises LogError."""
        self._count_quarantine()
        parts = self._parts()
        share = round(self._disk_share(self._data), 3)
        now_s, now_us = self._clock(), self._eventlog.now_us()
        self._registers.refresh()
        events = []
        for estate in sorted(self._registers.estates):
            waiting = self._quarantined[estate] + self._quarantined[""]
            vitals = SystemVitals(quarantine_count=waiting, disk_used_share=share, parts=parts)
            if self._worth_saying(estate, vitals, now_s):
                source = f"estates/{estate}/gatehouse"
                events.append(
                    codec.make(
                        vitals, estate=estate, source=source, event_id=str(uuid4()), at=from_us(now_us)
                    )
                )
        if events:
            self._eventlog.append(events)
        return len(events)

    def _worth_saying(self, estate: str, vitals: SystemVitals, now_s: float) -> bool:
        steps = (
            (vitals.quarantine_count or 0) // QUARANTINE_STEP,
            round(100 * (vitals.disk_used_share or 0)),
            *(
                (name, part.still_s // STILL_STEP_S if part.behind else 0)
                for name, part in vitals.parts.items()
            ),
        )
        before_s, before = self._said.get(estate, (float("-inf"), ()))
        if steps == before and now_s - before_s < SAY_EVERY_S:
            return False
        self._said[estate] = (now_s, steps)
        return True

    def _parts(self) -> dict[str, PartVital]:
        """How the readers of the log and the roles beside this one move."""
        now_s, head = self._clock(), self._eventlog.head()
        found: dict[str, PartVital] = {}
        for name, reader in READERS.items():
            position = self._eventlog.position(reader)
            before, since_s = self._moved.get(name, (-1, now_s))
            if position != before or position >= head:
                since_s = now_s
            self._moved[name] = (position, since_s)
            behind = max(head - position, 0)
            found[name] = PartVital(position=position, behind=behind, still_s=round(now_s - since_s, 1))
        vitals = read_vitals(self._run)
        for role in self._roles:
            vital = vitals.get(role)
            if vital is not None:
                still_s = 0.0 if vital.alive else round(vital.age_s, 1)
                found[role] = PartVital(behind=int(not vital.alive), still_s=still_s)
        return found

    def _count_quarantine(self) -> None:
        """Counts what was put aside, by estate, since the last look; what can't be told whose it is is
        everybody's."""
        while True:
            page = self._eventlog.quarantined(after=self._quarantine_id, limit=_PAGE)
            for kept in page:
                self._quarantined[kept.reject.estate] += 1
                self._quarantine_id = max(self._quarantine_id, kept.id)
            if len(page) < _PAGE:
                return


def _disk_share(folder: Path) -> float:
    usage = shutil.disk_usage(folder)
    return usage.used / usage.total
