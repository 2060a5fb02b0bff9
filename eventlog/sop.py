"""What to do about an alert: the checklist of every rule, in the order of doing. A `!` marks a step that has
to be done before a desk closes the alert as genuine. The texts are in the catalogue, `sop.toml`.

Required are few: they must not stand between a desk and its queue where nobody's life hangs on them.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from eventlog.catalogue import words
from eventlog.vocabulary.base import Words

_DOOR = ("look_camera", "talk_intercom", "send_squad", "shut_door")
_WHO = ("look_camera", "check_register", "call_holder")
_LOOK = ("look_camera", "send_squad", "note_found")
_DEVICE = ("check_power", "restart_device", "call_maintenance")

_STEPS: dict[str, tuple[str, ...]] = {
    "door_forced": (*_DOOR, "keep_video"),
    "door_held_open": ("look_camera", "talk_intercom", "shut_door"),
    "repeated_denials": _WHO,
    "dead_credential_used": (*_WHO, "block_credential"),
    "tailgating": ("look_camera", "check_register", "send_squad"),
    "antipassback": ("check_register", "forgive_credential"),
    "impossible_travel": (*_WHO, "block_credential"),
    "off_hours_access": _WHO,
    "duress": ("stay_silent!", "call_police!", "watch_camera", "send_squad_quietly", "keep_video"),
    "wellbeing_check": ("call_resident", "call_relative", "send_grid_worker", "note_found"),
    "watchlist_plate": ("confirm_plate", "tell_police", "watch_camera", "send_squad"),
    "vehicle_not_permitted": ("confirm_plate", "check_register", "talk_intercom"),
    "plate_cloned": ("confirm_plate", "hold_barrier", "tell_police", "keep_video"),
    "vehicle_overstay": ("check_register", "call_holder"),
    "barrier_forced": ("look_camera", "confirm_plate", "send_squad", "keep_video"),
    "fire_lane_blocked": ("confirm_plate", "call_holder", "send_squad", "call_tow"),
    "intrusion": (*_LOOK, "keep_video"),
    "loitering": ("look_camera", "talk_loudspeaker", "send_squad"),
    "crowd": ("look_camera", "talk_loudspeaker", "send_squad"),
    "camera_blind": ("look_neighbour_camera", "send_squad", *_DEVICE),
    "fire_smoke": (
        "confirm_fire!",
        "call_fire_brigade!",
        "clear_fire_lane",
        "lead_people_out",
        "meet_brigade",
    ),
    "fall": ("look_camera", "call_ambulance", "send_squad", "stay_with_person"),
    "object_left": ("look_camera", "keep_distance", "send_squad"),
    "ebike_in_lift": ("talk_loudspeaker", "hold_lift", "send_squad"),
    "watchlist_face": ("confirm_face", "tell_police", "watch_camera", "send_squad"),
    "stranger_returns": _WHO,
    "perimeter_breach": ("look_camera", "send_squad", "check_fence", "keep_video"),
    "unknown_radio_lingers": ("look_camera", "send_squad"),
    "device_offline": _DEVICE,
    "clock_skewed": ("set_clock", "call_maintenance"),
    "sequence_gap": ("check_network", "call_maintenance"),
    "chattering": ("check_device", "call_maintenance"),
    "gatehouse_unwell": ("run_doctor", "call_maintenance"),
    "checkpoint_missed": ("call_squad", "note_found"),
    "guard_overdue": ("call_guard!", "send_second_squad", "note_found"),
    "urgent_report": ("call_reporter", "call_rescue", "send_squad", "note_found"),
    "help": ("answer_call!", "send_squad", "call_ambulance", "stay_with_person"),
}
_OTHERS = ("look_camera", "send_squad", "note_found")


class SopStep(NamedTuple):
    """One step of a checklist."""

    step: str
    required: bool
    text: Words


@cache
def checklist(rule: str) -> tuple[SopStep, ...]:
    """The steps of a rule's alerts, in order."""
    return tuple(
        SopStep(name.rstrip("!"), name.endswith("!"), words(f"sop.{name.rstrip('!')}"))
        for name in _STEPS.get(rule, _OTHERS)
    )


def missing(rule: str, done: tuple[str, ...]) -> tuple[SopStep, ...]:
    """The required steps that are not done."""
    return tuple(each for each in checklist(rule) if each.required and each.step not in done)
