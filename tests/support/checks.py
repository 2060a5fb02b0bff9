"""What must hold after anything broke, said once: everything answered is in the log once, the alerts in the
log are those that its inputs make, each was told to its squad, the chain is whole.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import orjson

from eventlog.memory import MemoryLog
from eventlog.ports import EventLog, NewEvent, Position, Recorded
from eventlog.vocabulary import OUTPUT_TYPES
from processors.runners.embedded import READER, EmbeddedRunner, replay
from projections.generations import positions
from projections.runner import ProjectionRunner
from projections.store import open_views
from tests.projections.rows import all_rows
from tests.support.mqtt import Key
from tests.support.waiting import wait_until

READ = 2_000
Rows = dict[str, list[tuple[Any, ...]]]


def entries(log: EventLog, after: Position = 0, upto: Position | None = None) -> Iterator[Recorded]:
    """Every entry of a log."""
    end = log.head() if upto is None else upto
    while after < end:
        batch = log.read(after=after, limit=min(READ, end - after))
        if not batch:
            return
        yield from batch
        after = batch[-1].position


def settled(log: EventLog, timeout_s: float = 40.0) -> Position:
    """Waits until the decider has come to the end of the log; returns where that is."""

    def at_end() -> Position | None:
        decided = log.position(READER)
        return decided if decided and decided == log.head() else None

    return wait_until(at_end, timeout_s=timeout_s, what="the decider is at the end of the log")


def identities(log: EventLog, after: Position = 0) -> Counter[Key]:
    """How often each event of a device or a phone is in the log."""
    return Counter(
        (entry.source, entry.id)
        for entry in entries(log, after)
        if entry.type.partition(".")[0] in {"access", "vehicle", "patrol"}
    )


def wait_recorded(log: EventLog, sent: set[Key], timeout_s: float = 60.0) -> None:
    """Waits until all these events are in the log: an outside broker answers before that."""
    left, looked = set(sent), 0

    def all_there() -> bool:
        nonlocal looked
        head = log.head()
        left.difference_update(identities(log, looked))
        looked = head
        return not left

    try:
        wait_until(all_there, timeout_s=timeout_s)
    except AssertionError:
        few = sorted(left)[:5]
        raise AssertionError(f"{len(left)} answered events are not in the log, such as {few}") from None


def assert_once_each(log: EventLog, sent: set[Key]) -> None:
    """Nothing is twice in the log, nothing that nobody sent. `sent` are all events since the log began."""
    found = identities(log)
    twice = [key for key, times in found.items() if times > 1]
    assert not twice, f"{len(twice)} events are twice in the log, such as {twice[:5]}"
    strange = found.keys() - sent
    assert not strange, f"{len(strange)} events that nobody sent, such as {sorted(strange)[:5]}"


def _digest(events: Iterable[NewEvent | Recorded]) -> Iterator[tuple[str, str, bytes]]:
    for event in events:
        yield event.type, event.id, hashlib.sha256(event.body).digest()


def assert_outputs_of_inputs(log: EventLog, upto: Position) -> int:
    """The outputs in the log are those that its inputs make in a run that nothing disturbed: the same ids,
    the same bytes, the same order, none lost, none more. Returns how many."""
    live = list(_digest(e for e in entries(log, upto=upto) if e.type in OUTPUT_TYPES and _decided(e)))
    calm: list[tuple[str, str, bytes]] = []
    replay(log, lambda outputs: calm.extend(_digest(outputs)), upto)
    lost, more = Counter(calm) - Counter(live), Counter(live) - Counter(calm)
    assert not lost, f"{len(lost)} outputs are not in the log: {_few(lost)}"
    assert not more, f"{len(more)} outputs too many in the log: {_few(more)}"
    assert live == calm, "the outputs are in another order"
    return len(live)


def _decided(entry: Recorded) -> bool:
    """Whether the step made it: presence of devices is an input that ingest makes."""
    return entry.source.endswith("/gatehouse")


def _few(found: Counter[tuple[str, str, bytes]]) -> str:
    return ", ".join(f"{kind} {event_id}" for kind, event_id, _ in sorted(found)[:5])


class _Dictated:
    """A clock that says what it is told."""

    now_us = 0

    def __call__(self) -> int:
        return self.now_us


def assert_same_in_fresh_log(log: EventLog, upto: Position) -> None:
    """The inputs alone, given one after another to a runner on an empty log, make the same outputs.

    Places in the log differ there, so only types and ids are compared.
    """
    clock = _Dictated()
    fresh = MemoryLog(clock=clock)
    runner = EmbeddedRunner(fresh)
    for number, entry in enumerate(e for e in entries(log, upto=upto) if e.type not in OUTPUT_TYPES):
        clock.now_us = entry.recorded_us
        fresh.append([_again(entry)])
        if number % 97 == 0:
            while runner.run_once():
                pass
    while runner.run_once():
        pass
    live = [(e.type, e.id) for e in entries(log, upto=upto) if e.type in OUTPUT_TYPES]
    made = [(e.type, e.id) for e in entries(fresh) if e.type in OUTPUT_TYPES]
    assert Counter(made) == Counter(live)


def _again(entry: Recorded) -> NewEvent:
    return NewEvent(
        entry.estate, entry.type, entry.version, entry.source, entry.id, entry.occurred_us,
        entry.received_us, entry.body, entry.seq, entry.replay,
    )  # fmt: skip


def raised_by_evidence(log: EventLog, rule: str) -> Counter[str]:
    """How many alerts of a rule were raised on each event."""
    found: Counter[str] = Counter()
    for entry in entries(log):
        if entry.type == "alert.raised":
            alert = entry.event.alert  # type: ignore[attr-defined]
            if alert.rule == rule:
                found.update(set(alert.evidence))
    return found


def count_raised(log: EventLog) -> int:
    """How many alerts were raised."""
    return sum(entry.type == "alert.raised" for entry in entries(log))


def assert_each_raised_once(log: EventLog, plates: Sequence[str]) -> None:
    """Each of these readings of a strange plate has exactly one alert: none lost, none doubled."""
    found = raised_by_evidence(log, "vehicle_not_permitted")
    wrong = {event_id: found[event_id] for event_id in plates if found[event_id] != 1}
    assert not wrong, f"{len(wrong)} of {len(plates)} without their one alert: {list(wrong.items())[:5]}"


Version = tuple[str, int]


def versions(log: EventLog, squad: str, after: Position = 0) -> set[Version]:
    """Every version of an alert that was the squad's, as the log has it after a position."""
    found: set[Version] = set()
    for entry in entries(log, after):
        if entry.type.startswith("alert."):
            alert = entry.event.alert  # type: ignore[attr-defined]
            if alert.squad == squad and not alert.late:
                found.add((alert.id, alert.version))
    return found


def wait_told(
    log: EventLog,
    squad: str,
    heard: Callable[[], Sequence[Any]],
    *,
    after: Position = 0,
    timeout_s: float = 40.0,
) -> None:
    """Waits until every version of the squad's alerts has been heard on its topic."""
    wanted = versions(log, squad, after)

    def missing() -> set[Version]:
        return wanted - {(one["id"], one["version"]) for one in heard()}

    try:
        wait_until(lambda: not missing(), timeout_s=timeout_s)
    except AssertionError:
        lost = missing()
        raise AssertionError(
            f"{len(lost)} of {len(wanted)} versions never came to {squad}, such as {sorted(lost)[:3]}"
        ) from None


def assert_repeats_flagged(heard: Sequence[Any]) -> int:
    """A version heard again says that it is sent again, and says the same. Returns how many there were."""
    first: dict[Version, bytes] = {}
    repeats = 0
    for one in heard:
        content = dict(one)
        again = content.pop("resent", False)
        key = (one["id"], one["version"])
        body = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        if key in first:
            repeats += 1
            assert again, f"sent again without saying so: {key}"
            assert body == first[key], f"two different messages for one version: {key}"
        first.setdefault(key, body)
    return repeats


def assert_views(log: EventLog, log_url: str, timeout_s: float = 40.0) -> None:
    """The read models are at the end of the log, and have the rows that ones built anew from it have."""
    live = open_views(log_url)
    with tempfile.TemporaryDirectory() as folder:
        fresh = open_views(f"sqlite:///{folder}/gatehouse.db")
        builder = ProjectionRunner(log, fresh)

        def rows() -> tuple[Rows, Rows] | None:
            while builder.run_once():
                continue
            there, found = set(positions(live).values()), all_rows(live)
            ends = {log.head(), *there, *positions(fresh).values(), *positions(live).values()}
            return (all_rows(fresh), found) if len(ends) == 1 else None

        wanted, found = wait_until(
            rows, timeout_s=timeout_s, what="the read models are at the end of the log"
        )
        fresh.dispose()
    live.dispose()
    for model, anew in wanted.items():
        more, less = set(found[model]) - set(anew), set(anew) - set(found[model])
        assert not more | less, f"read model {model} has {sorted(more)[:2]}, built anew {sorted(less)[:2]}"


def assert_chain(log: EventLog) -> None:
    """The chain of hashes is whole and the log's time never goes backwards."""
    verified = log.verify()
    assert verified.first_bad is None, verified
    last_us = 0
    for entry in entries(log):
        assert entry.recorded_us >= last_us, f"the log's time goes back at {entry.position}"
        last_us = entry.recorded_us
