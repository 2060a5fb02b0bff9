"""The running parts of one console, made once per app: sign-in, follower, command desk, streams."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from console.context import Check, ConsoleContext
from console.desk import CommandDesk
from console.follower import Follower
from console.sessions import SignIn
from console.streams import Streams
from projections.generations import positions

JOIN_S = 3.0
DECIDER = "decider"
"""The name under which the decider keeps how far it has come."""


@dataclass
class ConsoleState:
    """What the endpoints and the pages work with."""

    context: ConsoleContext
    sign_in: SignIn
    follower: Follower
    desk: CommandDesk
    streams: Streams
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @classmethod
    def of(cls, context: ConsoleContext) -> ConsoleState:
        """The parts of a console."""
        follower = Follower(context.log)
        return cls(
            context=context,
            sign_in=SignIn(context.accounts, context.secret, context.settings),
            follower=follower,
            desk=CommandDesk(context.log, follower),
            streams=Streams(context.log, follower, context.settings.streams_max),
        )

    def start(self) -> None:
        """Starts following the log."""
        self._thread = threading.Thread(
            target=self.follower.run, args=(self._stop,), name="console-follower", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Ends the streams and the follower."""
        self._stop.set()
        self.streams.close()
        if self._thread:
            self._thread.join(JOIN_S)

    def checks(self) -> list[Check]:
        """Every part's answer: the log, the read models, this console's follower, and the others'."""
        context = self.context
        try:
            head = context.log.head()
        except Exception as error:  # whatever the store says, the answer is "not ready", and why
            return [Check("log", False, f"can't be read: {error}"), *context.checks()]
        found = [Check("log", True, f"at {head}"), self._views(head), self._decider(head)]
        alive = self._thread is not None and self._thread.is_alive()
        found.append(Check("follower", alive, "" if alive else "the console's reader of the log has ended"))
        return [*found, *context.checks()]

    def _decider(self, head: int) -> Check:
        behind = max(head - self.context.log.position(DECIDER), 0)
        return Check("decider", behind <= self.context.settings.lag_max, f"{behind} behind")

    def _views(self, head: int) -> Check:
        behind = lag_of(head, list(positions(self.context.views).values()))
        if behind is None:
            return Check("projections", False, "not built yet")
        return Check("projections", behind <= self.context.settings.lag_max, f"{behind} behind")


def lag_of(head: int, reached: Sequence[int]) -> int | None:
    """How many entries the slowest is behind; None when there is none."""
    return max(head - min(reached), 0) if reached else None
