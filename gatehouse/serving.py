"""The serve role: the projections in a thread, the console beside them, wired to the rest by ports."""

from __future__ import annotations

import time
from collections.abc import Sequence

from console.context import Check, ConsoleContext
from console.server import serve
from eventlog.sql import open_accounts
from gatehouse.gauges import LogGauges
from gatehouse.parts import Part, guarded
from gatehouse.secret_files import secret_file
from gatehouse.settings import Settings
from gatehouse.vitals import read_vitals
from projections.runner import ProjectionRunner
from projections.store import open_views

_CHECKED = ("ingest", "process")


class PartsAlive:
    """Whether the parts that run beside the console say that they are ready."""

    def __init__(self, settings: Settings, beside: Sequence[str]) -> None:
        self._folder = settings.run
        self._expected = [role for role in _CHECKED if role in beside]
        self._known: list[Check] = []
        self._asked_s = float("-inf")

    def __call__(self) -> Sequence[Check]:
        """One check a part; the files are read at most twice a second."""
        now_s = time.monotonic()
        if now_s - self._asked_s > 0.5:
            self._asked_s = now_s
            self._known = list(self._look())
        return self._known

    def _look(self) -> Sequence[Check]:
        vitals = read_vitals(self._folder)
        found = []
        for role in sorted({*self._expected, *(role for role in vitals if role in _CHECKED)}):
            vital = vitals.get(role)
            if vital is None:
                found.append(Check(role, False, "not running"))
            elif not vital.alive:
                found.append(Check(role, False, f"silent for {vital.age_s:.0f} s"))
            else:
                found.append(Check(role, vital.ready, "" if vital.ready else "starting"))
        return found


def serve_console(part: Part) -> None:
    """Runs until the part is told to stop."""
    settings = part.settings
    log = part.open_log()
    views = open_views(settings.log_url)
    runner = ProjectionRunner(log, views)
    gauges = LogGauges(log, views, settings.data)
    context = ConsoleContext(
        log=log,
        views=views,
        accounts=open_accounts(settings.log_url),
        secret=secret_file(settings.secrets, "session-key"),
        checks=PartsAlive(settings, part.beside),
        measure=gauges,
    )
    part.scraped.append(gauges)
    host, _, port = settings.http.rpartition(":")
    projecting = guarded("projections", lambda: runner.run(part.stop))
    try:
        serve(context, host, int(port), part.stop, on_ready=part.beating.set_ready)
    finally:
        part.stop.set()
        projecting.join(5.0)
        log.close()
        views.dispose()
