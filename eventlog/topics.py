"""The names of the MQTT topics, in one place. `docs/devices.md` lists them for makers of devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FAMILIES = ("access", "vehicle", "camera", "face", "fence", "probe", "help", "patrol", "report")

Kind = Literal["events", "status", "time", "member", "vendor", "other"]


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic of a device says: `device` is the member's id where `kind` is member."""

    kind: Kind
    estate: str = ""
    family: str = ""
    device: str = ""
    maker: str = ""
    squad: str = ""

    @property
    def source(self) -> str:
        """The CloudEvents source that events on this topic must carry."""
        return f"estates/{self.estate}/{self.family}/{self.device}"


def parse(topic: str) -> Topic:
    """The parts of a topic that devices publish on; kind `other` when it is none of ours."""
    match topic.split("/"):
        case ["estates", estate, family, device, ("events" | "status") as kind] if family in FAMILIES:
            return Topic("events" if kind == "events" else "status", estate, family, device)
        case ["estates", estate, "patrol", squad, "members", member, "events"]:
            return Topic("member", estate, "patrol", member, squad=squad)
        case ["estates", estate, "time"]:
            return Topic("time", estate)
        case ["vendors", maker, estate, device]:
            return Topic("vendor", estate, "", device, maker)
    return Topic("other")


def device_source(estate: str, family: str, device: str) -> str:
    """`estates/{estate}/{family}/{device}`: the source of a device's events."""
    return f"estates/{estate}/{family}/{device}"


def device_events(estate: str, family: str, device: str) -> str:
    return f"estates/{estate}/{family}/{device}/events"


def device_status(estate: str, family: str, device: str) -> str:
    return f"estates/{estate}/{family}/{device}/status"


def member_events(estate: str, squad: str, member: str) -> str:
    return f"estates/{estate}/patrol/{squad}/members/{member}/events"


def time(estate: str) -> str:
    return f"estates/{estate}/time"


def vendor(maker: str, estate: str, device: str) -> str:
    return f"vendors/{maker}/{estate}/{device}"


def alerts(estate: str) -> str:
    return f"estates/{estate}/alerts"


def squad_alerts(estate: str, squad: str) -> str:
    return f"estates/{estate}/patrol/{squad}/alerts"


def squad_open(estate: str, squad: str) -> str:
    return f"estates/{estate}/patrol/{squad}/open"


def duress_alerts(estate: str) -> str:
    return f"estates/{estate}/duress/alerts"


def duress_open(estate: str) -> str:
    return f"estates/{estate}/duress/open"


def reports(estate: str) -> str:
    return f"estates/{estate}/reports"


def squad_reports(estate: str, squad: str) -> str:
    return f"estates/{estate}/patrol/{squad}/reports"


def safety(estate: str) -> str:
    return f"estates/{estate}/safety"


def system(estate: str) -> str:
    return f"estates/{estate}/system"
