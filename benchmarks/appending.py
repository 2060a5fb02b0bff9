"""Events a second into a log of SQLite, in batches, from one process: no broker, no ingest."""

from __future__ import annotations

import statistics
import tempfile

from benchmarks.log_size import BATCHES, append_for
from eventlog.sql import open_log


def appended(seconds: float, rounds: int) -> dict[int, float]:
    """Medians by the size of a batch, on a fresh log."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
        log = open_log(f"sqlite:///{folder}/gatehouse.db")
        try:
            return {
                size: statistics.median(append_for(log, size, seconds) for _ in range(rounds))
                for size in BATCHES
            }
        finally:
            log.close()
