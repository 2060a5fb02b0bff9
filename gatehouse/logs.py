"""How the program speaks of itself: structured lines on standard error, never with personal data."""

from __future__ import annotations

import io
import logging
import sys
from typing import TextIO, cast


def _import_structlog() -> None:
    """Without rich, which it takes where it finds it, for coloured traces that we don't print: 14 MiB a
    process."""
    if "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog  # noqa: F401
    finally:
        del sys.modules["rich"]


_import_structlog()
import structlog  # noqa: E402


class _Stderr(io.TextIOBase):
    """Standard error as it is at the time of writing: loggers outlive a redirection."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(level: str) -> None:
    """Sets the level and the form of all log lines of this process."""
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(
        level=number, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    # Libraries speak only when something is wrong, whatever our own level.
    for library in ("amqtt", "transitions", "uvicorn", "nicegui", "alembic", "engineio", "socketio"):
        logging.getLogger(library).setLevel(max(number, logging.ERROR))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Stderr())),
        cache_logger_on_first_use=True,
    )
