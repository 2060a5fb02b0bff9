"""Tries mutants, each in a process of its own that is forked from this one: first the rule's tests, then its
scenarios.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from importlib.machinery import ModuleSpec
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Literal

from tests.mutations.mutants import Mutant, source_of
from tests.support.parts import ROOT

LONGEST_S = 300
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header")
Noticed = Literal["tests", "scenario", "nothing"]
_CODES: dict[int, Noticed] = {1: "tests", 2: "scenario", 0: "nothing"}
_ROOMS = ("processors", "gatehouse", "simulators", "projections", "ingest", "tests")


def tried(mutants: Iterable[Mutant], jobs: int) -> Iterator[tuple[Mutant, Noticed]]:
    """Each mutant with what noticed it, in their order."""
    found = list(mutants)
    _warm_up(found)
    with get_context("fork").Pool(jobs, maxtasksperchild=1) as pool:
        yield from zip(found, pool.imap(_noticed_by, found), strict=True)


def _warm_up(mutants: list[Mutant]) -> None:
    """Reads once what all of them need."""
    import pytest

    stage = importlib.import_module("tests.simulators.test_scenarios")
    rules = {mutant.rule for mutant in mutants}
    for scenario in map(stage.packaged, stage.names()):
        if scenario.rule in rules:
            stage.VirtualSystem(scenario.estate.file)
    files = sorted({str(ROOT / mutant.tests) for mutant in mutants if (ROOT / mutant.tests).exists()})
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        pytest.main([*OPTIONS, "--collect-only", *files])


def _noticed_by(mutant: Mutant) -> Noticed:
    """In a child of the pool; what is tried runs in a child of that, so that it may hang or break."""
    child = os.fork()
    if not child:
        code = 1  # what breaks is noticed
        try:
            signal.alarm(LONGEST_S)
            silent = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silent, 1)
            os.dup2(silent, 2)
            code = _try(mutant)
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    return _CODES.get(os.waitstatus_to_exitcode(status), "tests")


def _try(mutant: Mutant) -> int:
    import pytest

    if mutant.cut is not None:
        _replace(*source_of(mutant))
    else:
        _set(mutant)
    if (ROOT / mutant.tests).exists() and pytest.main([*OPTIONS, str(ROOT / mutant.tests)]) != 0:
        return 1
    return 0 if _scenarios_hold(mutant.rule) else 2


def _scenarios_hold(rule: str) -> bool:
    scenarios = importlib.import_module("simulators.scenarios")
    stage = importlib.import_module("tests.simulators.test_scenarios")
    for name in scenarios.names():
        scenario = scenarios.packaged(name)
        if scenario.rule == rule:
            system = stage.VirtualSystem(scenario.estate.file)
            if not stage.perform(scenario, system)[0].ok:
                return False
    return True


def _set(mutant: Mutant) -> None:
    """Changes the defaults of a rule's settings."""
    kind = importlib.import_module("processors.rules").RULES[mutant.rule].Settings
    for name, value in mutant.settings:
        kind.model_fields[name].default = value
    kind.model_rebuild(force=True)
    for each in [each for each in sys.modules if each.startswith("tests.processors")]:
        del sys.modules[each]  # they may have made the rule already


def _replace(file: Path, text: str) -> None:
    """From now on a module is what `text` says; everything that may know the old one is imported anew."""
    name = str(file.relative_to(ROOT).with_suffix("")).replace("/", ".")
    keep = ("tests.mutations", "tests.support")
    for each in [each for each in sys.modules if each.split(".")[0] in _ROOMS and not each.startswith(keep)]:
        del sys.modules[each]
    sys.meta_path.insert(0, _Changed(name, file, text))


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module, with another text than its file has."""

    def __init__(self, name: str, file: Path, text: str) -> None:
        self._name, self._file, self._text = name, file, text

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._file, loader=self)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._text, str(self._file), "exec"), module.__dict__)
