"""The scenarios alone are good enough for most limits: doubled or halved they make one of them fail.
`tests.mutations` tries every limit and every case of every rule on its tests and scenarios together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from eventlog import codec
from eventlog.times import from_us
from eventlog.vocabulary import RuleActivated
from simulators.scenarios import names, packaged
from tests.simulators.test_scenarios import MORNING_US, perform
from tests.simulators.virtual import VirtualSystem

CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("door_forced", {"grant_s": 10.0}),
    ("door_forced", {"grant_s": 2.5}),
    ("door_forced", {"online_s": 20.0}),
    ("door_forced", {"online_s": 5.0}),
    ("door_held_open", {"building_s": 60.0}),
    ("door_held_open", {"building_s": 15.0}),
    ("door_held_open", {"gate_s": 120.0}),
    ("door_held_open", {"gate_s": 30.0}),
    ("repeated_denials", {"count": 6}),
    ("repeated_denials", {"count": 2}),
    ("repeated_denials", {"window_s": 120.0}),
    ("repeated_denials", {"window_s": 30.0}),
    ("repeated_denials", {"impatient_s": 4.0}),
    ("repeated_denials", {"impatient_s": 1.0}),
    ("tailgating", {"grant_s": 10.0}),
    ("tailgating", {"grant_s": 2.5}),
    ("tailgating", {"no_contact_s": 30.0}),
    ("tailgating", {"no_contact_s": 7.5}),
    ("tailgating", {"settle_s": 10.0}),
    ("tailgating", {"settle_s": 2.5}),
    ("tailgating", {"camera_s": 4.0}),
    ("tailgating", {"camera_s": 1.0}),
    ("tailgating", {"surplus": 4}),
    ("antipassback", {"forget_s": 86_400.0}),
    ("antipassback", {"forget_s": 21_600.0}),
    ("antipassback", {"impatient_s": 4.0}),
    ("antipassback", {"impatient_s": 1.0}),
    ("antipassback", {"settle_s": 10.0}),
    ("antipassback", {"settle_s": 2.5}),
    ("impossible_travel", {"walk_m_s": 3.0}),
    ("impossible_travel", {"walk_m_s": 0.75}),
    ("impossible_travel", {"floor_s": 10.0}),
    ("impossible_travel", {"floor_s": 2.5}),
    ("wellbeing_check", {"silent_s": 259_200.0}),
    ("wellbeing_check", {"silent_s": 64_800.0}),
    ("device_offline", {"settle_s": 40.0}),
    ("device_offline", {"settle_s": 10.0}),
    ("device_offline", {"missed": 6}),
    ("device_offline", {"missed": 2}),
    ("plate_cloned", {"speed_kmh": 60.0}),
    ("plate_cloned", {"speed_kmh": 15.0}),
    ("plate_cloned", {"inside_s": 86400.0}),
    ("plate_cloned", {"inside_s": 21600.0}),
    ("plate_cloned", {"settle_s": 10.0}),
    ("plate_cloned", {"settle_s": 2.5}),
    ("vehicle_overstay", {"stay_s": 86400.0}),
    ("vehicle_overstay", {"stay_s": 21600.0}),
    ("vehicle_overstay", {"settle_s": 10.0}),
    ("vehicle_overstay", {"settle_s": 2.5}),
    ("barrier_forced", {"reason_s": 30.0}),
    ("barrier_forced", {"reason_s": 7.5}),
    ("barrier_forced", {"settle_s": 10.0}),
    ("barrier_forced", {"settle_s": 2.5}),
    ("fire_lane_blocked", {"limit_s": 360.0}),
    ("fire_lane_blocked", {"limit_s": 90.0}),
    ("fire_lane_blocked", {"settle_s": 10.0}),
    ("fire_lane_blocked", {"settle_s": 2.5}),
    ("fire_lane_blocked", {"rejoin_s": 4.0}),
    ("fire_lane_blocked", {"rejoin_s": 1.0}),
    ("perimeter_breach", {"confirm_s": 60.0}),
    ("perimeter_breach", {"confirm_s": 15.0}),
    ("perimeter_breach", {"settle_s": 30.0}),
    ("perimeter_breach", {"settle_s": 7.5}),
    ("perimeter_breach", {"wind_segments": 8}),
    ("perimeter_breach", {"wind_segments": 2}),
    ("perimeter_breach", {"wind_s": 60.0}),
    ("perimeter_breach", {"wind_s": 15.0}),
    ("perimeter_breach", {"calm_s": 600.0}),
    ("perimeter_breach", {"calm_s": 150.0}),
    ("unknown_radio_lingers", {"linger_s": 3600.0}),
    ("unknown_radio_lingers", {"linger_s": 900.0}),
    ("unknown_radio_lingers", {"gap_s": 600.0}),
    ("unknown_radio_lingers", {"gap_s": 150.0}),
    ("help", {"fresh_s": 3600.0}),
    ("help", {"fresh_s": 900.0}),
    ("intrusion", {"sure_confidence": 1.0}),
    ("intrusion", {"sure_confidence": 0.35}),
    ("intrusion", {"low_confidence": 1.0}),
    ("intrusion", {"twice_s": 20}),
    ("intrusion", {"twice_s": 5}),
    ("intrusion", {"patrol_s": 600}),
    ("intrusion", {"patrol_s": 150}),
    ("loitering", {"limit_s": 240}),
    ("loitering", {"limit_s": 60}),
    ("crowd", {"count": 40}),
    ("crowd", {"count": 10}),
    ("crowd", {"hold_s": 120}),
    ("crowd", {"hold_s": 30}),
    ("camera_blind", {"settle_s": 40}),
    ("camera_blind", {"settle_s": 10}),
    ("camera_blind", {"together_s": 5}),
    ("camera_blind", {"together_s": 20}),
    ("fire_smoke", {"sure_confidence": 1.0}),
    ("fire_smoke", {"sure_confidence": 0.3}),
    ("fire_smoke", {"twice_s": 20}),
    ("fire_smoke", {"twice_s": 5}),
    ("fall", {"sure_confidence": 1.0}),
    ("fall", {"sure_confidence": 0.3}),
    ("fall", {"twice_s": 20}),
    ("fall", {"twice_s": 5}),
    ("object_left", {"corridor_s": 1200}),
    ("object_left", {"corridor_s": 300}),
    ("object_left", {"lost_s": 300}),
    ("object_left", {"lost_s": 75}),
    ("object_left", {"sure_confidence": 0.3}),
    ("ebike_in_lift", {"sure_confidence": 1.0}),
    ("ebike_in_lift", {"sure_confidence": 0.3}),
    ("ebike_in_lift", {"twice_s": 20}),
    ("ebike_in_lift", {"twice_s": 5}),
    ("watchlist_face", {"sure_score": 1.0}),
    ("watchlist_face", {"sure_score": 0.4}),
    ("watchlist_face", {"low_score": 0.3}),
    ("watchlist_face", {"low_score": 0.9}),
    ("watchlist_face", {"twice_s": 60}),
    ("watchlist_face", {"twice_s": 15}),
    ("stranger_returns", {"nights": 6}),
    ("stranger_returns", {"nights": 2}),
    ("stranger_returns", {"of_nights": 14}),
    ("stranger_returns", {"of_nights": 3}),
    ("clock_skewed", {"skew_s": 10}),
    ("clock_skewed", {"skew_s": 2.5}),
    ("sequence_gap", {"fill_s": 120}),
    ("sequence_gap", {"fill_s": 30}),
    ("chattering", {"count": 6}),
    ("chattering", {"count": 2}),
    ("chattering", {"window_s": 120}),
    ("chattering", {"window_s": 30}),
    ("chattering", {"short_s": 6}),
    ("chattering", {"short_s": 1.5}),
    ("chattering", {"quiet_s": 600}),
]


def _quick_first() -> Iterator[Any]:
    """The first two changes of each rule; the others, and those of all other settings, are of `make soak`."""
    tried: Counter[str] = Counter()
    for rule, settings in CHANGES:
        tried[rule] += 1
        marks = (pytest.mark.soak,) if tried[rule] > 2 else ()
        yield pytest.param(rule, settings, id=f"{rule}-{settings}", marks=marks)


@pytest.mark.parametrize(("rule", "settings"), _quick_first())
def test_a_changed_limit_fails_a_scenario_of_its_rule(rule: str, settings: dict[str, Any]) -> None:
    for name in names():
        scenario = packaged(name)
        if scenario.rule != rule:
            continue
        system = VirtualSystem(scenario.estate.file)
        changed = RuleActivated(rule=rule, version=1, settings=settings)
        system.log.append(
            [codec.make(changed, estate=scenario.estate.id, source="test", event_id="changed", at=from_us(0))]
        )
        if not perform(scenario, system, earliest_us=MORNING_US)[0].ok:
            return
    pytest.fail(f"no scenario of {rule} notices {settings}")
