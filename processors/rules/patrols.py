"""What the rules about people share: where a patrol is, by its phone or the point that it checks. Pure."""

from __future__ import annotations

from typing import cast

from eventlog.estate import Estate
from eventlog.ports import Recorded
from eventlog.vocabulary import PatrolCheckpoint, PatrolPosition


def patrol_zone(event: Recorded, estate: Estate) -> str | None:
    """The zone that a member is in, where it is known."""
    if event.type == PatrolPosition.TYPE:
        return cast(PatrolPosition, event.event).zone
    return point_zone(cast(PatrolCheckpoint, event.event).checkpoint, estate)


def point_zone(point: str, estate: Estate) -> str | None:
    """The zone of a patrol point, in its own register or that of devices."""
    checkpoint = estate.checkpoints.get(point)
    if checkpoint is not None:
        return checkpoint.zone
    return estate.devices[point].zone if point in estate.devices else None
