"""Who may ask: tokens, sessions, roles, rights, wrong passwords, other sites."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from console.app import create_app
from console.context import ConsoleSettings
from console.passwords import hash_password, password_matches
from console.problems import ProblemError
from console.rights import ROLES, Right
from console.sessions import COOKIE, Attempts, SignIn
from eventlog.ports import Account
from tests.console.conftest import Asking
from tests.console.town import PASSWORD, Town

PATHS = {
    "alerts": Right.ALERTS,
    "alerts/none": Right.ALERTS,
    "queue": Right.ALERTS,
    "score": Right.ALERTS,
    "coverage": Right.PLACES,
    "events": Right.EVENTS,
    "devices": Right.PLACES,
    "zones": Right.PLACES,
    "patrols": Right.PLACES,
    "occupancy": Right.VEHICLES,
}


def sign_in(client: TestClient, name: str = "li.wei", password: str = PASSWORD):  # type: ignore[no-untyped-def]
    client.cookies.clear()
    return client.post("/login", data={"name": name, "password": password})


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_told_to_whoever_asks(client: TestClient, path: str) -> None:
    client.cookies.clear()
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic b3BlcmF0b3I6eA=="}):
        answer = client.get(f"/api/v1/{path}", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", PATHS)
def test_each_role_gets_what_the_table_says(wall: Asking, nobody: Asking, desk: Asking, path: str) -> None:
    assert nobody.get(path).status_code == 403
    assert desk.get(path).status_code in (200, 404)
    assert (wall.get(path).status_code != 403) == (PATHS[path] in ROLES["viewer"])


def test_a_viewer_changes_nothing(place: Town, wall: Asking) -> None:
    head = place.log.head()
    assert wall.post("alerts/any/acknowledge", version=1).status_code == 403
    assert place.log.head() == head


def test_what_names_persons_is_kept_by_nobody(desk: Asking) -> None:
    for path in PATHS:
        assert desk.get(path).headers["cache-control"] == "no-store"


def test_a_token_ends_when_its_account_is_disabled(place: Town, client: TestClient) -> None:
    from console.sessions import token_hash

    account = Account("short", "token", "", role="operator", secret_hash=token_hash("short-token"))
    place.accounts.put(account)
    asking = Asking(client, "short")
    assert asking.get("zones").status_code == 200
    place.accounts.put(replace(account, disabled=True))
    assert asking.get("zones").status_code == 401


def test_signing_in_opens_a_session_that_scripts_cannot_read(client: TestClient) -> None:
    answer = sign_in(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert PASSWORD not in cookie
    assert client.get("/api/v1/alerts").status_code == 200
    client.cookies.clear()


def test_a_wrong_password_opens_nothing_and_does_not_say_which_was_wrong(client: TestClient) -> None:
    wrong = sign_in(client, password="wrong")
    unknown = sign_in(client, name="nobody.here", password="wrong")
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert "set-cookie" not in wrong.headers
    assert wrong.text.replace("li.wei", "") == unknown.text.replace("nobody.here", "")


def test_the_name_comes_back_harmless(client: TestClient) -> None:
    answer = sign_in(client, name='"><script>alert(1)</script>', password="x")
    assert "<script>alert" not in answer.text


def test_too_many_wrong_passwords_are_stopped_for_a_while(place: Town) -> None:
    app = create_app(place.context(login_failures_max=3), pages=False)
    with TestClient(app, follow_redirects=False) as client:
        answers = [sign_in(client, password="wrong").status_code for _ in range(4)]
        assert answers == [401, 401, 401, 429]
        right = sign_in(client)
        assert right.status_code == 429, "a right password doesn't help either while it lasts"
        assert int(right.headers["retry-after"]) > 0


def test_a_forged_request_from_another_site_is_refused(client: TestClient) -> None:
    sign_in(client)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        answer = client.post("/api/v1/alerts/any/acknowledge", json={"version": 1}, headers=headers)
        assert answer.status_code == 403, headers
    same = client.post(
        "/api/v1/alerts/any/acknowledge", json={"version": 1}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert same.status_code == 404
    client.cookies.clear()


def test_signing_out_ends_it(client: TestClient) -> None:
    sign_in(client)
    assert client.post("/logout").headers["location"] == "/login"
    assert client.get("/api/v1/alerts").status_code == 401


class Day:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


def request_with(cookie: str):  # type: ignore[no-untyped-def]
    from starlette.requests import Request

    headers = [(b"cookie", f"{COOKIE}={cookie}".encode())]
    return Request({"type": "http", "method": "GET", "headers": headers, "path": "/"})


def cookie_of(sign: SignIn, name: str, started_s: float | None = None) -> str:
    from http.cookies import SimpleCookie

    from starlette.responses import Response

    response = Response()
    sign.keep(response, name, started_s)
    return SimpleCookie(response.headers["set-cookie"])[COOKIE].value


def test_a_session_ends_idle_old_or_with_its_password(place: Town) -> None:
    day = Day()
    settings = ConsoleSettings(session_idle_s=600, session_max_s=3_600)
    sign = SignIn(place.accounts, "k" * 32, settings, clock=day)
    place.accounts.put(Account("brief", "user", "", role="operator", secret_hash=hash_password("first one")))
    began = day.now_s
    cookie = cookie_of(sign, "brief")
    day.now_s += 599
    assert sign.session(request_with(cookie)) is not None
    day.now_s += 2
    assert sign.session(request_with(cookie)) is None, "idle"
    for _ in range(5):
        cookie = cookie_of(sign, "brief", began)
        assert sign.session(request_with(cookie)) is not None
        day.now_s += 590
    day.now_s = began + 3_601
    assert sign.session(request_with(cookie_of(sign, "brief", began))) is None, "old, though kept awake"
    cookie = cookie_of(sign, "brief")
    place.accounts.put(Account("brief", "user", "", role="operator", secret_hash=hash_password("another")))
    assert sign.session(request_with(cookie)) is None, "the password was changed"
    other = SignIn(place.accounts, "x" * 32, settings, clock=day)
    assert other.session(request_with(cookie_of(sign, "brief"))) is None, "signed with another secret"


def test_attempts_are_forgotten_after_the_window_and_bounded() -> None:
    day = Day()
    attempts = Attempts(2, 60, day)
    for _ in range(2):
        attempts.failed("a")
    assert attempts.wait_s("a") == pytest.approx(60)
    assert attempts.wait_s("b") == 0
    day.now_s += 61
    assert attempts.wait_s("a") == 0
    for n in range(10_500):
        attempts.failed(f"key {n}")
    assert len(attempts._failed) == 10_000


def test_passwords_are_kept_as_argon2() -> None:
    kept = hash_password("one")
    assert kept.startswith("$argon2id$")
    assert password_matches(kept, "one")
    assert not password_matches(kept, "two")
    assert not password_matches(None, "")


def test_a_token_of_no_role_is_told_so(place: Town) -> None:
    sign = SignIn(place.accounts, "k" * 32, ConsoleSettings())
    with pytest.raises(ProblemError, match="bearer token"):
        sign.person(request_with("rubbish"))
