"""Silent duress: who may see it on the pages and in the API, and who was told, read back with an alert."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from console.sessions import token_hash
from eventlog.ports import Account
from eventlog.vocabulary import (
    DeliveryAttempted,
    DeliveryConfirmed,
    DeliveryPublished,
    DeliverySent,
    Duress,
    Published,
    RuleActivated,
)
from projections.lines import open_queue
from tests.console.conftest import Asking
from tests.console.town import Town


@pytest.fixture
def chief(place: Town, client: TestClient) -> Asking:
    """A supervisor's program."""
    hashed = token_hash("chief-token")
    place.accounts.put(Account("chief", "token", "", "", "supervisor", hashed))
    return Asking(client, "chief")


@pytest.fixture(scope="module")
def quiet(place: Town) -> str:
    """An alert of silent duress."""
    place.tell([RuleActivated(rule="duress", version=1)], f"estates/{place.estate}/gatehouse")
    source = f"estates/{place.estate}/access/gate-garage"
    place.tell([Duress(door="door-garage", credential="card-under-threat")], source)
    place.settle()
    (found,) = [each.id for each in place._alerts() if each.rule == "duress"]
    return str(found)


def test_only_supervisors_and_administrators_see_it(
    place: Town, quiet: str, desk: Asking, wall: Asking, chief: Asking
) -> None:
    for who in (desk, wall):
        assert quiet not in who.get("alerts").text
        assert who.get(f"alerts/{quiet}").status_code == 404
    assert desk.post(f"alerts/{quiet}/note", note="who pressed this?").status_code == 404
    assert quiet in chief.get("alerts").text
    assert chief.get(f"alerts/{quiet}").json()["rule"] == "duress"
    assert chief.post(f"alerts/{quiet}/note", note="police are told").status_code == 200
    place.settle()
    for kind in ("alert.*", "access.*", "signal.*", "command.*", ""):
        types = {"type": kind} if kind else {}
        said = desk.get("events", limit=100, **types).text
        assert quiet not in said
        assert "card-under-threat" not in said
        assert "police are told" not in said
    assert "card-under-threat" in chief.get("events", type="access.duress").text


def test_no_shared_page_and_no_level_shows_it(place: Town, quiet: str, wall: Asking) -> None:
    with place.views.connect() as connection:
        queue = open_queue(connection, place.estate, limit=200, late_limit=50)
    assert quiet not in {each.id for each in (*(line.alert for line in queue.lines), *queue.late)}
    assert [each.id for each in queue.discreet] == [quiet]
    assert "critical" not in queue.by_severity
    zones = wall.get("zones").json()["items"]
    assert all(each["cause"] != quiet for each in zones)
    assert next(each["level"] for each in zones if each["zone"] == "garage") != "danger"


def test_an_alert_says_who_was_told_what_when(place: Town, desk: Asking, wall: Asking) -> None:
    alert = place.alert("playground")
    common = {"alert": alert, "version": 1, "channel": "sms", "recipient": "person:wang", "message": "m1"}
    place.tell(
        [
            DeliveryPublished(messages=(Published(alert=alert, version=1, recipient="squad:squad-1"),)),
            DeliveryAttempted(**common),
            DeliverySent(**common),
            DeliveryConfirmed(
                alert=alert, version=1, channel="mqtt", recipient="squad:squad-1", by="li", response="accept"
            ),
        ],
        f"estates/{place.estate}/gatehouse",
    )
    place.settle()
    for who in (desk, wall):
        found = who.get(f"alerts/{alert}").json()["deliveries"]
        assert [(each["what"], each["recipient"], each["channel"], each["by"]) for each in found] == [
            ("published", "squad:squad-1", "mqtt", None),
            ("attempted", "person:wang", "sms", None),
            ("sent", "person:wang", "sms", None),
            ("confirmed", "squad:squad-1", "mqtt", "li"),
        ]
        assert all(each["at"] and each["version"] == 1 for each in found)
