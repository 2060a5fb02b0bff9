"""Scenarios with a change of the registers, with phones that answer, and with every family of devices."""

from __future__ import annotations

from typing import Any

import pytest

from eventlog.registers import Registers
from eventlog.vocabulary import TYPES, FaceRecognised, PatrolCheckpoint, Role
from ingest.privacy import hashed
from simulators.devices import KINDS
from simulators.scenarios import DEVICE_TYPES, ScenarioError, parse
from simulators.scenarios.model import Scenario
from simulators.scenarios.overlay import events_of
from simulators.verdict import Verdict
from tests.simulators.test_scenarios import MORNING_US, explain, perform
from tests.simulators.virtual import VirtualSystem

PILOT = "examples/pilot/estate.yaml"
HEAD = """\
title: {zh: 门, en: A door}
story: {zh: 门开着, en: A door stands open}
rule: door_held_open
"""
WEDGED = (
    HEAD
    + """\
estate: {id: xiegou, file: examples/pilot/estate.yaml}
devices:
  building-1: {kind: gate}
  m001: {kind: phone, squad: squad-1}
timeline:
  - {at: "00:04", device: building-1, does: granted, credential: card-1}
  - {at: "00:05", device: building-1, does: opened}
  - {at: "00:40", device: m001, does: accepts, alert: {rule: door_held_open, key: building-1}}
  - {at: "00:50", device: m001, does: arrives, alert: {rule: door_held_open}}
  - {at: "00:55", device: building-1, does: closed}
expect:
  - {rule: door_held_open, key: building-1, severity: medium, within: ["00:35", "00:40"],
     state: arrived, squad: squad-1}
"""
)


def play(text: str, system: VirtualSystem | None = None) -> tuple[Verdict, VirtualSystem]:
    scenario = parse(text)
    system = system or VirtualSystem(PILOT)
    verdict, _ = perform(scenario, system)
    return verdict, system


def overlaid(entries: str) -> Scenario:
    one_act = "{at: '00:01', device: building-1, does: heartbeat}"
    devices = "devices: {building-1: {kind: gate}}"
    estate = f"estate: {{id: xiegou, file: {PILOT}, overlay: [{entries}]}}"
    return parse(f"{HEAD}{estate}\n{devices}\ntimeline: [{one_act}]\n")


def test_a_phone_answers_the_alert_that_was_raised() -> None:
    verdict, system = play(WEDGED)
    assert verdict.ok, explain(verdict)
    assert system.log.quarantine_counts() == {}


def test_an_answer_to_an_alert_that_is_not_there_fails_the_run() -> None:
    verdict, _ = play(WEDGED.replace("does: opened}", "does: closed}"))
    assert verdict.unanswerable == 2
    assert not verdict.ok


def test_the_state_at_the_end_is_judged() -> None:
    verdict, _ = play(WEDGED.replace("state: arrived", "state: accepted"))
    assert verdict.judged[0].why == "arrived at the end, not accepted"
    verdict, _ = play(
        WEDGED.replace("squad: squad-1}\n", "squad: squad-2}\n").replace(
            "squad: squad-2}", "squad: squad-1}", 1
        )
    )
    assert verdict.judged[0].why == "squad-1 at the end, not squad-2"


def test_an_overlay_is_in_the_registers_for_the_run_and_gone_afterwards() -> None:
    overlay = (
        "overlay: [{set: vehicle, plate: 豫A00001, groups: [resident]}, {remove: squad, entry: squad-11},"
        " {set: rule, rule: door_held_open, settings: {building_s: 10}}]"
    )
    text = WEDGED.replace("estate.yaml}", "estate.yaml, " + overlay + "}").replace('["00:35"', '["00:15"')
    system = VirtualSystem(PILOT)
    registers = Registers(system.log)
    registers.refresh()
    before = registers.estates["xiegou"]
    verdict, _ = play(text, system)
    assert verdict.ok, explain(verdict)
    registers.refresh()
    assert registers.estates["xiegou"] == before


def test_moments_of_an_overlay_are_offsets_from_the_start() -> None:
    [works, round_] = events_of(
        overlaid(
            "{set: maintenance, maintenance: w, starts_at: '-10:00', ends_at: '+48:00:00', zones: [yard]}, "
            "{set: round, plan: r, squad: squad-1, starts: ['@00:10:00'],"
            " stops: [{checkpoint: p, after_min: 5}]}"
        ),
        MORNING_US,
    )
    assert dict(works)["starts_at"].isoformat() == "2026-10-31T23:50:00+00:00"
    assert dict(works)["ends_at"].isoformat() == "2026-11-03T00:00:00+00:00"
    assert dict(round_)["starts"] == ("08:10",)


def test_radio_addresses_of_an_overlay_are_hashed_like_those_of_probes() -> None:
    system = VirtualSystem(PILOT)
    registers = Registers(system.log)
    registers.refresh()
    before = set(registers.estates["xiegou"].radios)
    undo = system.lay_over("xiegou", events_of(overlaid("{set: radio, address: 'AA-00-00-00-00-01'}"), 0))
    registers.refresh()
    assert set(registers.estates["xiegou"].radios) - before == {hashed("aa:00:00:00:00:01", b"k" * 32)}
    undo()
    registers.refresh()
    assert set(registers.estates["xiegou"].radios) == before


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("{set: maintenence, maintenance: w}", "expected one of checkpoint"),
        ("{set: zone, remove: zone}", "either set: or remove:"),
        (
            "{set: gathering, gathering: g, zones: [yard], starts_at: '10 min', ends_at: '+10:00'}",
            "starts_at",
        ),
        ("{set: checkpoint, checkpoint: p, zone: yard, zoom: 3}", "zoom (3): there is no such field"),
    ],
)
def test_a_mistake_in_an_overlay_is_told(entry: str, told: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        overlaid(entry)
    assert told in "\n".join(caught.value.lines("en"))


def test_only_a_phone_has_a_squad() -> None:
    with pytest.raises(ScenarioError, match="a phone needs its squad"):
        parse(WEDGED.replace("{kind: phone, squad: squad-1}", "{kind: phone}"))
    with pytest.raises(ScenarioError, match="a phone needs its squad"):
        parse(WEDGED.replace("{kind: gate}", "{kind: gate, squad: squad-1}"))


EVERYTHING = {
    "face-1": ("face_terminal", "recognises, person: p-1, list: banned, score: 0.7"),
    "fence-01": ("fence", "alarms, kind: cut"),
    "probe-1": ("probe", "sights, address: 'aa:00:00:00:00:01', radio: ble"),
    "cam-01": (
        "camera",
        "send, type: camera.object, label: dog, track: 7, event: stay, zone: yard, confidence: 0.5,"
        " dwell_s: 3, box: [0, 0, 1, 1], image: {url: 'x'}",
    ),
    "gate-n1": ("gate", "send, type: access.people_counted, door: gate-n1, count: 2, direction: in"),
    "m001": ("phone, squad: squad-1", "checks, checkpoint: point-1"),
}


def test_every_family_is_taken_by_ingest() -> None:
    devices = "".join(f"  {name}: {{kind: {kind}}}\n" for name, (kind, _) in EVERYTHING.items())
    acts = "".join(
        f"  - {{at: '00:{n:02d}', device: {name}, does: {does}}}\n"
        for n, (name, (_, does)) in enumerate(EVERYTHING.items(), 1)
    )
    text = f"{HEAD}estate: {{id: xiegou, file: {PILOT}}}\ndevices:\n{devices}timeline:\n{acts}"
    _, system = play(text)
    assert system.log.quarantine_counts() == {}
    found: list[Any] = [entry.event for entry in system.log.read(after=0, limit=10_000)]
    assert [event.person for event in found if isinstance(event, FaceRecognised)] == ["p-1"]
    assert [event.squad for event in found if isinstance(event, PatrolCheckpoint)] == ["squad-1"]


def test_every_device_event_has_a_word_of_its_own() -> None:
    said = {action.type for kind in KINDS.values() for action in kind.actions.values()}
    assert (
        said | {"device.heartbeat"}
        == DEVICE_TYPES
        == {name for name, kind in TYPES.items() if kind.ROLE is Role.DEVICE}
    )


def test_what_happens_on_the_way_of_a_message() -> None:
    text = HEAD + (
        f"estate: {{id: xiegou, file: {PILOT}}}\n"
        "devices: {cam-01: {kind: camera, clock_off_s: -40}}\n"
        "timeline:\n"
        "  - {at: '00:01', device: cam-01, does: fall}\n"
        "  - {at: '00:02', device: cam-01, does: fall, lost: true}\n"
        "  - {at: '00:03', device: cam-01, does: fall, late: '00:30'}\n"
        "  - {at: '00:04', device: cam-01, does: fall, replay: true}\n"
        "  - {at: '00:05', device: cam-01, does: fall, twice: true}\n"
    )
    _, system = play(text)
    falls = [e for e in system.log.read(after=0, limit=10_000) if e.type == "camera.fall"]
    assert [(fall.seq, fall.replay) for fall in falls] == [(1, False), (4, True), (5, False), (3, False)]
    assert (
        falls[0].occurred_us % 60_000_000 == 1_000_000 + 1_000_000 + 20_000_000 - 60_000_000 + 60_000_000 - 0
    )
