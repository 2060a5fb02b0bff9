"""`gatehouse worker`: the Faust worker with its delivery beside it, and the folder of its table."""

from __future__ import annotations

import fcntl
import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import IO

from gatehouse.exits import EXIT_AWAY, EXIT_FAILED
from gatehouse.parts import CannotStartError, Part, guarded
from processors.delivery.mqtt import MqttDelivery
from processors.runners.faust import FaustWorker, Tables, WorkerError
from processors.runners.share import ShareLostError, SharesError
from processors.runners.topics import Cluster, KafkaError, TopicsError

SWITCH_S = 0.001
STOP_WITHIN_S = 15.0
"""A stop that takes longer is ended: what was decided is in the log, the rest is taken again."""
FOLDERS_MAX = 64


def work(part: Part, cluster: Cluster) -> None:
    """Decides and delivers until told to stop. Raises what FaustWorker raises: start it again."""
    from eventlog.catalogue import catalogue

    logging.basicConfig(level=part.settings.log_level.upper(), stream=sys.stderr)
    sys.setswitchinterval(SWITCH_S)
    catalogue()  # now, not at the first alert
    log = part.open_log()
    folder, lock = own_folder(part.settings.data / "tables")
    worker = FaustWorker(
        log, cluster, Tables(part.settings.table_store, folder), time_mode=part.settings.time
    )
    url, user, password = part.broker_login()
    delivery = MqttDelivery(log, url=url, username=user, password=password)
    delivering = guarded("delivery", lambda: delivery.run(part.stop))
    part.ready_when(worker.ready)
    _end_a_stop_that_hangs(part.stop)
    try:
        worker.run(part.stop)
    except (SharesError, TopicsError) as error:
        raise CannotStartError(str(error)) from error
    except (WorkerError, ShareLostError, KafkaError, OSError) as error:
        print(f"gatehouse: the worker ends, to be started again: {error!r}", file=sys.stderr, flush=True)
        raise SystemExit(EXIT_AWAY) from error
    finally:
        part.stop.set()
        delivering.join(3.0)
        log.close()
        lock.close()


def own_folder(tables: Path) -> tuple[Path, IO[str]]:
    """A folder for this worker alone, the same again after a restart where it can be; and its lock."""
    tables.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(1, FOLDERS_MAX + 1):
        lock = (tables / f"{number}.lock").open("a+", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        return tables / str(number), lock
    raise RuntimeError(f"more than {FOLDERS_MAX} workers use the data folder {tables.parent}")


def _end_a_stop_that_hangs(stop: threading.Event) -> None:
    def watch() -> None:
        stop.wait()
        time.sleep(STOP_WITHIN_S)
        print(f"gatehouse: the worker has not stopped within {STOP_WITHIN_S:g} s", file=sys.stderr)
        os._exit(EXIT_FAILED)

    threading.Thread(target=watch, daemon=True, name="stop-deadline").start()
