"""Faults on request, laid over any scenario: what real devices and networks do wrong.

Pure and repeatable: whether a message is hit depends only on the seed, its device and its counter, so one
fault switched on or off leaves the others where they were. `deliveries` says when what is sent.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from simulators.message import Identity, Message

SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: of what a share is hit, and what the amount means; with defaults."""

    of: str
    share: float
    amount_s: float
    does: str


KINDS: Mapping[str, Kind] = {
    "duplicate": Kind("messages", 0.01, 2.0, "sent a second time, up to this many seconds later"),
    "late": Kind("messages", 0.01, 900.0, "sent this many seconds late"),
    "out_of_order": Kind("messages", 0.05, 2.0, "sent up to this many seconds late, so that others overtake"),
    "corrupt": Kind("messages", 0.01, 0.0, "cut off in the middle, so that it can't be decoded"),
    "clock_off": Kind("devices", 0.5, 30.0, "the device's clock is off by this many seconds, either way"),
    "silent": Kind("devices", 0.5, 0.0, "from this second on the device sends nothing, though connected"),
}
"""The shares are what `--fault KIND` takes without a share."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault switched on: the share (0–1) that it hits, and its amount in seconds."""

    kind: str
    share: float
    amount_s: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message and when it leaves the device."""

    at_us: int
    message: Message


def parse_fault(text: str) -> Fault:
    """From `KIND`, `KIND=SHARE` or `KIND=SHARE:SECONDS`. Raises ValueError saying what was expected."""
    name, _, rest = text.partition("=")
    if name not in KINDS:
        raise ValueError(f"there is no fault {name!r}; there are: {', '.join(KINDS)}")
    kind = KINDS[name]
    share, _, amount = rest.partition(":")
    try:
        fault = Fault(name, float(share or kind.share), float(amount or kind.amount_s))
    except ValueError:
        raise ValueError(
            f"{text!r}: expected {name}=SHARE or {name}=SHARE:SECONDS, such as {name}=0.1:30"
        ) from None
    if not 0.0 <= fault.share <= 1.0 or not 0.0 <= fault.amount_s < float("inf"):
        raise ValueError(f"{text!r}: expected a share from 0 to 1 and seconds of 0 or more")
    return fault


@dataclass(frozen=True)
class Faults:
    """The faults of a run, by kind, under one seed."""

    seed: int = 0
    on: Mapping[str, Fault] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Iterable[str], seed: int = 0) -> Faults:
        """From command line values. Raises ValueError."""
        return cls(seed, {fault.kind: fault for fault in map(parse_fault, texts)})

    def _draw(self, kind: str, *what: Any) -> random.Random | None:
        """A source of numbers for one thing when the fault hits it, else None."""
        fault = self.on.get(kind)
        if fault is None:
            return None
        numbers = random.Random("/".join(map(str, (self.seed, kind, *what))))
        return numbers if numbers.random() < fault.share else None

    def clock_off_us(self, who: Identity) -> int:
        """How far a device's clock is off, in microseconds."""
        numbers = self._draw("clock_off", who.source)
        if numbers is None:
            return 0
        return int(self.on["clock_off"].amount_s * SECOND_US) * numbers.choice((-1, 1))

    def silent_from_us(self, who: Identity) -> int | None:
        """From which moment after the start a device says nothing, in microseconds; None: it speaks."""
        if self._draw("silent", who.source) is None:
            return None
        return int(self.on["silent"].amount_s * SECOND_US)

    def deliveries(self, message: Message, at_us: int) -> tuple[Delivery, ...]:
        """What becomes of a message that its device sends at a moment, in order of time."""
        what = (message.who.source, message.seq)
        if self._draw("corrupt", *what):
            message = replace(message, broken=True)
        leaves_us = at_us
        if self._draw("late", *what):
            leaves_us += int(self.on["late"].amount_s * SECOND_US)
        if numbers := self._draw("out_of_order", *what):
            leaves_us += int(numbers.random() * self.on["out_of_order"].amount_s * SECOND_US)
        sent = [Delivery(leaves_us, message)]
        if numbers := self._draw("duplicate", *what):
            again_us = int(numbers.random() * self.on["duplicate"].amount_s * SECOND_US)
            sent.append(Delivery(leaves_us + again_us, message))
        return tuple(sent)
