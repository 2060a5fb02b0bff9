"""The page of figures over HTTP: for whoever is signed in, in both languages, nothing run from outside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from console.app import create_app
from console.pages import figures
from eventlog.times import from_us
from eventlog.vocabulary import (
    AlertClosed,
    AlertRaised,
    DeviceSet,
    DutySet,
    PatrolCheckpoint,
    RoundStarted,
    Words,
    ZoneSet,
)
from tests.console.town import PASSWORD, Town
from tests.support.histories import alert

BAD = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def browser(place: Town) -> Iterator[TestClient]:
    """A browser that has signed in."""
    now = from_us(place.log.now_us())
    one = alert("one", rule="fall", devices=("cam-9",), at=now)
    false = one.model_copy(update={"state": "closed", "disposition": "false_alarm"})
    place.tell(
        [
            ZoneSet(zone="playground", name=Words(zh=BAD, en=BAD), key="unit"),
            DeviceSet(device="cam-p", family="camera", zone="playground"),
            AlertRaised(alert=one),
            AlertClosed(alert=false, by="li.wei", via="console"),
        ],
        "estates/xiegou/gatehouse",
    )
    place.settle()
    app = create_app(place.context(), pages=False)
    figures.install(app)
    with TestClient(app, base_url="https://testserver") as client:
        client.post("/login", data={"name": "li.wei", "password": PASSWORD}, follow_redirects=False)
        yield client


def test_without_signing_in_there_is_only_the_form(place: Town) -> None:
    app = create_app(place.context(), pages=False)
    figures.install(app)
    with TestClient(app, follow_redirects=False) as stranger:
        answer = stranger.get("/figures")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_it_has_the_score_and_the_hours_without_eyes(browser: TestClient) -> None:
    page = browser.get("/figures").text
    assert "ISA-18.2" in page
    assert "cam-9" in page
    assert "100 %" in page, "one of one was false"
    assert page.count('class="nobody"') in (23, 24), "its camera was never heard of"
    assert BAD not in page
    assert "&lt;img" in page


@pytest.mark.parametrize(("asked", "on"), [("7", "7"), ("31", "31"), ("5", "1")])
def test_a_period_is_chosen(browser: TestClient, asked: str, on: str) -> None:
    page = browser.get("/figures", params={"days": asked, "estate": "xiegou"}).text
    assert f'days={on}" class="on"' in page


def test_it_has_the_squads_who_is_on_duty_and_their_rounds(place: Town, browser: TestClient) -> None:
    now = from_us(place.log.now_us())
    span = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=8)}
    place.tell(
        [
            DutySet(duty="d", squad="squad-1", leader="zhao", members=(BAD,), **span),
            RoundStarted(round="r@1", plan="night-walk", squad="squad-1", at=now, checkpoints=("p1", "p2")),
        ],
        "estates/xiegou/gatehouse",
    )
    seen = PatrolCheckpoint(member="zhao", squad="squad-1", checkpoint="p9", method="nfc")
    place.tell([seen], "estates/xiegou/patrol/zhao")
    place.settle()
    page = browser.get("/figures").text
    for words in ("zhao (", "night-walk: ", " 0/2", "p9 <small>"):
        assert words in page
    assert BAD not in page


def test_in_english(browser: TestClient) -> None:
    browser.get("/language", params={"to": "en", "back": "/figures"})
    assert "The score of the desk" in browser.get("/figures").text
