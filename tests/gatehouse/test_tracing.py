"""One id leads from the device's event to the messages, and is the same in every replay."""

from __future__ import annotations

import re

import orjson
import pytest

from eventlog import codec
from eventlog.memory import MemoryLog
from eventlog.ports import Recorded
from eventlog.times import from_us
from eventlog.trace import KNOWN_MAX, Traces, trace_in, trace_of, traceparent
from eventlog.vocabulary import (
    AccessDenied,
    AlertEvent,
    DeliveryConfirmed,
    DeliveryPublished,
    DoorClosed,
    DoorOpened,
)
from eventlog.vocabulary.delivery import Published
from gatehouse.tracing import alert_named, follow, origin_of
from processors.delivery.board import Board
from processors.outbox import source_of
from processors.runners.embedded import replay
from tests.processors.estate import NAME
from tests.processors.live import Live
from tests.support.histories import alert

DOOR = "gate-n1"


@pytest.fixture
def live() -> Live:
    """Three cards refused, an alert of it; a door that is left open, an alert that time has raised."""
    made = Live()
    for number in range(3):
        made.say(AccessDenied(
            door=DOOR, credential=f"card-{number}", method="card", direction="in", reason="unknown"
        ))  # fmt: skip
        made.after(seconds=5)
    made.run()
    made.say(DoorOpened(door=DOOR))
    made.after(minutes=30)
    made.say(DoorClosed(door=DOOR))
    made.run()
    return made


def raised(live: Live, rule: str) -> Recorded:
    """The entry that raised the alert of a rule."""
    found = [e for e in live.outputs() if e.type == "alert.raised" and e.event.alert.rule == rule]  # type: ignore[attr-defined]
    assert found, sorted({e.event.alert.rule for e in live.outputs() if e.type == "alert.raised"})  # type: ignore[attr-defined]
    return found[0]


def messages(log: MemoryLog, entry: Recorded) -> list[dict[str, str]]:
    """What goes out for an output."""
    made = Board(Traces(log).parent).take(entry, resent=False)
    return [orjson.loads(message.payload) for message in made]


def test_a_message_leads_back_to_the_first_event(live: Live) -> None:
    entry = raised(live, "repeated_denials")
    told = messages(live.log, entry)
    assert len({one["traceparent"] for one in told}) == 1
    trace = trace_in(told[0]["traceparent"])
    assert trace is not None
    first = live.log.identified(bytes.fromhex(trace))
    assert first is not None
    assert (first.type, first.position) == ("access.denied", entry.event.alert.evidence_positions[0])  # type: ignore[attr-defined]
    assert trace_of(first) == trace
    assert origin_of(live.log, entry).position == first.position


def test_an_alert_that_time_has_raised_leads_to_its_evidence(live: Live) -> None:
    entry = raised(live, "door_held_open")
    trace = trace_in(messages(live.log, entry)[0]["traceparent"])
    assert trace is not None
    found = live.log.identified(bytes.fromhex(trace))
    assert found is not None
    assert found.type == "access.door_opened"


def test_the_trace_is_the_same_in_a_replay(live: Live) -> None:
    again = MemoryLog()
    replay(live.log, again.append)
    outputs = again.read(after=0, limit=10_000)
    before = [messages(live.log, e) for e in live.outputs() if e.type == "alert.raised"]
    # Evidence is named by its place in the log that has it.
    after = [
        [orjson.loads(m.payload) for m in Board(Traces(live.log).parent).take(e, resent=False)]
        for e in outputs
        if e.type == "alert.raised"
    ]
    assert before == after


def test_the_way_of_an_event_is_told_in_order(live: Live) -> None:
    entry = raised(live, "repeated_denials")
    assert isinstance(entry.event, AlertEvent)
    subject = entry.event.alert
    published = DeliveryPublished(
        messages=(
            Published(alert=subject.id, version=1, recipient="squad:squad-1"),
            Published(alert="another", version=1, recipient="squad:squad-2"),
        )
    )
    confirmed = DeliveryConfirmed(
        alert=subject.id, version=1, channel="mqtt", recipient="person:zhang-wei", by="zhang-wei",
        response="received",
    )  # fmt: skip
    for number, event in enumerate((published, confirmed)):
        at = from_us(live.log.now_us())
        live.log.append([
            codec.make(event, estate=NAME, source=source_of(NAME), event_id=f"d{number}", at=at)
        ])  # fmt: skip
    found = follow(live.log, origin_of(live.log, entry))
    kinds = [told.step for told in found.steps]
    assert kinds[:3] == ["event", "signal", "alert"]
    assert [told.says for told in found.steps if told.step == "message"] == [
        "mqtt squad:squad-1 v1",
        "mqtt person v1",
    ]
    positions = [told.entry.position for told in found.steps]
    assert positions == sorted(positions)
    said = " ".join(told.says for told in found.steps)
    assert "zhang-wei" not in said
    assert "card-" not in said
    assert alert_named(live.log, subject.id) == entry
    assert alert_named(live.log, "none") is None


def test_what_is_looked_up_is_remembered_up_to_a_bound() -> None:
    log = MemoryLog()
    traces = Traces(log)
    for number in range(KNOWN_MAX + 5):
        traces.of(alert(f"a{number}"))
    assert len(traces._known) == KNOWN_MAX


def test_a_device_may_give_a_traceparent_of_its_own(live: Live) -> None:
    event = AccessDenied(door=DOOR, credential="c", method="card", direction="in", reason="unknown")
    own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    source = f"estates/{NAME}/access/{DOOR}"
    at = from_us(live.log.now_us())
    made = codec.make(event, estate=NAME, source=source, event_id="traced", at=at)
    document = {**orjson.loads(made.body), "traceparent": own}
    live.log.append([made._replace(body=orjson.dumps(document))])
    entry = live.log.find(source, "traced")
    assert entry is not None
    assert follow(live.log, entry).from_device == own


@pytest.mark.parametrize(
    ("text", "trace"),
    [
        ("0AF7651916CD43DD8448EB211C80319C", "0af7651916cd43dd8448eb211c80319c"),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "0af7651916cd43dd8448eb211c80319c"),
        ("0af7651916cd43dd8448eb211c8031", None),
        ("a04fe9c7-23d3-576f-9663-02716f167f5b", None),
        ("17", None),
    ],
)
def test_traces_are_read_as_w3c_writes_them(text: str, trace: str | None) -> None:
    assert trace_in(text) == trace


def test_every_version_is_a_span_of_its_own() -> None:
    one, two = (traceparent("ab" * 16, "alert", version) for version in (1, 2))
    assert one != two
    assert re.fullmatch(r"00-(ab){16}-[0-9a-f]{16}-01", one)
