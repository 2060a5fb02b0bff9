"""What becomes of each kind of message."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from typing import Any

import pytest

from eventlog.memory import MemoryLog
from eventlog.times import to_us
from eventlog.vocabulary import DeviceOffline, DeviceOnline, DeviceSet, ProbeSighting, TimeReached
from ingest import reasons
from ingest.messages import Message
from ingest.pipeline import KEPT_BYTES_MAX, PAYLOAD_BYTES_MAX, IngestStoppedError
from ingest.quarantine import release
from tests.ingest.support import (
    ESTATE,
    GATE,
    KEY,
    MEMBER,
    NOW_US,
    PROBE,
    BreakableLog,
    after,
    estate_log,
    event,
    message,
    pipeline_of,
    register,
)
from tests.support.waiting import wait_until

ADDRESS = "AA:bb:cc:dd:ee:01"
HASHED = hmac.new(KEY, b"aa:bb:cc:dd:ee:01", hashlib.sha256).hexdigest()


def recorded(log: MemoryLog) -> list[Any]:
    """What devices sent and was recorded."""
    return [entry for entry in log.read(after=0, limit=10_000) if not entry.type.startswith("registry.")]


def put_aside(log: MemoryLog) -> list[tuple[str, int | None]]:
    return [(one.reject.reason, one.reject.index) for one in log.quarantined(limit=10_000)]


def sighting(address: str = ADDRESS, **extra: Any) -> dict[str, Any]:
    data = {"address": address, "randomised": False, "rssi": -60, "radio": "wifi", **extra}
    return event(source=PROBE, type_="probe.sighting", data=data)


def response(member: str = "zhang", **extra: Any) -> dict[str, Any]:
    data = {"alert": "a1", "member": member, "action": "accept"}
    return event(source="estates/xiegou/patrol/zhang", type_="patrol.response", data=data, **extra)


def test_a_good_event_is_stored_as_the_bytes_that_were_sent() -> None:
    log = estate_log()
    sent = message(
        b'{ "specversion":"1.0", "data": {"door":"gate-n1","x":1.50}, "id":"7","source":"'
        + GATE.encode()
        + b'", "type":"access.door_opened", "time":"2026-11-22T16:00:00+08:00"}'
    )
    pipeline_of(log).take([sent])
    (entry,) = recorded(log)
    assert entry.body == sent.payload
    assert (entry.estate, entry.source, entry.id, entry.device) == (ESTATE, GATE, "7", "gate-n1")
    assert (entry.occurred_us, entry.received_us) == (NOW_US, NOW_US)
    assert not put_aside(log)


BAD: dict[str, tuple[Message, str]] = {
    "not json": (message(b"\xff\x00 gate open!"), reasons.UNDECODABLE),
    "empty": (message(b""), reasons.UNDECODABLE),
    "half of it": (message(json.dumps(event()).encode()[:-9]), reasons.UNDECODABLE),
    "not a number": (message(json.dumps(event(x=float("nan"))).encode()), reasons.UNDECODABLE),
    "beyond a double": (
        message(json.dumps(event(x=8)).encode().replace(b"8}", b"1e999}")),
        reasons.UNDECODABLE,
    ),
    "NUL in the id": (message(event("a\x00b")), reasons.UNDECODABLE),
    "NUL within": (message(event(note={"deep": ["\x00"]})), reasons.UNDECODABLE),
    "array cut off": (message(b"[" + json.dumps(event()).encode()), reasons.UNDECODABLE),
    "array of nothing": (message(b"[]"), reasons.UNDECODABLE),
    "not an event": (message({"hello": 1}), reasons.WRONGLY_TYPED),
    "a number": (message(b"42"), reasons.WRONGLY_TYPED),
    "field of a wrong type": (message(event(data={"door": 5})), reasons.WRONGLY_TYPED),
    "unheard-of type": (message(event(type_="access.teleported")), reasons.WRONGLY_TYPED),
    "time without a zone": (message(event(at="2026-11-22T08:00:00")), reasons.WRONGLY_TYPED),
    "our own type": (
        message(event(type_="command.acknowledge", data={"alert": "a", "by": "x"})),
        reasons.WRONGLY_TYPED,
    ),
    "too large": (message(b"x" * (PAYLOAD_BYTES_MAX + 1)), reasons.OVERSIZED),
    "no such device": (message(event(), topic="estates/xiegou/access/gate-x/events"), reasons.UNKNOWN_DEVICE),
    "no such estate": (message(event(), topic="estates/other/access/gate-n1/events"), reasons.UNKNOWN_DEVICE),
    "device of another family": (
        message(event(source="estates/xiegou/camera/gate-n1"), topic="estates/xiegou/camera/gate-n1/events"),
        reasons.UNKNOWN_DEVICE,
    ),
    "somebody else's source": (message(event(source=PROBE)), reasons.IMPERSONATION),
    "25 h ahead": (message(event(at=after(hours=25))), reasons.FUTURE_DATED),
    "a member's answer from a door": (message(response() | {"source": GATE}), reasons.MISPLACED),
    "answer of another member": (message(response("li"), topic=MEMBER), reasons.IMPERSONATION),
    "answer with a door's source": (
        message(response() | {"source": GATE}, topic=MEMBER),
        reasons.IMPERSONATION,
    ),
    "door event from a member": (
        message(event(source="estates/xiegou/patrol/zhang"), topic=MEMBER),
        reasons.MISPLACED,
    ),
    "answer to a report of another member": (
        message(
            event(
                source="estates/xiegou/patrol/zhang",
                type_="patrol.report_response",
                data={"report": "r1", "member": "li", "action": "accept"},
            ),
            topic=MEMBER,
        ),
        reasons.IMPERSONATION,
    ),
    "checkpoint for another squad": (
        message(
            event(
                source="estates/xiegou/patrol/zhang",
                type_="patrol.checkpoint",
                data={"member": "zhang", "squad": "squad-2", "checkpoint": "p1", "method": "nfc"},
            ),
            topic=MEMBER,
        ),
        reasons.IMPERSONATION,
    ),
    "member of no squad": (
        message(response(), topic=MEMBER.replace("zhang", "wang")),
        reasons.UNKNOWN_DEVICE,
    ),
    "time on the wall clock": (
        message({"at": "2026-11-22T08:00:00Z"}, topic="estates/xiegou/time"),
        reasons.TIME_NOT_TAKEN,
    ),
    "a maker nobody reads": (message(b"\x01", topic="vendors/acme/xiegou/gate-n1"), reasons.UNKNOWN_MAKER),
    "our own topic": (message(b"{}", topic="estates/xiegou/alerts"), reasons.UNKNOWN_TOPIC),
    "status of a stranger": (
        message({"state": "online"}, topic="estates/xiegou/access/gate-x/status"),
        reasons.UNKNOWN_DEVICE,
    ),
    "status of no kind": (message({"state": "asleep"}, topic=f"{GATE}/status"), reasons.WRONGLY_TYPED),
    "status in plain words": (message(b"online", topic=f"{GATE}/status"), reasons.UNDECODABLE),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_taken_is_put_aside_with_its_reason(case: str) -> None:
    bad, reason = BAD[case]
    log = estate_log()
    pipeline_of(log).take([message(event("before")), bad, message(event("after"))])
    (kept,) = log.quarantined()
    assert (kept.reject.reason, kept.reject.topic) == (reason, bad.topic)
    assert kept.reject.payload == bad.payload
    assert kept.reject.received_us == bad.received_us
    assert kept.reject.detail
    assert [entry.id for entry in recorded(log)] == ["before", "after"]


def test_every_reason_is_shown_by_a_test() -> None:
    shown = {reason for _, reason in BAD.values()} | {reasons.CONFLICT, reasons.REFUSED_BY_LOG}
    assert shown == set(reasons.REASONS)


def test_of_several_events_in_one_message_the_good_ones_go_on() -> None:
    parts = [json.dumps(event(number)).encode() for number in range(50)]
    parts[17] = b'{"id": "17", "nothing": "else"}'
    parts[31] = json.dumps(event(31, source=PROBE)).encode()
    log = estate_log()
    pipeline_of(log).take([message(b" [" + b" ,\n".join(parts) + b"] ")])
    assert len(recorded(log)) == 48
    assert recorded(log)[3].body == parts[3]
    assert put_aside(log) == [(reasons.WRONGLY_TYPED, 17), (reasons.IMPERSONATION, 31)]
    assert log.quarantined()[0].reject.payload == parts[17]


def test_an_event_24_h_ahead_is_taken_and_one_beyond_is_not() -> None:
    log = estate_log()
    pipeline_of(log).take(
        [message(event("edge", at=after(hours=24))), message(event("on", at=after(hours=24, seconds=1)))]
    )
    assert [entry.id for entry in recorded(log)] == ["edge"]


def test_of_a_huge_payload_quarantine_keeps_a_bounded_part() -> None:
    log = estate_log()
    pipeline_of(log).take([message(b"x" * (KEPT_BYTES_MAX + 7))])
    (kept,) = log.quarantined()
    assert len(kept.reject.payload) == KEPT_BYTES_MAX
    assert str(KEPT_BYTES_MAX + 7) in kept.reject.detail


def test_the_same_again_changes_nothing_and_other_content_is_a_conflict() -> None:
    log = estate_log()
    pipeline = pipeline_of(log)
    pipeline.take([message(event(1))])
    pipeline.take([message(event(1)), message(event(1, at=after(seconds=1))), message(event(1))])
    assert len(recorded(log)) == 1
    assert put_aside(log) == [(reasons.CONFLICT, None)]


def test_a_device_registered_just_now_is_known_at_once() -> None:
    log = estate_log()
    pipeline = pipeline_of(log, monotonic=lambda: 0.0)  # the registers are not due to be looked at again
    pipeline.take([message(event(1))])
    register(log, DeviceSet(device="gate-new", family="access", zone="north"))
    source = "estates/xiegou/access/gate-new"
    pipeline.take([message(event(2, source=source), topic=f"{source}/events")])
    assert [entry.source for entry in recorded(log)] == [GATE, source]


def test_a_member_may_sign_with_either_form_of_its_source() -> None:
    log = estate_log()
    topic_form = event(
        2, source=MEMBER.removesuffix("/events"), type_="patrol.response", data=response()["data"]
    )
    pipeline_of(log).take([message(response(), topic=MEMBER), message(topic_form, topic=MEMBER)])
    assert [entry.device for entry in recorded(log)] == ["zhang", "zhang"]
    assert not put_aside(log)


class TestAddresses:
    def test_a_sighting_is_stored_with_a_keyed_hash_and_nothing_plain(self) -> None:
        log = estate_log()
        seen = sighting(beacon="near aa-bb-cc-dd-ee-01")
        pipeline_of(log).take([message(seen, topic=f"{PROBE}/events")])
        (entry,) = recorded(log)
        assert isinstance(entry.event, ProbeSighting)
        assert entry.event.address == HASHED
        assert b"aa:bb" not in entry.body.lower()
        assert b"aa-bb" not in entry.body.lower()

    def test_a_repeated_sighting_is_a_repetition(self) -> None:
        log = estate_log()
        pipeline = pipeline_of(log)
        for _ in range(2):
            pipeline.take([message(sighting(), topic=f"{PROBE}/events")])
        assert (len(recorded(log)), put_aside(log)) == (1, [])

    @pytest.mark.parametrize(
        "bad",
        [
            message(sighting() | {"type": "probe.seen"}, topic=f"{PROBE}/events"),
            message(sighting(rssi="loud"), topic=f"{PROBE}/events"),
            message(sighting(address=ADDRESS + "x" * 200), topic=f"{PROBE}/events"),
            message(json.dumps(sighting()).encode()[:-3], topic=f"{PROBE}/events"),
            message(ADDRESS.encode("utf-16"), topic=f"{PROBE}/events"),
            message(sighting(), topic=f"{GATE}/events"),
            message(sighting(), topic="vendors/acme/xiegou/probe-1"),
            message(sighting() | {"time": "2030-01-01T00:00:00Z"}, topic=f"{PROBE}/events"),
            message(b'[{"address": "' + ADDRESS.encode() + b'"}]', topic=f"{PROBE}/events"),
        ],
    )
    def test_quarantine_keeps_no_plain_address(self, bad: Message) -> None:
        log = estate_log()
        pipeline_of(log).take([bad])
        (kept,) = log.quarantined()
        text = (kept.reject.payload + kept.reject.detail.encode()).lower()
        assert b"dd:ee" not in text
        assert ADDRESS.encode("utf-16")[2:] not in kept.reject.payload

    def test_a_conflicting_sighting_keeps_no_plain_address(self) -> None:
        log = estate_log()
        twice = [sighting(), sighting(rssi=-70)]
        pipeline_of(log).take([message(one, topic=f"{PROBE}/events") for one in twice])
        (kept,) = log.quarantined()
        assert kept.reject.reason == reasons.CONFLICT
        assert HASHED.encode() in kept.reject.payload

    def test_a_released_sighting_has_the_same_hash(self) -> None:
        log = estate_log()
        other = "estates/xiegou/probe/probe-2"
        pipeline_of(log).take([message(sighting() | {"source": other}, topic=f"{other}/events")])
        register(log, DeviceSet(device="probe-2", family="probe", zone="north"))
        assert release(log, 1, hmac_key=KEY).outcome == "released"
        assert recorded(log)[0].event.address == HASHED


class TestPresence:
    topic = f"{GATE}/status"

    def status(self, state: str, session: str | None = None, **how: Any) -> Message:
        content = {"state": state} | ({"session": session} if session else {})
        return message(content, topic=self.topic, **how)

    def states(self, log: MemoryLog) -> list[tuple[str, str | None]]:
        return [
            (entry.type.partition(".")[2], entry.event.session)
            for entry in recorded(log)
            if isinstance(entry.event, (DeviceOnline, DeviceOffline))
        ]

    def test_status_and_will_become_inputs_at_our_arrival_time(self) -> None:
        log = estate_log()
        pipeline_of(log).take(
            [self.status("online", "s1", received_us=NOW_US + 5), self.status("offline", "s1")]
        )
        first, second = recorded(log)
        assert (first.type, first.event.device, first.occurred_us) == ("device.online", "gate-n1", NOW_US + 5)
        assert (second.type, second.source) == ("device.offline", self.topic)

    def test_a_retained_status_delivered_again_is_nothing_new(self) -> None:
        log = estate_log()
        for _ in range(2):  # the second time by a process started anew
            pipeline = pipeline_of(log)
            pipeline.take([self.status("online", "s1"), self.status("online", "s1", retain=True)])
        pipeline.take([self.status("offline", "s1"), self.status("online", "s2")])
        pipeline.take([self.status("offline", "s1", dup=True), self.status("online", "s2", dup=True)])
        assert self.states(log) == [("online", "s1"), ("offline", "s1"), ("online", "s2")]
        assert not put_aside(log)

    def test_without_a_session_only_a_change_counts(self) -> None:
        log = estate_log()
        pipeline_of(log).take([self.status("online"), self.status("online")])
        pipeline_of(log).take(
            [self.status("online", retain=True), self.status("offline"), self.status("online")]
        )
        assert self.states(log) == [("online", None), ("offline", None), ("online", None)]

    def test_a_device_that_uses_one_session_for_ever_is_still_heard(self) -> None:
        log = estate_log()
        for _ in range(3):
            pipeline_of(log).take([self.status("online", "boot"), self.status("offline", "boot")])
        assert [state for state, _ in self.states(log)] == ["online", "offline"] * 3

    def test_presence_held_with_its_batch_is_recorded_once(self) -> None:
        real = estate_log()
        log = BreakableLog(real)
        log.away.set()
        pipeline = pipeline_of(log)
        stop = threading.Event()
        stop.set()
        with pytest.raises(IngestStoppedError):
            pipeline.take([self.status("online", "s1")], stop)
        log.away.clear()
        pipeline.take([self.status("online", "s1", dup=True)])
        assert self.states(real) == [("online", "s1")]


class TestEventsTime:
    """On a clock that follows the events, eleven years ago is now."""

    def test_time_messages_become_inputs_and_are_recorded_once(self) -> None:
        log = estate_log(time_mode="events", clock=lambda: 0)
        pipeline = pipeline_of(log, time_mode="events")
        at = message({"at": "2026-11-22T09:00:00Z"}, topic="estates/xiegou/time")
        pipeline.take([at])
        pipeline.take([at])
        (entry,) = recorded(log)
        assert isinstance(entry.event, TimeReached)
        assert (entry.source, entry.occurred_us) == ("estates/xiegou/time", to_us(after(hours=1)))

    def test_old_events_are_not_late_and_future_ones_move_the_clock(self) -> None:
        log = estate_log(time_mode="events", clock=lambda: 0)
        moments = [after(days=1), after(days=400), after(days=400, minutes=-1), after(days=399)]
        batch = [message(event(number, at=at)) for number, at in enumerate(moments)]
        pipeline_of(log, time_mode="events").take(batch)
        assert [entry.late for entry in recorded(log)] == [False, False, False, True]

    def test_presence_is_dated_by_the_estates_clock(self) -> None:
        log = estate_log(time_mode="events", clock=lambda: 0)
        online = message(
            {"state": "online", "session": "s"}, topic=f"{GATE}/status", received_us=to_us(after(days=9))
        )
        pipeline_of(log, time_mode="events").take([message(event(1, at=after(hours=2))), online])
        assert recorded(log)[1].occurred_us == to_us(after(hours=2))


class TestAwayAndRefused:
    def test_a_batch_is_held_while_the_log_is_away_and_taken_once(self) -> None:
        real = estate_log()
        log = BreakableLog(real)
        log.away.set()
        pipeline = pipeline_of(log)
        held = threading.Thread(target=pipeline.take, args=([message(event(1)), message(b"bad")],))
        held.start()
        wait_until(lambda: log.refused >= 2, what="the batch is tried again")
        assert not recorded(real)
        log.away.clear()
        held.join(10)
        assert not held.is_alive()
        assert [entry.id for entry in recorded(real)] == ["1"]
        assert put_aside(real) == [(reasons.UNDECODABLE, None)]

    def test_stopping_gives_the_batch_back_unrecorded(self) -> None:
        real = estate_log()
        log = BreakableLog(real)
        log.away.set()
        stop = threading.Event()
        stop.set()
        with pytest.raises(IngestStoppedError):
            pipeline_of(log).take([message(event(1))], stop)
        assert not recorded(real)

    def test_one_message_that_the_log_refuses_does_not_hold_up_the_others(self) -> None:
        class Picky(BreakableLog):
            def transaction(self, *, under: Any = None) -> Any:
                return _Picky(self._log)

        real = estate_log()
        pipeline_of(Picky(real)).take([message(event(number)) for number in ("a", "b", "poison", "c")])
        assert [entry.id for entry in recorded(real)] == ["a", "b", "c"]
        assert put_aside(real) == [(reasons.REFUSED_BY_LOG, None)]


class _Picky:
    """A transaction that can't hold one event."""

    def __init__(self, log: MemoryLog) -> None:
        self._transaction = log.transaction()

    def __enter__(self) -> Any:
        from eventlog.ports import LogError

        inner = self._transaction.__enter__()
        append = inner.append

        def checked(events: Any) -> Any:
            if any(one.id == "poison" for one in events):
                raise LogError("the store can't hold this text")
            return append(events)

        inner.append = checked
        return inner

    def __exit__(self, *error: Any) -> Any:
        return self._transaction.__exit__(*error)
