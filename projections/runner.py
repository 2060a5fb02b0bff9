"""Carries the log into the read models: batches, each projection's position in the batch's transaction.

A projection whose version in the code is not the one in the database is built beside the live one, while
that one goes on being read, and switched when it has caught up. Runs in one thread; several processes may
run it at once and do no harm: whoever finds a position moved starts again from there.
"""

from __future__ import annotations

import gc
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from eventlog.metrics import READER_POSITION
from eventlog.ports import EventLog, LogUnavailableError, Position, Recorded
from projections import generations as g
from projections.alert_history import AlertHistory
from projections.alerts import Alerts
from projections.base import Projection
from projections.coverage import Coverage
from projections.deliveries import Deliveries
from projections.devices import Devices
from projections.occupancy import Occupancy
from projections.patrols import Patrols
from projections.registers import Registers
from projections.reports import Reports
from projections.score import Score
from projections.store import writing
from projections.zones import Zones

BATCH_EVENTS_MAX = 4_000
WAIT_S = 1.0
PACE_S = 0.05
"""Between batches while the log is busy: a commit of the read models for every event of a device would take
more of the machine than deciding it."""
RETRIES_MAX = 60

PROJECTIONS: tuple[type[Projection], ...] = (
    Alerts,
    AlertHistory,
    Coverage,
    Deliveries,
    Devices,
    Occupancy,
    Patrols,
    Registers,
    Reports,
    Score,
    Zones,
)
"""Every projection there is."""

Progress = Callable[[Position, Position], None]
"""Told the position reached and the head of the log."""

_log = structlog.get_logger()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keeps the cycle collector off while a batch is handled: it makes no cycles, and looking for some in
    its thousands of short-lived objects takes a quarter of the time. A batch lasts some 30 ms."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class ProjectionRunner:
    """Keeps the read models up with the log."""

    def __init__(
        self,
        log: EventLog,
        engine: Engine,
        *,
        kinds: Sequence[type[Projection]] = PROJECTIONS,
        batch: int = BATCH_EVENTS_MAX,
    ) -> None:
        self._log = log
        self._engine = engine
        self._kinds = {kind.name: kind for kind in kinds}
        self._batch = batch
        self._live: dict[Projection, Position] = {}
        self._building: dict[Projection, Position] = {}
        g.make_tables(engine)
        self._prepare()

    @property
    def positions(self) -> Mapping[str, Position]:
        """How far each live projection has come, as this runner knows it."""
        return {projection.name: position for projection, position in self._live.items()}

    def _prepare(self) -> None:
        """Takes up what is in the database; starts what is missing or of another version."""
        with writing(self._engine) as connection:
            known = g.generations(connection)
            self._live, self._building = {}, {}
            for kind in self._kinds.values():
                self._prepare_one(connection, kind, [one for one in known if one.name == kind.name])

    def _prepare_one(
        self, connection: Connection, kind: type[Projection], known: Sequence[g.Generation]
    ) -> None:
        live = next((one for one in known if one.live), None)
        if live is None:
            self._live[g.start(connection, kind, live=True)] = 0
            return
        if live.version == kind.version:
            self._live[kind(live.generation)] = live.position
            return
        begun = [one for one in known if not one.live and one.version == kind.version]
        if begun:
            self._building[kind(begun[-1].generation)] = begun[-1].position
        else:
            _log.info("projection_rebuild", name=kind.name, was=live.version, now=kind.version)
            self._building[g.start(connection, kind, live=False)] = 0

    def run_once(self) -> int:
        """One batch for the live projections and one for each that is being built; how many were read."""
        try:
            read = self._advance(self._live)
            for projection in list(self._building):
                part = {projection: self._building[projection]}
                read += self._advance(part)
                self._building[projection] = part[projection]
                self._switch_if_ready(projection)
        except g.GoneError as gone:
            _log.info("projection_replaced", detail=str(gone))
            self._prepare()
            return 1
        return read

    def run(self, stop: threading.Event) -> None:
        """Follows the log until `stop` is set.

        A database that is away is tried again every second; after `RETRIES_MAX` times running it raises.
        """
        failures = 0
        while not stop.is_set():
            try:
                self._follow(stop)
                failures = 0
            except (LogUnavailableError, OperationalError) as error:
                failures += 1
                _log.warning("projections_waiting", error=str(error), failures=failures)
                if failures > RETRIES_MAX:
                    raise
                stop.wait(WAIT_S)

    def _follow(self, stop: threading.Event) -> None:
        head = self._log.head()
        read = self.run_once()
        if self._building or read >= self._batch:
            return
        if read or self._log.wait(head, WAIT_S):
            stop.wait(PACE_S)

    def catch_up(self) -> None:
        """Applies everything that is in the log now."""
        head = self._log.head()
        while self._building or min(self._live.values(), default=head) < head:
            self.run_once()

    def rebuild(self, name: str, progress: Progress | None = None) -> None:
        """Builds a projection anew beside the live one and switches. Raises KeyError, GoneError."""
        with writing(self._engine) as connection:
            projection = g.start(connection, self._kinds[name], live=False)
        part: dict[Projection, Position] = {projection: 0}
        self._building[projection] = 0
        while projection in self._building:
            self._advance(part)
            self._building[projection] = part[projection]
            if progress:
                progress(part[projection], self._log.head())
            self._switch_if_ready(projection)

    def _advance(self, group: dict[Projection, Position]) -> int:
        """One batch from the lowest position of a group, given to each from its own position on."""
        if not group:
            return 0
        after = min(group.values())
        head = self._log.head()
        types = frozenset().union(*(projection.listens_to for projection in group))
        with _uncollected():
            events = self._log.read(after=after, limit=self._batch, types=types) if head > after else ()
            last = events[-1].position if events else after
            # What was appended since `head` was asked for may have been read too.
            reached = last if len(events) == self._batch else max(head, last)
            if reached > after:
                self._apply(group, events, reached)
            return len(events)

    def _apply(
        self, group: dict[Projection, Position], events: Sequence[Recorded], reached: Position
    ) -> None:
        after = min(group.values())
        at = [entry.position for entry in events]
        moved: dict[Projection, Position] = {}
        with writing(self._engine) as connection:
            for projection in group:
                position = g.locked(connection, projection)
                if position < after:
                    raise g.GoneError(f"projection {projection.name}: was at {after}, is at {position}")
                if position < reached:
                    rest = events[bisect_right(at, position) :]
                    mine = [entry for entry in rest if entry.type in projection.listens_to]
                    if mine:
                        projection.apply(connection, mine)
                    g.move(connection, projection, reached)
                moved[projection] = max(position, reached)
        group.update(moved)
        if group is self._live:
            for projection, position in group.items():
                READER_POSITION.labels(f"projection.{projection.name}").set(position)

    def _switch_if_ready(self, projection: Projection) -> None:
        """Makes a built generation the live one once it is as far as that one, in one transaction."""
        with writing(self._engine) as connection:
            mine = g.locked(connection, projection)
            live = [one for one in g.generations(connection) if one.name == projection.name and one.live]
            if any(one.position > mine for one in live):
                return
            if all(one.generation != projection.generation for one in live):  # else another process was first
                g.switch(connection, projection)
                _log.info("projection_switched", name=projection.name, generation=projection.generation)
        self._building.pop(projection)
        self._live = {old: at for old, at in self._live.items() if old.name != projection.name}
        self._live[projection] = mine
