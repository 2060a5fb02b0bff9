"""A worker's share against the one decider, with no Kafka: whatever comes twice, late, damaged or never, and
whoever dies or is replaced, an estate's outputs are those of a calm run, ids, bytes and order included."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import codec
from eventlog.memory import MemoryLog
from eventlog.metrics import WORKER_LOOKED_UP
from eventlog.ports import NewEvent, Recorded, SavedState
from eventlog.registers import Registers
from eventlog.times import to_us
from eventlog.topics import device_source
from eventlog.vocabulary import OUTPUT_TYPES, AccessDenied, DoorClosed, DoorOpened, Event, TimeReached
from processors.runners import copies
from processors.runners.carried import BEGIN, BadRecordError, Carried, decode, encode, mark, partition_of
from processors.runners.embedded import READER, EmbeddedRunner, Steps, owner_of, replay
from processors.runners.share import (
    COPIES_MAX,
    Share,
    ShareLostError,
    SharesError,
    bring_together,
    reader_of,
)
from tests.processors.estate import REGISTERS
from tests.processors.live import ALL_RULES
from tests.processors.story import NOON
from tests.support.examples import examples

ESTATES = ("anyuan", "liuzhuang", "xiegou")
PARTITIONS = 2


class World:
    """Three estates in a log, a Kafka of lists, and workers."""

    def __init__(self, seed: int = 0) -> None:
        self.now, self.random, self._said = NOON, Random(seed), 0
        self.log = MemoryLog(clock=lambda: to_us(self.now))
        self.kafka: dict[int, list[tuple[bytes, bytes]]] = {number: [] for number in range(PARTITIONS)}
        self.last = [BEGIN] * PARTITIONS
        self.relayed = 0
        self.offsets = [0] * PARTITIONS
        self.table: dict[str, bytes] = {}
        for estate in ESTATES:
            self.log.append([self.new(event, estate) for event in (*REGISTERS, *ALL_RULES)])
        self.relayed = self.log.head()
        self.workers = [Share(self.log, PARTITIONS) for _ in range(2)]
        self.give([0, 1])

    def new(self, event: Event, estate: str) -> NewEvent:
        self._said += 1
        source = device_source(estate, "access", getattr(event, "door", "console"))
        return codec.make(event, estate=estate, source=source, event_id=f"said-{self._said}", at=self.now)

    def say(self, count: int = 5) -> None:
        """Cards refused, doors that open and close, time that passes."""
        for _ in range(count):
            self.now += timedelta(seconds=self.random.choice((0, 1, 9, 40)))
            self.log.append([self.new(self._something(), self.random.choice(ESTATES))])

    def _something(self) -> Event:
        chosen = self.random.randrange(6)
        if chosen == 0:
            return DoorOpened(door="building-3")
        if chosen == 1:
            return DoorClosed(door="building-3")
        if chosen == 2:
            return TimeReached(at=self.now)
        return AccessDenied(
            door="building-3", credential=f"card-{self.random.randrange(3)}", method="card", direction="in",
            reason="unknown",
        )  # fmt: skip

    def relay(self) -> None:
        """Carries what is new."""
        if self.last[0] == BEGIN:
            self._mark()
        for entry in self.log.read(after=self.relayed, limit=10_000):
            self.relayed = entry.position
            if entry.type not in OUTPUT_TYPES:
                place = partition_of(entry.estate, PARTITIONS)
                self.kafka[place].append((entry.estate.encode(), encode(entry, self.last[place])))
                self.last[place] = entry.position
        self._mark()

    def _mark(self) -> None:
        for place in range(PARTITIONS):
            self.kafka[place].append((b"", mark(self.relayed, self.last[place])))
            self.last[place] = self.relayed

    def another_relay(self) -> None:
        """The next one begins again a little before where the last one was."""
        self.last = [BEGIN] * PARTITIONS
        self.relayed = max(0, self.relayed - self.random.randrange(10))

    def lose_data(self) -> None:
        """All that Kafka held, tables included."""
        self.kafka = {number: [] for number in range(PARTITIONS)}
        self.offsets = [0] * PARTITIONS
        self.table = {}

    def lose_some(self) -> None:
        """A few records that nobody has read yet."""
        for place, records in self.kafka.items():
            at = self.offsets[place] + self.random.randrange(4)
            del records[at : at + self.random.randrange(4)]

    def give(self, owners: list[int]) -> None:
        """A rebalance: which worker has which partition."""
        for worker in self.workers:
            worker.disown()
        for number, worker in enumerate(self.workers):
            mine = [place for place, owner in enumerate(owners) if owner == number]
            worker.own(mine, self.table.get)
        self.owners = owners

    def kill(self) -> None:
        """One worker dies; a new one takes its place. Offsets may be behind or ahead of what it did."""
        number = self.random.randrange(2)
        self.workers[number] = Share(self.log, PARTITIONS)
        for place, records in self.kafka.items():
            moved = self.offsets[place] + self.random.randrange(-5, 6)
            self.offsets[place] = min(max(0, moved), len(records))
        self.give([self.random.randrange(2), self.random.randrange(2)])

    def deliver(self, count: int = 7) -> None:
        """Hands over records; copies go to the table."""
        for place in range(PARTITIONS):
            worker = self.workers[self.owners[place]]
            records = self.kafka[place][self.offsets[place] :][:count]
            worker.take(place, [decode(key, value) for key, value in records])
            worker.record()
            self.table.update(worker.copied(place))
            self.offsets[place] += len(records)

    def save(self) -> None:
        for worker in self.workers:
            worker.checkpoint(at_once=True)

    def settle(self) -> None:
        self.relay()
        while any(self.offsets[place] < len(records) for place, records in self.kafka.items()):
            self.deliver(100)
        self.save()

    def saved(self) -> dict[str, dict[str, SavedState]]:
        """The state in the log, by estate and key."""
        return {name: {one.key: one for one in self.log.load_state(owner_of(name))} for name in ESTATES}

    def outputs(self) -> dict[str, list[tuple[str, str, bytes]]]:
        """What is in the log, by estate."""
        return by_estate(e for e in self.log.read(after=0, limit=100_000) if e.type in OUTPUT_TYPES)


def by_estate(events: Any) -> dict[str, list[tuple[str, str, bytes]]]:
    found: dict[str, list[tuple[str, str, bytes]]] = defaultdict(list)
    for event in events:
        found[event.estate].append((event.type, event.id, event.body))
    return found


def calm(log: MemoryLog) -> dict[str, list[tuple[str, str, bytes]]]:
    """The outputs of the embedded runner's step on the same inputs."""
    outputs: list[NewEvent] = []
    replay(log, outputs.extend)
    return by_estate(outputs)


def calm_state(log: MemoryLog) -> dict[str, dict[str, SavedState]]:
    """The state that the inputs leave in a step that nothing disturbs."""
    steps = Steps(Registers(MemoryLog()), lambda _: ())
    steps.take(log.read(after=0, limit=100_000))
    return {name: {one.key: one for one in step.changed()[0]} for name, step in steps.by_estate.items()}


ACTS = (
    "say",
    "relay",
    "deliver",
    "kill",
    "save",
    "lose_some",
    "another_relay",
    "lose_data",
    "say",
    "deliver",
)


@pytest.fixture(autouse=True)
def copies_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processors.runners.share.COPY_S", 0.0)


@examples(25)
@given(st.lists(st.sampled_from(ACTS), max_size=25), st.integers(0, 1_000))
def test_whatever_happens_the_outputs_are_those_of_a_calm_run(acts: list[str], seed: int) -> None:
    world = World(seed)
    for act in acts:
        getattr(world, act)()
    world.say(20)
    world.settle()
    expected = calm(world.log)
    assert sum(map(len, expected.values())) > 20
    assert world.outputs() == expected
    assert world.saved() == calm_state(world.log)


def test_one_decider_takes_over_from_workers_where_each_estate_is() -> None:
    world = World()
    for _ in range(6):
        world.say(10)
        world.relay()
        world.deliver(4)
        world.workers[0].checkpoint(at_once=True)
    assert world.log.position(reader_of(0)) != world.log.position(reader_of(1))
    alone = EmbeddedRunner(world.log)
    world.say(10)
    while alone.run_once():
        pass
    assert world.outputs() == calm(world.log)
    assert world.log.position(READER) == world.log.head()


def test_workers_take_over_from_one_decider_and_one_that_slept_through_it_begins_again() -> None:
    world = World()
    world.say(20)
    world.settle()
    alone = EmbeddedRunner(world.log)
    world.say(20)
    while alone.run_once():
        pass
    world.say(5)
    world.deliver()
    for worker in world.workers:
        part = dict(worker.through)
        if any(part.values()):
            worker.take(next(iter(part)), [Carried(next(iter(part.values())) + 1, BEGIN, None)])
            with pytest.raises(ShareLostError):
                worker.checkpoint(at_once=True)
    world.workers = [Share(world.log, PARTITIONS) for _ in range(2)]
    world.give([0, 1])
    world.settle()
    assert world.outputs() == calm(world.log)


@pytest.mark.parametrize("lost", [slice(0, 1), slice(3, 9), slice(-3, None)])
def test_what_kafka_lost_is_looked_up(lost: slice) -> None:
    world = World()
    world.say(10)
    world.relay()
    world.deliver(100)
    world.say(40)
    world.relay()
    for place, records in world.kafka.items():
        left = records[world.offsets[place] : -1]
        del left[lost]
        records[world.offsets[place] : -1] = left
    world.settle()
    assert world.outputs() == calm(world.log)


def test_what_was_said_before_a_relay_is_looked_up() -> None:
    world = World()
    world.say(40)
    world.relayed = world.log.head()
    world.relay()
    world.deliver(100)
    assert world.outputs() == calm(world.log)


def test_two_that_both_believe_a_partition_is_theirs_leave_one_whole_state() -> None:
    world = World()
    first, second = world.workers
    second.own(range(PARTITIONS), lambda _: None)
    read = {first: [0] * PARTITIONS, second: [0] * PARTITIONS}

    def take(worker: Share, count: int) -> None:
        for place, records in world.kafka.items():
            at = read[worker][place]
            worker.take(place, [decode(key, value) for key, value in records[at : at + count]])
            read[worker][place] = at + count
        worker.record()
        worker.checkpoint(at_once=True)

    for count in (3, 5, 2):
        world.say(20)
        world.relay()
        take(second, 2 * count)
        take(first, count)
    take(second, 1_000)
    take(first, 3)
    assert world.log.position(reader_of(0)) == world.relayed, "who is behind has saved nothing"
    assert world.saved() == calm_state(world.log)


def test_a_copy_that_is_newer_than_the_log_s_state_is_used() -> None:
    world = World()
    world.say(20)
    world.settle()
    world.say(20)
    world.relay()
    world.deliver(100)
    world.workers = [Share(world.log, PARTITIONS) for _ in range(2)]
    before = looked_up()
    world.give([0, 1])
    assert looked_up() == before, "nothing was left to look up"
    world.say(20)
    world.settle()
    assert world.outputs() == calm(world.log)
    assert world.saved() == calm_state(world.log)


def looked_up() -> float:
    return float(WORKER_LOOKED_UP._value.get())


def test_the_decider_s_position_is_that_of_the_slowest_partition() -> None:
    world = World()
    world.say(20)
    world.relay()
    world.deliver(100)
    world.workers[0].checkpoint(at_once=True)
    before = world.log.position(READER)
    world.workers[1].checkpoint(at_once=True)
    slowest = min(world.log.position(reader_of(number)) for number in range(PARTITIONS))
    assert before < slowest == world.log.position(READER)


def test_another_number_of_partitions_is_refused_until_all_estates_are_at_one_position() -> None:
    world = World()
    world.say(20)
    world.relay()
    world.deliver(100)
    world.workers[0].checkpoint(at_once=True)
    with pytest.raises(SharesError, match="2: stop the workers"):
        Share(world.log, 3)
    bring_together(world.log)
    Share(world.log, 3).own(range(3), lambda _: None)


def test_doubt_takes_what_the_log_has() -> None:
    world = World()
    world.say(20)
    for place in range(PARTITIONS):
        world.workers[place].doubt(place)
    assert world.outputs() == calm(world.log)


def entry(**more: Any) -> Recorded:
    fields = {"seq": None, "replay": False, "body": b'{"a":1}', **more}
    return Recorded(7, "谢沟", "access.denied", 2, "estates/谢沟/access/门", "id-1", 5, -6, 8, **fields)


@pytest.mark.parametrize("more", [{}, {"seq": 0}, {"seq": 2**40, "replay": True}])
def test_a_record_says_what_the_entry_says(more: dict[str, Any]) -> None:
    sent = entry(**more)
    came = decode(sent.estate.encode(), encode(sent, 3))
    assert (came.position, came.previous) == (7, 3)
    assert vars(came.entry) == vars(sent)


def test_a_mark_has_no_entry() -> None:
    assert decode(b"", mark(9, BEGIN)) == Carried(9, BEGIN, None)


@pytest.mark.parametrize("length", [0, 1, 40, 60, 90])
def test_a_record_that_is_cut_off_is_refused(length: int) -> None:
    with pytest.raises(BadRecordError):
        decode(b"x", encode(entry(), 3)[:length])


def test_a_record_of_another_format_is_refused() -> None:
    with pytest.raises(BadRecordError, match="format 9"):
        decode(b"x", b"\x09" + encode(entry(), 3)[1:])


@pytest.mark.parametrize("damaged", [b"", b"x", copies.write(3, [])[:-4]])
def test_a_copy_that_can_not_be_read_counts_as_none(damaged: bytes) -> None:
    assert copies.read(damaged) is None


def test_a_few_states_are_copied_at_a_time_and_in_the_end_all_of_them() -> None:
    """Whole states of hundreds of estates at once would keep the inputs behind them waiting."""
    log = MemoryLog(clock=lambda: to_us(NOON))
    names = {f"estate-{number}" for number in range(2 * COPIES_MAX + 3)}
    for name in sorted(names):
        log.append(
            [
                codec.make(event, estate=name, source="f", event_id=f"{name}-{number}", at=NOON)
                for number, event in enumerate(REGISTERS)
            ]
        )
    share = Share(log, 1)
    share.own([0], lambda _: None)
    copied = [[name for name, _ in share.copied(0)] for _ in range(4)]
    assert [len(each) for each in copied] == [COPIES_MAX, COPIES_MAX, 3, 0]
    assert {name for each in copied for name in each} == names
