"""The estate file's sections of homes, people and what is planned: what they become, and every mistake."""
# ruff: noqa: E501  A mistake a line reads best.

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.estate import Estate
from eventlog.times import iso, to_us
from gatehouse.estatefile import EstateFileError, parse
from ingest.privacy import hashed
from tests.gatehouse.estates import RULES, SMALL

MORE = """\
homes:
  - {id: 1-101, zone: yard, use: let, floor: 1}
  - {id: 1-102, zone: yard}
people:
  - {id: p1, role: tenant, home: 1-101, lease_from: 2026-01-01, lease_until: 2026-12-31}
  - {id: p2, role: owner, home: 1-102, lives_alone: true, away_from: 2026-11-01, away_until: 2026-11-30}
credentials:
  - {id: card-1, person: p1, valid_until: 2026-12-31, zones: [yard]}
visitors:
  - {id: v1, home: 1-102, plate: 豫B12345, valid_from: 2026-11-22T08:00, valid_until: 2026-11-22T20:00}
shops:
  - {id: tea, zone: gate, keeper: p2}
radios:
  - {address: "3C-22-FB-01-02-03", person: p1}
checkpoints:
  - {id: point-1, zone: gate}
  - {id: point-2, zone: yard}
rounds:
  - {id: walk, squad: squad-1, starts: ["20:00", "22:00"], stops: [{checkpoint: point-1, after_min: 0}, {checkpoint: point-2, after_min: 30}]}
  - {id: look, squad: squad-1, kind: video, stops: [{checkpoint: cam-1, after_min: 0}]}
duties:
  - {id: nights, squad: squad-1, starts_at: 2026-01-01, ends_at: 2026-12-31, hours: 22:00-06:00, members: [m1], leader: m2, persons: [p2]}
  - {id: days, squad: squad-1, starts_at: 2026-01-01, ends_at: 2026-12-31, hours: 06:00-22:00, members: [m1]}
maintenance:
  - {id: cable, starts_at: 2026-11-22T08:00, ends_at: 2026-11-22T18:00, devices: [cam-1], zones: [yard]}
gatherings:
  - {id: fair, zones: [yard], starts_at: 2026-11-22, ends_at: 2026-11-22}
drills:
  - {id: fire, starts_at: 2026-11-22T10:00, ends_at: 2026-11-22T11:00, zones: [yard], rules: [example]}
segments:
  - {id: fence-1, beside: [fence-2]}
  - {id: fence-2, device: fence-1, zone: yard}
"""
HOURS = "open_hours: 07:00-21:00, armed_hours: [22:30-05:00], watch_hours: [20:00-23:00]"
FENCE = "  fence:\n    - {id: fence-1, zone: gate}\n"
WHOLE = SMALL.replace("doors:\n", f"{FENCE}doors:\n").replace("{id: yard,", f"{{id: yard, {HOURS},") + MORE
KEY = b"k" * 32


def changed(*changes: tuple[str, str]) -> str:
    text = WHOLE
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def folded(*changes: tuple[str, str]) -> Estate:
    file = parse(changed(*changes), rules=RULES, radio_key=lambda: KEY)
    return Estate(file.estate).with_events(file.events)


def mistakes(*changes: tuple[str, str]) -> list[str]:
    try:
        parse(changed(*changes), rules=RULES)
    except EstateFileError as error:
        return [problem.text("en") for problem in error.problems]
    return []


def test_the_sections_become_the_registers() -> None:
    place = folded()
    assert not mistakes()
    assert (place.homes["1-101"].use, place.homes["1-101"].zone) == ("let", "yard")
    assert place.people["p2"].lives_alone
    assert place.credentials["card-1"].zones == ("yard",)
    assert [v.visitor for v in place.visitors_by_plate["豫B12345"]] == ["v1"]
    assert place.shops["tea"].keeper == "p2"
    assert [stop.extended_min for stop in place.rounds["walk"].stops] == [15, 15]
    assert place.segments["fence-2"].beside == ("fence-1",)
    assert (place.segments["fence-1"].zone, place.segments["fence-2"].zone) == ("gate", "yard")
    assert place.drills["fire"].rules == ("example",)
    yard = place.zones["yard"]
    assert yard.open_hours is not None
    assert (len(yard.open_hours), len(yard.armed_hours), yard.watch_hours[0].start) == (1, 1, "20:00")
    assert place.zones["gate"].open_hours is None


def test_a_radio_is_kept_as_the_hash_that_its_sightings_have() -> None:
    assert set(folded().radios) == {hashed("3c:22:fb:01:02:03", KEY)}


@pytest.mark.parametrize(
    "written",
    ["2026-12-31", "2026/12/31", "20261231", "2026年12月31日", "2027-01-01T00:00", "2026-12-31T16:00Z"],
)
def test_a_date_counts_to_its_end_where_something_ends(written: str) -> None:
    place = folded(("lease_until: 2026-12-31", f"lease_until: {written}"))
    assert iso(place.people["p1"].lease_until) == "2026-12-31T16:00:00.000000Z"  # type: ignore[arg-type]
    assert iso(place.people["p1"].lease_from) == "2025-12-31T16:00:00.000000Z"  # type: ignore[arg-type]


def test_who_is_on_duty_follows_from_the_roster() -> None:
    place = folded()
    nights = place.duties_at(to_us(place.duties["nights"].starts_at) + 25 * 3_600_000_000)
    assert [duty.duty for duty in nights] == ["nights"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{id: 1-101, zone: yard", "{id: 1-101, zone: yrad", "homes[0].zone ('yrad'): there is no such zone"),
        ("id: 1-102, zone", "id: 1-101, zone", "homes[1].id ('1-101'): stands twice"),
        ("use: let", "use: rented", "one of 'owner', 'let'"),
        ("home: 1-101", "home: 1-103", "people[0].home ('1-103'): there is no such home"),
        ("id: p2, role", "id: p1, role", "people[1].id ('p1'): stands twice"),
        ("role: owner", "role: landlord", "people[1].role"),
        ("lease_until: 2026-12-31", "lease_until: 2025-12-31", "people[0].lease_until ('2026-01-01 00:00'): expected later than its start"),
        ("lease_until: 2026-12-31", "lease_until: 31.12.2026", "people[0].lease_until ('31.12.2026'): expected a date"),
        ("lease_until: 2026-12-31", "lease_until: 2026-02-30", "expected a date"),
        ("role: tenant", "role: staff", "people[0].role ('staff'): a lease is a tenant's"),
        ("lease_from: 2026-01-01", "lease_from: 2026-01-01, left_at: 2025-12-01", "people[0].left_at"),
        ("away_until: 2026-11-30", "away_until: 2026-10-30", "people[1].away_until"),
        ("person: p1, valid", "person: p9, valid", "credentials[0].person ('p9'): there is no such person"),
        ("zones: [yard]}\nvisitors", "zones: [yrad]}\nvisitors", "credentials[0].zones[0]"),
        ("id: card-1", 'id: "a\\tb"', "no control characters"),
        ("home: 1-102, plate", "home: 1-109, plate", "visitors[0].home"),
        ("plate: 豫B12345", "plate: 豫B1234", "visitors[0].plate ('豫B1234'): not a plate"),
        ("plate: 豫B12345", "plate: 豫A·12345", "a resident's vehicle in line"),
        ("valid_until: 2026-11-22T20:00", "valid_until: 2026-11-22T07:00", "visitors[0].valid_until"),
        ("zone: gate, keeper", "zone: gat, keeper", "shops[0].zone"),
        ("keeper: p2", "keeper: p3", "shops[0].keeper"),
        ("3C-22-FB-01-02-03", "3C-22-FB-01-02", "expected a radio's address"),
        ("3C-22-FB-01-02-03", "3E-22-FB-01-02-03", "random one"),
        ("person: p1}\ncheck", 'person: p1}\n  - {address: "3c:22:fb:01:02:03"}\ncheck', "radios[1].address"),
        ("{id: point-2, zone: yard}", "{id: point-2, zone: lake}", "checkpoints[1].zone"),
        ("checkpoint: point-2", "checkpoint: point-3", "no such checkpoint; near: point-"),
        ("checkpoint: cam-1", "checkpoint: gate-1", "rounds[1].stops[0].checkpoint ('gate-1'): there is no such camera"),
        ("{checkpoint: point-1, after_min: 0}", "{checkpoint: point-1, after_min: 31}", "stops[1].after_min"),
        ("{checkpoint: point-1, after_min: 0}", "{checkpoint: point-1, after_min: 0, buffer_min: 20}", "extended_min"),
        ("after_min: 30", "after_min: 121", "takes 121 minutes, and two starts are 120 minutes apart"),
        ('"20:00", "22:00"', '"20:00", "20:00"', "stands twice"),
        ('"20:00", "22:00"', '"23:50", "00:10"', "two starts are 20 minutes apart"),
        ("{id: nights, squad: squad-1", "{id: nights, squad: squad-9", "duties[0].squad"),
        ("{id: nights, squad: squad-1", "{id: nights, squad: squad-2", "duties[0].members[0] ('m1'): there is no such member"),
        ("leader: m2", "leader: m9", "duties[0].leader"),
        ("persons: [p2]", "persons: [p3]", "duties[0].persons[0]"),
        ("hours: 06:00-22:00", "hours: 06:00-22:01", "duties[1].members[0] ('m1'): already on the shift in line"),
        ("hours: 06:00-22:00, ", "", "already on the shift"),
        ("hours: 06:00-22:00", "hours: 05:59-22:00, days: [1]", "already on the shift"),
        ("hours: 22:00-06:00", "hours: 22:00-06:00, days: [0]", "duties[0].days[0]"),
        ("ends_at: 2026-11-22T18:00", "ends_at: 2026-11-22T08:00", "maintenance[0].ends_at"),
        ("devices: [cam-1]", "devices: [cam-2]", "maintenance[0].devices[0]"),
        ("devices: [cam-1], zones: [yard]", "devices: []", "names neither devices nor zones"),
        ("{id: fair, zones: [yard]", "{id: fair, zones: []", "gatherings[0].zones"),
        ("{id: fair, zones: [yard]", "{id: fair, zones: [lake]", "gatherings[0].zones[0]"),
        ("rules: [example]}", "rules: [exmple]}", "drills[0].rules[0] ('exmple'): there is no such rule"),
        ("beside: [fence-2]", "beside: [fence-3]", "segments[0].beside[0]"),
        ("beside: [fence-2]", "beside: [fence-1]", "not beside itself"),
        ("device: fence-1", "device: cam-1", "of family camera"),
        ("{id: fence-2, device: fence-1, zone: yard}", "{id: fence-2}", "segments[1].device"),
        ("armed_hours: [22:30-05:00]", "armed_hours: [20:59-05:00]", "armed while the zone is open"),
        ("armed_hours: [22:30-05:00]", "armed_hours: [22:30-07:01]", "armed while the zone is open"),
        ("open_hours: 07:00-21:00", "open_hours: [06:00-12:00, 11:00-13:00]", "overlaps 06:00-12:00"),
        ("watch_hours: [20:00-23:00]", "watch_hours: [20:00-01:00, 00:30-02:00]", "overlaps 20:00-01:00"),
    ],
)  # fmt: skip
def test_a_mistake_is_told(old: str, new: str, said: str) -> None:
    found = mistakes((old, new))
    assert any(said in text for text in found), found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("hours: 06:00-22:00", "hours: 05:00-22:00, days: [1]"),
        ("armed_hours: [22:30-05:00]", "armed_hours: [21:00-07:00]"),
        ('"20:00", "22:00"', '"20:00", "20:30"'),
    ],
)
def test_what_only_touches_is_no_mistake(old: str, new: str) -> None:
    on_others = ("hours: 22:00-06:00", "hours: 22:00-06:00, days: [3, 4]")
    assert not mistakes((old, new), on_others)


def test_shifts_of_different_years_are_not_at_once() -> None:
    next_year = (
        "{id: days, squad: squad-1, starts_at: 2026-01-01, ends_at: 2026-12-31, hours: 06:00-22:00",
        "{id: days, squad: squad-1, starts_at: 2027-01-01, ends_at: 2027-12-31",
    )
    assert not mistakes(next_year)


def test_hours_of_a_sunday_night_reach_into_monday() -> None:
    sunday = ("hours: 22:00-06:00", "hours: 22:00-06:00, days: [7]")
    monday = ("hours: 06:00-22:00", "hours: 05:59-22:00, days: [1]")
    assert any("already on the shift" in text for text in mistakes(sunday, monday))
    assert not mistakes(sunday, ("hours: 06:00-22:00", "hours: 05:59-22:00, days: [2]"))


def test_registers_that_the_file_does_not_name_are_left_alone() -> None:
    without = WHOLE[: WHOLE.index("homes:")]
    kept = parse(without, rules=RULES).registers
    assert {"checkpoints", "rounds", "segments", "vehicles", "watch"} <= kept
    assert not kept & {
        "homes",
        "people",
        "credentials",
        "visitors",
        "shops",
        "radios",
        "duties",
        "maintenance",
    }
    people = parse(WHOLE[: WHOLE.index("credentials:")], rules=RULES).registers
    assert {"homes", "people"} <= people


WORDS = st.sampled_from(
    ["x", "p1", "yard", "12:00", "12:00-12:00", "2026-01-01", "2026-01-01T25:00", "9999-12-31", "-1", "1e9", "[]", "{}",
     "[1]", "~", "true", "[[x]]", "{a: b}", "2026-01-01T00:00+08:00"]
)  # fmt: skip


@given(line=st.integers(0, WHOLE.count("\n") - 1), place=st.integers(0, 20), word=WORDS)
def test_whatever_stands_in_an_entry_is_read_or_told(line: int, place: int, word: str) -> None:
    lines = WHOLE.splitlines()
    values = list(re.finditer(r"(?<=: )[^,{}\[\]]+", lines[line]))
    if values:
        value = values[place % len(values)]
        lines[line] = lines[line][: value.start()] + word + lines[line][value.end() :]
    with suppress(EstateFileError):
        parse("\n".join(lines), rules=RULES, radio_key=lambda: KEY)


def test_an_error_tells_of_nobody_else() -> None:
    named = ("role: tenant,", "role: tenant, name: 张伟, phone: '13800001111',")
    found = "\n".join(
        mistakes(named, ("lease_from: 2026-01-01", "lease_from: soon"), ("home: 1-102", "home: 9"))
    )
    assert "soon" in found
    assert "'9'" in found
    assert not any(part in found for part in ("张伟", "1380", "p1", "1-101"))
