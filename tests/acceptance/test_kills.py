"""kill -9 of each role and of `gatehouse up` at random moments under load: nothing answered is lost, no alert
is lost or doubled, and it goes on by itself. On the embedded broker and on Mosquitto.
"""

from __future__ import annotations

import pytest

from eventlog.vocabulary import Alert
from tests.acceptance.scene import Scene
from tests.support.checks import entries
from tests.support.load import ESTATE, SQUADS
from tests.support.mqtt import Listener
from tests.support.system import ROLES
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.kill, pytest.mark.timeout(300)]
MOMENTS = 3
BETWEEN_S = (0.1, 1.0)


def breaks_the_broker(scene: Scene, role: str) -> bool:
    """The embedded broker dies with its process, and its subscribers' sessions with it."""
    return scene.name == "embedded" and role in {"ingest", "up"}


@pytest.mark.parametrize("role", [*ROLES, "up"])
def test_nothing_is_lost_and_it_goes_on_by_itself(scene: Scene, role: str) -> None:
    with scene.load(f"kill {role}") as (load, random):
        for _ in range(MOMENTS if role != "up" else MOMENTS - 2):  # two more of `up` follow
            load.go_on_for(random.uniform(*BETWEEN_S))
            scene.kill(role)
            load.wait_flowing()
        if role == "up":
            scene.kill_while_it_starts(random.uniform(0.1, 3.0))
        if breaks_the_broker(scene, role):
            scene.phones_are_back()
    scene.all_is_well()
    if breaks_the_broker(scene, role):
        late_phones_see_the_open_alerts(scene)


def late_phones_see_the_open_alerts(scene: Scene) -> None:
    """Who missed messages while the embedded broker was gone finds the squad's open alerts retained."""
    for squad in SQUADS:
        login = scene.logins.squads[squad]
        topic = f"estates/{ESTATE}/patrol/{squad}/open"
        listener = Listener(scene.system.mqtt_url, login.user, login.password, [topic])
        try:
            wait_until(lambda heard=listener, of=squad, on=topic: is_open_list(scene, heard, on, of))
        finally:
            listener.close()


def is_hidden(alert: Alert) -> bool:
    """History, shelved, or held back behind another alert: on no squad's list."""
    return alert.late or alert.shelved_until is not None or alert.suppressed_by is not None


def is_open_list(scene: Scene, listener: Listener, topic: str, squad: str) -> bool:
    """Whether the last list heard has the newest open alerts of the log, in the versions they have."""
    lists = listener.of(topic)
    if not lists:
        return False
    with scene.system.log() as log:
        alerts = {}
        for entry in entries(log):
            if entry.type.startswith("alert."):
                alert = entry.event.alert  # type: ignore[attr-defined]
                alerts[alert.id] = alert
    still_open = {
        (one.id, one.version)
        for one in alerts.values()
        if squad in (one.squad, *one.support) and one.state != "closed" and not is_hidden(one)
    }
    listed = {(one["id"], one["version"]) for one in lists[-1]["alerts"]}
    return listed <= still_open and len(listed) == min(len(still_open), 50)
