"""The AsyncAPI 3 document, made from the vocabulary and the topics; nothing in it is written by hand twice.

`gatehouse docs asyncapi` prints it, docs/api/asyncapi.yaml keeps it, a test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, get_args

from pydantic.json_schema import models_json_schema

from eventlog import topics
from eventlog.vocabulary import TYPES, Alert, Event, Role, SafetyLevel, Words

Document = dict[str, Any]

_REFERENCE = "#/components/schemas/{model}"
_PARAMETERS = {
    "estate": "The estate's id.",
    "family": "The device's family.",
    "device": "The device's id in the estate file.",
    "squad": "The squad's id.",
    "member": "The member's id.",
    "maker": "The maker whose payload this is.",
}
_PATROL_TYPES = frozenset(name for name in TYPES if name.startswith("patrol."))


def asyncapi_document() -> Document:
    """The whole document as plain values."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Gatehouse",
            "version": version("gatehouse"),
            "description": (
                "Events of a smart estate over MQTT, as CloudEvents 1.0 in JSON. A field marked `x-personal` "
                "is personal data, its value says whose. Unknown extra fields are kept."
            ),
        },
        "defaultContentType": "application/json",
        "channels": _channels(),
        "operations": _operations(),
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def write_asyncapi() -> str:
    """The document as YAML."""
    import yaml

    head = "# Made by `gatehouse docs asyncapi`; don't edit.\n"
    return head + yaml.safe_dump(asyncapi_document(), sort_keys=False, allow_unicode=True, width=110)


def _device_types() -> list[str]:
    return [name for name, kind in TYPES.items() if kind.ROLE is Role.DEVICE]


def _own_types() -> list[str]:
    return [name for name, kind in TYPES.items() if kind.ROLE is not Role.DEVICE]


def _channel(address: str | None, description: str, messages: Iterable[str]) -> Document:
    channel: Document = {"address": address, "description": description}
    names = re.findall(r"{(\w+)}", address or "")
    if names:
        channel["parameters"] = {name: _parameter(name) for name in names}
    channel["messages"] = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return channel


def _parameter(name: str) -> Document:
    parameter: Document = {"description": _PARAMETERS[name]}
    if name == "family":
        parameter["enum"] = list(topics.FAMILIES)
    return parameter


def _channels() -> dict[str, Document]:
    estate, family, device, squad, member = "{estate}", "{family}", "{device}", "{squad}", "{member}"
    return {
        "deviceEvents": _channel(
            topics.device_events(estate, family, device), "One event of a device, QoS 1.", _device_types()
        ),
        "deviceStatus": _channel(
            topics.device_status(estate, family, device),
            "Whether a device is there; retained, and the device's last will.",
            ["deviceStatus"],
        ),
        "time": _channel(
            topics.time(estate), "The estate's time, only with `--time events`.", ["timeMessage"]
        ),
        "vendorPayloads": _channel(
            topics.vendor("{maker}", estate, device), "A maker's own payload.", ["vendorPayload"]
        ),
        "memberEvents": _channel(
            topics.member_events(estate, squad, member),
            "What a member of a squad answers.",
            sorted(_PATROL_TYPES),
        ),
        "alerts": _channel(
            topics.alerts(estate), "Every change of every alert but silent duress, QoS 1.", ["alert"]
        ),
        "duressAlerts": _channel(
            topics.duress_alerts(estate), "Every change of an alert of silent duress, QoS 1.", ["alert"]
        ),
        "duressOpen": _channel(
            topics.duress_open(estate),
            "The open alerts of silent duress, retained; at most 50, with a version.",
            ["openAlerts"],
        ),
        "squadAlerts": _channel(
            topics.squad_alerts(estate, squad), "Every change of an alert of this squad, QoS 1.", ["alert"]
        ),
        "squadOpen": _channel(
            topics.squad_open(estate, squad),
            "The squad's open alerts, retained; at most 50, with a version.",
            ["openAlerts"],
        ),
        "reports": _channel(topics.reports(estate), "Every change of every report, QoS 1.", ["report"]),
        "squadReports": _channel(
            topics.squad_reports(estate, squad),
            "Every change of a report of this squad, QoS 1; with its words.",
            ["report"],
        ),
        "safety": _channel(topics.safety(estate), "The safety level of every zone, retained.", ["safety"]),
        "system": _channel(
            topics.system(estate), "Gatehouse itself; retained, every 10 s, and its last will.", ["system"]
        ),
        "eventLog": _channel(
            None,
            "What Gatehouse records of its own, as `gatehouse log export` gives it; on no topic.",
            _own_types(),
        ),
    }


def _operations() -> dict[str, Document]:
    taken = {
        "deviceEvents": "takeDeviceEvents",
        "deviceStatus": "takeDeviceStatus",
        "time": "takeTime",
        "vendorPayloads": "takeVendorPayloads",
        "memberEvents": "takeMemberEvents",
    }
    sent = {
        "alerts": "tellAlerts",
        "duressAlerts": "tellDuress",
        "duressOpen": "keepDuress",
        "squadAlerts": "tellSquad",
        "squadOpen": "keepOpenAlerts",
        "reports": "tellReports",
        "squadReports": "tellSquadReports",
        "safety": "keepSafety",
        "system": "keepSystem",
    }
    return {
        name: {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}
        for action, names in (("receive", taken), ("send", sent))
        for channel, name in names.items()
    }


def _first_line(kind: type[Event]) -> str:
    own = kind.__dict__.get("__doc__") or ""
    return own.strip().split("\n")[0] or kind.TYPE


def _event_message(kind: type[Event]) -> Document:
    return {
        "name": kind.TYPE,
        "title": kind.TYPE,
        "summary": _first_line(kind),
        "contentType": "application/cloudevents+json",
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/CloudEvent"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": kind.TYPE},
                        "data": {"$ref": _REFERENCE.format(model=kind.__name__)},
                    },
                    "required": ["type", "data"],
                },
            ]
        },
        "x-role": kind.ROLE.value,
        "x-version": kind.VERSION,
    }


def _messages() -> dict[str, Document]:
    found = {name: _event_message(kind) for name, kind in TYPES.items()}
    ours = {
        "deviceStatus": ("DeviceStatus", "A device's session began or ended"),
        "timeMessage": ("TimeMessage", "The estate's time is at least this"),
        "vendorPayload": ("VendorPayload", "Decoded by the maker's decoder"),
        "alert": ("AlertMessage", "An alert after a change"),
        "report": ("ReportMessage", "A report after a change"),
        "openAlerts": ("OpenAlerts", "A squad's open alerts"),
        "safety": ("Safety", "The safety level of every zone"),
        "system": ("System", "State and heartbeat of Gatehouse"),
    }
    for name, (schema, summary) in ours.items():
        payload = {"$ref": _REFERENCE.format(model=schema)}
        found[name] = {"name": name, "title": schema, "summary": summary, "payload": payload}
    return found


def _schemas() -> dict[str, Document]:
    models: list[Any] = [(kind, "validation") for kind in TYPES.values()]
    models += [(Alert, "validation"), (Words, "validation")]
    _, definitions = models_json_schema(models, ref_template=_REFERENCE)
    made: dict[str, Document] = _untitled(definitions["$defs"])
    return {**dict(sorted(made.items())), **_envelope_schemas(), **_message_schemas()}


def _untitled(value: Any) -> Any:
    """Without the titles that pydantic makes from the fields' names: they say nothing new."""
    if isinstance(value, dict):
        return {k: _untitled(v) for k, v in value.items() if not (k == "title" and isinstance(v, str))}
    return [_untitled(each) for each in value] if isinstance(value, list) else value


def _envelope_schemas() -> dict[str, Document]:
    return {
        "CloudEvent": {
            "type": "object",
            "description": "CloudEvents 1.0, structured JSON. (source, id) is unique for ever.",
            "properties": {
                "specversion": {"const": "1.0"},
                "id": {"type": "string", "minLength": 1, "maxLength": 128},
                "source": {"type": "string", "minLength": 1, "maxLength": 300},
                "type": {"type": "string"},
                "time": {"type": "string", "format": "date-time"},
                "seq": {"type": "integer", "minimum": 0, "description": "The device's counter."},
                "replay": {"type": "boolean", "description": "History uploaded late."},
                "data": {"type": "object"},
            },
            "required": ["specversion", "id", "source", "type", "time", "data"],
        },
        "DeviceStatus": {
            "type": "object",
            "properties": {"state": {"enum": ["online", "offline"]}, "session": {"type": "string"}},
            "required": ["state"],
        },
        "TimeMessage": {
            "type": "object",
            "properties": {"at": {"type": "string", "format": "date-time"}},
            "required": ["at"],
        },
        "VendorPayload": {"description": "Whatever the maker sends."},
    }


def _message_schemas() -> dict[str, Document]:
    level = {"enum": list(get_args(SafetyLevel))}
    moment = {"type": "string", "format": "date-time"}
    alert = {"$ref": _REFERENCE.format(model="Alert")}
    text = {"type": "string"}
    number = {"type": "integer"}
    zone = {"type": "object", "properties": {"level": level}, "required": ["level"]}
    traced = {"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-01$"}
    change = {
        "event": text,
        "traceparent": traced,
        "resent": {"type": "boolean"},
        "by": text,
        "via": text,
        "note": text,
    }
    open_list = {
        "version": number,
        "total": number,
        "alerts": {"type": "array", "maxItems": 50, "items": alert},
    }
    zones = {"type": "object", "additionalProperties": zone}
    safety = {"estate": text, "level": level, "count": number, "zones": zones, "at": moment}
    positions = {"type": "object", "additionalProperties": number}
    system = {"state": {"enum": ["online", "offline"]}, "at": moment, "head": number, "positions": positions}
    report = {"$ref": _REFERENCE.format(model="Report")}
    return {
        "ReportMessage": {
            "description": "The report, the event that changed it, by whom; `text` for its squad only.",
            "allOf": [report, _object({**change, "text": text}, "event", "resent")],
        },
        "AlertMessage": {
            "description": "The alert, the event that changed it, by whom; `resent`: maybe a repeat; "
            "`traceparent`: from the device's event on.",
            "allOf": [alert, _object(change, "event", "resent", "traceparent")],
        },
        "OpenAlerts": _object(open_list, *open_list),
        "Safety": _object(safety, *safety),
        "System": _object(system, "state"),
    }


def _object(properties: dict[str, Any], *required: str) -> Document:
    return {"type": "object", "properties": properties, "required": list(required)}
