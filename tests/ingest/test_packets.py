"""MQTT packets are cut out of received bytes wherever the network splits them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.embedded.outbox import Outgoing, publish_packet
from ingest.messages import Message
from ingest.packets import cut_packet, cut_publish

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20)


@given(TEXT, st.binary(max_size=300), st.integers(0, 1), st.booleans(), st.integers(1, 65_535), st.booleans())
def test_a_packet_is_cut_when_it_is_whole_and_not_before(
    topic: str, payload: bytes, qos: int, retain: bool, number: int, repeated: bool
) -> None:
    packet = publish_packet(Outgoing(topic, payload, qos, retain), number, repeated=repeated)
    data = b"\xd0\x00" + packet + b"\x40\x02\x00\x01"
    cut = cut_publish(data, 2, 7)
    assert cut == ((Message(topic, payload, qos, retain, repeated, 7), number if qos else 0), 2 + len(packet))
    for size in range(1, len(packet)):
        assert cut_publish(packet[:size], 0, 7) is None
    assert cut_packet(data, cut[1]) == len(data)


@given(st.binary(min_size=1, max_size=40))
def test_any_bytes_are_cut_refused_or_waited_for(data: bytes) -> None:
    cut = cut_publish(data, 0, 0)
    assert cut is None or 0 < cut[1] <= len(data)
