"""How often what happens in a pilot week: incidents and their harmless doubles, by kind, in one table.

A kind is the rule that must tell of the incident and stay silent about the double. About 40 incidents and
200 doubles a week; a fraction is a chance. No kind is rarer than once a week, so that every rule is measured
about as well as the others. `gatehouse_unwell` is left out: devices can't cause it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Share(NamedTuple):
    """Incidents and harmless doubles a week in an estate of the pilot's size."""

    incidents: float
    doubles: float


SHARES: Mapping[str, Share] = {
    "door_forced": Share(1.5, 8),
    "door_held_open": Share(2, 18),
    "repeated_denials": Share(1.5, 14),
    "dead_credential_used": Share(1.5, 8),
    "tailgating": Share(1.5, 20),
    "antipassback": Share(1, 8),
    "impossible_travel": Share(1, 6),
    "off_hours_access": Share(1.25, 8),
    "duress": Share(1, 1),
    "wellbeing_check": Share(1, 2),
    "watchlist_plate": Share(1.5, 8),
    "vehicle_not_permitted": Share(1.25, 10),
    "plate_cloned": Share(1, 4),
    "vehicle_overstay": Share(1, 5),
    "barrier_forced": Share(1, 6),
    "fire_lane_blocked": Share(1.5, 6),
    "intrusion": Share(1.25, 6),
    "loitering": Share(1.25, 10),
    "crowd": Share(1, 3),
    "camera_blind": Share(1.25, 3),
    "fire_smoke": Share(1, 3),
    "fall": Share(1, 3),
    "object_left": Share(1, 4),
    "ebike_in_lift": Share(1, 3),
    "watchlist_face": Share(1, 6),
    "stranger_returns": Share(1, 2),
    "perimeter_breach": Share(1.25, 6),
    "unknown_radio_lingers": Share(1, 3),
    "device_offline": Share(1.25, 6),
    "clock_skewed": Share(1, 1),
    "sequence_gap": Share(1, 1),
    "chattering": Share(1, 2),
    "checkpoint_missed": Share(1, 4),
    "guard_overdue": Share(1, 2),
    "help": Share(1, 1),
    "episode": Share(1.25, 1),
}

PILOT_HOMES = 1_150
"""Other estates have as many more or fewer as they have homes."""
