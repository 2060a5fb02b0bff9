"""Whatever bytes come: nothing raises, and everything lands in the log or in quarantine, exactly once."""

from __future__ import annotations

import json
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from ingest.messages import Message
from tests.ingest.support import GATE, MEMBER, NOW_US, PROBE, estate_log, event, message, pipeline_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
TOPICS = st.sampled_from(
    [
        f"{GATE}/events",
        f"{GATE}/status",
        f"{PROBE}/events",
        MEMBER,
        "estates/xiegou/time",
        "vendors/acme/xiegou/gate-n1",
        "estates/xiegou/access//events",
        "$SYS/broker",
        "",
    ]
)


@st.composite
def nearly_events(draw: st.DrawFn) -> bytes:
    """An event with a field changed, taken away or added; now and then several, or cut."""
    documents = []
    for _ in range(draw(st.integers(1, 3))):
        document: dict[str, Any] = event(draw(st.text(min_size=1, max_size=4)))
        name = draw(st.sampled_from([*document, "seq", "replay", "extra"]))
        if draw(st.booleans()):
            document[name] = draw(JSON)
        documents.append(document)
    content = documents[0] if len(documents) == 1 else documents
    payload = json.dumps(content, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    return payload[: draw(st.integers(0, len(payload)))] if draw(st.integers(0, 4)) == 0 else payload


@given(
    st.lists(
        st.tuples(TOPICS, st.binary(max_size=60) | nearly_events() | JSON.map(repr).map(str.encode)),
        max_size=6,
    )
)
def test_nothing_raises_and_nothing_is_lost(pairs: list[tuple[str, bytes]]) -> None:
    log = estate_log()
    head = log.head()
    messages = [Message(topic, payload, 1, False, False, NOW_US) for topic, payload in pairs]
    pipeline_of(log).take(messages)
    bodies = [entry.body for entry in log.read(after=head, limit=1_000)]
    for body in bodies:
        orjson.loads(body)  # every stored body can be read by the strictest reader
    for entry in log.read(after=head, limit=1_000):
        assert entry.event is not None


@given(TOPICS, st.binary(max_size=60) | nearly_events())
def test_one_message_lands_once(topic: str, payload: bytes) -> None:
    log = estate_log()
    head = log.head()
    pipeline_of(log).take([Message(topic, payload, 1, False, False, NOW_US)])
    bodies = [entry.body for entry in log.read(after=head, limit=1_000)]
    aside = [one.reject for one in log.quarantined(limit=1_000)]
    several = payload.lstrip().startswith(b"[")
    assert len(bodies) + len(aside) == 1 or (several and bodies + aside)
    if "probe" not in topic and b"address" not in payload and not several:
        kept = bodies if bodies and not topic.endswith(("status", "time")) else []
        assert [*kept, *(one.payload for one in aside)] == ([payload] if kept or aside else [])


@given(st.lists(nearly_events(), max_size=5))
def test_delivered_again_nothing_changes_in_the_log(payloads: list[bytes]) -> None:
    log = estate_log()
    pipeline = pipeline_of(log)
    batch = [message(payload) for payload in payloads]
    pipeline.take(batch)
    head = log.head()
    pipeline.take(batch)
    assert log.head() == head
