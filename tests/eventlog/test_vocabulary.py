"""The vocabulary: every type of the contract, frozen, tolerant of newer devices, personal fields marked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from pydantic import BaseModel, ValidationError

from eventlog import codec, upcasters
from eventlog.memory import MemoryLog
from eventlog.ports import EventLog, NewEvent
from eventlog.sql import open_log
from eventlog.vocabulary import (
    INPUT_TYPES,
    OUTPUT_TYPES,
    TYPES,
    AccessGranted,
    Alert,
    CameraObject,
    Command,
    CommandConfirmCamera,
    CommandForgive,
    DeviceEvent,
    DoorOpened,
    Event,
    Neighbour,
    ReportCommand,
    Role,
    Words,
    ZoneSet,
    wire_adapter,
)

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def _names(text: str) -> list[str]:
    return text.split()


DEVICE_TYPES = _names("""
access.granted access.denied access.door_opened access.door_closed access.door_forced access.exit_requested
access.duress access.people_counted vehicle.plate_read vehicle.barrier_opened vehicle.barrier_closed
camera.object camera.crowd camera.tamper camera.restored camera.fire_smoke camera.fall camera.object_left
face.recognised face.unknown fence.alarm fence.restored probe.sighting help.pressed device.heartbeat
patrol.checkpoint patrol.position patrol.response patrol.report_response report.submitted
""")
OWN_INPUTS = _names("""
rule.activated delivery.attempted delivery.sent delivery.failed delivery.confirmed delivery.given_up
delivery.published time.reached device.online device.offline
command.acknowledge command.assign command.accept command.decline command.arrive command.note
command.shelve command.unshelve command.close command.reopen command.forgive
command.report_triage command.report_assign command.report_note command.report_close command.report_follow_up
command.report_reopen command.report_merge command.report_split
""")
OUTPUTS = _names("""
alert.raised alert.updated alert.severity_changed alert.acknowledged alert.assigned alert.accepted
alert.declined alert.escalated alert.arrived alert.noted alert.step_done alert.shelved alert.unshelved
alert.suppressed alert.released alert.cleared alert.closed alert.reopened signal.raised signal.cleared
command.refused device.clock_skewed device.sequence_gap safety.changed threat_level.changed
round.started round.checkpoint round.paused round.resumed round.finished
report.opened report.triaged report.assigned report.accepted report.declined report.noted report.reminded
report.escalated report.closed report.followed_up report.reopened report.merged report.joined report.split
""")
ALERT_FIELDS = _names("""
id estate rule episode severity state condition zone devices title at raised_at evidence squad assignee
ack_due_at shelved_until suppressed_by disposition late exercise version
""")

PERSONAL = {
    "access.granted": {"credential": "credential", "holder": "person"},
    "access.denied": {"credential": "credential"},
    "access.duress": {"credential": "credential"},
    "vehicle.plate_read": {"plate": "plate"},
    "face.recognised": {"person": "person"},
    "face.unknown": {"face": "person"},
    "probe.sighting": {"address": "radio"},
    "patrol.checkpoint": {"member": "member"},
    "patrol.position": {"member": "member", "position": "member"},
    "patrol.response": {"member": "member"},
    "report.submitted": {"text": "person", "reporter": "person", "entered_by": "member"},
    "report.closed": {"by": "member"},
    "patrol.report_response": {"member": "member"},
    "command.report_close": {"by": "member"},
    "registry.vehicle_set": {"plate": "plate", "owner": "person"},
    "registry.watch_entry_set": {"value": "plate"},
    "command.acknowledge": {"by": "member"},
    "command.forgive": {"credential": "credential", "by": "member"},
    "round.checkpoint": {"member": "member"},
    "delivery.sent": {"recipient": "member"},
    "delivery.confirmed": {"recipient": "member", "by": "member"},
}


@pytest.mark.parametrize(
    ("names", "role"), [(DEVICE_TYPES, Role.DEVICE), (OWN_INPUTS, Role.INPUT), (OUTPUTS, Role.OUTPUT)]
)
def test_every_type_of_the_contract_is_there(names: list[str], role: Role) -> None:
    assert {name: TYPES[name].ROLE for name in names if name in TYPES} == dict.fromkeys(names, role)


def test_nothing_else_may_come_from_a_device() -> None:
    assert {name for name, kind in TYPES.items() if issubclass(kind, DeviceEvent)} == set(DEVICE_TYPES)
    assert INPUT_TYPES.isdisjoint(OUTPUT_TYPES)


def test_an_alert_has_the_fields_of_the_contract() -> None:
    assert set(ALERT_FIELDS) <= set(Alert.model_fields)


ABOUT_NO_ALERT = (CommandForgive, CommandConfirmCamera)


def test_every_command_names_who_and_about_what() -> None:
    commands = [kind for name, kind in TYPES.items() if name.startswith("command.") and name in INPUT_TYPES]
    assert commands
    about = (Command, ReportCommand)
    assert all(issubclass(kind, about) for kind in commands if kind not in ABOUT_NO_ALERT)


@pytest.mark.parametrize("name", sorted(TYPES))
def test_every_type_is_frozen_and_keeps_what_it_does_not_know(name: str) -> None:
    config = TYPES[name].model_config
    assert (config.get("frozen"), config.get("extra")) == (True, "allow")


def test_a_device_event_can_not_be_changed() -> None:
    event = DoorOpened(door="gate-n1")
    with pytest.raises(ValidationError):
        event.door = "gate-n2"  # type: ignore[misc]


@pytest.mark.parametrize("name", sorted(PERSONAL))
def test_personal_fields_are_marked_with_their_subject(name: str) -> None:
    properties = TYPES[name].model_json_schema()["properties"]
    marked = {field: _subject(schema) for field, schema in properties.items() if _subject(schema)}
    assert marked == PERSONAL[name]


def _subject(schema: dict[str, Any]) -> str | None:
    inside = [schema, *schema.get("anyOf", ())]
    return next((part["x-personal"] for part in inside if "x-personal" in part), None)


def test_no_derived_event_has_a_field_for_a_plate_card_or_name() -> None:
    """Derived events point to their evidence; the only persons in them are members on duty."""
    subjects = {
        (name, subject)
        for name in OUTPUT_TYPES
        for subject in ("person", "credential", "plate", "radio")
        if f"'x-personal': '{subject}'" in str(TYPES[name].model_json_schema())
    }
    assert not subjects


def _wire(**more: Any) -> bytes:
    document = {
        "specversion": "1.0",
        "id": "1",
        "source": "estates/xiegou/access/gate-n1",
        "type": "access.granted",
        "time": "2026-11-22T08:00:00.123+08:00",
        "firmware": {"build": 7},
        "data": {
            "door": "gate-n1",
            "credential": "card-1",
            "method": "card",
            "direction": "in",
            "temperature": 36.5,
            "image": {"url": "http://cam/1.jpg", "width": 640},
        },
        **more,
    }
    return orjson.dumps(document)


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> EventLog:
    if request.param == "memory":
        return MemoryLog()
    return open_log(f"sqlite:///{tmp_path_factory.mktemp('vocabulary') / 'gatehouse.db'}")


def test_what_a_newer_device_says_more_comes_through_the_log(log: EventLog) -> None:
    sent = _wire()
    envelope = codec.parse_wire(sent)
    log.append([codec.from_envelope("xiegou", envelope, 1_795_000_000_000_000, sent)])
    (entry,) = log.read(after=0, limit=1)
    assert entry.body == sent
    event = entry.event
    assert isinstance(event, AccessGranted)
    assert (event.model_extra or {})["temperature"] == 36.5
    assert event.image is not None
    assert (event.image.model_extra or {})["width"] == 640
    again = codec.make(event, estate="xiegou", source="s", event_id="2", at=NOW)
    assert orjson.loads(again.body)["data"]["temperature"] == 36.5


def test_an_event_of_ours_can_not_be_sent_by_a_device() -> None:
    for name in sorted(set(TYPES) - set(DEVICE_TYPES)):
        with pytest.raises(ValidationError):
            wire_adapter().validate_json(_wire(type=name))


@pytest.mark.parametrize(
    "wrong",
    [{"specversion": "0.3"}, {"id": ""}, {"time": "2026-11-22T08:00:00"}, {"type": "access.grnted"},
     {"data": {}}, {"seq": -1}, {"source": ""}],
)  # fmt: skip
def test_a_wrong_envelope_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        codec.parse_wire(_wire(**wrong))


OLD_ZONE = (
    b'{"specversion":"1.0","id":"z-1","source":"estates/xiegou/registry","type":"registry.zone_set",'
    b'"time":"2026-01-05T01:02:03.000004Z","data":{"zone":"yard","name":{"zh":"\xe9\x99\xa2\xe5\x86\x85",'
    b'"en":"yard"},"kind":"yard","adjacent":["gate-n","gate-s"],"painted":"green"}}'
)
"""Stored by version 1, when neighbours were ids only."""


def test_an_entry_of_an_older_version_is_read_as_the_present_one(log: EventLog) -> None:
    old = NewEvent(
        "xiegou", "registry.zone_set", 1, "estates/xiegou/registry", "z-1", 1_767_574_923_000_004,
        1_767_574_923_000_004, OLD_ZONE,
    )  # fmt: skip
    log.append([old])
    (entry,) = log.read(after=0, limit=1)
    assert (entry.version, entry.body) == (1, OLD_ZONE)
    zone = entry.event
    assert isinstance(zone, ZoneSet)
    assert zone.name == Words(zh="院内", en="yard")
    assert zone.adjacent == (Neighbour(zone="gate-n"), Neighbour(zone="gate-s"))
    assert (zone.model_extra or {})["painted"] == "green"


def test_every_older_version_has_a_way_up() -> None:
    for name, kind in TYPES.items():
        for version in range(1, kind.VERSION):
            assert (name, version) in upcasters.UPCASTERS
    with pytest.raises(LookupError, match=r"registry\.zone_set from version 2 to 3"):
        upcasters.upcast("registry.zone_set", 1, 3, {})


def test_the_same_said_in_another_order_is_the_same() -> None:
    said = orjson.loads(_wire())
    turned = orjson.dumps(dict(reversed(said.items())), option=orjson.OPT_INDENT_2)
    assert codec.same_content(_wire(), turned)
    assert codec.same_content(_wire(), _wire(replay=True))
    assert not codec.same_content(_wire(), _wire(time="2026-11-22T08:00:00.124+08:00"))


def test_parts_inside_events_are_frozen_too() -> None:
    def parts(kind: type[BaseModel]) -> set[type[BaseModel]]:
        found: set[type[BaseModel]] = set()
        for field in kind.model_fields.values():
            for each in _models(field.annotation):
                found |= {each, *parts(each)}
        return found

    every = set().union(*(parts(kind) for kind in TYPES.values()))
    assert Alert in every
    assert not [part for part in every if not part.model_config.get("frozen")]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in getattr(annotation, "__args__", ()) for model in _models(inner)]


def test_a_name_is_declared_once() -> None:
    from eventlog.vocabulary.base import event

    with pytest.raises(ValueError, match="declared twice"):
        event("access.granted", role=Role.DEVICE)(Event)


def test_a_trackers_number_is_taken_as_its_digits() -> None:
    data = {"label": "person", "event": "stay", "zone": "yard", "confidence": 0.9}
    assert CameraObject.model_validate({**data, "track": 17}).track == "17"
    with pytest.raises(ValidationError):
        CameraObject.model_validate({**data, "track": ""})
