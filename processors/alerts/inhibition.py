"""What follows from something larger is held back: devices behind a controller or recorder that is offline,
devices under planned work. Pure; knows the topology of the registers, no door and no camera.

An alert hides behind one at least as severe, and only while nobody deals with it. Nothing is lost: each is
told, listed, and counted on the one it hides behind. When the cause is over, those whose condition is over
too are closed, the others are shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventlog.estate import within_us
from eventlog.times import to_us
from eventlog.vocabulary import (
    SEVERITIES,
    Alert,
    AlertReleased,
    AlertSuppressed,
    AlertUpdated,
)
from processors.alerts.held import Held, note_of, shown_again
from processors.outbox import Outbox
from processors.rules.device_offline import above_of, behind

if TYPE_CHECKING:
    from processors.alerts.desk import AlertDesk
    from processors.alerts.episodes import Limits

CAUSE = "device_offline"
RELEASE, COUNT = "alert.release", "alert.count"
COUNT_AFTER_US = 1_000_000
"""The count of what hides behind an alert is told this much later: once for many."""
_WORK = "maintenance/"


class Inhibition:
    """Which alert hides behind which."""

    def __init__(self, desk: AlertDesk, limits: Limits) -> None:
        self._desk = desk
        self._limits = limits
        self._behind: dict[str, set[str]] = {}
        self._hides: dict[str, str] = {}
        self._of_device: dict[str, set[str]] = {}

    def index(self, alert: Alert) -> None:
        """Keeps account of an alert as it is now."""
        is_open = alert.state != "closed"
        cause = alert.suppressed_by if is_open else None
        known = self._hides.get(alert.id)
        if known != cause:
            if known:
                self._behind[known].discard(alert.id)
            if cause:
                self._behind.setdefault(cause, set()).add(alert.id)
                self._hides[alert.id] = cause
            else:
                self._hides.pop(alert.id, None)
        for device in alert.devices:
            if is_open:
                self._of_device.setdefault(device, set()).add(alert.id)
            else:
                self._of_device.get(device, set()).discard(alert.id)

    def cause_of(self, alert: Alert, now_us: int) -> str | None:
        """What an alert hides behind: planned work, or the alert furthest above it."""
        limits = self._limits(alert.zone)
        if limits is None or alert.rule not in limits.rules or not alert.devices:
            return None
        estate = self._desk.estate
        for work in sorted(estate.maintenance.values(), key=lambda each: each.maintenance):
            if within_us(work, now_us) and all(
                estate.in_maintenance(now_us, device=device) for device in alert.devices
            ):
                return _WORK + work.maintenance
        found = None
        for above in above_of(estate, alert.devices[0]):
            held = self._desk.open_of(CAUSE, above)
            if held and held.alert.id != alert.id and self._covers(held.alert, alert):
                found = held.alert.id
        return found

    def _covers(self, cause: Alert, alert: Alert) -> bool:
        if not _is_on(cause) or SEVERITIES.index(cause.severity) < SEVERITIES.index(alert.severity):
            return False
        return set(alert.devices) <= set(behind(self._desk.estate, cause.key))

    def follow(self, before: Alert | None, held: Held, out: Outbox) -> None:
        """An alert was raised or changed."""
        alert = held.alert
        if alert.suppressed_by != (before.suppressed_by if before else None):
            self._counts(before.suppressed_by if before else None, out)
            self._counts(alert.suppressed_by, out)
            self._wake_after_work(held)
        if alert.state == "closed" and before and before.state != "closed":
            self._counts(alert.suppressed_by, out)
        if alert.rule == CAUSE:
            was_on = before is not None and _is_on(before)
            if _is_on(alert) and not was_on:
                self._desk.unwake(held, RELEASE)
                self._catch(alert, out)
            elif was_on and not _is_on(alert):
                limits = self._limits(alert.zone)
                hold_us = limits.hold_us if limits else 0
                self._desk.wake(held, RELEASE, out.now_us + hold_us)
        cause = self._desk.held(alert.suppressed_by or "")
        if cause and alert.state != "closed" and _worse(alert, cause.alert):
            self._free(held, out)

    def _wake_after_work(self, held: Held) -> None:
        cause = held.alert.suppressed_by or ""
        work = self._desk.estate.maintenance.get(cause.removeprefix(_WORK))
        if cause.startswith(_WORK) and work:
            self._desk.wake(held, RELEASE, to_us(work.ends_at))

    def _catch(self, cause: Alert, out: Outbox) -> None:
        """What was raised before its cause was known."""
        limits = self._limits(cause.zone)
        if limits is None:
            return
        found = {
            each
            for device in behind(self._desk.estate, cause.key)
            for each in self._of_device.get(device, ())
        }
        for each in sorted(found):
            held = self._desk.held(each)
            if held is None or held.alert.suppressed_by or held.alert.rule not in limits.rules:
                continue
            if held.alert.state in {"raised", "acknowledged"} and self._covers(cause, held.alert):
                self._desk.change(held, AlertSuppressed, out, suppressed_by=cause.id, ack_due_at=None)

    def _counts(self, cause: str | None, out: Outbox) -> None:
        held = self._desk.held(cause or "")
        if held and COUNT not in held.wakes:
            self._desk.wake(held, COUNT, out.now_us + COUNT_AFTER_US)

    def count(self, held: Held, out: Outbox) -> None:
        """How many hide behind an alert by now."""
        hidden = len(self._behind.get(held.alert.id, ()))
        if hidden != held.alert.held_back and held.alert.state != "closed":
            self._desk.change(held, AlertUpdated, out, held_back=hidden)

    def release(self, held: Held, out: Outbox) -> None:
        """The time has come to show what hid behind an alert, or the alert itself after planned work."""
        if (held.alert.suppressed_by or "").startswith(_WORK):
            self._free(held, out)
        if not _is_on(held.alert):
            for each in sorted(self._behind.get(held.alert.id, ())):
                hidden = self._desk.held(each)
                if hidden:
                    self._free(hidden, out)

    def work_changed(self, out: Outbox) -> None:
        """Planned work was set anew or taken away."""
        for held in self._desk.open_ones():
            if (held.alert.suppressed_by or "").startswith(_WORK):
                self._free(held, out)

    def _free(self, held: Held, out: Outbox) -> None:
        """Shows an alert, unless it still hides behind something; what is over meanwhile is closed."""
        cause = self.cause_of(held.alert, out.now_us)
        if cause == held.alert.suppressed_by:
            self._wake_after_work(held)
        elif cause:
            self._desk.change(held, AlertSuppressed, out, suppressed_by=cause)
        elif held.latest.condition == "cleared":
            self._desk.close(held, "nuisance", out, note=note_of("over_while_hidden"))
        else:
            self._desk.change(held, AlertReleased, out, **shown_again(held.alert, out.now_us))


def _is_on(alert: Alert) -> bool:
    return alert.state != "closed" and alert.condition == "active" and alert.suppressed_by is None


def _worse(one: Alert, other: Alert) -> bool:
    return SEVERITIES.index(one.severity) > SEVERITIES.index(other.severity)
