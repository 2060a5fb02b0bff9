"""The first reading of an estate file: every entry by itself, with its place; mistakes are collected.

What is well formed goes on to `checks`, which looks at what refers to what.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_args
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from eventlog.marked import Marked, Path
from eventlog.problems import Findings, near
from eventlog.vocabulary.registry import Family
from gatehouse.estatefile import duty_models as d
from gatehouse.estatefile import home_models as h
from gatehouse.estatefile import models as m
from gatehouse.estatefile.entry import Entry
from gatehouse.estatefile.moments import zone_info
from gatehouse.estatefile.tables import TABLES, Progress, TableFile, rows
from processors.rules.base import Rule, RuleSettings

Rules = Mapping[str, type[Rule[Any]]]
E = TypeVar("E", bound=Entry)
SALVAGE_ROUNDS_MAX = 8

KEPT_WHEN_ABSENT = frozenset(
    {
        "vehicles",
        "watch_lists",
        "homes",
        "people",
        "credentials",
        "visitors",
        "shops",
        "radios",
        "duties",
        "maintenance",
        "gatherings",
        "drills",
    }
)
"""Registers that other imports fill: a file that does not name them leaves them alone."""


@dataclass(frozen=True, slots=True)
class Placed(Generic[E]):
    """An entry and where it stands; `group` is the family of a device, the name of a watch list."""

    path: Path
    entry: E
    group: str = ""


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """What the file says of a rule: on or off, its settings, and those of zones that differ."""

    name: str
    enabled: bool
    settings: dict[str, Any]
    zones: dict[str, dict[str, Any]]


@dataclass(slots=True)
class Draft:
    """The well formed entries, all ids that the file speaks of, and its rules."""

    head: m.HeadEntry | None = None
    zones: list[Placed[m.ZoneEntry]] = field(default_factory=list)
    devices: list[Placed[m.DeviceEntry]] = field(default_factory=list)
    doors: list[Placed[m.DoorEntry]] = field(default_factory=list)
    gates: list[Placed[m.GateEntry]] = field(default_factory=list)
    vehicles: list[Placed[m.VehicleEntry]] = field(default_factory=list)
    watch_lists: list[Placed[m.WatchListEntry]] = field(default_factory=list)
    squads: list[Placed[m.SquadEntry]] = field(default_factory=list)
    homes: list[Placed[h.HomeEntry]] = field(default_factory=list)
    people: list[Placed[h.PersonEntry]] = field(default_factory=list)
    credentials: list[Placed[h.CredentialEntry]] = field(default_factory=list)
    visitors: list[Placed[h.VisitorEntry]] = field(default_factory=list)
    shops: list[Placed[h.ShopEntry]] = field(default_factory=list)
    radios: list[Placed[h.RadioEntry]] = field(default_factory=list)
    duties: list[Placed[d.DutyEntry]] = field(default_factory=list)
    checkpoints: list[Placed[d.CheckpointEntry]] = field(default_factory=list)
    rounds: list[Placed[d.RoundEntry]] = field(default_factory=list)
    maintenance: list[Placed[d.MaintenanceEntry]] = field(default_factory=list)
    gatherings: list[Placed[d.GatheringEntry]] = field(default_factory=list)
    drills: list[Placed[d.DrillEntry]] = field(default_factory=list)
    segments: list[Placed[d.SegmentEntry]] = field(default_factory=list)
    rules: list[RuleChoice] = field(default_factory=list)
    zone_places: list[tuple[Path, str]] = field(default_factory=list)
    """Zones that the rules' overrides name."""
    ids: dict[str, frozenset[str]] = field(default_factory=dict)
    """Every id by section, also of entries with mistakes, so that one mistake is told once."""
    sections: frozenset[str] = frozenset()
    """The sections that this import brings, from the file or from a table."""
    unread: set[str] = field(default_factory=set)
    """Those whose table could not be read at all: what refers to them is not told as a mistake too."""
    present: Mapping[str, Collection[str]] = field(default_factory=dict)
    """The ids that the system has in the registers which the import may leave alone."""

    def knows(self, section: str) -> Collection[str] | None:
        """The ids that an entry may refer to; None where a register is left alone and nobody can say."""
        if section in self.unread:
            return None
        if section in self.sections or section not in KEPT_WHEN_ABSENT:
            return self.ids.get(section, frozenset())
        return self.present.get(section)

    @property
    def zone_info(self) -> ZoneInfo:
        """The estate's time zone."""
        return zone_info(self.head.time_zone if self.head else "UTC")


def read_draft(
    marked: Marked, rules: Rules, tables: Sequence[TableFile] = (), progress: Progress | None = None
) -> tuple[Draft, Findings]:
    """Reads every entry on its own, those of the tables beside the file too."""
    findings, draft = Findings(marked), Draft()
    top = marked.value
    if not isinstance(top, dict):
        if not findings.problems:
            findings.add((), top, "map")
        return draft, findings
    known = {*m.HeadEntry.model_fields, *m.SECTIONS, "devices", "watch_lists", "rules"}
    for name in top:
        if name not in known:
            findings.add((name,), None, "section", near=near(name, known))
    draft.sections = frozenset(top) & known
    head = {name: value for name, value in top.items() if name in m.HeadEntry.model_fields}
    draft.head = _entry(m.HeadEntry, head, (), findings, estate="x", name="x")
    for section, model in m.SECTIONS.items():
        items = _items(top.get(section), (section,), findings)
        getattr(draft, section).extend(_placed(model, items, findings))
        draft.ids[section] = _ids(items)
    for table in tables:
        _read_table(table, draft, findings, progress)
    _read_devices(top.get("devices"), draft, findings)
    for name, path, raw in _named(top.get("watch_lists"), ("watch_lists",), findings):
        entry = _entry(m.WatchListEntry, raw, path, findings)
        if entry:
            draft.watch_lists.append(Placed(path, entry, name))
    _read_rules(top.get("rules"), rules, draft, findings)
    return draft, findings


def _read_table(table: TableFile, draft: Draft, findings: Findings, progress: Progress | None) -> None:
    section = TABLES[table.kind].section
    model, entries, ids = m.SECTIONS[section], getattr(draft, section), set(draft.ids[section])
    before = len(findings.problems), len(ids)
    for path, raw in rows(table, findings, progress):
        ids.add(str(raw.get("id", "")))
        entry = _entry(model, raw, path, findings)
        if entry:
            entries.append(Placed(path, entry))
    if len(findings.problems) > before[0] and len(ids) == before[1]:
        draft.unread.add(section)
    draft.ids[section] = frozenset(ids)
    draft.sections |= {section}


def _items(raw: Any, path: Path, findings: Findings) -> list[tuple[Path, Any]]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        findings.add(path, raw, "list")
        return []
    return [((*path, index), item) for index, item in enumerate(raw)]


def _named(raw: Any, path: Path, findings: Findings) -> Iterator[tuple[str, Path, Any]]:
    if raw is None:
        return
    if not isinstance(raw, dict):
        findings.add(path, raw, "map")
        return
    for name, below in raw.items():
        yield name, (*path, name), below


def _entry(model: type[E], raw: Any, path: Path, findings: Findings, **stand_in: Any) -> E | None:
    """The entry; where it has mistakes, they are told and what is left without them is looked at further.

    `stand_in` are values to go on with where needed ones are wrong.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        problems = error.errors(include_url=False)
    for problem in problems:
        findings.add_pydantic(path, problem)
    rest = deepcopy(raw)
    for _ in range(SALVAGE_ROUNDS_MAX):
        for problem in problems:
            above = problem["loc"][:-1] if problem["type"] == "missing" else problem["loc"]
            if not _drop(rest, above):
                if not isinstance(rest, dict) or not stand_in:
                    return None
                rest |= stand_in
        try:
            return model.model_validate(rest)
        except ValidationError as error:
            problems = error.errors(include_url=False)
    return None


def _drop(raw: Any, path: tuple[int | str, ...]) -> bool:
    """Takes away the named value nearest to the end of a path; False when there is none."""
    at, holder, name = raw, None, ""
    for part in path:
        if isinstance(at, dict) and part in at:
            holder, name, at = at, str(part), at[part]
        elif isinstance(at, list) and isinstance(part, int) and part < len(at):
            at = at[part]
        else:
            break
    if holder is not None:
        del holder[name]
    return holder is not None


def _placed(
    model: type[E], items: list[tuple[Path, Any]], findings: Findings, group: str = ""
) -> Iterator[Placed[E]]:
    for path, raw in items:
        entry = _entry(model, raw, path, findings)
        if entry:
            yield Placed(path, entry, group)


def _ids(items: list[tuple[Path, Any]]) -> frozenset[str]:
    return frozenset(str(raw["id"]) for _, raw in items if isinstance(raw, dict) and "id" in raw)


def _read_devices(raw: Any, draft: Draft, findings: Findings) -> None:
    found: frozenset[str] = frozenset()
    for family, path, below in _named(raw, ("devices",), findings):
        if family not in get_args(Family):
            findings.add(path, None, "family", near=", ".join(get_args(Family)))
        items = _items(below, path, findings)
        draft.devices.extend(_placed(m.DeviceEntry, items, findings, family))
        found |= _ids(items)
    draft.ids["devices"] = found


def _read_rules(raw: Any, rules: Rules, draft: Draft, findings: Findings) -> None:
    said = {name: (path, below) for name, path, below in _named(raw, ("rules",), findings)}
    for name, (path, _) in said.items():
        if name not in rules:
            findings.add(path, None, "rule", near=near(name, rules))
    for name, rule in rules.items():
        path, below = said.get(name, (("rules",), None))
        choice = _rule(name, rule, path, {} if below is None else below, draft, findings)
        if choice:
            draft.rules.append(choice)


def _rule(
    name: str, rule: type[Rule[Any]], path: Path, raw: Any, draft: Draft, findings: Findings
) -> RuleChoice | None:
    if not isinstance(raw, dict):
        findings.add(path, raw, "map")
        return None
    enabled = raw.get("enabled", True)
    if not isinstance(enabled, bool):
        findings.add((*path, "enabled"), enabled, "yes_no")
    own = {setting: value for setting, value in raw.items() if setting not in {"enabled", "zones"}}
    settings = _settings(rule.Settings, own, path, findings)
    zones: dict[str, dict[str, Any]] = {}
    for zone, place, override in _named(raw.get("zones"), (*path, "zones"), findings):
        draft.zone_places.append((place, zone))
        if not isinstance(override, dict):
            findings.add(place, override, "map")
            continue
        merged = _settings(rule.Settings, {**(own if settings else {}), **override}, place, findings)
        if merged:
            zones[zone] = {setting: _plain(merged)[setting] for setting in override}
    return RuleChoice(name, enabled is True, _plain(settings), zones) if settings else None


def _settings(
    model: type[RuleSettings], raw: dict[str, Any], path: Path, findings: Findings
) -> RuleSettings | None:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            findings.add_pydantic(path, problem)
        return None


def _plain(settings: RuleSettings) -> dict[str, Any]:
    return settings.model_dump(mode="json")
