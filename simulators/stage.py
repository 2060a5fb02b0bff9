"""Plays a scenario's time line: the right device does the right thing at its moment, in one order.

Where messages go is the link's business, how time passes the clock's. Faults lie between a device and its
connection. The same scenario, run id, seed and start give the same messages.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from simulators.devices import KINDS, Device
from simulators.faults import Faults
from simulators.link import Link
from simulators.message import Identity, Message
from simulators.scenarios.model import PRESENCE_WORDS, Act, Scenario, What, WhichReport

_IDLE_EVERY_S = 0.5
SETTLE_S = 15.0
"""How long devices may take to connect before the time line starts."""


class Clock(Protocol):
    """How time passes on a stage; whole microseconds since 1970 UTC."""

    def now_us(self) -> int:
        """The present moment."""

    def wait_until(self, at_us: int) -> None:
        """Returns when that moment has come."""


FindReport = Callable[[WhichReport, int], str | None]
"""The id of the first report that fits, opened since a moment; it may wait a little for one to come."""
FindAlert = Callable[[What, int], str | None]
"""The id of the last alert that fits, raised since a moment; it may wait a little for one to come."""


class PacedClock:
    """The scenario's own time from `start_us` on, `speed` times as fast as the wall's; 0: no waiting."""

    def __init__(self, start_us: int, speed: float, idle: Callable[[], None] = lambda: None) -> None:
        self._start_us, self._now_us, self._speed = start_us, start_us, speed
        self._idle = idle
        self._began_s = time.monotonic()

    def now_us(self) -> int:
        """The moment that was last waited for."""
        return self._now_us

    def wait_until(self, at_us: int) -> None:
        """Sleeps for what is left of the way to that moment; `idle` is called at least every half second."""
        due_s = self._began_s + (at_us - self._start_us) / 1e6 / self._speed if self._speed > 0 else 0.0
        self._idle()
        while (left_s := due_s - time.monotonic()) > 0:
            time.sleep(min(left_s, _IDLE_EVERY_S))
            self._idle()
        self._now_us = max(self._now_us, at_us)


class WallClock:
    """Real time."""

    def now_us(self) -> int:
        """The machine's clock."""
        return time.time_ns() // 1_000

    def wait_until(self, at_us: int) -> None:
        """Sleeps until then."""
        left_s = (at_us - self.now_us()) / 1e6
        if left_s > 0:
            time.sleep(left_s)


class Stage:
    """One performance of a scenario."""

    def __init__(
        self,
        scenario: Scenario,
        link: Link,
        clock: Clock,
        *,
        run: str,
        faults: Faults | None = None,
        find: tuple[FindAlert, FindReport] = (lambda _what, _since_us: None, lambda _which, _since_us: None),
    ) -> None:
        self._find_alert, self._find_report = find
        self.unanswerable: list[Act] = []
        """Answers of phones that found no alert or report to answer."""
        self._scenario = scenario
        self._link = link
        self.clock = clock
        self._faults = faults or Faults()
        self._agenda: list[tuple[int, int, Callable[[int], None]]] = []
        self._order = 0
        self._start_us = 0
        self.sent: dict[str, Message] = {}
        """Every message that a device made, by its id."""
        self.devices = {name: self._device(name, run) for name in scenario.devices}

    def _device(self, name: str, run: str) -> Device:
        spec = self._scenario.devices[name]
        kind = KINDS[spec.kind]
        who = Identity(self._scenario.estate.id, kind.family, name, spec.squad or "")
        return kind(
            who, self._link.open(who), run=run, now_us=self.clock.now_us, place=spec.place,
            buffer_events_max=spec.buffer_events_max, replay_after_s=spec.replay_after_s,
            clock_off_us=self._faults.clock_off_us(who) + round(spec.clock_off_s * 1_000_000),
        )  # fmt: skip

    def prepare(self, start_us: int) -> None:
        """Tells the time, and connects the devices that are online from the start. Raises BrokerError."""
        self._link.tell_time(self._scenario.estate.id, start_us)
        for name, device in self.devices.items():
            if self._scenario.devices[name].starts == "online":
                device.online()
        self._link.settle(SETTLE_S)

    def play(self, start_us: int, on_moment: Callable[[int], None] = lambda _at_us: None) -> None:
        """Plays the whole time line, then tells the time of its end. `on_moment` is called before each new
        moment, and at the end, with the microseconds since 1970."""
        self._start_us = start_us
        end_us = start_us + self._scenario.length_us
        for act in self._scenario.timeline:
            for moment_us in act.moments():
                self._at(start_us + moment_us, self._doer(act))
        self._heartbeats(start_us, end_us)
        told_us = start_us
        while self._agenda:
            at_us, _, do = heapq.heappop(self._agenda)
            if at_us > told_us:
                self.clock.wait_until(at_us)
                on_moment(at_us)
                self._link.tell_time(self._scenario.estate.id, at_us)
                told_us = at_us
            do(at_us)
        self.clock.wait_until(end_us)
        on_moment(end_us)
        self._link.tell_time(self._scenario.estate.id, max(end_us, told_us))
        self._link.settle(SETTLE_S)

    def close(self) -> None:
        """Ends every device's connection; their status stays as it is."""
        for device in self.devices.values():
            device.close()

    def _at(self, at_us: int, do: Callable[[int], None]) -> None:
        self._order += 1
        heapq.heappush(self._agenda, (at_us, self._order, do))

    def _heartbeats(self, start_us: int, end_us: int) -> None:
        for name, spec in self._scenario.devices.items():
            if spec.heartbeat_s is None:
                continue
            step_us = int(spec.heartbeat_s * 1_000_000)
            for at_us in range(start_us + step_us, end_us, step_us):
                self._at(at_us, self._sayer(self.devices[name], "heartbeat"))

    def _doer(self, act: Act) -> Callable[[int], None]:
        device = self.devices[act.device]
        if act.does not in PRESENCE_WORDS:
            return self._sayer(device, act.does, act)
        do = {"online": device.online, "offline": device.offline, "goodbye": device.goodbye}[act.does]
        return lambda _at_us: do()

    def _sayer(self, device: Device, word: str, act: Act | None = None) -> Callable[[int], None]:
        silent_from_us = self._faults.silent_from_us(device.who)

        def do(at_us: int) -> None:
            if silent_from_us is not None and at_us >= self._start_us + silent_from_us:
                return
            data = self._data(act) if act else {}
            if data is None:
                return
            message = device.make(word, at_us, data)
            self.sent[message.id] = message
            if act is not None:
                self._send(device, act, message, at_us)
            else:
                self._deliver(device, message, at_us)

        return do

    def _data(self, act: Act) -> dict[str, Any] | None:
        """The data of an act; None for an answer to an alert or a report that there is not."""
        if act.report is None and not isinstance(act.alert, What):
            return act.data
        self._link.settle(SETTLE_S)
        name, found = "report", None
        if act.report is not None:
            found = self._find_report(act.report, self._start_us)
        elif isinstance(act.alert, What):
            name, found = "alert", self._find_alert(act.alert, self._start_us)
        if found is None:
            self.unanswerable.append(act)
            return None
        return {**act.data, name: found}

    def _send(self, device: Device, act: Act, message: Message, at_us: int) -> None:
        if act.lost:
            return
        if act.replay:
            message = replace(message, replay=True)
        leaves_us = at_us + (act.late or 0)
        for _ in range(2 if act.twice else 1):
            if leaves_us > at_us:
                self._at(leaves_us, self._deliverer(device, message))
            else:
                self._deliver(device, message, at_us)

    def _deliverer(self, device: Device, message: Message) -> Callable[[int], None]:
        return lambda at_us: self._deliver(device, message, at_us)

    def _deliver(self, device: Device, message: Message, at_us: int) -> None:
        for delivery in self._faults.deliveries(message, at_us):
            if delivery.at_us <= at_us:
                device.deliver(delivery.message)
            else:
                self._later(delivery.at_us, device, delivery.message)

    def _later(self, at_us: int, device: Device, message: Message) -> None:
        self._at(at_us, lambda _: device.deliver(message))
