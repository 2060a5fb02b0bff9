"""What stands in `deploy/` is true of the code: every setting, role, metric and file that is named exists,
nothing listens beyond the loopback address, nothing runs as root or without limits. Needs no Docker.
"""

from __future__ import annotations

import configparser
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import prometheus_client
import pytest
import yaml

from eventlog import metrics
from gatehouse.roles import ROLES
from gatehouse.settings import FROM_FILE, PREFIX, Settings
from tests.support.parts import ROOT, program

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
DEPLOYED = sorted(ROLES.keys() - {"simulate"})
OURS = sorted(name for name, service in SERVICES.items() if service["image"].startswith("gatehouse"))
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PROGRAM = "/opt/gatehouse/.venv/bin/gatehouse"


def unit(file: Path) -> configparser.ConfigParser:
    """A unit of systemd; a key that comes several times is joined by new lines."""

    class Joined(dict):  # type: ignore[type-arg]
        def __setitem__(self, key: Any, value: Any) -> None:
            if key in self and isinstance(value, list) and isinstance(self[key], list):
                value = self[key] + value
            super().__setitem__(key, value)

    read = configparser.ConfigParser(strict=False, interpolation=None, dict_type=Joined, comment_prefixes="#")
    read.optionxform = str  # type: ignore[assignment, method-assign]
    read.read(file, "utf-8")
    return read


def settings_named(words: Iterator[str] | list[str]) -> set[str]:
    """The settings of Gatehouse among these names."""
    found = {word for word in words if word.startswith(PREFIX)}
    return {word.removeprefix(PREFIX).lower().removesuffix(FROM_FILE) for word in found}


# -- containers


def test_every_role_has_a_service() -> None:
    commands = {service["command"][0] for name, service in SERVICES.items() if name in OURS}
    assert commands >= set(DEPLOYED)


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_names_what_the_program_has(name: str) -> None:
    service = SERVICES[name]
    assert service["command"][0] in {*ROLES, "broker-config"}
    assert settings_named(list(service["environment"])) <= Settings.model_fields.keys()
    assert service["secrets"] == ["database"]
    assert not any("password" in str(value).lower() for value in service["environment"].values())
    if service["restart"] == "no":
        return  # runs once
    test = service["healthcheck"]["test"]
    assert test[:3] == ["CMD", "python", "-m"]
    assert importlib.util.find_spec(test[3]) is not None
    from gatehouse.alive import _PATHS

    assert test[4] in _PATHS


def test_the_services_settings_are_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As the containers have them, defaults filled in."""
    from gatehouse.settings import load

    url = tmp_path / "database"
    url.write_text("postgresql://gatehouse:secret@postgres/gatehouse\n")
    monkeypatch.chdir(tmp_path)
    for name in OURS:
        with monkeypatch.context() as around:
            for variable, value in SERVICES[name]["environment"].items():
                plain = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value))
                around.setenv(variable, plain.replace("/run/secrets/database", str(url)))
            settings = load()
        assert settings.database == url.read_text().strip()


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_is_held_in(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert int(service["user"].partition(":")[0]) > 0
    assert service["mem_limit"]
    assert service["cpus"]
    assert service["pids_limit"]
    assert service["ulimits"]["nofile"]
    assert "healthcheck" in service or service["restart"] == "no"
    assert "latest" not in service["image"]
    assert ":" in service["image"]
    for port in service.get("ports", ()):
        assert re.match(r"\$\{\w+:-127\.0\.0\.1:\d+\}:\d+$", port), port
    for volume in service.get("volumes", ()):
        source = volume.partition(":")[0]
        assert (DEPLOY / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
    for secret in service.get("secrets", ()):
        assert secret in COMPOSE["secrets"]
    for other in service.get("depends_on", ()):
        assert other in SERVICES
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert set(service["networks"]) <= COMPOSE["networks"].keys()


def test_the_dockerfile_copies_what_there_is_and_installs_from_the_lock() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    copied = {line.split()[1] for line in text.splitlines() if re.match(r"COPY (?!--from)", line)}
    assert all((ROOT / name).exists() for name in copied)
    rooms = {folder.parent.name for folder in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert rooms <= copied
    assert "--require-hashes -r requirements.lock" in text
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8")
    assert all(f"!{room}" in ignored for room in rooms)


def test_secrets_are_made_once_and_are_no_others(tmp_path: Path) -> None:
    made = [tmp_path / name for name in ("one", "two")]
    for folder in made:
        subprocess.run([DEPLOY / "make_secrets.sh", folder], check=True, capture_output=True)
    names = {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()}
    assert {file.name for file in made[0].iterdir()} == names
    one, two = ((folder / "postgres-password").read_text() for folder in made)
    assert one != two
    assert len(one) == 64
    assert f":{one}@" in (made[0] / "database").read_text()
    subprocess.run([DEPLOY / "make_secrets.sh", made[0]], check=True, capture_output=True)
    assert (made[0] / "postgres-password").read_text() == one
    assert made[0].stat().st_mode & 0o077 == 0


def test_compose_takes_the_file() -> None:
    """The older client, from Debian's package, knows everything in it but its name."""
    compose = shutil.which("docker-compose")
    if compose is None:
        pytest.skip("docker-compose is not here")
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    profiles = [word for name in ("single", "fleet", "watch") for word in ("--profile", name)]
    done = subprocess.run(
        [compose, "--project-directory", DEPLOY, "-f", "-", *profiles, "config", "-q"],
        input=re.sub(r"^name: .*$", "", text, flags=re.MULTILINE),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


# -- units of systemd


def test_every_role_has_a_unit() -> None:
    assert {re.sub(r"gatehouse-|@?\.service", "", file.name) for file in UNITS} == {*DEPLOYED, "kafka"}


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_a_unit_names_what_the_program_has(file: Path) -> None:
    service = unit(file)["Service"]
    program, *words = service["ExecStart"].split()
    role = re.sub(r"gatehouse-|@?\.service", "", file.name)
    if role == "kafka":
        assert os.access(ROOT / Path(program).relative_to("/opt/gatehouse"), os.X_OK)
    else:
        assert (program, words) == (PROGRAM, [role])
        assert service["EnvironmentFile"] == "/etc/gatehouse/gatehouse.env"
        assert service["LoadCredential"].startswith("database:/etc/gatehouse/secrets/")
        named = [line.partition("=")[0] for line in service["Environment"].splitlines()]
        assert settings_named(named) <= Settings.model_fields.keys()
    assert service["User"] not in ("", "root")
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    for limit in ("MemoryMax", "CPUQuota", "LimitNOFILE", "TasksMax"):
        assert service[limit]
    for line in service.get("Environment", "").splitlines():
        if line.startswith(f"{PREFIX}METRICS="):
            assert re.search(r"=127\.0\.0\.1:9[123](\d\d|%i)$", line)


def test_no_two_units_have_one_port() -> None:
    ports = [line for file in UNITS for line in re.findall(r"METRICS=(\S+)", file.read_text("utf-8"))]
    assert len(ports) == len(set(ports)) == len(DEPLOYED) - 1
    scraped = (DEPLOY / "prometheus/systemd.yml").read_text("utf-8")
    assert all(f'"{port.replace("%i", "01")}"' in scraped for port in ports)


def test_the_units_settings_are_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from gatehouse.settings import load

    monkeypatch.chdir(tmp_path)
    for line in (DEPLOY / "systemd/gatehouse.env").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            monkeypatch.setenv(*line.split("=", 1))
    assert load().http == "127.0.0.1:8080"


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not here")
    for file in (DEPLOY / "systemd").iterdir():
        if file.is_file():
            text = file.read_text("utf-8").replace(PROGRAM, f"{Path(sys.executable).parent}/gatehouse")
            (tmp_path / file.name).write_text(text.replace("/opt/gatehouse/deploy", str(DEPLOY)))
    units = sorted(str(file) for file in tmp_path.iterdir() if file.suffix in (".service", ".target"))
    units += [str(tmp_path / f"gatehouse-{role}@02.service") for role in ("ingest", "worker")]
    done = subprocess.run(
        [analyze, "verify", "--man=no", *units],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    about_ours = [line for line in done.stderr.splitlines() if "gatehouse" in line]
    assert not about_ours
    assert done.returncode == 0, done.stderr


# -- watching


def declared() -> set[str]:
    """Every name under which a metric of ours, or of any process, is given out."""
    found = {"up", "process_open_fds", "process_max_fds", "process_resident_memory_bytes"}
    found |= {"process_cpu_seconds_total"}
    for each in vars(metrics).values():
        if isinstance(each, prometheus_client.Histogram):
            found |= {f"{each._name}_{part}" for part in ("bucket", "sum", "count")}
        elif isinstance(each, prometheus_client.Counter):
            found.add(f"{each._name}_total")
        elif isinstance(each, prometheus_client.Gauge):
            found.add(each._name)
    return found


def labels_of(name: str) -> set[str]:
    """The labels of a metric of ours."""
    for each in vars(metrics).values():
        if isinstance(each, prometheus_client.metrics.MetricWrapperBase) and name.startswith(each._name):
            return {*each._labelnames, "le"}
    return set()


def rules() -> list[dict[str, Any]]:
    read = yaml.safe_load((DEPLOY / "prometheus/gatehouse.rules.yml").read_text("utf-8"))
    return [rule for group in read["groups"] for rule in group["rules"]]


def queries() -> list[str]:
    """What the dashboard and the rules ask for."""
    board = json.loads((DEPLOY / "grafana/gatehouse.json").read_text("utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return asked + [rule["expr"] for rule in rules()]


def test_every_metric_that_is_asked_for_is_declared() -> None:
    names = {name for query in queries() for name in re.findall(r"\b(?:gatehouse|process)_\w+", query)}
    assert names <= declared(), names - declared()


def test_every_label_that_is_asked_for_is_there() -> None:
    for query in queries():
        for name, inside in re.findall(r"\b(gatehouse_\w+)\{([^}]*)\}", query):
            asked = set(re.findall(r"(\w+)\s*(?:=|!=|=~)\"", inside))
            assert asked <= labels_of(name), query


def test_every_metric_is_on_the_dashboard_or_in_a_rule() -> None:
    """What nobody looks at need not be counted."""
    asked = " ".join(queries())
    ours = {name for name in declared() if name.startswith("gatehouse_")}
    unseen = {name for name in ours if re.sub(r"_(bucket|sum|count)$", "", name) not in asked}
    assert not unseen


def test_every_metric_is_used() -> None:
    """Declared and never counted would be a lie on the dashboard."""
    sources = "".join(
        file.read_text("utf-8")
        for room in ("gatehouse", "eventlog", "ingest", "processors", "projections", "console")
        for file in (ROOT / room).rglob("*.py")
        if file.name != "metrics.py"
    )
    names = [n for n, each in vars(metrics).items() if n.isupper() and hasattr(each, "_name")]
    assert names
    assert not [name for name in names if name not in sources]


def test_every_rule_says_what_to_do() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in {"low", "medium", "high", "critical"}
        assert rule["annotations"]["summary"]
        assert len(rule["annotations"]["advice"]) > 30


def test_the_panels_do_not_lie_over_each_other() -> None:
    board = json.loads((DEPLOY / "grafana/gatehouse.json").read_text("utf-8"))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_prometheus_takes_the_rules() -> None:
    promtool = program("promtool", "apt-get install prometheus")
    folder = DEPLOY / "prometheus"
    for words in (
        ["check", "rules", folder / "gatehouse.rules.yml"],
        ["check", "config", folder / "prometheus.yml"],
        ["check", "config", folder / "systemd.yml"],
        ["test", "rules", folder / "gatehouse.tests.yml"],
    ):
        done = subprocess.run([promtool, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
