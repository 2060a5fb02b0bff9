"""Histories of a small estate for tests: registers, devices, plates, alerts, made from few choices."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from eventlog import codec
from eventlog.ids import derived_id
from eventlog.ports import NewEvent
from eventlog.trace import traceparent
from eventlog.vocabulary import (
    Alert,
    AlertAcknowledged,
    AlertArrived,
    AlertClosed,
    AlertRaised,
    AlertReleased,
    AlertReopened,
    AlertUpdated,
    CameraRestored,
    CameraTamper,
    CheckpointSet,
    CommandConfirmCamera,
    CredentialRemoved,
    CredentialSet,
    DeliveryFailed,
    DeliveryPublished,
    DeviceHeartbeat,
    DeviceOffline,
    DeviceOnline,
    DeviceRemoved,
    DeviceSet,
    DoorOpened,
    DutyRemoved,
    DutySet,
    EstateSet,
    Event,
    FloodBegan,
    FloodEnded,
    GateRemoved,
    GateSet,
    HomeRemoved,
    HomeSet,
    PatrolCheckpoint,
    PatrolPosition,
    PatrolResponse,
    PersonRemoved,
    PersonSet,
    PlateRead,
    Published,
    Report,
    ReportAssigned,
    ReportClosed,
    ReportOpened,
    RoundCheckpoint,
    RoundFinished,
    RoundPaused,
    RoundRemoved,
    RoundResumed,
    RoundStarted,
    SafetyChanged,
    SquadRemoved,
    SquadSet,
    ThreatLevelChanged,
    VehicleRemoved,
    VehicleSet,
    VisitorRemoved,
    VisitorSet,
    Words,
    ZoneRemoved,
    ZoneSet,
)
from eventlog.vocabulary.people import GeoPoint

START = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
BOTH = Words(zh="北门", en="North gate")


def no_trace(_: Alert) -> str:
    """For a board with no log to look causes up in."""
    return traceparent("0" * 31 + "1", "test")


def alert(alert_id: str, estate: str = "xiegou", **fields: Any) -> Alert:
    """An alert with everything filled in."""
    at = fields.pop("at", START)
    given: dict[str, Any] = {
        "rule": "repeated_denials",
        "key": alert_id,
        "episode": alert_id,
        "severity": "medium",
        "state": "raised",
        "condition": "active",
        "zone": "north",
        "devices": ("gate-n1",),
        "title": Words(zh="北门连续拒绝三次", en="Three denials at the north gate"),
        "raised_at": at,
        "squad": "squad-1",
        **fields,
    }
    return Alert(id=alert_id, estate=estate, at=at, **given)


@dataclass
class History:
    """Events of one estate, a second apart, each with an id from its place."""

    estate: str = "xiegou"
    events: list[NewEvent] = field(default_factory=list)

    def add(self, event: Event, device: str = "", family: str = "access", late_s: float = 0) -> None:
        """One event more; `late_s` is how long it took to arrive."""
        at = START + timedelta(seconds=len(self.events))
        source = f"estates/{self.estate}/{family}/{device}" if device else f"estates/{self.estate}/gatehouse"
        received_us = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        self.events.append(
            codec.make(
                event,
                estate=self.estate,
                source=source,
                event_id=derived_id(self.estate, "history", len(self.events)),
                at=at - timedelta(seconds=late_s),
                received_us=received_us,
            )
        )

    def registers(self) -> History:
        """The estate, two zones, a squad, a gate, three devices."""
        self.add(EstateSet(name=Words(zh="谢沟", en="Xiegou"), default_squad="squad-1"))
        self.add(ZoneSet(zone="north", name=BOTH, squad="squad-1"))
        self.add(ZoneSet(zone="south", name=Words(zh="南门", en="South gate")))
        self.add(SquadSet(squad="squad-1", name=Words(zh="一组", en="Squad 1")))
        self.add(GateSet(gate="gate-v1", zone="north", lanes=("lane-1", "lane-2")))
        for device in ("gate-n1", "gate-s1"):
            self.add(DeviceSet(device=device, family="access", zone="north", name=BOTH))
        self.add(DeviceSet(device="cam-p1", family="vehicle", zone="north"))
        return self


def report(report_id: str, **fields: Any) -> Report:
    """A report with everything filled in."""
    given: dict[str, Any] = {
        "estate": "xiegou",
        "category": "lift",
        "channel": "app",
        "location": "north",
        "zone": "north",
        "state": "opened",
        "submitted_at": START,
        "opened_at": START,
        "due_at": START + timedelta(hours=4),
    }
    return Report(id=report_id, **{**given, **fields})


def event_of(choice: int, which: int) -> tuple[Event, str, str]:
    """An event, its device and family, from two small numbers."""
    device = f"gate-{'ns'[which % 2]}1"
    plate = f"苏A1234{which % 3}"
    one = alert(f"alert-{which % 4}", version=choice % 5 + 1)
    level = ("safe", "watch", "alert", "danger")[which % 4]
    zone = ("north", "south")[which % 2]
    choices: list[tuple[Event, str, str]] = [
        (DoorOpened(door=device), device, "access"),
        (DeviceHeartbeat(battery=which % 100, uptime_s=which), device, "access"),
        (DeviceOnline(device=device, session=str(which)), "", ""),
        (DeviceOffline(device=device), "", ""),
        (PlateRead(plate=plate, confidence=0.9, lane="lane-1", direction="in"), "cam-p1", "vehicle"),
        (PlateRead(plate=plate, confidence=0.9, lane="lane-2", direction="out"), "cam-p1", "vehicle"),
        (PlateRead(plate="无", confidence=0.1, lane="lane-1", direction="in"), "cam-p1", "vehicle"),
        (GateSet(gate=f"gate-v{which % 3}", zone=zone, lanes=("lane-1", f"lane-{which % 4}")), "", ""),
        (GateSet(gate="gate-v1", zone=zone, lanes=("lane-1",), boundary=bool(which % 2)), "", ""),
        (GateRemoved(entry=f"gate-v{which % 3}"), "", ""),
        (DeviceSet(device=device, family="access", zone=zone), "", ""),
        (DeviceRemoved(entry=device), "", ""),
        (ZoneSet(zone=zone, name=BOTH, squad=None if which % 2 else "squad-1"), "", ""),
        (ZoneRemoved(entry=zone), "", ""),
        (SquadRemoved(entry="squad-1"), "", ""),
        (SafetyChanged(zone=zone, level=level, previous="safe", cause_kind="alert", at=START), "", ""),
        (ThreatLevelChanged(level=level, previous="safe", zones=which % 3, at=START), "", ""),
        (AlertRaised(alert=one), "", ""),
        (AlertUpdated(alert=one.model_copy(update={"severity": "high"})), "", ""),
        (AlertAcknowledged(alert=one.model_copy(update={"state": "acknowledged"}), by="li"), "", ""),
        (AlertClosed(alert=one.model_copy(update={"state": "closed", "disposition": "test"})), "", ""),
        (DeliveryPublished(messages=(Published(alert=one.id, version=1, recipient="desk"),) * 2), "", ""),
        (DeliveryFailed(alert=one.id, version=1, channel="c", recipient="person:li", error="500"), "", ""),
        *((event, "", "") for event in _register_events(which)),
        *((event, "", "") for event in _report_events(which)),
        (AlertReleased(alert=one), "", ""),
        (AlertReopened(alert=one), "", ""),
        (flood_began(which), "", ""),
        *((event, "cam-1" if which % 2 else "", "camera") for event in _eyes(which)),
        (FloodEnded(at=START + timedelta(minutes=9), since=START, count=which), "", ""),
        *((event, "li" if which % 2 else "", "patrol") for event in _patrols(which)),
    ]
    return choices[choice % len(choices)]


def _eyes(which: int) -> list[Event]:
    """Cameras and patrols that look at a zone."""
    camera = f"cam-{which % 2 + 1}"
    return [
        DeviceSet(device=camera, family="camera", zone="north", sees=("north", "south")[: which % 3]),
        DeviceOnline(device=camera),
        DeviceOffline(device=camera),
        CameraTamper(kind="dark"),
        CameraRestored(),
        CheckpointSet(checkpoint="point-1", zone="south"),
        PatrolCheckpoint(member="li", squad="squad-1", checkpoint="point-1", method="nfc"),
        PatrolPosition(member="li", squad="squad-1", zone="north", position=GeoPoint(lat=34.7, lon=113.6)),
        CommandConfirmCamera(plan="round-1", camera=camera, by="wang"),
    ]


def _patrols(which: int) -> list[Event]:
    """Shifts, rounds, what phones say."""
    member, plan = ("li", "chen")[which % 2], f"night-{which % 2}"
    at = START + timedelta(minutes=which)
    walk: dict[str, Any] = {"round": f"{plan}@{which % 3}", "plan": plan, "squad": "squad-1", "at": at}
    result = ("on_time", "early", "late", "absent")[which % 4]
    shift = {"starts_at": START, "ends_at": START + timedelta(days=1), "members": ("li",)}
    arrived = alert(f"alert-{which % 4}", state="arrived", squad="squad-1")
    return [
        DutySet(duty=f"shift-{which % 2}", squad="squad-1", leader=member, **shift),
        DutyRemoved(entry="shift-1"),
        RoundStarted(**walk, checkpoints=("point-1", "point-2", "point-1"), due_at=at + timedelta(hours=1)),
        RoundCheckpoint(**walk, member=member, checkpoint="point-1", result=result, late_s=which),
        RoundPaused(**walk, alert="alert-1"),
        RoundResumed(**walk, paused_s=60),
        RoundFinished(**walk, visited=1, missed=2),
        RoundRemoved(entry=plan),
        PatrolResponse(alert="alert-1", member=member, action="received"),
        AlertArrived(alert=arrived, by=member, via="phone"),
    ]


def _register_events(which: int) -> list[Event]:
    """Homes, people and what is theirs, set and taken away."""
    home, person, card = f"1-10{which % 2}", f"p{which % 3}", f"card-{which % 3}"
    left = START if which % 4 == 0 else None
    return [
        HomeSet(home=home, zone="north", use="let" if which % 2 else "empty"),
        HomeRemoved(home=home),
        PersonSet(person=person, role="tenant", home=home, left_at=left, lease_until=START),
        PersonRemoved(person=person),
        CredentialSet(credential=card, person=person, state="lost" if which % 5 == 0 else "active"),
        CredentialRemoved(credential=card),
        VehicleSet(plate=f"苏A1234{which % 3}", owner=person, valid_until=left),
        VehicleRemoved(plate=f"苏A1234{which % 3}"),
        VisitorSet(visitor=f"v{which % 2}", valid_until=left),
        VisitorRemoved(visitor=f"v{which % 2}"),
    ]


def _report_events(which: int) -> list[Event]:
    """Reports on their way."""
    one = report(f"report-{which % 3}", version=which % 5 + 1)
    closed = one.model_copy(update={"state": "closed", "closed_at": START, "satisfied": which % 2 == 0})
    return [
        ReportOpened(report=one),
        ReportAssigned(report=one.model_copy(update={"state": "assigned", "squad": "squad-1"}), by="li"),
        ReportClosed(report=closed, by="li", note="done"),
    ]


def flood_began(after_s: float, **fields: Any) -> FloodBegan:
    """A flood since so long after the start."""
    since = START + timedelta(seconds=after_s)
    given = {"count": 11, "limit": 10, "operators": 1, "window_s": 600, "lines": 20, **fields}
    return FloodBegan(at=since + timedelta(seconds=5), since=since, **given)


CHOICES = 59
"""How many kinds of events `event_of` knows."""
