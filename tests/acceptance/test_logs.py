"""What a running system says of itself, at its most talkative, names nobody: no person, plate, card, radio or
note, neither of what was taken in nor of what was put aside.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.acceptance.conftest import running
from tests.acceptance.test_gate_to_phone import denied, raised_at, squad_topic
from tests.acceptance.test_life import alerts
from tests.support.load import event
from tests.support.mqtt import Listener, Publisher
from tests.support.system import System
from tests.support.waiting import wait_until

CARD, PERSON, PLATE, WATCHED, RADIO = "card-4711-x", "王小明", "豫B9Z7K1", "豫A35N69", "3c:22:fb:9a:10:77"
NOTE, REASON = "电话 13800001111 的住户", "他说是 李四"
PERSONAL = (CARD, PERSON, PLATE, WATCHED, RADIO, RADIO.replace(":", ""), NOTE, REASON, "13800001111", "李四")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    loud = {"GATEHOUSE_LOG_LEVEL": "debug"}
    yield from running(tmp_path_factory.mktemp("loud"), environment=loud)


def test_the_most_talkative_system_names_nobody(system: System) -> None:
    gate, squad = system.token("--gateway", "gate"), system.token("--squad", "north")
    watched = {"plate": WATCHED, "confidence": 0.99, "lane": "n-in", "direction": "in"}
    with (
        closing(
            Listener(system.mqtt_url, squad.user, squad.password, [squad_topic("north")], "phone")
        ) as phone,
        closing(Publisher(system.mqtt_url, gate.user, gate.password)) as publisher,
    ):
        for number in range(3):
            publisher.event(denied("gate-n1", f"{CARD}{number}", holder=PERSON))
        for plate in (PLATE, WATCHED):
            read = {**watched, "plate": plate}
            publisher.event(event("vehicle", "lpr-n", "vehicle.plate_read", uuid.uuid4().hex, **read))
        publisher.event(event("probe", "probe-1", "probe.sighting", uuid.uuid4().hex, address=RADIO))
        # Put aside: the wrong type of a value, the wrong device, no JSON.
        wrong = {"door": PERSON, "credential": {"of": CARD}, "method": "card"}
        publisher.event(event("access", "gate-n1", "access.denied", uuid.uuid4().hex, **wrong))
        elsewhere = event("access", "nobody", "access.granted", uuid.uuid4().hex, door="x", holder=PERSON)
        publisher.event(elsewhere)
        publisher.flush()
        phone.wait_for(raised_at("gate-n1"), timeout_s=30.0)
    with system.api() as operator:
        found = wait_until(lambda: alerts(operator), what="the alert is listed")[0]
        body = {"version": found["version"], "note": NOTE, "disposition": "genuine", "reason": REASON}
        for action in ("note", "shelve", "close"):
            operator.post(f"/alerts/{found['id']}/{action}", json=body)
        operator.get("/events", params={"q": PERSON})
    with system.log() as log:
        assert wait_until(lambda: sum(log.quarantine_counts().values()) >= 2), "what is wrong is put aside"
    said = system.output(10_000)
    assert "debug" in said.lower() or "info" in said.lower(), "it talks"
    assert not [value for value in PERSONAL if value in said]
