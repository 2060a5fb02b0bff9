"""The scenarios that come with Gatehouse, and how a scenario file is read and checked.

Every mistake of a file is told at once, with its line, the place, the value and what was expected.
"""

from __future__ import annotations

from collections.abc import Collection
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from eventlog.marked import read_marked
from eventlog.problems import FileError, Findings, near
from eventlog.vocabulary import TYPES, Role
from simulators.devices import KINDS
from simulators.devices.base import SEND, event_data
from simulators.scenarios.model import PRESENCE_WORDS, Act, DeviceSpec, Overlay, Scenario, What, format_offset
from simulators.scenarios.overlay import event_of

__all__ = ["ScenarioError", "names", "packaged", "parse", "read"]


DEVICE_TYPES = frozenset(name for name, kind in TYPES.items() if kind.ROLE is Role.DEVICE)
"""What a device may send."""


class ScenarioError(FileError):
    """The scenario file can't be used: all its mistakes, in the order of the file."""


def names() -> list[str]:
    """The scenarios that come with Gatehouse, in order of name."""
    found = (file.name for file in files(__name__).iterdir())
    return sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml"))


def packaged(name: str) -> Scenario:
    """One of them. Raises KeyError."""
    if name not in names():
        raise KeyError(name)
    return parse((files(__name__) / f"{name}.yaml").read_text("utf-8"), name=f"{name}.yaml")


def read(name_or_path: str) -> Scenario:
    """A scenario by the name of a packaged one, or by the path of a file.

    Raises ScenarioError, OSError when the file can't be read, LookupError when there is neither.
    """
    if name_or_path in names():
        return packaged(name_or_path)
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml"} or path.exists():
        return parse(path.read_text("utf-8-sig"), name=str(path))
    raise LookupError(f"no scenario {name_or_path!r}; near: {near(name_or_path, names())}")


def parse(text: str, *, name: str = "scenario.yaml") -> Scenario:
    """Checks the text of a scenario file. Raises ScenarioError."""
    marked = read_marked(text)
    findings = Findings(marked)
    scenario: Scenario | None = None
    if not findings.problems:
        try:
            scenario = Scenario.model_validate(marked.value)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                findings.add_pydantic((), details)
        else:
            _check(scenario, findings)
    if scenario is None or findings.problems:
        raise ScenarioError(name, findings.problems)
    return scenario


def _check(scenario: Scenario, findings: Findings) -> None:
    """What the fields can't check one by one."""
    last_us = scenario.length_us
    for index, entry in enumerate(scenario.estate.overlay):
        _check_overlay(entry, scenario.estate.time_zone, ("estate", "overlay", index), findings)
    for name, spec in scenario.devices.items():
        if (spec.squad is not None) != KINDS[spec.kind].of_member:
            findings.add(("devices", name, "squad"), spec.squad, "squad_of_phone")
    for index, act in enumerate(scenario.timeline):
        _check_act(scenario, act, ("timeline", index), last_us, findings)
    for index, expected in enumerate(scenario.expect):
        path = ("expect", index)
        if expected.within[0] > expected.within[1] or expected.within[1] > last_us:
            shown = " – ".join(map(format_offset, expected.within))
            findings.add((*path, "within"), shown, "window", last=format_offset(last_us))
        _check_devices(expected.devices, scenario.devices, (*path, "devices"), findings)
    for index, never in enumerate(scenario.never):
        _check_devices(never.devices, scenario.devices, ("never", index, "devices"), findings)
        for expected in scenario.expect:
            if _contradicts(never, expected):
                findings.add(("never", index), never.rule, "never")


def _check_devices(
    named: Collection[str], known: Collection[str], path: tuple[str | int, ...], findings: Findings
) -> None:
    for index, device in enumerate(named):
        if device not in known:
            findings.add((*path, index), device, "device", near=near(device, known))


def _check_act(
    scenario: Scenario, act: Act, path: tuple[str | int, ...], last_us: int, findings: Findings
) -> None:
    if act.moments()[-1] > last_us:
        findings.add(
            (*path, "at"), format_offset(act.moments()[-1]), "before_end", last=format_offset(last_us)
        )
    if act.times > 1 and not act.every:
        findings.add((*path, "times"), act.times, "every")
    spec = scenario.devices.get(act.device)
    if spec is None:
        findings.add((*path, "device"), act.device, "device", near=near(act.device, scenario.devices))
        return
    kind = KINDS[spec.kind]
    words = (*kind.actions, "heartbeat", SEND, *PRESENCE_WORDS)
    if act.does not in words:
        findings.add((*path, "does"), act.does, "one_of", expected=", ".join(words))
    elif act.does in PRESENCE_WORDS:
        for name, value in act.data.items():
            findings.add((*path, name), value, "extra")
    elif act.does == SEND and act.data.get("type") not in DEVICE_TYPES:
        expected = near(str(act.data.get("type")), DEVICE_TYPES)
        findings.add((*path, "type"), act.data.get("type"), "one_of", expected=expected)
    else:
        _check_data(act, spec, path, findings)


def _check_data(act: Act, spec: DeviceSpec, path: tuple[str | int, ...], findings: Findings) -> None:
    named = {name: f"an-{name}" for name in ("alert", "report") if getattr(act, name) is not None}
    given = {**act.data, **named}
    try:
        event_data(KINDS[spec.kind], act.does, given, place=spec.place or act.device, squad=spec.squad or "")
    except ValidationError as error:
        for details in error.errors(include_url=False):
            findings.add_pydantic(path, details)


def _check_overlay(entry: Overlay, zone: str, path: tuple[str | int, ...], findings: Findings) -> None:
    try:
        event = event_of(entry, 0, zone)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            findings.add_pydantic(path, details)
    except ValueError as error:
        findings.add(path, entry.set or entry.remove, "one_of", expected=str(error))
    else:
        for name in sorted(set(entry.data) - set(type(event).model_fields)):
            findings.add((*path, name), entry.data[name], "extra")


def _contradicts(never: What, expected: Any) -> bool:
    """Whether what must never be is what is expected."""
    return (
        never.rule == expected.rule
        and never.key in (None, expected.key)
        and never.zone in (None, expected.zone)
        and set(never.devices) <= set(expected.devices)
    )
