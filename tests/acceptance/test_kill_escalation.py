"""kill -9 of the decider at any moment of an escalation: it goes on at the right step, nobody is forgotten,
and no version of an alert is told in two ways.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from tests.acceptance.scene import SEED, hold
from tests.support.checks import assert_same_in_fresh_log, settled
from tests.support.load import event
from tests.support.mqtt import Listener, Publisher
from tests.support.system import ESTATE, System
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.kill, pytest.mark.timeout(300)]
STEP_S = 1.5
RULE = "watchlist_plate"


DUTIES = """
duties:
  - {id: north-now, squad: north, starts_at: 2020-01-01T00:00:00+08:00, ends_at: 2040-01-01T00:00:00+08:00,
     leader: n01, manager: n02}
  - {id: south-now, squad: south, starts_at: 2020-01-01T00:00:00+08:00, ends_at: 2040-01-01T00:00:00+08:00}
"""


def estate(folder: Path) -> Path:
    """The small estate with squads on duty and short steps."""
    steps = f"  escalation: {{critical_s: {STEP_S}, high_s: {STEP_S}, outside: police}}\n"
    steps += "  watchlist_plate: {pass_s: 1}\n"  # the next read is another pass
    file = folder / "estate.yaml"
    text = ESTATE.read_text("utf-8")
    file.write_text(text.replace("\nrules:\n", f"{DUTIES}rules:\n{steps}"), "utf-8")
    return file


@pytest.fixture
def system(tmp_path: Path):  # type: ignore[no-untyped-def]
    """A system in which every step of an escalation takes a second and a half."""
    made = System(tmp_path, estate=estate(tmp_path))
    try:
        made.start()
        yield made
        if made.running:
            made.stop()
    finally:
        made.abandon()


def escalations(system: System) -> dict[str, list[tuple[str, str | None, int]]]:
    """By alert, who was told in which step."""
    found: dict[str, list[tuple[str, str | None, int]]] = {}
    with system.log() as log:
        for entry in log.read(after=0, limit=100_000, types=frozenset({"alert.raised", "alert.escalated"})):
            if entry.event.alert.rule != RULE:  # type: ignore[attr-defined]
                continue
            told = found.setdefault(entry.event.alert.id, [])  # type: ignore[attr-defined]
            if entry.type == "alert.escalated":
                told.append((entry.event.to, entry.event.who, entry.event.level))  # type: ignore[attr-defined]
    return found


def through(system: System, moments: list[float], accept_last: bool = False) -> None:
    """One watched plate for each moment: so long after it was raised, the decider is killed."""
    gateway, squad = system.token("--gateway", "load"), system.token("--squad", "north")
    phone = Listener(system.mqtt_url, squad.user, squad.password, ["estates/yard/patrol/north/alerts"], "ear")
    camera = Publisher(system.mqtt_url, gateway.user, gateway.password, "camera")
    try:
        for number, moment in enumerate(moments):
            before = set(escalations(system))
            data = {"plate": "豫A35N69", "confidence": 0.97, "lane": "n-in", "direction": "in"}
            camera.event(event("vehicle", "lpr-n", "vehicle.plate_read", f"kill-{number}", **data))
            camera.flush()
            (mine,) = wait_until(lambda known=before: set(escalations(system)) - known, what="an alert")
            hold(moment)
            gone = system.kill9("process")
            system.wait_role("process", other_than=gone)
            wait_until(
                lambda alert=mine: len(escalations(system)[alert]) >= 4,
                timeout_s=60,
                what=f"all four are told, killed {moment:.2f} s after it was raised",
            )
            close(system, mine)
        check(system, phone)
    finally:
        camera.close()
        phone.close()


def close(system: System, alert: str) -> None:
    """The desk closes an alert, so that the next read raises a new one."""
    with system.api() as api:
        version = api.get(f"alerts/{alert}").json()["version"]
        body = {"version": version, "disposition": "test"}
        api.post(f"alerts/{alert}/close", json=body).raise_for_status()


def check(system: System, phone: Listener) -> None:
    """Each alert went through every step once, in order; no version was told in two ways; a replay agrees."""
    with system.log() as log:
        position = settled(log)
        assert_same_in_fresh_log(log, position)
    for alert, told in escalations(system).items():
        assert [(to, who, level) for to, who, level in told] == [
            ("squad", "south", 1),
            ("leader", "n01", 2),
            ("manager", "n02", 3),
            ("outside", "police", 4),
        ], alert
    versions: dict[tuple[str, int], dict[str, object]] = {}
    for one in phone.of("estates/yard/patrol/north/alerts"):
        said = {name: value for name, value in one.items() if name != "resent"}
        known = versions.setdefault((one["id"], one["version"]), said)
        assert said == known, "one version, one message"
    heard = {alert for alert, _ in versions}
    assert heard >= set(escalations(system)), "the squad heard of every one"


def test_killed_before_between_and_at_a_step(system: System) -> None:
    random = Random(f"{SEED} escalation")
    through(system, [0.0, random.uniform(0.2, STEP_S - 0.2), 2 * STEP_S - 0.05])


@pytest.mark.soak
def test_killed_at_any_moment(system: System) -> None:
    random = Random(f"{SEED} escalations")
    moments = int(os.environ.get("SOAK_MOMENTS", "100")) // 4
    through(system, [random.uniform(0.0, 4.5 * STEP_S) for _ in range(moments)])
