"""The page for makers of devices says what the code does."""

from __future__ import annotations

import re

import pytest

from eventlog import topics
from eventlog.estate import Estate
from ingest import reasons
from ingest.broker import BACK_WITHIN_S
from ingest.decoders import DECODERS, decode
from ingest.decoders.gatehouse import EVENTS_MAX
from ingest.embedded import commits, outbox
from ingest.messages import PACKET_BYTES_MAX
from ingest.mosquitto import INFLIGHT_MAX, QUEUED_BYTES_MAX
from ingest.pipeline import KEPT_BYTES_MAX, PAYLOAD_BYTES_MAX
from tests.ingest.support import GATE, NOW, estate_log, message, pipeline_of
from tests.support.parts import ROOT, shared

PAGE = (ROOT / "docs" / "devices.md").read_text("utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


def test_the_reasons_are_all_there_in_the_same_words() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE.partition("## Quarantine")[2], re.MULTILINE))
    assert rows == reasons.REASONS


def test_its_examples_are_taken() -> None:
    log = estate_log()
    event, status = (
        message(text.encode(), topic=f"{GATE}/{kind}")
        for text, kind in zip(EXAMPLES, ("events", "status"), strict=True)
    )
    pipeline_of(log).take([event, status])
    assert not log.quarantined()
    assert [entry.type for entry in log.read_back(limit=2)] == ["device.online", "access.denied"]


@pytest.mark.parametrize(
    "words",
    [
        f"{EVENTS_MAX:,}",
        f"At most {PAYLOAD_BYTES_MAX // 1024} KiB a message",
        f"its first {KEPT_BYTES_MAX // 1024**2} MiB",
        f"of over {PACKET_BYTES_MAX // 1024**2} MiB is disconnected",
        f"within {BACK_WITHIN_S:.0f} s of our start",
        f"Past {commits.PENDING_MESSAGES_MAX:,} messages or {commits.PENDING_BYTES_MAX // 1024**2} MiB",
        f"at most {outbox.QUEUE_MESSAGES_MAX:,} messages or {outbox.QUEUE_BYTES_MAX // 1024**2} MiB",
        f"{QUEUED_BYTES_MAX // 1024**3} GiB of messages for an absent reader",
        f"{INFLIGHT_MAX:,} in flight",
        " ".join(f"`{family}`" for family in topics.FAMILIES),
    ],
)
def test_its_numbers_are_those_of_the_code(words: str) -> None:
    assert words in PAGE


def test_what_holds_is_said_in_the_words_of_the_design() -> None:
    design = shared("design.md").read_text("utf-8")
    words = design.partition("## What holds, to be said in the docs in these words\n")[2].partition("\n\n")[0]
    assert words.startswith("- Embedded broker")
    assert words in PAGE


def test_a_maker_without_a_decoder_is_an_error_of_the_caller() -> None:
    assert set(DECODERS) == {"gatehouse"}
    with pytest.raises(LookupError, match="acme"):
        decode("vendors/acme/xiegou/gate-n1", b"", NOW, Estate("xiegou"))
