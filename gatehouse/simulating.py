"""Lends a system's broker and accounts to the simulators, which know of neither.

They get one gateway account an estate, kept with the other secrets: it may publish for every device of
the estate, which is what a simulator does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from eventlog.ports import Account
from eventlog.vocabulary import Event
from gatehouse.context import Context, NoSystemError, open_context
from gatehouse.secret_files import secret_file
from gatehouse.settings import Settings, load

_NAME = "simulator"


class SystemEnvironment:
    """The system in a data folder, as `simulators.cli` sees it."""

    def __init__(self, context: Context, broker: str | None) -> None:
        self._context = context
        self._broker = broker

    @property
    def broker_url(self) -> str:
        """The given broker, else the system's."""
        return self._broker or self._context.settings.broker_url

    @property
    def language(self) -> str:
        return self._context.settings.language

    def gateway_account(self, estate: str) -> tuple[str, str] | None:
        """The simulators' own account, made at the first call."""
        return gateway_account(self._context, estate)

    def device_account(self, estate: str, family: str, device: str) -> tuple[str, str] | None:
        """The same: a gateway may publish for any device."""
        return gateway_account(self._context, estate)

    def lay_over(self, estate: str, events: Sequence[Event]) -> Callable[[], None]:
        """Into the system's registers, and out again."""
        from gatehouse.overlay import lay_over

        return lay_over(self._context.log, self._context.hmac_key, estate, events)

    def register(self, estate: str, events: Sequence[Event]) -> bool:
        """Into the system's registers: what differs is set, what else is there stays."""
        from gatehouse.overlay import register

        register(self._context.log, self._context.hmac_key, estate, events)
        return True


class BareEnvironment:
    """A broker with no system of ours behind it: anonymous, or with the login in the URL."""

    def __init__(self, settings: Settings, broker: str) -> None:
        self.broker_url = broker
        self.language = settings.language

    def gateway_account(self, estate: str) -> tuple[str, str] | None:
        return None

    def device_account(self, estate: str, family: str, device: str) -> tuple[str, str] | None:
        return None

    def lay_over(self, estate: str, events: Sequence[Event]) -> Callable[[], None]:
        """There is no system here whose registers could be changed."""
        from simulators.run import no_way

        return no_way(estate, events)

    def register(self, estate: str, events: Sequence[Event]) -> bool:
        """There is no system here that has registers."""
        return False


def gateway_account(context: Context, estate: str) -> tuple[str, str]:
    """User and password of the simulators' gateway of an estate."""
    from ingest.secrets import hash_of, mosquitto_hash

    token = secret_file(context.settings.secrets, f"gateway-{_NAME}")
    name = f"{estate}.gateway.{_NAME}"
    known = context.accounts.get(name, "gateway")
    if known is None or known.secret_hash != hash_of(token):
        context.accounts.put(
            Account(
                name, "gateway", estate, _NAME, secret_hash=hash_of(token),
                broker_hash=mosquitto_hash(token), created_us=context.log.now_us(),
            )
        )  # fmt: skip
    return name, token


@contextmanager
def environments(data: Path | None, broker: str | None) -> Iterator[SystemEnvironment | BareEnvironment]:
    """The environment of a command: the system in `data`, or just a broker where there is none."""
    try:
        with open_context(data) as context:
            yield SystemEnvironment(context, broker)
            return
    except NoSystemError:
        if broker is None:
            raise
    yield BareEnvironment(load({"data": data}), broker)


def run_live(settings: Settings, stop: threading.Event) -> None:
    """Simulates what `settings.simulate` names until `stop`. Raises LookupError for an unknown name."""
    from simulators.live import cast_of, run

    name = settings.simulate or "pilot"
    estate = cast_of(name).estate
    with open_context(settings.data) as context:
        account = gateway_account(context, estate)
        broker_url = context.settings.broker_url
    run(name, broker_url=broker_url, stop=stop, credentials=lambda *_: account)
