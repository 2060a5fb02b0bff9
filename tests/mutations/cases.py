"""The "not" cases of each rule, in the words of its page (docs/rules.md), and how each is taken away.

A test holds the table to the page: every clause of "stays silent" is in it. A cut replaces a passage that is in
the rule's file exactly once.
"""

# ruff: noqa: E501
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ROUNDS = "processors/patrol/rounds.py"
WALKS = "processors/patrol/walks.py"
EPISODES = "processors/alerts/episodes.py"
SEEN = "processors/rules/seen.py"
EFFECTIVE = "processors/effective.py"
DESK = "processors/alerts/desk.py"
ELSEWHERE: Mapping[str, str] = {
    "fire_smoke": SEEN,
    "fall": SEEN,
    "checkpoint_missed": ROUNDS,
    "guard_overdue": ROUNDS,
    "episode": EPISODES,
}
"""Where a rule's "not" cases are handled, when not in the file of its name."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Puts `new` in the place of `old`; `file` where it is not the rule's own."""

    old: str
    new: str
    file: str | None = None


CASES: Mapping[str, Mapping[str, tuple[Cut, ...]]] = {
    "door_forced": {
        "In the `online_s` seconds after its device came back online": (
            Cut("if state.online_us and 0 <= at_us - state.online_us <= online_us:", "if False:"),
            Cut("if not 0 <= each.at_us - at_us <= silent_us)", "if True)"),
        ),
        "a contact that bounces within `bounce_s` seconds of the close": (
            Cut("any(0 <= at_us - closed_us <= limits.bounce_us for closed_us in state.closed_us)", "False"),
            Cut("if not 0 <= each.at_us - at_us <= bounce_us)", "if True)"),
        ),
        "where the device's counter shows that a message just before is missing: that is waited for, `filled_s` "
        "seconds, and where it never comes nothing is told here (`sequence_gap` tells of it)": (
            Cut("and not _unheard(each, missing, grant_us)", ""),
            Cut("min(each.at_us, at_us)", "each.at_us", "processors/rules/missing.py"),
            Cut("if not _unheard(opened, missing, limits.grant_us):", "if True:"),
            Cut(
                "max(opened.at_us, opened.recorded_us) + limits.filled_us", "opened.at_us + limits.filled_us"
            ),
        ),
        "planned maintenance, or where maintenance is set": (
            Cut("if _worked_on(key, at_us, estate) or limits.maintenance:", "if limits.maintenance:"),
            Cut(
                "if _worked_on(key, at_us, estate) or limits.maintenance:",
                "if _worked_on(key, at_us, estate):",
            ),
            Cut(
                "if _worked_on(key, event.effective_us, estate) or self.door_limits(key, estate).maintenance:",
                "if False:",
            ),
        ),
    },
    "door_held_open": {
        "Closed in time, also when the message comes within those `settle_s` seconds": (
            Cut("elif not in_time:", "else:"),
            Cut(
                "judged_us: int = opening.at_us + limit_us + limits.settle_us",
                "judged_us: int = opening.at_us + limit_us",
            ),
        ),
        "one in time that comes later still withdraws the alert": (
            Cut("evidence, in_time, opening.late)", "evidence, False, opening.late)"),
        ),
        "where the device's counter shows that a message since the opening is missing, perhaps the close "
        "(`sequence_gap` tells of it)": (
            Cut("return not opening.raised and shown_within(", "return False and shown_within("),
        ),
        "planned maintenance": (
            Cut("told = not estate.in_maintenance(", "told = True or not estate.in_maintenance("),
        ),
    },
    "repeated_denials": {
        "One card presented again at one door within `impatient_s` seconds counts once": (
            Cut("if denial.credential and card in latest and", "if False and card in latest and"),
        ),
        "while it goes on, the alert is updated once every `window_s` seconds": (
            Cut("quiet = state.told_us is None or", "quiet = True or"),
        ),
    },
    "dead_credential_used": {
        "Valid now by the register (renewed since), even if the controller has not heard of it": (
            Cut(
                "        return _expired(entry, event.effective_us)\n    if event.late",
                "        return said or _expired(entry, event.effective_us)\n    if event.late",
            ),
        ),
        "the same credential again at the same door within `again_s` seconds": (
            Cut(
                "if death is None or (state.told_us and abs(at_us - state.told_us) < again_us):",
                "if death is None:",
            ),
        ),
        "let in before it was lost and uploaded later": (
            Cut("if event.late and said is None:", "if False:"),
        ),
    },
    "tailgating": {
        "Two grants in one opening": (
            Cut("return sum(from_us <= at_us <= until_us for", "return any(from_us <= at_us <= until_us for"),
        ),
        "people leaving": (
            Cut('what.direction == "in", evidence_of', "True, evidence_of"),
            Cut("return others + max(let_out, gone)", "return others"),
        ),
        "a single one too many by the counter alone (it only goes into the door's rate)": (
            Cut("(surplus == 1 and agreed)", "surplus == 1"),
        ),
    },
    "antipassback": {
        "Doors without a reader on the way out": (Cut("or not door.reader_out or", "or"),),
        "a card again at one door within `impatient_s` seconds": (
            Cut("and abs(at_us - each.at_us) <= limits.impatient_us", "and False"),
        ),
        "after `forget_s` seconds": (Cut("and each.at_us - before.at_us < limits.forget_us:", ":"),),
        "forgiven by an operator": (Cut("return self._forgiven(key, state, event, estate)", "return None"),),
        "remote releases": (Cut('or granted.method == "remote":', ":"),),
    },
    "impossible_travel": {
        "Two doors of one zone": (Cut("if start == end:", "if False:"),),
        "clocks apart, where by arrival there was time enough": (
            Cut("return abs(other.received_us", "return True or abs(other.received_us"),
        ),
        "remote releases": (Cut('what.method == "remote" or what.credential', "what.credential"),),
    },
    "off_hours_access": {
        "Zones without hours": (
            Cut(
                "if zone is None or zone.open_hours is None:  # nearly always\n            return ()",
                "if zone is None:\n            return ()\n        if zone.open_hours is None:\n            return (granted.door,)",
            ),
        ),
        "staff on the duty roster": (
            Cut("if _on_duty(granted, event.effective_us, estate) else", "if False else"),
        ),
        "leaving": (Cut('granted.direction == "out" or', "False or"),),
    },
    "duress": {
        "Other credentials": (Cut("if entry is None or not entry.duress:", "if entry is None:"),),
        "a drill alerts all the same, marked as an exercise, and pages nobody outside": (
            Cut("exercise = estate.drill_at(signal.zone, rule, signal.at_us)", "exercise = False", DESK),
        ),
    },
    "wellbeing_check": {
        "Registered as away": (
            Cut("if person.away_from is None and person.away_until is None:", "if True:"),
        ),
        "not living alone, or not to be looked in on": (
            Cut("return person.lives_alone and person.look_in and", "return person.lives_alone and"),
        ),
        "moved out": (Cut("person.look_in and person.left_at is None", "person.look_in"),),
    },
    "vehicle_not_permitted": {
        "A gate without pass rules": (Cut("gate is None or gate.allow is None or", "gate is None or"),),
        "a read below `sure_confidence` of a plate that nobody has, one character from a vehicle that may pass": (
            Cut("for other in perhaps(estate, plate):", "for other in ():"),
        ),
        "no plate read and the class might pass": (
            Cut("any(_fits(rule, read, None, event, estate, unread=True) for rule in rules)", "False"),
        ),
        "repeated reads of one pass (`pass_s` seconds)": (
            Cut("if same_pass(state, at_us, pass_us):", "if False:"),
        ),
    },
    "watchlist_plate": {
        "Repeated reads of one pass (`pass_s` seconds)": (
            Cut("if same_pass(state, at_us, pass_us):", "if False:"),
        ),
        "a look-alike that is itself a registered vehicle read at `sure_confidence` or above": (
            Cut(
                "if plate in estate.vehicles_by_plate and read.confidence >=",
                "if False and read.confidence >=",
            ),
        ),
    },
    "device_offline": {
        "Back soon": (Cut("gone_us = offline_us + limits.settle_us", "gone_us = offline_us"),),
        "the will of an old session that comes after the new one": (
            Cut("if stale or before.offline_us is not None:", "if before.offline_us is not None:"),
        ),
        "devices behind a controller or recorder that is offline itself (one alert, with their count)": (
            Cut("if self._behind_gone(key, state, due_us, estate):", "if False:"),
        ),
        "a device never heard of": (
            Cut(
                "if device not in estate.devices:\n            return ()", "if False:\n            return ()"
            ),
        ),
    },
    "intrusion": {
        "A patrol was heard of there in the `patrol_s` seconds before and not elsewhere since": (
            Cut(
                "            if about(each.here_us, limits.patrol_us) and not left:\n",
                "            if False:\n",
            ),
            Cut("since_us > each.away_us + GONE_US", "False"),
        ),
        "where one was heard of in the `coming_s` seconds before at the place from which its round leads there, it "
        "shows itself within `shows_s` seconds": (
            Cut("each.coming_us > each.here_us\n", "False\n"),
            Cut("after = replace(after, waiting=replace(sighting, until_us=None))", "pass"),
        ),
        "withdrawn when one shows itself there within `withdraw_s` seconds (none of these in the `breach_s` seconds "
        "after the fence was climbed or cut)": (
            Cut("        if soon and not", "        if False and not"),
            Cut("if soon and not _near_breach(state, told_us, limits.breach_us):", "if soon:"),
            Cut(
                "if until_us == at_us or _near_breach(state, at_us, limits.breach_us):",
                "if until_us == at_us:",
            ),
        ),
    },
    "loitering": {
        "A zone that is not watched, or not at this hour": (
            Cut(
                "if zone is None or not estate.within_any(zone.watch_hours, from_us(reached_us)):",
                "if zone is None:",
            ),
        ),
        "whoever leaves in time": (
            Cut("return self._left(key, state, event, since_us, estate)", "return None"),
        ),
        "who is seen once only and below `sure_confidence`": (Cut("if not state.sure:", "if False:"),),
        "a track that was heard of again and again and then not for `lost_s` seconds": (
            Cut("        if gone:\n", "        if False:\n"),
        ),
    },
    "crowd": {
        "During an announced gathering": (Cut("over_us = to_us(known.ends_at)", "break"),),
        "when the count falls in between": (Cut("    if not under:\n", "    if True:\n"),),
    },
    "camera_blind": {
        "Planned maintenance": (
            Cut("if estate.in_maintenance(at_us, device=camera):", "if False:"),
            Cut(
                "if zone not in blind and not self._planned(zone, state, due_us, estate):",
                "if zone not in blind:",
            ),
        ),
        "a lost recorder is one alert": (
            Cut("if parent is not None and self._gone(parent, state, now_us, estate):", "if False:"),
        ),
        "cameras of one recorder within `together_s` seconds are one alert": (
            Cut("if same and fault is not None and abs(", "if False and abs("),
        ),
    },
    "fire_smoke": {
        "One report of low confidence alone": (
            Cut("return ((beside[-1].event, seen) if beside else ()), kept", "return (seen,), kept"),
        ),
        "while it goes on, the alert is updated once every `again_s` seconds": (
            Cut(
                "if state.told_us is not None and abs(at_us - state.told_us) < limits.again_us:", "if False:"
            ),
        ),
    },
    "fall": {
        "One report of low confidence alone": (
            Cut("return ((beside[-1].event, seen) if beside else ()), kept", "return (seen,), kept"),
        ),
        "repeats within `again_s` seconds": (
            Cut(
                "if state.told_us is not None and abs(at_us - state.told_us) < limits.again_us:", "if False:"
            ),
        ),
    },
    "object_left": {
        "What is put down in a corridor and taken away in time, or was reported again and again and then not for "
        "`lost_s` seconds": (
            Cut("return _is_corridor(key, estate) and at_us", "return False and at_us"),
            Cut(
                "        after = Place(None, state.unsure, max(state.taken_us, at_us))\n",
                "        after = Place(left, state.unsure, at_us)\n",
            ),
            Cut("if left.reports > 1 and due_us", "if False and due_us"),
        ),
        "repeats within `again_s` seconds": (Cut("again = left.told_us is None or", "again = True or"),),
    },
    "ebike_in_lift": {
        "Electric bikes elsewhere": (Cut('zone is not None and zone.kind == "lift"', "zone is not None"),),
        "other things in a lift": (Cut("if seen.label not in LABELS:", "if False:"),),
        "one sighting of low confidence alone": (
            Cut("return ((beside[-1].event, seen) if beside else ()), kept", "return (seen,), kept", SEEN),
        ),
    },
    "watchlist_face": {
        "A score below `low_score`": (Cut("if face.score < limits.low_score:", "if False:"),),
        "one low score alone": (
            Cut("found = (beside[-1].event, seen) if beside else ()", "found = (seen,)"),
        ),
        "one person again within `again_s` seconds": (
            Cut("quiet = state.told_us is not None and", "quiet = False and"),
        ),
    },
    "stranger_returns": {
        "Randomised addresses": (Cut("if sighting.randomised:", "if False:"),),
        "phones that are registered": (
            Cut(
                'return None if known else f"radio {sighting.address}"', 'return f"radio {sighting.address}"'
            ),
        ),
        "visitors with a permit that holds": (Cut("or _visits(face, event, estate):", ":"),),
        "by day": (Cut("or not estate.is_night(event.effective_at):", ":"),),
    },
    "clock_skewed": {
        "Single events that come late": (Cut("median_us = _median(offs)", "return offs[-1]", EFFECTIVE),),
        "what waited while Gatehouse was away and comes all at once": (
            Cut("0 <= entry.received_us - clock.looked_us < APART_US", "False", EFFECTIVE),
            Cut(" if len(alike) > RING // 2 else None", "", EFFECTIVE),
        ),
        "off by no more than `skew_s` seconds": (Cut("if abs(skew_us) <= limit_us:", "if not skew_us:"),),
        "it clears once the clock is right": (
            Cut("return Step(self.initial(), (clear,))", "return Step(self.initial())"),
        ),
    },
    "sequence_gap": {
        "Events out of order that soon come": (
            Cut("holes = _without(state.open, cast(CounterFilled, event.event).seq)", "holes = state.open"),
        ),
        "a counter that begins anew after a restart or because it is full": (
            Cut(
                "self._resets[source] = (last, entry.recorded_us + AFTER_RESET_US)",
                "self.seen.append(CounterJumped(device=entry.device, first=1, last=seq))",
                EFFECTIVE,
            ),
        ),
        "it clears when the rest comes after all": (
            Cut("if any(hole.told for hole in state.open) and not", "if False and not"),
        ),
    },
    "chattering": {
        "A door open for longer than `short_s` seconds is somebody who passes": (
            Cut('limits.short_us if key.startswith("door:") else limits.window_us', "limits.window_us"),
        ),
        "it clears after `quiet_s` seconds of quiet": (
            Cut("return Step(self.initial(), (Clear(key, zone, due_us),))", "return Step(self.initial())"),
        ),
    },
    "gatehouse_unwell": {
        "A part with nothing to do": (Cut("bad = part.behind > 0 and", "bad ="),),
        "a delivery in between that succeeds": (Cut("if event.type != DeliveryFailed.TYPE:", "if False:"),),
        "it clears when it is well again": (
            Cut(
                "after = Health(state.readings, state.failures, bad)\n        return",
                "after = Health(state.readings, state.failures, bad)\n        if not bad:\n            return Step(after)\n        return",
            ),
        ),
    },
    "checkpoint_missed": {
        "While its squad is called to an alert the round is paused and its times move": (
            Cut("if alert and walk.paused_us is None:", "if False:"),
            Cut("walk.shift_us, walk.paused_us = walk.shift_us + paused_us, None", "walk.paused_us = None"),
        ),
        "random rounds have no order": (Cut('if plan.order == "random":', "if False:", WALKS),),
        "a video round of which no camera was ever confirmed": (
            Cut('and (plan.kind == "foot" or kept.used):', ":"),
        ),
        "a visit in time that is heard of late withdraws the alert": (
            Cut('missed_before = walk.results.get(str(place)) == "absent"', "missed_before = False"),
        ),
    },
    "guard_overdue": {
        "Anything heard meanwhile": (Cut("walk.heard_us = max(walk.heard_us, at_us)", "pass"),),
        "while called to an alert": (Cut("if kept.walk and kept.walk.paused_us is None:", "if kept.walk:"),),
        "rounds that are not lone": (
            Cut("or not plan.lone or walk.member is None", "or walk.member is None"),
        ),
        "a round that nobody has begun": (
            Cut("not plan.lone or walk.member is None or", "not plan.lone or"),
        ),
    },
    "episode": {
        "Alerts of doors alone, of different doors and at most medium, do not join each other (a busy lobby)": (
            Cut("or other.unrelated(mark):", ":"),
        ),
        "rules in `apart` never join": (
            Cut("if limits is None or rule in limits.apart:", "if limits is None:"),
        ),
        "history and exercises join their like only": (
            Cut("if (found.late, found.exercise) != (signal.late, exercise) or len", "if len"),
        ),
    },
    "plate_cloned": {
        "Repeated reads of one gate, also by two of its lanes": (
            Cut("if same and abs(known.at_us - at_us) <= limits.pass_us:", "if False:"),
            Cut("if last is None or last.gate == read.gate:", "if last is None or last.lane == read.lane:"),
        ),
        "out and in again": (Cut("return (None if left or", "return (None if"),),
        "a way out read below `sure_confidence` as a plate that nobody has counts for each registered plate one "
        "character apart": (
            Cut(
                "return (own, *(plate_reference(estate, other) for other in others))",
                "return (own,)",
            ),
        ),
        "gates that are not on the boundary": (
            Cut("gate = boundary_gate(estate, read.lane)", "gate = estate.lanes.get(read.lane)"),
        ),
    },
    "vehicle_overstay": {
        "A permit that is extended": (
            Cut('return self._permit(key, state, plates.normal(plate or ""), event, estate)', "return None"),
        ),
        "out in time, also when the message comes late (one that comes later still withdraws the alert)": (
            Cut("else state.until_us + self.limits(state.zone).settle_us", "else state.until_us"),
            Cut("withdrawn=in_time, late", "withdrawn=False, late"),
        ),
        "residents' and service vehicles": (
            Cut("if vehicle is not None and vehicle.groups and VISITOR not in vehicle.groups:", "if False:"),
        ),
    },
    "barrier_forced": {
        "The barrier itself names its reason": (
            Cut("if cast(BarrierOpened, what).by is not None:", "if False:"),
        ),
        "planned maintenance": (Cut("if estate.in_maintenance(at_us, device=event.device):", "if False:"),),
    },
    "fire_lane_blocked": {
        "Fire engines, ambulances": (Cut("    if stay.exempt:\n", "    if False:\n"),),
        "gone in time, also when the message comes late (one that comes later still withdraws the alert), or when "
        "the camera missed it": (
            Cut(
                "return stay.left_us is None or bool(stay.left_us - stay.since_us > limits.limit_us)",
                "return True",
            ),
            Cut("if known.told and not _too_long(gone, limits):", "if False:"),
            Cut("and now_us - stay.last_us > limits.silent_us", "and False"),
        ),
    },
    "perimeter_breach": {
        "Vibration in wind (cut, climb and short are told all the same, and a vibration that a camera of its own "
        "zone confirms in its armed hours)": (
            Cut("state = self._gusts(state, signals, estate)", "pass"),
            Cut(
                "shaken = [i for i, each in enumerate(alarms) if each.kind == VIBRATION]",
                "shaken = list(range(len(alarms)))",
            ),
            Cut("if seen.zone in zones and abs(", "if not alarm.blown and seen.zone in zones and abs("),
            Cut("if not alarm.blown or _guarded(alarm, estate)", "if True"),
            Cut("return _guarded(alarm, estate) and any(", "return any("),
        ),
        "a segment that alarms again within `again_s` seconds": (Cut("if not after.hushed:", "if True:"),),
        "a person seen below `sure_confidence` confirms nothing": (
            Cut("sure = near and what.confidence >= self.for_zone(what.zone).sure_confidence", "sure = near"),
        ),
        "whom a camera sees where a patrol was heard of in the `patrol_s` seconds before confirms nothing": (
            Cut("if patrol_us is not None and -DISORDER_US", "if False and -DISORDER_US"),
        ),
        "planned maintenance": (
            Cut("if estate.in_maintenance(at_us, device=event.device, zone=zone):", "if False:"),
        ),
    },
    "unknown_radio_lingers": {
        "Registered radios": (Cut("or _known(estate, seen.address, event.effective_us):", ":"),),
        "random addresses": (Cut("if seen.randomised or", "if"),),
        "by day": (Cut("if not estate.is_night(from_us(event.effective_us)):", "if False:"),),
        "zones that are not sensitive": (
            Cut("if entry is None or not entry.sensitive:", "if entry is None:"),
        ),
    },
    "help": {
        "A member's other answers": (Cut("and what.action != NEED_HELP:", "and False:"),),
    },
}
