"""Faults of network and controllers laid over a day that has been sensed: for the runs under fault.

Nothing is lost for good: what is dropped is filled later, what a controller could not send it uploads as
history when it is back. Pure, and the same for the same seed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from eventlog.vocabulary import DeviceOffline, DeviceOnline
from simulators.day.moments import HOUR_US, SECOND_US, chance, share
from simulators.day.truth import Sent

FILLED_SHARE = 0.01
FILLED_AFTER_S = (5.0, 50.0)
"""A dropped message is sent again within the minute after which a hole counts."""
TWICE_SHARE = 0.02
DISORDER_SHARE = 0.2
DISORDER_S = 2.0
CLOCK_OFF_SHARE = 0.1
CLOCK_OFF_S = 30.0
OUTAGE_US = HOUR_US
KEEPALIVE_S = 1.5
"""The broker notices a broken line so long after it broke: its last will goes out."""
UPLOAD_S = 20.0
"""How long a controller takes to upload its buffer."""
UPLOADED_US = int((UPLOAD_S + 1.0) * SECOND_US)


@dataclass(frozen=True, slots=True)
class Outage:
    """A controller without a line, from when until when."""

    device: str
    from_us: int
    until_us: int

    def uploads(self, sent: Sent) -> bool:
        """Whether this is what the controller had kept, sent after its line was back."""
        after_us = sent.received_us - self.until_us
        return sent.replay and sent.device == self.device and 0 <= after_us <= UPLOADED_US


def outage(sent: Sequence[Sent], seed: int) -> Outage | None:
    """The controller that is offline for an hour, and when: by day, one of those with doors."""
    controllers = sorted({each.device for each in sent if each.family == "access"})
    if not controllers:
        return None
    numbers = chance(seed, sent[0].received_us, "outage")
    start_us = sent[0].received_us + int(numbers.uniform(0.3, 0.8) * 24 * HOUR_US)
    return Outage(numbers.choice(controllers), start_us, start_us + OUTAGE_US)


def lay(sent: Sequence[Sent], seed: int, off_already: Collection[str] = ()) -> list[Sent]:
    """A day (in the order received) with the faults laid over it, again in the order received. The clocks of
    devices that are off already go no further: two errors might make a right one."""
    if not sent:
        return []
    numbers = chance(seed, sent[0].received_us, "faults")
    broken = outage(sent, seed)
    found: list[Sent] = _will(broken) if broken else []
    for each in sent:
        if isinstance(each.event, (DeviceOffline, DeviceOnline)):
            if not (broken and each.device == broken.device):
                found.append(each)
            continue
        off_us = 0 if each.device in off_already else _clock_off_us(each.device, seed)
        received_us = each.received_us
        if numbers.random() < FILLED_SHARE:
            received_us += int(numbers.uniform(*FILLED_AFTER_S) * SECOND_US)
        elif numbers.random() < DISORDER_SHARE:
            received_us += int(numbers.random() * DISORDER_S * SECOND_US)
        replay = each.replay
        if broken and each.device == broken.device and broken.from_us <= received_us < broken.until_us:
            received_us = broken.until_us + int((0.5 + numbers.random() * UPLOAD_S) * SECOND_US)
            replay = True
        late = replace(each, at_us=each.at_us + off_us, received_us=received_us, replay=replay)
        found.append(late)
        if numbers.random() < TWICE_SHARE:
            found.append(replace(late, received_us=received_us + int(numbers.random() * 5 * SECOND_US)))
    found.sort(key=lambda each: each.received_us)
    return found


def _clock_off_us(device: str, seed: int) -> int:
    if share(seed, device, "fault clock") >= CLOCK_OFF_SHARE:
        return 0
    return int(CLOCK_OFF_S * SECOND_US) * (1 if share(seed, device, "fault ahead") < 0.5 else -1)


def _will(broken: Outage) -> list[Sent]:
    """The last will of the controller, and its new session."""
    session = f"outage-{broken.from_us}"
    will_us = broken.from_us + int(KEEPALIVE_S * SECOND_US)
    off = DeviceOffline.model_construct(device=broken.device, session=session)
    on = DeviceOnline.model_construct(device=broken.device, session=f"{session}-after")
    return [
        Sent(will_us, will_us, broken.device, "access", off, 0, False),
        Sent(broken.until_us, broken.until_us, broken.device, "access", on, 0, False),
    ]
