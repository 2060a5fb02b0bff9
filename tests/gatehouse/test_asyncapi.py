"""The AsyncAPI document is made from the vocabulary, and docs/api/asyncapi.yaml is that document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import orjson
import pytest
import yaml

from eventlog import codec, topics
from eventlog.estate import Estate
from eventlog.memory import MemoryLog
from eventlog.vocabulary import TYPES, AccessDenied, Alert, AlertRaised, SquadSet, Words, ZoneSet
from gatehouse.asyncapi import asyncapi_document, write_asyncapi
from processors.delivery.board import Board
from tests.support.histories import no_trace
from tests.support.parts import ROOT

DOCUMENT = asyncapi_document()


def test_the_file_is_what_the_code_makes() -> None:
    kept = (ROOT / "docs/api/asyncapi.yaml").read_text("utf-8")
    assert kept == write_asyncapi(), "write it anew: gatehouse docs asyncapi --out docs/api/asyncapi.yaml"
    assert yaml.safe_load(kept) == DOCUMENT


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)


def _at(reference: str) -> Any:
    found: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def test_every_reference_leads_somewhere() -> None:
    references = [part["$ref"] for part in _walk(DOCUMENT) if isinstance(part.get("$ref"), str)]
    assert len(references) > len(TYPES)
    for reference in references:
        assert _at(reference) is not None


def test_it_has_the_shape_of_asyncapi_3() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= DOCUMENT["info"].keys()
    for name, operation in DOCUMENT["operations"].items():
        assert operation["action"] in {"send", "receive"}, name
        assert operation["channel"]["$ref"].removeprefix("#/channels/") in DOCUMENT["channels"]
    for name in [*DOCUMENT["components"]["messages"], *DOCUMENT["components"]["schemas"]]:
        assert re.fullmatch(r"[\w.-]+", name)


def test_every_parameter_of_an_address_is_described() -> None:
    for channel in DOCUMENT["channels"].values():
        named = set(re.findall(r"{(\w+)}", channel["address"] or ""))
        assert named == channel.get("parameters", {}).keys()
        assert all(parameter["description"] for parameter in channel.get("parameters", {}).values())


def test_every_event_type_is_a_message_of_some_channel() -> None:
    told = {name for channel in DOCUMENT["channels"].values() for name in channel["messages"]}
    assert set(TYPES) <= told
    for name, kind in TYPES.items():
        message = DOCUMENT["components"]["messages"][name]
        assert (message["x-role"], message["x-version"]) == (kind.ROLE.value, kind.VERSION)


@pytest.mark.parametrize(
    ("channel", "topic"),
    [
        ("deviceEvents", "estates/xiegou/access/gate-n1/events"),
        ("deviceStatus", "estates/xiegou/access/gate-n1/status"),
        ("time", "estates/xiegou/time"),
        ("vendorPayloads", "vendors/hik/xiegou/gate-n1"),
        ("memberEvents", "estates/xiegou/patrol/squad-1/members/m1/events"),
        ("alerts", "estates/xiegou/alerts"),
        ("squadAlerts", "estates/xiegou/patrol/squad-1/alerts"),
        ("squadOpen", "estates/xiegou/patrol/squad-1/open"),
        ("reports", "estates/xiegou/reports"),
        ("squadReports", "estates/xiegou/patrol/squad-1/reports"),
        ("safety", "estates/xiegou/safety"),
        ("system", "estates/xiegou/system"),
    ],
)
def test_channels_are_the_topics_of_the_contract(channel: str, topic: str) -> None:
    pattern = re.sub(r"{\w+}", "[^/]+", DOCUMENT["channels"][channel]["address"])
    assert re.fullmatch(pattern, topic)


def test_the_families_are_listed() -> None:
    family = DOCUMENT["channels"]["deviceEvents"]["parameters"]["family"]
    assert family["enum"] == list(topics.FAMILIES)


def test_personal_fields_are_marked() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["PlateRead"]["properties"]["plate"]["x-personal"] == "plate"
    assert schemas["FaceRecognised"]["properties"]["person"]["x-personal"] == "person"


def _validator(message: str) -> Any:
    payload = DOCUMENT["components"]["messages"][message]["payload"]
    return jsonschema_rs.validator_for({**payload, "components": DOCUMENT["components"]})


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["messages"]))
def test_every_schema_is_one(name: str) -> None:
    assert _validator(name) is not None


def test_an_event_of_the_contract_fits_its_schema_and_a_wrong_one_does_not() -> None:
    good = orjson.loads(
        b'{"specversion":"1.0","id":"6f1c","source":"estates/xiegou/access/gate-n1","type":"access.denied",'
        b'"time":"2026-11-22T08:00:00.123+08:00","data":{"door":"gate-n1","credential":"card-0193",'
        b'"method":"card","reason":"expired","direction":"in","battery":3}}'
    )
    validator = _validator(AccessDenied.TYPE)
    assert validator.is_valid(good)
    assert not validator.is_valid({**good, "type": "access.granted"})
    assert not validator.is_valid({**good, "data": {**good["data"], "reason": "mood"}})


def test_what_is_published_fits_its_schema() -> None:
    """Made by the delivery's own board, from an alert as the log has it."""
    log = MemoryLog()
    at = datetime(2026, 11, 22, 8, tzinfo=UTC)
    alert = Alert(
        id="a1", estate="xiegou", rule="door_forced", key="gate-n1", episode="e1", severity="high",
        state="raised", condition="active", zone="gate-n", title=Words(zh="门", en="door"), at=at,
        raised_at=at, evidence=("e",), squad="squad-1",
    )  # fmt: skip
    event = AlertRaised(alert=alert, cause="x")
    log.append([codec.make(event, estate="xiegou", source="s", event_id="1", at=at)])
    board = Board(no_trace)
    estate = Estate("xiegou").with_event(SquadSet(squad="squad-1", name=Words(zh="一队", en="one")))
    estate = estate.with_event(ZoneSet(zone="gate-n", name=Words(zh="北门", en="north gate")))
    messages = board.take(log.read(after=0, limit=1)[0], resent=False)
    messages += board.renewed([estate], 1, 1_795_000_000_000_000, all_of=True)
    lists = dict.fromkeys(("open", "duress_open"), "openAlerts")
    kinds = {"alert": "alert", "squad_alert": "alert", "safety": "safety", **lists}
    assert {message.kind for message in messages} == set(kinds)
    for message in messages:
        _validator(kinds[message.kind]).validate(orjson.loads(message.payload))
        assert not _validator(kinds[message.kind]).is_valid({})
