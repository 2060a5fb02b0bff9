"""What refers to what among what is planned: squads and their members, checkpoints, rounds that overlap
themselves, shifts that claim one member twice, work on nothing, and the fence's segments.

Looks at well formed entries only and adds to the findings; changes nothing.
"""

from __future__ import annotations

from itertools import pairwise

from eventlog.problems import Findings
from gatehouse.estatefile.draft import Draft, Placed, Rules
from gatehouse.estatefile.duty_models import (
    DrillEntry,
    DutyEntry,
    GatheringEntry,
    MaintenanceEntry,
    RoundEntry,
)
from gatehouse.estatefile.moments import on_clock
from gatehouse.estatefile.references import in_order, minutes, overlap, refer, twice


def check_duty(draft: Draft, findings: Findings, rules: Rules) -> None:
    """Every check of the sections of what is planned."""
    _duties(draft, findings)
    _rounds(draft, findings)
    _planned(draft, findings, rules)
    _segments(draft, findings)
    for checkpoint in draft.checkpoints:
        refer(findings, (*checkpoint.path, "zone"), checkpoint.entry.zone, draft.knows("zones"))


def _duties(draft: Draft, findings: Findings) -> None:
    members = {squad.entry.id: {one.id for one in squad.entry.members} for squad in draft.squads}
    anybody = set().union(*members.values())
    good: list[Placed[DutyEntry]] = []
    for duty in draft.duties:
        path, entry = duty.path, duty.entry
        refer(findings, (*path, "squad"), entry.squad, draft.knows("squads"), "squad")
        for index, member in enumerate(entry.members):
            refer(findings, (*path, "members", index), member, members.get(entry.squad), "member")
        for field in ("leader", "manager"):
            refer(findings, (*path, field), getattr(entry, field), anybody, "member")
        for index, person in enumerate(entry.persons):
            refer(findings, (*path, "persons", index), person, draft.knows("people"), "person")
        if in_order(findings, (*path, "ends_at"), entry.starts_at, entry.ends_at, draft.zone_info):
            good.append(duty)
    _claimed_twice(draft, findings, good)


def _claimed_twice(draft: Draft, findings: Findings, duties: list[Placed[DutyEntry]]) -> None:
    """A member can't be on two shifts at once."""
    of: dict[str, list[Placed[DutyEntry]]] = {}
    for duty in duties:
        for index, member in enumerate(duty.entry.members):
            other = next(
                (each for each in of.get(member, ()) if _at_once(draft, each.entry, duty.entry)), None
            )
            if other is not None:
                path = (*duty.path, "members", index)
                findings.add(path, member, "on_duty", line=findings.line(other.path))
            of.setdefault(member, []).append(duty)


def _at_once(draft: Draft, first: DutyEntry, other: DutyEntry) -> bool:
    zone = draft.zone_info
    starts = [on_clock(each.starts_at, zone) for each in (first, other)]
    ends = [on_clock(each.ends_at, zone) for each in (first, other)]
    if max(start for start in starts if start) >= min(end for end in ends if end):
        return False
    if first.hours is None or other.hours is None:
        return True
    return overlap(minutes(first.hours, first.days), minutes(other.hours, other.days))


def _rounds(draft: Draft, findings: Findings) -> None:
    cameras = {device.entry.id for device in draft.devices if device.group == "camera"}
    for plan in draft.rounds:
        path, entry = plan.path, plan.entry
        refer(findings, (*path, "squad"), entry.squad, draft.knows("squads"), "squad")
        known = draft.knows("checkpoints") if entry.kind == "foot" else cameras
        key = "checkpoint" if entry.kind == "foot" else "camera"
        for index, stop in enumerate(entry.stops):
            refer(findings, (*path, "stops", index, "checkpoint"), stop.checkpoint, known, key)
            if stop.extended_min < stop.buffer_min:
                value = stop.extended_min
                findings.add(
                    (*path, "stops", index, "extended_min"), value, "at_least", limit=stop.buffer_min
                )
        twice(findings, [((*path, "starts", index), start) for index, start in enumerate(entry.starts)])
        _round_times(plan, findings)


def _round_times(plan: Placed[RoundEntry], findings: Findings) -> None:
    """The stops come one after the other, and a round is over before it starts again."""
    path, entry = plan.path, plan.entry
    if entry.order == "planned":
        for index, (before, stop) in enumerate(pairwise(entry.stops), 1):
            if stop.after_min < before.after_min:
                place = (*path, "stops", index, "after_min")
                findings.add(place, stop.after_min, "at_least", limit=before.after_min)
    length = max(stop.after_min for stop in entry.stops)
    starts = sorted({minutes_of(start) for start in entry.starts})
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    if len(starts) > 1:
        gaps.append(starts[0] + 1440 - starts[-1])
    if gaps and min(gaps) < length:
        findings.add((*path, "starts"), None, "round_length", length=f"{length:g}", gap=min(gaps))


def minutes_of(clock: str) -> int:
    """Minutes since midnight of a time of day."""
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)


def _planned(draft: Draft, findings: Findings, rules: Rules) -> None:
    zones = draft.knows("zones")
    planned: list[Placed[MaintenanceEntry] | Placed[GatheringEntry] | Placed[DrillEntry]]
    planned = [*draft.maintenance, *draft.gatherings, *draft.drills]
    for each in planned:
        for index, zone in enumerate(each.entry.zones):
            refer(findings, (*each.path, "zones", index), zone, zones)
        in_order(findings, (*each.path, "ends_at"), each.entry.starts_at, each.entry.ends_at, draft.zone_info)
    for work in draft.maintenance:
        for index, device in enumerate(work.entry.devices):
            refer(findings, (*work.path, "devices", index), device, draft.knows("devices"), "device")
        if not work.entry.devices and not work.entry.zones:
            findings.add(work.path, work.entry.id, "work_on_nothing")
    for drill in draft.drills:
        for index, rule in enumerate(drill.entry.rules):
            refer(findings, (*drill.path, "rules", index), rule, rules, "rule")


def _segments(draft: Draft, findings: Findings) -> None:
    devices = {device.entry.id: device for device in draft.devices}
    for segment in draft.segments:
        path, entry = segment.path, segment.entry
        device = entry.device or entry.id
        refer(findings, (*path, "device"), device, devices, "device")
        if device in devices and devices[device].group != "fence":
            findings.add((*path, "device"), device, "fence_device", family=devices[device].group)
        refer(findings, (*path, "zone"), entry.zone, draft.knows("zones"))
        for index, beside in enumerate(entry.beside):
            refer(findings, (*path, "beside", index), beside, draft.knows("segments"), "segment")
            if beside == entry.id:
                findings.add((*path, "beside", index), beside, "other_segment")
