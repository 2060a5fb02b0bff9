"""How often simulated sensors err, and how: one table, fixed by what estates of this kind report, never by
what a rule can bear. `errors.sense` multiplies every rate by its scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """`rate` of `of`; `does` says what goes wrong."""

    rate: float
    of: str
    does: str


COUNT_WRONG = "count_wrong"
PLATE_WRONG = "plate_wrong"
PLATE_WRONG_DARK = "plate_wrong_dark"
STRANGER_MATCHED = "stranger_matched"
LISTED_UNKNOWN = "listed_unknown"
WIND_ALARM = "wind_alarm"
OBJECT_DROPPED = "object_dropped"
OBJECT_INVENTED = "object_invented"
CONTACT_BOUNCED = "contact_bounced"
SENT_TWICE = "sent_twice"
OUT_OF_ORDER = "out_of_order"
HOURS_LATE = "hours_late"
CLOCK_OFF = "clock_off"

RATES: Mapping[str, Rate] = {
    COUNT_WRONG: Rate(1 / 100, "people through a door", "are missed by the counter, or counted twice"),
    PLATE_WRONG: Rate(0.03, "plates read by day", "have one character wrong, with lower confidence"),
    PLATE_WRONG_DARK: Rate(0.08, "plates read at night or in rain", "likewise"),
    STRANGER_MATCHED: Rate(1 / 2_000, "faces of strangers", "match somebody on a list, with a low score"),
    LISTED_UNKNOWN: Rate(1 / 20, "faces of people on a list", "stay under the score and are unknown"),
    WIND_ALARM: Rate(2.0, "a stormy night and fence segment", "alarms that the wind makes, in gusts"),
    OBJECT_DROPPED: Rate(0.01, "detections of cameras", "are not reported"),
    OBJECT_INVENTED: Rate(3.0, "an hour and camera", "detections of what is not there, with low confidence"),
    CONTACT_BOUNCED: Rate(1 / 200, "openings of doors", "the contact bounces"),
    SENT_TWICE: Rate(0.01, "messages", "come a second time"),
    OUT_OF_ORDER: Rate(0.05, "messages", "are up to two seconds slower, so that others overtake them"),
    HOURS_LATE: Rate(0.001, "messages", "come one to six hours late, half of them flagged as history"),
    CLOCK_OFF: Rate(0.02, "devices", "have a clock that is 30 s off, either way"),
}

FACE_THRESHOLD = 0.6
"""The score from which on a terminal says who it is."""
FALSE_MATCH_SCORE = (0.6, 0.78)
WRONG_PLATE_CONFIDENCE = (0.55, 0.88)
LOOK_ALIKE_SHARE = 0.7
"""Of wrong characters so many look like the right one; the others are anything."""
LOOK_ALIKES = ("0OQDU", "1ILT7", "8B3", "5S6", "2Z", "4A", "CG6", "EF", "MN", "PR", "UV", "XK", "HN")
INVENTED_CONFIDENCE = (0.3, 0.62)
INVENTED_S = (0.5, 6.0)
INVENTED_LABELS: Mapping[str, float] = {"person": 0.6, "car": 0.2, "dog": 0.1, "bicycle": 0.1}
GUST_SHARE = 0.5
"""Of the fence's segments a gust makes so many alarm."""
GUST_S = 12.0
STORM_NIGHT_H = 8.0
BOUNCE_S = (0.04, 0.25)
TWICE_AFTER_S = (0.1, 5.0)
OVERTAKEN_S = 2.0
LATE_H = (1.0, 6.0)
LATE_FLAGGED_SHARE = 0.5
CLOCK_OFF_S = 30.0
LATENCY_S = (0.01, 0.09)
"""How long a message takes when all is well."""
