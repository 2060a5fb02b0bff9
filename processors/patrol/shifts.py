"""The change of shift: what a squad has open when it goes off duty passes on, by name. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from eventlog.estate import Estate
from eventlog.times import from_us, to_us
from eventlog.vocabulary import AlertAssigned, AlertUpdated, DutySet
from processors.alerts.held import Held, note_of
from processors.outbox import Outbox
from processors.wakeups import CATCH_UP_US, Wakeups

if TYPE_CHECKING:
    from processors.alerts.desk import AlertDesk

OWNER = "duty"
_GIVEN = frozenset({"assigned", "accepted", "arrived"})


class Shifts:
    """Wakes at the end of every shift."""

    def __init__(self, desk: AlertDesk, wakeups: Wakeups) -> None:
        self._desk = desk
        self._wakeups = wakeups

    def registers(self, now_us: int) -> None:
        """The registers were read at start, or changed in what ends of shifts rest on."""
        for duty in self._desk.estate.duties:
            self.duty(duty, now_us)

    def duty(self, duty: str, now_us: int) -> None:
        """A shift was set or removed: when it ends next."""
        entry = self._desk.estate.duties.get(duty)
        end_us = next_end_us(self._desk.estate, entry, now_us) if entry else None
        if end_us is None:
            self._wakeups.cancel(OWNER, duty)
        else:
            self._wakeups.set(OWNER, duty, end_us, end_us)

    def due(self, duty: str, due_us: int, now_us: int, out: Outbox) -> None:
        """A shift ends: its squad's open alerts go to who is on duty now. Where the log stood still until
        `now_us`, the ends of long ago are left out."""
        entry = self._desk.estate.duties.get(duty)
        if entry is None:
            return
        for held in self._desk.open_ones():
            if held.alert.squad == entry.squad and not held.alert.late:
                self._pass_on(held, entry, out)
        self.duty(duty, max(due_us, now_us - CATCH_UP_US))

    def _pass_on(self, held: Held, ended: DutySet, out: Outbox) -> None:
        alert, estate = held.alert, self._desk.estate
        following = estate.duties_at(out.now_us, ended.squad)
        if following:
            if alert.state in _GIVEN and not _is_on(alert.assignee, following):
                leader = next((each.leader for each in following if each.leader), None)
                note = note_of("next_shift", who=leader or ended.squad)
                self._desk.change(held, AlertAssigned, out, state="assigned", assignee=leader, note=note)
            return
        squad = self._desk.dispatch.choose(alert.zone, alert.severity, out.now_us, {ended.squad})
        if squad is None:
            return  # nobody else is there: better the old one than none
        leader = next((each.leader for each in estate.duties_at(out.now_us, squad) if each.leader), None)
        support = tuple(each for each in alert.support if each != squad)
        passed: dict[str, Any] = {
            "squad": squad,
            "support": support,
            "note": note_of("handed_over", squad=squad, who=leader or "-"),
        }
        if alert.state in _GIVEN:
            passed |= {"state": "assigned", "assignee": leader, "taken_from": ended.squad}
            self._desk.change(held, AlertAssigned, out, **passed)
        else:
            self._desk.change(held, AlertUpdated, out, **passed)


def _is_on(member: str | None, duties: tuple[DutySet, ...]) -> bool:
    """Whether a member belongs to one of these shifts; one that names nobody is the whole squad's."""
    return member is not None and any(
        not each.members or member in (*each.members, each.leader) for each in duties
    )


def next_end_us(estate: Estate, duty: DutySet, after_us: int) -> int | None:
    """When a shift ends next, after a moment; None when it doesn't any more."""
    starts, ends = duty.starts_at, duty.ends_at
    if to_us(ends) <= after_us:
        return None
    if duty.hours is None:
        return to_us(ends)
    after = max(from_us(after_us), starts)
    first = estate.local(after).date() - timedelta(days=1)
    for days in range(10):  # a week, and the days that hours over midnight reach into
        day = first + timedelta(days=days)
        if day.isoweekday() not in duty.days:
            continue
        begin = datetime.combine(day, time.fromisoformat(duty.hours.start), estate.zone_info)
        end = datetime.combine(day, time.fromisoformat(duty.hours.end), estate.zone_info)
        if end <= begin:
            end = datetime.combine(day + timedelta(days=1), end.timetz())
        end = min(end, ends)
        if to_us(end) > after_us and end > starts and begin < end:
            return to_us(end)
    return to_us(ends)
