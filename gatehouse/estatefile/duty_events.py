"""The sections of what is planned as the events that set each entry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from eventlog.vocabulary import (
    CheckpointSet,
    DrillSet,
    DutySet,
    Event,
    GatheringSet,
    MaintenanceSet,
    RoundSet,
    SegmentSet,
    Stop,
)
from gatehouse.estatefile import duty_models as d
from gatehouse.estatefile.draft import Draft
from gatehouse.estatefile.entry import hours_of, maybe


def duty_events(draft: Draft) -> Iterator[Event]:
    """Checkpoints, rounds, segments, duties, maintenance, gatherings, drills."""
    zone = draft.zone_info
    for point in draft.checkpoints:
        name = maybe(point.entry.name)
        yield CheckpointSet(checkpoint=point.entry.id, zone=point.entry.zone, name=name)
    for plan in draft.rounds:
        yield _round(plan.entry)
    yield from _segments(draft)
    for duty in draft.duties:
        yield _duty(duty.entry, zone)
    for work in draft.maintenance:
        entry = work.entry
        yield MaintenanceSet(
            maintenance=entry.id, starts_at=_at(entry.starts_at, zone), ends_at=_at(entry.ends_at, zone),
            devices=entry.devices, zones=entry.zones,
        )  # fmt: skip
    for gathering in draft.gatherings:
        yield _gathering(gathering.entry, zone)
    for drill in draft.drills:
        yield _drill(drill.entry, zone)


def _at(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _round(entry: d.RoundEntry) -> RoundSet:
    stops = tuple(Stop(**stop.model_dump()) for stop in entry.stops)
    return RoundSet(
        plan=entry.id, squad=entry.squad, stops=stops, starts=entry.starts, days=entry.days,
        order=entry.order, kind=entry.kind, lone=entry.lone, name=maybe(entry.name),
    )  # fmt: skip


def _segments(draft: Draft) -> Iterator[SegmentSet]:
    """Segments beside each other count for both, whichever of the two names the other."""
    zone_of = {device.entry.id: device.entry.zone for device in draft.devices}
    beside: dict[str, set[str]] = {segment.entry.id: set() for segment in draft.segments}
    for segment in draft.segments:
        for other in segment.entry.beside:
            beside[segment.entry.id].add(other)
            beside[other].add(segment.entry.id)
    for segment in draft.segments:
        entry = segment.entry
        device = entry.device or entry.id
        zone = entry.zone or zone_of[device]
        yield SegmentSet(segment=entry.id, device=device, zone=zone, beside=tuple(sorted(beside[entry.id])))


def _duty(entry: d.DutyEntry, zone: ZoneInfo) -> DutySet:
    return DutySet(
        duty=entry.id, squad=entry.squad, starts_at=_at(entry.starts_at, zone),
        ends_at=_at(entry.ends_at, zone), hours=hours_of(entry.hours) if entry.hours else None,
        days=entry.days, members=entry.members, leader=entry.leader, manager=entry.manager,
        persons=entry.persons,
    )  # fmt: skip


def _gathering(entry: d.GatheringEntry, zone: ZoneInfo) -> GatheringSet:
    return GatheringSet(
        gathering=entry.id, zones=entry.zones, starts_at=_at(entry.starts_at, zone),
        ends_at=_at(entry.ends_at, zone), name=maybe(entry.name),
    )  # fmt: skip


def _drill(entry: d.DrillEntry, zone: ZoneInfo) -> DrillSet:
    return DrillSet(
        drill=entry.id, starts_at=_at(entry.starts_at, zone), ends_at=_at(entry.ends_at, zone),
        zones=entry.zones, rules=entry.rules,
    )  # fmt: skip
