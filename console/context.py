"""What the console is given: the log, the read models, the accounts, a secret, limits, checks of others.

Plain values and ports only, so that `gatehouse` can make it without loading a page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from eventlog.ports import Accounts, EventLog

if TYPE_CHECKING:
    from sqlalchemy import Engine


def nothing_to_measure() -> None:
    """No metric waits to be asked for."""


class Check(NamedTuple):
    """One part's answer to "are you ready"."""

    name: str
    ok: bool
    detail: str = ""


Checks = Callable[[], Sequence[Check]]
"""Asked by /readyz and once a second by the live page: must answer within some milliseconds."""


def no_checks() -> Sequence[Check]:
    """Nothing else has to be ready."""
    return ()


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """The console's limits, units last in the name."""

    command_timeout_s: float = 5.0
    """How long a command's outcome is waited for."""
    session_idle_s: float = 30 * 60
    """A session without a sign of its person ends after this."""
    session_max_s: float = 12 * 3600
    """A session ends after this in any case."""
    login_failures_max: int = 5
    """Wrong passwords for one name, or from one address, within `login_window_s`."""
    login_window_s: float = 300.0
    secure_cookies: bool = False
    """Set behind HTTPS: the browser then never sends the session in the clear."""
    lag_max: int = 5_000
    """Entries of the log that the read models may be behind while the console counts as ready."""
    streams_max: int = 200
    """Server-sent event streams at once."""
    pages_max: int = 100
    """Live pages open at once."""


@dataclass(frozen=True, slots=True)
class ConsoleContext:
    """Everything that the console works with. `secret` signs the sessions: 32 random bytes or more."""

    log: EventLog
    views: Engine
    accounts: Accounts
    secret: str = field(repr=False)
    settings: ConsoleSettings = field(default_factory=ConsoleSettings)
    checks: Checks = no_checks
    """Checks of parts that the console can't see by itself: broker, ingest, decider."""
    measure: Callable[[], None] = nothing_to_measure
    """Called before /metrics is answered: sets what is only measured when somebody asks."""
