"""A whole system with channels outside: a group chat hears; of a code under threat the chief alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.acceptance.test_gate_to_phone import ALERTS, publish, squad_topic, three_denials
from tests.support.hooks import Hook, hook
from tests.support.load import event
from tests.support.mqtt import Listener
from tests.support.system import Login, System
from tests.support.waiting import wait_until

QUIET = "estates/yard/duress/alerts"


@pytest.fixture(scope="module")
def group() -> Iterator[Hook]:
    """The north squad's group chat."""
    with hook() as made:
        yield made


@pytest.fixture(scope="module")
def chief() -> Iterator[Hook]:
    """Who hears of silent duress."""
    with hook() as made:
        yield made


@pytest.fixture(scope="module")
def told(
    tmp_path_factory: pytest.TempPathFactory, group: Hook, chief: Hook
) -> Iterator[tuple[System, Login]]:
    """A running system whose squads and chief are reached outside, and a door's account."""
    folder = tmp_path_factory.mktemp("told")
    secrets = folder / "data" / "secrets"
    secrets.mkdir(parents=True, mode=0o700)
    file = secrets / "channels.toml"
    file.write_text(
        f'[channels.group]\nurl = "{group.url}"\nlanguage = "both"\n[channels.chief]\nurl = "{chief.url}"\n'
        '[[recipients]]\nkind = "squad"\nchannels = ["group"]\n'
        '[[recipients]]\nkind = "duress"\nchannels = ["chief"]\n',
        "utf-8",
    )
    file.chmod(0o600)
    system = System(folder)
    try:
        system.start()
        yield system, system.token("gate-n1")
        system.stop()
    finally:
        system.abandon()


def test_the_squads_group_chat_hears_and_the_alert_says_so(told: tuple[System, Login], group: Hook) -> None:
    system, door = told
    three_denials(system, door, "gate-n1", "told")
    wait_until(lambda: group.heard, what="the group hears")
    with system.api("operator") as operator:
        (alert,) = operator.get("/alerts").json()["items"]

        def deliveries() -> set[tuple[str, str, str]]:
            found = operator.get(f"/alerts/{alert['id']}").json()["deliveries"]
            return {(each["what"], each["recipient"], each["channel"]) for each in found}

        wanted = {
            ("published", "desk", "mqtt"),
            ("published", "squad:north", "mqtt"),
            ("attempted", "squad:north", "group"),
            ("sent", "squad:north", "group"),
        }
        wait_until(lambda: wanted <= deliveries(), what="the alert says who was told")
    (text,) = group.texts()
    assert alert["id"][:8] in text
    assert alert["title"]["zh"] in text
    assert alert["title"]["en"] in text


def test_a_code_under_threat_is_heard_by_the_chief_alone(
    told: tuple[System, Login], group: Hook, chief: Hook
) -> None:
    system, door = told
    quiet = system.token("--duress", "chief")
    north, desk = system.token("--squad", "north"), system.token("--gateway", "desk")
    before = len(group.heard)
    with (
        closing(Listener(system.mqtt_url, quiet.user, quiet.password, [QUIET])) as hears,
        closing(Listener(system.mqtt_url, north.user, north.password, [squad_topic("north")])) as squad,
        closing(Listener(system.mqtt_url, north.user, north.password, [QUIET])) as curious,
        closing(Listener(system.mqtt_url, desk.user, desk.password, [ALERTS])) as room,
    ):
        code = event("access", "gate-n1", "access.duress", uuid.uuid4().hex, door="gate-n1", credential="c")
        publish(system, door, code)
        alert = hears.wait_for(lambda each: each["rule"] == "duress", QUIET)
        wait_until(lambda: chief.heard, what="the chief hears")
        three_denials(system, system.token("gate-n2"), "gate-n2", "after")  # what all do hear, after it
        squad.wait_for(lambda each: each["rule"] == "repeated_denials", squad_topic("north"))
        room.wait_for(lambda each: each["rule"] == "repeated_denials", ALERTS)
        assert curious.granted == [False]
        for listener in (squad, room, curious):
            assert alert["id"] not in {one.json["id"] for one in listener.heard}
    assert alert["title"]["en"] in chief.texts()[0]
    assert not [text for text in group.texts()[before:] if alert["id"][:8] in text]
    assert not [line for line in system.lines if alert["id"] in line]
    with system.api("operator") as operator, system.api("supervisor") as supervisor:
        assert operator.get(f"/alerts/{alert['id']}").status_code == 404
        assert supervisor.get(f"/alerts/{alert['id']}").status_code == 200
