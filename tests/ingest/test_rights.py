"""One table of rights, held by the functions, by the embedded broker and by a real Mosquitto."""

from __future__ import annotations

import getpass
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eventlog.ports import Account
from ingest.mosquitto import write_configuration
from ingest.rights import covers, grants, may_publish, may_subscribe
from tests.ingest.clients import Mqtt, People, embedded, everybody
from tests.ingest.support import estate_log, pipeline_of
from tests.support.net import free_port, listening
from tests.support.parts import program
from tests.support.waiting import wait_until

DEVICE, SQUAD, MEMBER = "xiegou.gate-n1", "xiegou.squad.squad-1", "xiegou.member.squad-1.zhang"
GATEWAY, SERVICE = "xiegou.gateway.player", "gatehouse"

PUBLISH: list[tuple[str, str, bool]] = [
    (DEVICE, "estates/xiegou/access/gate-n1/events", True),
    (DEVICE, "estates/xiegou/access/gate-n1/status", True),
    (DEVICE, "vendors/acme/xiegou/gate-n1", True),
    (DEVICE, "estates/xiegou/access/gate-n2/events", False),
    (DEVICE, "estates/xiegou/probe/gate-n1/events", False),
    (DEVICE, "estates/other/access/gate-n1/events", False),
    (DEVICE, "estates/xiegou/access/gate-n1/alerts", False),
    (DEVICE, "estates/xiegou/alerts", False),
    (DEVICE, "estates/xiegou/time", False),
    (DEVICE, "vendors/acme/xiegou/gate-n2", False),
    (SQUAD, "estates/xiegou/patrol/squad-1/alerts", False),
    (SQUAD, "estates/xiegou/patrol/squad-1/members/zhang/events", False),
    (MEMBER, "estates/xiegou/patrol/squad-1/members/zhang/events", True),
    (MEMBER, "estates/xiegou/patrol/squad-1/members/li/events", False),
    (MEMBER, "estates/xiegou/patrol/squad-2/members/zhang/events", False),
    (GATEWAY, "estates/xiegou/camera/cam-9/events", True),
    (GATEWAY, "estates/xiegou/camera/cam-9/status", True),
    (GATEWAY, "estates/xiegou/patrol/squad-1/members/li/events", True),
    (GATEWAY, "estates/xiegou/time", True),
    (GATEWAY, "vendors/acme/xiegou/cam-9", True),
    (GATEWAY, "estates/other/camera/cam-9/events", False),
    (GATEWAY, "estates/xiegou/alerts", False),
    (GATEWAY, "estates/xiegou/nonsense/cam-9/events", False),
    (SERVICE, "estates/xiegou/alerts", True),
]
READ: list[tuple[str, str, bool]] = [
    (SQUAD, "estates/xiegou/patrol/squad-1/alerts", True),
    (SQUAD, "estates/xiegou/patrol/squad-1/open", True),
    (SQUAD, "estates/xiegou/patrol/squad-1/reports", True),
    (SQUAD, "estates/xiegou/patrol/squad-2/reports", False),
    (SQUAD, "estates/xiegou/reports", False),
    (GATEWAY, "estates/xiegou/reports", True),
    (SQUAD, "estates/xiegou/safety", True),
    (SQUAD, "estates/xiegou/system", True),
    (SQUAD, "estates/xiegou/patrol/squad-2/alerts", False),
    (SQUAD, "estates/xiegou/alerts", False),
    (SQUAD, "estates/xiegou/access/gate-n1/events", False),
    (DEVICE, "estates/xiegou/safety", False),
    (DEVICE, "estates/xiegou/access/gate-n1/events", False),
    (MEMBER, "estates/xiegou/patrol/squad-1/alerts", False),
    (GATEWAY, "estates/xiegou/alerts", True),
    (GATEWAY, "estates/xiegou/safety", True),
    (GATEWAY, "estates/xiegou/access/gate-n1/events", False),
    (SERVICE, "estates/xiegou/alerts", True),
]


@pytest.mark.parametrize(("user", "topic", "allowed"), PUBLISH)
def test_who_may_publish(user: str, topic: str, allowed: bool) -> None:
    account = everybody().accounts.get(user)
    assert account
    assert may_publish(account, topic) is allowed


@pytest.mark.parametrize(("user", "topic", "allowed"), READ)
def test_who_may_read(user: str, topic: str, allowed: bool) -> None:
    account = everybody().accounts.get(user)
    assert account
    assert may_subscribe(account, topic) is allowed


@pytest.mark.parametrize(
    ("allowed", "wanted", "is_covered"),
    [
        ("#", "a/b", True),
        ("#", "#", True),
        ("#", "$SYS/x", False),
        ("a/+", "a/b", True),
        ("a/+", "a/+", True),
        ("a/+", "a/#", False),
        ("a/+", "a", False),
        ("a/b", "a/+", False),
        ("a/b", "+/b", False),
        ("a/#", "a/+/c", True),
        ("a/+/c", "a/b/c", True),
        ("a/+/c", "a/b/c/d", False),
    ],
)
def test_a_filter_covers_another(allowed: str, wanted: str, is_covered: bool) -> None:
    assert covers(allowed, wanted) is is_covered


@pytest.mark.parametrize(
    "scope", ["access/+", "access/#", "access/a/b", "access", "/x", "access/a b", "access/a\nuser x"]
)
def test_odd_names_give_no_rights(scope: str) -> None:
    assert grants(Account("x", "device", "xiegou", scope)) == ((), ())


def test_a_disabled_account_has_no_rights() -> None:
    account = Account("x", "device", "xiegou", "access/gate-n1", disabled=True)
    assert not may_publish(account, "estates/xiegou/access/gate-n1/events")


@contextmanager
def mosquitto_broker(people: People, folder: Path) -> Iterator[int]:
    """A real Mosquitto on the configuration written from the accounts, as it is."""
    port = free_port()
    written = write_configuration(folder / "mosquitto", people.accounts.all(), port=port)
    with (folder / "mosquitto.log").open("wb") as log:
        broker = subprocess.Popen(
            [program("mosquitto", "apt-get install mosquitto"), "-c", written.config], stdout=log, stderr=log
        )
    try:
        wait_until(lambda: listening(port), what="Mosquitto listens")
        yield port
    finally:
        broker.terminate()
        broker.wait(10)


@contextmanager
def embedded_broker(people: People, folder: Path) -> Iterator[int]:
    """The embedded broker; what it records is not looked at here."""
    with embedded(pipeline_of(estate_log()), people.accounts) as broker:
        yield broker.port


@pytest.fixture(params=["embedded", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[int, People]]:
    people = everybody()
    make = mosquitto_broker if request.param == "mosquitto" else embedded_broker
    with make(people, tmp_path) as port:
        yield port, people


def test_brokers_let_publish_what_the_table_says(broker: tuple[int, People]) -> None:
    port, people = broker
    observer = Mqtt(port, SERVICE, people.passwords[SERVICE], client_id="observer")
    assert observer.subscribe("#")
    for number, (user, topic, _) in enumerate(PUBLISH):
        client = Mqtt(port, user, people.passwords[user])
        client.client.publish(topic, str(number).encode(), 1)
        client.round_trip()  # what is refused may end the connection
        client.close()
    expected = {(topic, str(n).encode()) for n, (_, topic, allowed) in enumerate(PUBLISH) if allowed}
    wait_until(lambda: {(t, p) for t, p, _ in observer.got} >= expected, what="all that is allowed")
    assert {(t, p) for t, p, _ in observer.got} == expected
    observer.close()


def test_brokers_let_read_what_the_table_says(broker: tuple[int, People]) -> None:
    port, people = broker
    clients = {user: Mqtt(port, user, people.passwords[user]) for user in {row[0] for row in READ}}
    for user, topic, _ in READ:
        clients[user].subscribe(topic)
    speaker = Mqtt(port, SERVICE, people.passwords[SERVICE], client_id="speaker")
    for topic in dict.fromkeys(topic for _, topic, _ in READ):
        speaker.publish(topic)
    for user, client in clients.items():
        expected = {topic for who, topic, allowed in READ if who == user and allowed}
        wait_until(lambda: {t for t, _, _ in client.got} >= expected, what=f"what {user} may read")  # noqa: B023
        client.round_trip()
        assert {topic for topic, _, _ in client.got} == expected
    for client in [speaker, *clients.values()]:
        client.close()


@pytest.mark.parametrize(
    ("user", "password"), [(None, None), (DEVICE, "wrong"), (DEVICE, None), ("nobody", "x"), ("", "")]
)
def test_brokers_refuse_strangers(broker: tuple[int, People], user: str | None, password: str | None) -> None:
    stranger = Mqtt(broker[0], user, password, wait=False)
    assert stranger.refused.wait(10)
    assert not stranger.connected.is_set()
    stranger.close()


def test_a_container_user_without_a_name_can_write_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 10001")

    monkeypatch.setattr(getpass, "getuser", nameless)
    written = write_configuration(tmp_path, everybody().accounts.all())
    assert "\nuser mosquitto\n" in written.config.read_text("utf-8")


def test_accounts_without_a_mosquitto_hash_are_named(tmp_path: Path) -> None:
    people = everybody()
    people.accounts.put(Account("old.device", "device", "xiegou", "access/old", secret_hash="sha256:00"))
    people.accounts.put(Account("chief", "user", "", role="administrator", secret_hash="$argon2id$…"))
    written = write_configuration(tmp_path, people.accounts.all())
    assert written.left_out == ("old.device",)
    assert "chief" not in written.passwords.read_text("utf-8")
    assert written.passwords.stat().st_mode & 0o077 == 0
