"""An embedded broker on a SQLite log, as a process to be killed; it writes its port to FOLDER/port.

python -m tests.ingest.serve_embedded FOLDER
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from eventlog.memory import MemoryAccounts
from eventlog.ports import Account
from eventlog.sql import open_log
from ingest import secrets
from ingest.broker import EmbeddedBroker
from tests.ingest.support import REGISTERS, pipeline_of, register

USER, PASSWORD = "xiegou.gate-n1", "the password of a test's own device"


def main(folder: Path) -> None:
    """Serves until killed."""
    log = open_log(f"sqlite:///{folder}/gatehouse.db")
    if log.head() == 0:
        register(log, *REGISTERS)
    accounts = MemoryAccounts()
    accounts.put(Account(USER, "device", "xiegou", "access/gate-n1", secret_hash=secrets.hash_of(PASSWORD)))
    broker = EmbeddedBroker(pipeline_of(log), accounts, "127.0.0.1", 0)
    threading.Thread(target=_tell, args=(broker, folder), daemon=True).start()
    broker.run(threading.Event())


def _tell(broker: EmbeddedBroker, folder: Path) -> None:
    broker.ready.wait()
    (folder / "port.new").write_text(str(broker.port), "ascii")
    (folder / "port.new").replace(folder / "port")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
