"""What every event log must do, told once; a class a backend subclasses it in `test_*_log.py`."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from itertools import product
from typing import Any, Protocol

import orjson
import pytest

from eventlog import codec
from eventlog.ids import identity_key
from eventlog.ports import ClaimLostError, EventLog, LogError, NewEvent, Recorded, Reject, SavedState
from eventlog.times import from_us
from eventlog.vocabulary import DoorOpened, EstateSet, TimeReached, Words, ZoneSet
from tests.support.waiting import wait_until

NOON_US = 1_795_000_000_000_000
TYPE_FILTERS: list[frozenset[str] | None] = [
    None,
    frozenset({"access.door_opened"}),
    frozenset({"registry.estate_set"}),
    frozenset({"registry.estate_set", "access.door_opened"}),
    frozenset({"fence.alarm"}),
    frozenset(),
]


def door_opened(
    number: int, *, estate: str = "xiegou", door: str = "gate-n1", at_us: int | None = None, **more: Any
) -> NewEvent:
    """A door's event; `number` is its id."""
    at = from_us(NOON_US + number if at_us is None else at_us)
    source = f"estates/{estate}/access/{door}"
    return codec.make(
        DoorOpened(door=door), estate=estate, source=source, event_id=str(number), at=at, **more
    )


def estate_set(number: int, estate: str = "xiegou") -> NewEvent:
    """A register's event, which no device sends."""
    event = EstateSet(name=Words(zh="谢沟", en="Xiegou"))
    source = f"estates/{estate}/console"
    return codec.make(event, estate=estate, source=source, event_id=f"r{number}", at=from_us(NOON_US))


def reject(number: int, reason: str = "undecodable") -> Reject:
    """A message that can't be taken in."""
    return Reject(
        "estates/xiegou/access/gate-n1/events", reason, "not JSON", b"\xff\x00", NOON_US + number, "xiegou"
    )


def positions(entries: Iterable[Recorded]) -> list[int]:
    """Where entries stand."""
    return [entry.position for entry in entries]


class OpenLog(Protocol):
    """Opens the log of a test; a backend that keeps anything opens the same one each time."""

    def __call__(self, **options: Any) -> EventLog: ...


class EventLogContract:
    """Subclasses give `open_log`."""

    @pytest.fixture
    def log(self, open_log: OpenLog) -> EventLog:
        return open_log()

    # Appending

    def test_entries_stand_in_order_without_holes(self, log: EventLog) -> None:
        assert log.append([door_opened(1), door_opened(2)]).positions == (1, 2)
        appended = log.append([door_opened(3)])
        assert (appended.positions, appended.new, log.head()) == ((3,), 1, 3)

    def test_an_entry_is_what_was_appended(self, log: EventLog) -> None:
        sent = door_opened(7, door="东门", seq=2**63 - 1, replay=True, received_us=NOON_US + 9)
        log.append([sent])
        (entry,) = log.read(after=0, limit=10)
        kept = (entry.estate, entry.type, entry.version, entry.source, entry.id, entry.occurred_us)
        assert kept == sent[:6]
        assert (entry.received_us, entry.body, entry.seq, entry.replay) == sent[6:]
        assert entry.replay is True
        assert entry.event == DoorOpened(door="东门")
        assert len(entry.hash) == 32

    def test_an_entry_is_found_by_what_stands_for_its_identity(self, log: EventLog) -> None:
        log.append([door_opened(1), door_opened(2)])
        second = log.at([2])[0]
        found = log.identified(identity_key(second.source, second.id))
        assert found is not None
        assert (found.position, found.body) == (2, second.body)
        assert log.identified(bytes(16)) is None

    def test_an_empty_batch_is_nothing(self, log: EventLog) -> None:
        assert log.append([]).positions == ()
        assert log.head() == 0

    def test_the_same_again_changes_nothing(self, log: EventLog) -> None:
        batch = [door_opened(1), door_opened(2)]
        log.append(batch)
        again = log.append([*batch, door_opened(3)])
        assert again.positions == (1, 2, 3)
        assert (again.new, again.repeated, again.conflicts) == (1, (0, 1), ())
        assert log.head() == 3

    def test_the_same_in_one_batch_is_kept_once(self, log: EventLog) -> None:
        appended = log.append([door_opened(1), door_opened(1), door_opened(2)])
        assert (appended.positions, appended.repeated, appended.new) == ((1, 1, 2), (1,), 2)

    def test_other_content_under_an_identity_is_a_conflict(self, log: EventLog) -> None:
        log.append([door_opened(1)])
        appended = log.append([door_opened(1, at_us=5), door_opened(2), door_opened(2, at_us=6)])
        assert (appended.positions, appended.conflicts, appended.new) == ((None, 2, None), (0, 2), 1)
        assert log.find("estates/xiegou/access/gate-n1", "1").occurred_us == NOON_US + 1  # type: ignore[union-attr]

    def test_order_of_fields_and_the_history_flag_are_not_content(self, log: EventLog) -> None:
        first = door_opened(1)
        document = {"replay": True, **dict(reversed(orjson.loads(first.body).items()))}
        log.append([first])
        assert log.append([first._replace(body=orjson.dumps(document), replay=True)]).repeated == (0,)

    def test_an_id_of_another_source_is_another_event(self, log: EventLog) -> None:
        log.append([door_opened(1)])
        assert log.append([door_opened(1, door="gate-n2")]).new == 1

    def test_stored_bytes_of_an_older_version_are_read_as_the_present_one(self, log: EventLog) -> None:
        body = orjson.dumps({
            "specversion": "1.0", "id": "z1", "source": "estates/xiegou/console", "type": "registry.zone_set",
            "time": "2026-01-01T00:00:00Z",
            "data": {"zone": "yard", "name": {"zh": "院子", "en": "Yard"}, "adjacent": ["lane-1", "lane-2"]},
        })  # fmt: skip
        old = NewEvent("xiegou", "registry.zone_set", 1, "estates/xiegou/console", "z1", 1, 1, body)
        log.append([old])
        (entry,) = log.read(after=0, limit=1)
        assert isinstance(entry.event, ZoneSet)
        assert [neighbour.zone for neighbour in entry.event.adjacent] == ["lane-1", "lane-2"]
        assert (entry.version, entry.body) == (1, body)

    def test_threads_append_without_a_hole(self, log: EventLog) -> None:
        def write(door: str) -> None:
            for number in range(10):
                log.append([door_opened(number, door=door), door_opened(number + 100, door=door)])

        threads = [threading.Thread(target=write, args=(f"gate-{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert positions(log.read(after=0, limit=100)) == list(range(1, 81))
        assert log.verify().first_bad is None

    # Reading

    def mixed(self, log: EventLog) -> list[NewEvent]:
        """Three thousand entries of two estates; a register's event now and then."""
        events = [
            estate_set(n, ("xiegou", "liuzhuang")[n % 2]) if n % 701 == 5
            else door_opened(n, estate="liuzhuang" if n % 3 == 0 else "xiegou")
            for n in range(1, 3_001)
        ]  # fmt: skip
        log.append(events)
        return events

    def test_reads_give_what_fits_in_order_both_ways(self, log: EventLog) -> None:
        events = self.mixed(log)
        for estate, types in product([None, "xiegou", "liuzhuang", "nowhere"], TYPE_FILTERS):
            fits = [
                place
                for place, event in enumerate(events, 1)
                if (estate is None or event.estate == estate) and (types is None or event.type in types)
            ]
            for after, limit in [(0, 5), (0, 10_000), (1_000, 300), (2_990, 100), (3_000, 1), (9_999, 5)]:
                found = log.read(after=after, limit=limit, estate=estate, types=types)
                assert positions(found) == [place for place in fits if place > after][:limit]
            for before, limit in [(None, 5), (None, 10_000), (2_000, 300), (3, 100), (1, 1), (9_999, 5)]:
                found = log.read_back(before=before, limit=limit, estate=estate, types=types)
                below = [place for place in fits if before is None or place < before]
                assert positions(found) == below[::-1][:limit]

    def test_entries_at_positions_come_in_the_order_asked(self, log: EventLog) -> None:
        log.append([door_opened(n) for n in range(1, 1_001)])
        assert positions(log.at([3, 1, 999, 5_000, 0, 1])) == [3, 1, 999, 1]
        assert len(log.at(range(1, 1_001))) == 1_000
        assert log.at([]) == []

    def test_an_entry_is_found_by_its_identity(self, log: EventLog) -> None:
        log.append([door_opened(1), door_opened(2)])
        found = log.find("estates/xiegou/access/gate-n1", "2")
        assert found is not None
        assert found.position == 2
        assert log.find("estates/xiegou/access/gate-n1", "3") is None

    # Time

    def test_recorded_time_never_goes_back(self, open_log: OpenLog) -> None:
        ticks = iter([1_000, 5_000, 2_000, 2_500, 9_000, 9_000, 9_000])
        log = open_log(clock=lambda: next(ticks))
        for number in range(5):
            log.append([door_opened(number)])
        assert [entry.recorded_us for entry in log.read(after=0, limit=9)] == [
            1_000,
            5_000,
            5_000,
            5_000,
            9_000,
        ]
        assert log.verify().first_bad is None

    def test_the_last_position_at_a_moment(self, open_log: OpenLog) -> None:
        ticks = iter([10, 20, 20, 40])
        log = open_log(clock=lambda: next(ticks))
        for number in range(4):
            log.append([door_opened(number)])
        found = [log.position_at(moment) for moment in (0, 9, 10, 19, 20, 21, 39, 40, 10**18)]
        assert found == [0, 0, 1, 1, 3, 3, 3, 4, 4]

    def test_nothing_is_recorded_before_the_first(self, log: EventLog) -> None:
        assert log.position_at(10**18) == 0

    def test_the_present_time_is_what_would_be_stamped(self, open_log: OpenLog) -> None:
        now = [700]
        log = open_log(clock=lambda: now[0])
        assert log.now_us() == 700
        log.append([door_opened(1)])
        now[0] = 300
        assert log.now_us() == 700

    def test_time_can_follow_the_events(self, open_log: OpenLog) -> None:
        log = open_log(time_mode="events")
        assert log.now_us() == 0
        reached = codec.make(
            TimeReached(at=from_us(900)),
            estate="xiegou",
            source="estates/xiegou/time",
            event_id="t",
            at=from_us(900),
        )
        log.append([door_opened(1, at_us=500), estate_set(1), door_opened(2, at_us=400)])
        log.append([door_opened(3, at_us=600), reached])
        assert [entry.recorded_us for entry in log.read(after=0, limit=9)] == [500, 500, 500, 600, 900]
        assert log.now_us() == 900

    # Transactions, state, positions

    def test_a_transaction_is_one(self, log: EventLog) -> None:
        with log.transaction() as transaction:
            assert transaction.append([door_opened(1)]).positions == (1,)
            assert transaction.append([door_opened(1), door_opened(2)]).positions == (1, 2)
            transaction.save_state("decider/xiegou", [SavedState("door_forced/gate-n1", b"\x00\x01", 42)])
            transaction.move("decider", 2)
            transaction.quarantine([reject(1)])
            assert log.head() == 0
        assert log.head() == 2
        assert log.position("decider") == 2
        assert log.load_state("decider/xiegou") == [SavedState("door_forced/gate-n1", b"\x00\x01", 42)]
        assert len(log.quarantined()) == 1
        assert log.verify().entries == 2

    def test_a_transaction_that_fails_leaves_nothing(self, log: EventLog) -> None:
        log.append([door_opened(1)])

        def fail_at_the_end() -> None:
            with log.transaction() as transaction:
                transaction.append([door_opened(2), door_opened(3, estate="liuzhuang")])
                transaction.save_state("decider", [SavedState("a", b"x")])
                transaction.move("decider", 3)
                transaction.quarantine([reject(1)])
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail_at_the_end()
        assert (log.head(), log.position("decider"), log.quarantine_counts()) == (1, 0, {})
        assert log.load_state("decider") == []
        assert log.append([door_opened(3, estate="liuzhuang"), door_opened(2)]).positions == (2, 3)
        assert [entry.estate for entry in log.read(after=0, limit=9)] == ["xiegou", "liuzhuang", "xiegou"]
        assert log.verify().first_bad is None

    def test_a_transaction_without_a_write_changes_nothing(self, log: EventLog) -> None:
        with log.transaction():
            pass
        assert log.head() == 0

    def test_a_second_transaction_in_one_thread_is_refused_not_hung(self, log: EventLog) -> None:
        with log.transaction() as transaction:
            transaction.append([door_opened(1)])
            with pytest.raises(LogError, match="transaction"):
                log.append([door_opened(2)])
        assert log.head() == 1

    def test_state_is_kept_by_owner_and_key(self, log: EventLog) -> None:
        with log.transaction() as transaction:
            transaction.save_state(
                "one", [SavedState("b", b"1"), SavedState("a", b"2", 7), SavedState("c", b"")]
            )
            transaction.save_state("two", [SavedState("a", b"other")])
        with log.transaction() as transaction:
            transaction.save_state("one", [SavedState("b", b"new", 9)], gone=["c", "never"])
        assert log.load_state("one") == [SavedState("a", b"2", 7), SavedState("b", b"new", 9)]
        assert log.load_state("two") == [SavedState("a", b"other")]
        assert log.load_state("three") == []

    def test_a_reader_moves(self, log: EventLog) -> None:
        assert log.position("delivery") == 0
        for position in (5, 3):
            with log.transaction() as transaction:
                transaction.move("delivery", position)
            assert log.position("delivery") == position

    # Quarantine

    def test_what_is_in_quarantine_can_be_looked_at(self, log: EventLog) -> None:
        rejects = [reject(1), reject(2, "oversized"), reject(3)]
        with log.transaction() as transaction:
            transaction.quarantine(rejects[:2])
        with log.transaction() as transaction:
            transaction.quarantine(rejects[2:])
        kept = log.quarantined()
        assert [one.reject for one in kept] == rejects
        assert log.quarantine_counts() == {"undecodable": 2, "oversized": 1}
        assert log.quarantined(after=kept[0].id, limit=1) == kept[1:2]
        assert log.quarantined_one(kept[1].id) == kept[1]
        assert log.quarantined_one(10_000) is None

    def test_what_is_released_is_kept_and_no_longer_waits(self, log: EventLog) -> None:
        with log.transaction() as transaction:
            transaction.quarantine([reject(1), reject(2)])
        first, second = log.quarantined()
        log.mark_released(first.id)
        log.mark_released(first.id)
        assert log.quarantined() == [second]
        assert log.quarantine_counts() == {"undecodable": 1}
        released, _ = log.quarantined(include_released=True)
        assert released.reject == first.reject
        assert released.released_us is not None
        with pytest.raises(LogError, match="10000"):
            log.mark_released(10_000)

    # The chain

    def test_the_chain_can_be_checked_in_parts(self, log: EventLog) -> None:
        for start in range(0, 50, 5):
            log.append([door_opened(n) for n in range(start, start + 5)])
        whole = log.verify()
        assert (whole.entries, whole.first_bad, whole.problem) == (50, None, "")
        assert whole.head_hash == log.read_back(limit=1)[0].hash
        assert log.verify(after=20, limit=10).entries == 10
        assert log.verify(after=45).entries == 5
        assert log.verify(limit=0).entries == 0

    def test_an_empty_chain_is_good(self, log: EventLog) -> None:
        assert (log.verify().entries, log.verify().first_bad) == (0, None)

    # Waiting, claims

    def test_waiting_ends_at_once_where_there_is_something(self, log: EventLog) -> None:
        log.append([door_opened(1)])
        assert log.wait(0, timeout_s=30)

    def test_waiting_ends_without_anything(self, log: EventLog) -> None:
        log.append([door_opened(1)])
        assert not log.wait(1, timeout_s=0.05)

    def test_an_append_wakes_those_who_wait(self, log: EventLog) -> None:
        woken: list[bool] = []
        waiters = [
            threading.Thread(target=lambda: woken.append(log.wait(0, timeout_s=30)), name=f"waiter-{n}")
            for n in range(3)
        ]
        for waiter in waiters:
            waiter.start()
        log.append([door_opened(1)])
        wait_until(lambda: len(woken) == 3, what="all three are awake")
        assert woken == [True] * 3
        for waiter in waiters:
            waiter.join()

    def test_a_shared_claim_is_several_s_and_never_beside_one_alone(self, log: EventLog) -> None:
        first, second = log.claim("decider", shared=True), log.claim("decider", shared=True)
        assert first is not None
        assert second is not None
        assert log.claim("decider") is None
        first.release()
        assert log.claim("decider") is None, "the second holds it still"
        second.release()
        alone = log.claim("decider")
        assert alone is not None
        assert log.claim("decider", shared=True) is None
        alone.release()

    def test_a_transaction_sees_how_far_a_reader_has_come(self, log: EventLog) -> None:
        with log.transaction() as transaction:
            assert transaction.position("someone") == 0
            transaction.move("someone", 7)
            assert transaction.position("someone") == 7
        with log.transaction() as transaction:
            assert transaction.position("someone") == 7

    def test_it_says_which_claims_somebody_holds(self, log: EventLog) -> None:
        assert log.claimed(["a", "b"]) == frozenset()
        held, shared = log.claim("a"), log.claim("c", shared=True)
        assert held is not None
        assert shared is not None
        assert log.claimed(["a", "b", "c"]) == {"a", "c"}
        assert held.held()
        held.release()
        shared.release()
        assert log.claimed(["a", "b", "c"]) == frozenset()
        assert not held.held()

    def test_what_is_written_under_a_claim_given_back_is_refused(self, log: EventLog) -> None:
        held = log.claim("decider")
        assert held is not None
        with log.transaction(under=held) as transaction:
            transaction.append([door_opened(1)])
        held.release()
        with pytest.raises(ClaimLostError), log.transaction(under=held) as transaction:
            transaction.append([door_opened(2)])
        assert log.head() == 1

    def test_a_claim_is_one_holder_s(self, log: EventLog) -> None:
        held = log.claim("decider/谢沟")
        assert held is not None
        assert log.claim("decider/谢沟") is None
        other = log.claim("decider/liuzhuang")
        assert other is not None
        held.release()
        again = log.claim("decider/谢沟")
        assert again is not None
        again.release()
        other.release()
