"""The estate file: what a good one becomes, and every mistake with its line and reason."""

from __future__ import annotations

from functools import reduce

import pytest

from eventlog.estate import Estate
from eventlog.vocabulary import RuleActivated, ZoneSet
from gatehouse.estatefile import EstateFileError, load, parse
from gatehouse.estatefile.plates import plate_form
from tests.gatehouse.estates import RULES, line_of, mistakes, small
from tests.support.parts import ROOT


def folded(*changes: tuple[str, str]) -> Estate:
    file = small(*changes)
    return reduce(Estate.with_event, file.events, Estate(file.estate))


def test_a_good_file_becomes_the_registers() -> None:
    estate = folded()
    assert estate.id == "home"
    assert estate.device_zone("cam-1") == "yard"
    assert estate.doors["gate-1"].device == "gate-1"
    assert estate.doors["gate-1"].zone == "gate"
    assert estate.lanes["drive-out"].gate == "drive"
    allowed = (estate.gates["drive"].allow or ())[0]
    assert allowed.hours is not None
    assert (allowed.groups, allowed.hours.start, allowed.hours.end) == (("resident",), "06:00", "23:00")
    assert estate.watched_plates["豫AD12345"][0].severity == "high"
    assert [member.member for member in estate.squads["squad-1"].members] == ["m1", "m2"]
    assert (estate.squad_for("yard"), estate.squad_for("gate")) == ("squad-1", "squad-2")


def test_neighbours_count_both_ways_with_their_distance() -> None:
    zones = folded().zones
    assert [(n.zone, n.walk_m) for n in zones["yard"].adjacent] == [("gate", 40)]
    assert [(n.zone, n.walk_m) for n in zones["gate"].adjacent] == [("yard", 40)]


def test_a_rule_is_on_with_its_defaults_unless_the_file_says_otherwise() -> None:
    unsaid = small(("  example: {limit_s: 20, zones: {yard: {limit_s: 90}}}", "  {}"))
    assert unsaid.events[-1] == RuleActivated(
        rule="example", version=1, settings={"limit_s": 30.0, "count": 3}, zones={}
    )
    said = small().events[-1]
    assert isinstance(said, RuleActivated)
    assert (said.settings, said.zones) == ({"limit_s": 20.0, "count": 3}, {"yard": {"limit_s": 90.0}})
    off = small(("{limit_s: 20, zones: {yard: {limit_s: 90}}}", "{enabled: false}"))
    assert not any(isinstance(event, RuleActivated) for event in off.events)


GATE_1 = "- {id: gate-1, kind"
GATE = "- {id: gate, kind"


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ("cam-1, zone: yard", "cam-1, zone: yrad", "- {id: cam-1", "zone ('yrad'): there is no such zone"),
        ("sees: [yard, gate]", "sees: [yard, gat]", "- {id: cam-1", "sees[1] ('gat')"),
        ("cam-1, zone: yard", "cam-1, zone: yard, parent: nvr", "- {id: cam-1", "no such device"),
        ("cam-1, zone: yard", "cam-1, zone: yard, parent: cam-1", "- {id: cam-1", "go in a circle"),
        ("id: cam-1", "id: gate-1", "- {id: cam-1", "stands twice, first in line 9"),
        ("id: cam-1", "id: cam/1", "- {id: cam-1", "expected letters, digits"),
        ("heartbeat_s: 60", "heartbeat_s: soon", "- {id: gate-1, zone", "expected a number"),
        ("heartbeat_s: 60", "heartbeat_s: 0", "- {id: gate-1, zone", "expected more than 0"),
        ("heartbeat_s: 60", "heartbeat_s: 604801", "- {id: gate-1, zone", "604800"),
        ("heartbeat_s: 60", "hartbeat_s: 60", "- {id: gate-1, zone", "no such field"),
        ("camera:", "kamera:", "camera:", "no such family"),
        ("{id: gate-1, kind: gate}", "{id: gate-1, device: cam-1}", GATE_1, "of family camera"),
        ("{id: gate-1, kind: gate}", "{id: gate-1, kind: roof}", GATE_1, "one of 'building'"),
        ("adjacent: [{zone: gate", "adjacent: [{zone: yard", "- {id: yard", "no neighbour of itself"),
        ("{id: gate, kind: gate,", "{id: gate, adjacent: [{zone: yard, walk_m: 41}],", GATE, "40"),
        ("squad: squad-2", "squad: squad-9", GATE, "no such squad"),
        ("default_squad: squad-1\n", "time_zone: Asia/Shanghai\n", "- {id: yard", "the zone has no squad"),
        ("drive-in, drive-out", "drive-in, drive-in", "- {id: drive", "stands twice"),
        ("groups: [resident], hours", "lanes: [drive-up], hours", "- {id: drive", "no such lane"),
        ("06:00-23:00", "06:00-24:00", "- {id: drive", "time of day"),
        ("豫A12345", "豫A1234O", "- {plate", "GA 36-2018"),
        ("entries: [豫AD12345]", "entries: [12345]", "stolen", "GA 36-2018"),
        ("members: [m1, m2]", "members: [m1, m3]", "- {id: squad-2", "stands twice"),
        ("limit_s: 20", "limit_s: -20", "example", "expected more than 0"),
        ("limit_s: 20", "limit: 20", "example", "no such field"),
        ("{yard: {limit_s: 90}}", "{yrad: {limit_s: 90}}", "example", "no such zone"),
        ("{yard: {limit_s: 90}}", "{yard: {limit_s: long}}", "example", "zones.yard.limit_s ('long')"),
        ("  example:", "  exmple:", "example", "near: example"),
        ("rules:", "rule:", "rules:", "no such section"),
        ("default_squad: squad-1", "default_squad: squad-1\ndefault_squad: squad-2", "zones:", "twice"),
        ("default_squad: squad-1", "default_squad: squad-1\ntime_zone: Asia/Peking", "zones:", "IANA"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(old: str, new: str, at: str, said: str) -> None:
    found = mistakes((old, new))
    assert any(text.startswith(f"{line_of(at)}: ") and said in text for text in found), found


def test_every_mistake_is_told_at_once() -> None:
    found = mistakes(
        ("default_squad: squad-1", "default_squad: nobody"),
        ("zone: gate, heartbeat_s: 60", "zone: nowhere, heartbeat_s: 0"),
        ("sees: [yard, gate]", "seas: [yard, gate]"),
        ("豫A12345", "豫A"),
        ("limit_s: 20", "limit_s: short"),
    )
    assert len(found) == 6, found


def test_a_file_that_is_no_yaml_says_where() -> None:
    with pytest.raises(EstateFileError) as caught:
        parse("estate: home\n  zones: 1", rules=RULES)
    assert caught.value.lines("en")[0].startswith("estate.yaml:2: ")
    with pytest.raises(EstateFileError, match="expected a map"):
        parse("- 1", rules=RULES)
    with pytest.raises(EstateFileError, match="contains itself"):
        parse("zones: &a [*a]", rules=RULES)


def test_texts_stay_texts() -> None:
    """YAML's older rules would read these as 1320, true and 7."""
    assert not mistakes(("{id: yard,", "{id: yard, kind: on,"), ("[m1, m2]", "[007, no]"))
    zone = next(e for e in small(("{id: yard,", "{id: yard, kind: on,")).events if isinstance(e, ZoneSet))
    assert zone.kind == "on"


@pytest.mark.parametrize(
    ("plate", "form"),
    [
        ("豫A12345", "civil"), ("京AB1234", "civil"), ("粤B1A2C3", "civil"),
        ("豫AD12345", "new energy, small"), ("豫AKC1234", "new energy, small"),
        ("豫A12345F", "new energy, large"),
        ("豫A1234挂", "trailer, learner, police"), ("京A0123警", "trailer, learner, police"),
        ("粤Z1234港", "Hong Kong and Macao"), ("使123456", "embassy"), ("沪A1234领", "consulate"),
        ("京X0001应急", "emergency"), ("WJ豫12345", "armed police"),
        ("豫A1234", None), ("豫A1234I", None), ("豫A1234O", None), ("豫I", None), ("A12345", None),
        ("豫AABCDE", None), ("豫AM12345", None), ("豫A123456", None), ("豫12345", None), ("", None),
    ],
)  # fmt: skip
def test_plates_have_the_forms_of_the_standard(plate: str, form: str | None) -> None:
    assert plate_form(plate) == form


def test_plates_of_other_countries_are_not_judged() -> None:
    other = ("豫A12345", "car-20154301124328-262")
    assert mistakes(other)
    assert not mistakes(other, ("default_squad", "plates: any\ndefault_squad"))
    assert not mistakes(other, ("default_squad", "time_zone: America/New_York\ndefault_squad"))


def test_a_dot_in_a_plate_is_no_mistake_but_the_same_plate_twice_is() -> None:
    two = ("vehicles:\n", "vehicles:\n  - plate: 豫A·12345\n")
    assert [text for text in mistakes(two) if "stands twice" in text]


def test_the_pilot_estate_has_what_the_pilot_has() -> None:
    file = load(ROOT / "examples/pilot/estate.yaml")
    estate = reduce(Estate.with_event, file.events, Estate(file.estate))
    families = [device.family for device in estate.devices.values()]
    cameras = [d for d in estate.devices.values() if d.family == "camera" and d.parent]
    assert len(cameras) + families.count("vehicle") == 52
    assert (families.count("face"), families.count("fence"), families.count("probe")) == (6, 12, 8)
    assert (families.count("vehicle"), families.count("patrol"), families.count("help")) == (2, 6, 6)
    kinds = [door.kind for door in estate.doors.values()]
    assert (kinds.count("gate"), kinds.count("building")) == (4, 26)
    assert {name: len(gate.lanes) for name, gate in estate.gates.items()} == {"vgate-n": 2, "vgate-s": 2}
    assert sum(len(squad.members) for squad in estate.squads.values()) == 163
    assert all(estate.squad_for(zone) in estate.squads for zone in estate.zones)
    seen = {zone for d in estate.devices.values() for zone in (d.sees or (d.zone,))}
    assert seen >= set(estate.zones)


def made(program: str, *words: str) -> str:
    import subprocess
    import sys

    command = [sys.executable, ROOT / "examples/pilot" / program, *words]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode()


def test_the_pilot_estate_is_what_its_programs_write() -> None:
    assert made("make.py") == (ROOT / "examples/pilot/estate.yaml").read_text("utf-8")
    for table in ("homes", "residents", "credentials"):
        assert made("people.py", table) == (ROOT / f"examples/pilot/{table}.csv").read_text("utf-8")


def test_the_pilot_estate_with_its_tables_has_the_pilots_people() -> None:
    folder = ROOT / "examples/pilot"
    tables = {kind: folder / f"{kind}.csv" for kind in ("homes", "residents", "credentials")}
    file = load(folder / "estate.yaml", tables=tables)
    estate = Estate(file.estate).with_events(file.events)
    living = [person for person in estate.people.values() if person.home]
    assert (len(estate.homes), len(living), len(estate.vehicles)) == (1_150, 3_200, 900)
    assert sum(person.role == "tenant" for person in living) / len(living) == 0.45
    assert all(v.owner in estate.people for v in estate.vehicles.values() if v.owner)
    assert len(estate.checkpoints) == 6
    assert len(estate.segments) == 12
    assert all(estate.plan.walk_m("gate-n", zone) is not None for zone in estate.zones)
    sizes = [file.stat().st_size for file in folder.iterdir() if file.is_file()]
    assert sum(sizes) < 500_000


def test_every_example_estate_is_right() -> None:
    files = sorted((ROOT / "examples").glob("**/estate.yaml"))
    assert files
    for file in files:
        load(file)


def test_the_small_estate_has_no_mistakes() -> None:
    assert not mistakes()
