"""Load for the tests that break things: an estate's devices and phones at work, from a seed.

Every event is known with its identity and whether its sender was answered; every event that must raise an
alert is known too, so that what is in the log can be compared with what was sent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import Any

from tests.support.mqtt import Heard, Key, Listener, Publisher
from tests.support.system import Login, System
from tests.support.waiting import wait_until

ESTATE = "yard"
SQUADS = {"north": "n01", "south": "s01"}
DOORS = ("gate-n1", "gate-n2", "door-1", "door-2", "door-3", "door-4")
PUBLISHERS = 3
SLICE_S = 0.05
EVENTS_PER_SLICE = 3
"""Events of one publisher in one slice: 60 a second each."""
CYCLE = 40
"""One burst of denials and one strange plate in so many events."""
WAITING_MAX = 300
"""A device keeps at most so many messages that nobody answered; then it waits."""


def event(family: str, device: str, kind: str, event_id: str, **data: Any) -> dict[str, Any]:
    """An event of a device, happening now."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": f"estates/{ESTATE}/{family}/{device}",
        "type": kind,
        "time": datetime.now(UTC).isoformat(),
        "data": data,
    }


@dataclass(frozen=True, slots=True)
class Logins:
    """The accounts that the load uses."""

    gateway: Login
    squads: dict[str, Login]
    members: dict[str, Login]

    @classmethod
    def make(cls, system: System) -> Logins:
        """Through the command line, at once."""
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(5) as pool:
            gateway = pool.submit(system.token, "--gateway", "load")
            squads = {name: pool.submit(system.token, "--squad", name) for name in SQUADS}
            members = {who: pool.submit(system.token, "--member", who) for who in SQUADS.values()}
            return cls(
                gateway.result(),
                {name: made.result() for name, made in squads.items()},
                {name: made.result() for name, made in members.items()},
            )


def story(name: str, random: Random) -> Iterator[tuple[bool, dict[str, Any]]]:
    """Events without an end; with each whether it must raise an alert by itself."""
    for number in count():
        place = number % CYCLE
        door = random.choice(DOORS)
        event_id = f"{name}-{number:06d}"
        if place < 3:  # one card at three doors: an alert of the card's own, and the doors' now and then
            door = DOORS[place + 3 * (number % 2)]
            yield False, event(
                "access", door, "access.denied", event_id, door=door, method="card", reason="unknown",
                credential=f"card-{name}-{number // CYCLE}", direction="in",
            )  # fmt: skip
        elif place == 3:  # a plate that nobody knows, and nobody saw before
            yield True, event(
                "vehicle", "lpr-n", "vehicle.plate_read", event_id, plate=f"{name}-{number}",
                confidence=0.97, lane="n-in", direction="in",
            )  # fmt: skip
        elif place in (4, 24):
            yield False, event("access", door, "access.door_opened", event_id, door=door)
        elif place in (14, 34):
            yield False, event("access", door, "access.door_closed", event_id, door=door)
        else:
            yield False, event(
                "access", door, "access.granted", event_id, door=door,
                # Each one lives behind a door: at two doors at once it would be two people with one card.
                credential=f"card-{door}-{random.randrange(80)}", method="card", direction="in",
            )  # fmt: skip


class Phones:
    """Each squad's phone: hears its topic in a lasting session; accepts, arrives, closes."""

    def __init__(self, system: System, logins: Logins, run: str, answer_every: int = 2) -> None:
        self._answer_every = answer_every
        self._answered: dict[str, int] = {}
        self._publishers: dict[str, Publisher] = {}
        self.listeners: dict[str, Listener] = {}
        for squad, member in SQUADS.items():
            login = logins.members[member]
            self._publishers[squad] = Publisher(
                system.mqtt_url, login.user, login.password, f"{run}-phone-{squad}"
            )
            login = logins.squads[squad]
            self.listeners[squad] = Listener(
                system.mqtt_url, login.user, login.password,
                [f"estates/{ESTATE}/patrol/{squad}/alerts"], f"{run}-ear-{squad}", self._answer,
            )  # fmt: skip

    def _answer(self, heard: Heard) -> None:
        alert = heard.json
        follow = {"raised": "accept", "accepted": "arrive", "arrived": "close"}.get(alert["state"])
        number = self._answered.setdefault(alert["id"], len(self._answered))
        squad = heard.topic.split("/")[3]
        if not follow or number % self._answer_every:
            return
        member = SQUADS[squad]
        # One answer an alert and step: a message that comes twice gets the same answer again.
        event_id = f"{alert['id']}-{follow}-{alert['version']}"
        source = f"estates/{ESTATE}/patrol/{squad}/members/{member}"
        data = {"alert": alert["id"], "member": member, "action": follow}
        if follow == "close":
            data["disposition"] = "test"
        answer = {
            "specversion": "1.0", "id": event_id, "source": source, "type": "patrol.response",
            "time": alert["raised_at"], "data": data,
        }  # fmt: skip
        self._publishers[squad].event(answer)

    def heard(self) -> dict[str, list[Any]]:
        """Every message heard on a squad's topic, decoded, in order."""
        return {
            squad: [one.json for one in list(listener.heard)] for squad, listener in self.listeners.items()
        }

    def wait_listening(self) -> None:
        """Waits until each phone is connected and subscribed."""
        ears = self.listeners.values()
        wait_until(lambda: all(one.listening for one in ears), what="the phones listen again")

    def flush(self) -> None:
        """Waits until all answers of members have been answered."""
        for publisher in self._publishers.values():
            publisher.flush()

    def sent(self) -> set[Key]:
        """Identities of the members' answers."""
        return {key for publisher in self._publishers.values() for key in publisher.sent()}

    def close(self) -> None:
        for client in (*self.listeners.values(), *self._publishers.values()):
            client.close()


class Load:
    """Publishers in threads of their own, from now until `stop`."""

    def __init__(self, system: System, login: Login, run: str, seed: int) -> None:
        self._stop = threading.Event()
        self.publishers = [
            Publisher(system.mqtt_url, login.user, login.password, f"{run}-load-{number}")
            for number in range(PUBLISHERS)
        ]
        self.must_raise: list[str] = []
        """Ids of the events that must each have raised an alert."""
        self._threads = [
            threading.Thread(
                target=self._run, args=(publisher, story(f"{run}-{number}", Random(f"{seed}-{number}")))
            )
            for number, publisher in enumerate(self.publishers)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, publisher: Publisher, events: Iterator[tuple[bool, dict[str, Any]]]) -> None:
        while not self._stop.wait(SLICE_S):
            if publisher.waiting > WAITING_MAX:
                continue
            for _ in range(EVENTS_PER_SLICE):
                must_raise, sent = next(events)
                publisher.event(sent)
                if must_raise:
                    self.must_raise.append(sent["id"])

    def answered(self) -> set[Key]:
        return {key for publisher in self.publishers for key in publisher.answered()}

    def sent(self) -> set[Key]:
        return {key for publisher in self.publishers for key in publisher.sent()}

    def wait_flowing(self, messages: int = 30, timeout_s: float = 40.0) -> None:
        """Waits until so many messages more have been answered."""
        goal = len(self.answered()) + messages
        wait_until(lambda: len(self.answered()) >= goal, timeout_s=timeout_s, what="messages are answered")

    def go_on_for(self, seconds: float) -> None:
        """Lets it run on."""
        until = time.monotonic() + seconds
        wait_until(lambda: time.monotonic() >= until, timeout_s=seconds + 1)

    def stop(self) -> None:
        """Ends the load; every message must be answered in the end."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for publisher in self.publishers:
            publisher.flush(40.0)

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for publisher in self.publishers:
            publisher.close()
