"""From a gate's reader to a patrol's phone: published by a device's own account, seen wherever it must be."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.support.load import event
from tests.support.mqtt import Listener, Publisher
from tests.support.system import Login, System
from tests.support.waiting import wait_until

ALERTS = "estates/yard/alerts"


def squad_topic(squad: str, kind: str = "alerts") -> str:
    return f"estates/yard/patrol/{squad}/{kind}"


def denied(door: str, card: str, **more: Any) -> dict[str, Any]:
    """A card refused at a door, just now."""
    data = {"door": door, "credential": card, "method": "card", "reason": "unknown", "direction": "in"}
    return {**event("access", door, "access.denied", uuid.uuid4().hex, **data), **more}


def publish(system: System, login: Login, *events: dict[str, Any], topic: str = "") -> None:
    """As a device does: mosquitto_pub where it is installed, else paho."""
    if not shutil.which("mosquitto_pub"):
        with closing(Publisher(system.mqtt_url, login.user, login.password)) as publisher:
            for one in events:
                publisher.event(one, topic)
            publisher.flush()
        return
    for one in events:
        where = ["-h", "127.0.0.1", "-p", str(system.mqtt_port), "-q", "1", "-V", "mqttv311"]
        who = ["-u", login.user, "-P", login.password]
        what = ["-t", topic or f"{one['source']}/events", "-m", json.dumps(one, ensure_ascii=False)]
        subprocess.run(["mosquitto_pub", *where, *who, *what], check=True, timeout=20)


def three_denials(system: System, login: Login, door: str, mark: str) -> None:
    """Three cards refused at one door: an alert."""
    publish(system, login, *(denied(door, f"{mark}-{number}") for number in range(3)))


@pytest.fixture(scope="module")
def doors(system: System) -> dict[str, Login]:
    """The accounts of the doors' controllers."""
    names = ("gate-n1", "gate-n2", "door-1", "door-2", "door-3")
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(system.token, names), strict=True))


@pytest.fixture(scope="module")
def control_room(system: System) -> Iterator[Listener]:
    login = system.token("--gateway", "desk")
    listener = Listener(system.mqtt_url, login.user, login.password, [ALERTS, "estates/yard/safety"])
    yield listener
    listener.close()


@pytest.fixture(scope="module")
def north(system: System) -> Iterator[Listener]:
    """The north squad's phone."""
    login = system.token("--squad", "north")
    listener = Listener(system.mqtt_url, login.user, login.password, [squad_topic("north")])
    yield listener
    listener.close()


@pytest.fixture(scope="module")
def operator(system: System) -> Iterator[httpx.Client]:
    with system.api("operator") as client:
        yield client


def raised_at(door: str) -> Any:
    """The condition: the first telling of an alert of this door."""
    return lambda alert: alert["state"] == "raised" and alert["key"] == f"door:{door}"


def test_three_denials_at_one_door_are_one_alert_everywhere(
    system: System,
    doors: dict[str, Login],
    north: Listener,
    control_room: Listener,
    operator: httpx.Client,
) -> None:
    three_denials(system, doors["gate-n1"], "gate-n1", "everywhere")

    told = north.wait_for(raised_at("gate-n1"), squad_topic("north"))
    assert (told["rule"], told["zone"], told["squad"]) == ("repeated_denials", "gate-n", "north")
    assert told["title"]["zh"]
    assert told["title"]["en"]
    assert len(told["evidence"]) == 3
    assert control_room.wait_for(raised_at("gate-n1"), ALERTS)["id"] == told["id"]

    def listed() -> Any:
        found = operator.get("/alerts", params={"rule": "repeated_denials", "zone": "gate-n"})
        assert found.status_code == 200, found.text
        return [one for one in found.json()["items"] if one["id"] == told["id"]]

    assert wait_until(listed, what="the alert is in GET alerts")[0]["state"] == "raised"
    whole = operator.get(f"/alerts/{told['id']}")
    assert whole.status_code == 200, whole.text
    for event_id in told["evidence"]:
        assert event_id in whole.text, "the evidence is with the alert"


def test_who_joins_late_finds_the_open_alert_retained(
    system: System, doors: dict[str, Login], north: Listener
) -> None:
    three_denials(system, doors["gate-n2"], "gate-n2", "late")
    alert = north.wait_for(raised_at("gate-n2"))
    login = system.token("--squad", "north")  # a new phone of the squad: the old password ends
    with closing(
        Listener(system.mqtt_url, login.user, login.password, [squad_topic("north", "open")])
    ) as late:
        found = late.wait_for(lambda told: alert["id"] in {one["id"] for one in told["alerts"]})
        assert late.heard[0].retained
        assert isinstance(found["version"], int)


def test_a_member_accepts_arrives_and_closes_by_phone(
    system: System, doors: dict[str, Login], control_room: Listener
) -> None:
    member = system.token("--member", "n01")
    three_denials(system, doors["door-1"], "door-1", "member")
    alert = control_room.wait_for(raised_at("door-1"), ALERTS)
    source = "estates/yard/patrol/north/members/n01"
    with closing(Publisher(system.mqtt_url, member.user, member.password)) as phone:
        for action, state in (("accept", "accepted"), ("arrive", "arrived"), ("close", "closed")):
            data = {"alert": alert["id"], "member": "n01", "action": action}
            if action == "close":
                data["disposition"] = "genuine"
            answer = {**event("patrol", "n01", "patrol.response", uuid.uuid4().hex, **data), "source": source}
            phone.event(answer)
            told = control_room.wait_for(
                lambda one, state=state: one["id"] == alert["id"] and one["state"] == state, ALERTS
            )
            assert told["assignee"] == "n01"
    assert told["disposition"] == "genuine"


def test_a_member_cannot_answer_for_another(system: System) -> None:
    member = system.token("--member", "n02")
    source = "estates/yard/patrol/north/members/n02"
    data = {"alert": "no-matter", "member": "n01", "action": "received"}
    answer = {**event("patrol", "n02", "patrol.response", "forged-1", **data), "source": source}
    publish(system, member, answer, topic=f"{source}/events")
    assert wait_for_quarantine(system, "impersonation", "forged-1")


def test_of_two_operators_one_is_faster_and_the_other_is_told(
    system: System, doors: dict[str, Login], control_room: Listener, operator: httpx.Client
) -> None:
    three_denials(system, doors["door-2"], "door-2", "two-desks")
    alert = control_room.wait_for(raised_at("door-2"), ALERTS)
    with system.api("operator", name="second-desk") as second:
        seen = {"version": alert["version"]}
        first = operator.post(f"/alerts/{alert['id']}/acknowledge", json=seen)
        late = second.post(f"/alerts/{alert['id']}/acknowledge", json=seen)
    assert first.status_code == 200, first.text
    assert first.json()["state"] == "acknowledged"
    assert late.status_code == 409, late.text
    assert late.headers["content-type"].startswith("application/problem+json")


def test_the_api_asks_who_one_is(system: System) -> None:
    answer = httpx.get(f"{system.url}/api/v1/alerts")
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert httpx.get(f"{system.url}/healthz").status_code == 200


def wait_for_quarantine(system: System, reason: str, text: str) -> int:
    """The id of a message in quarantine for this reason, with this text in it."""
    with system.log() as log:

        def found() -> int | None:
            kept = (one for one in log.quarantined() if one.reject.reason == reason)
            return next((one.id for one in kept if text.encode() in one.reject.payload), None)

        return wait_until(found, what=f"{text} is in quarantine: {reason}")


def test_what_cannot_be_read_is_kept_shown_and_released_after_a_fix(
    system: System, doors: dict[str, Login]
) -> None:
    login = doors["door-3"]
    publish(system, login, {"what": "is this"}, topic="estates/yard/access/door-3/events")
    garbage = wait_for_quarantine(system, "wrongly_typed", "is this")
    listed = system.cli("quarantine", "list", "--json").json
    assert garbage in {one["id"] for one in listed if one["topic"].endswith("access/door-3/events")}
    shown = system.cli("quarantine", "show", str(garbage), "--json").json
    assert json.loads(shown["payload"]) == {"what": "is this"}
    again = system.cli("quarantine", "release", str(garbage), "--json", check=False)
    assert again.code == 1, "it is still bad"
    assert again.json[0]["outcome"] == "still_bad"

    gateway = system.token("--gateway", "installer")
    stranger = {
        **denied("door-9", "card-1", id="early-1"),
        "source": "estates/yard/access/door-9",
    }
    publish(system, gateway, stranger)
    waiting = wait_for_quarantine(system, "unknown_device", "early-1")
    register(system, "door-9")
    done = system.cli("quarantine", "release", str(waiting), "--json").json[0]
    assert done["outcome"] == "released", done
    with system.log() as log:
        assert log.find("estates/yard/access/door-9", "early-1")


def register(system: System, door: str) -> None:
    """Adds a door's controller to the running system's registers."""
    from tests.support.system import ESTATE

    text = ESTATE.read_text("utf-8").replace(
        "  vehicle:\n", f"    - {{id: {door}, zone: house-1}}\n  vehicle:\n", 1
    )
    file = system.data / "more.yaml"
    file.write_text(text, "utf-8")
    assert "1" in system.cli("estate", "import", str(file)).out


def test_a_device_cannot_speak_for_another(system: System, doors: dict[str, Login]) -> None:
    forged = {**denied("gate-n1", "card-1", id="forged-2")}
    publish(system, doors["door-3"], forged, topic="estates/yard/access/door-3/events")
    assert wait_for_quarantine(system, "impersonation", "forged-2")
    liar = Publisher(system.mqtt_url, doors["door-3"].user, doors["door-3"].password)
    with closing(liar):
        liar.event(denied("gate-n1", "card-1", id="forged-3"))  # on the other's own topic
        wait_until(lambda: not liar.connected.is_set(), what="the liar is put out")
        assert not liar.answered()
    publish(system, doors["door-3"], denied("door-3", "card-1", id="honest-1"))
    with system.log() as log:
        assert log.find("estates/yard/access/door-3", "honest-1")
        assert not log.find("estates/yard/access/gate-n1", "forged-3")


def test_nobody_gets_in_without_a_password(system: System) -> None:
    for user, password in (("", ""), ("yard.door-3", "guess"), ("gatehouse", "gatehouse")):
        with closing(Publisher(system.mqtt_url, user, password)) as stranger:
            assert stranger.refused.is_set()


def test_a_squad_hears_its_own_alerts_only(system: System) -> None:
    login = system.token("--squad", "south")
    topics = [squad_topic("south"), squad_topic("north"), "estates/yard/access/+/events", "#"]
    with closing(Listener(system.mqtt_url, login.user, login.password, topics)) as phone:
        assert phone.granted == [True, False, False, False]


def test_the_same_event_again_changes_nothing_and_another_under_its_id_is_put_aside(
    system: System, doors: dict[str, Login]
) -> None:
    once = denied("door-3", "card-7", id="counter-17")
    publish(system, doors["door-3"], once, once)
    publish(system, doors["door-3"], {**once, "data": {**once["data"], "credential": "card-8"}})
    assert wait_for_quarantine(system, "conflict", "card-8")
    with system.log() as log:
        kept = log.find("estates/yard/access/door-3", "counter-17")
        assert kept is not None
        assert kept.event.credential == "card-7"  # type: ignore[attr-defined]
    assert system.cli("log", "verify").code == 0


@pytest.mark.browser
def test_the_administrator_signs_in_with_the_printed_password_and_sees_the_alert_come(
    system: System, doors: dict[str, Login], control_room: Listener
) -> None:
    from tests.console.browser import chromium

    with chromium() as browser:
        page = browser.new_page()
        page.goto(system.url)
        page.fill("#name", "admin")
        page.fill("#password", system.password or "")
        page.click("button[type=submit]")
        page.wait_for_selector(".desk .queue-head h2")
        publish(system, doors["door-3"], *(denied("door-3", f"page-{number}") for number in range(3)))
        alert = control_room.wait_for(raised_at("door-3"), ALERTS)
        page.wait_for_selector(f'[data-alert="{alert["id"]}"]')
