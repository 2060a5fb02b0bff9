"""Every error is a problem document; the operations' addresses; headers."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from console.app import create_app
from console.context import Check
from eventlog.ports import LogUnavailableError
from tests.console.conftest import Asking
from tests.console.town import Town


def is_problem(answer, status: int) -> dict[str, object]:  # type: ignore[no-untyped-def]
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = answer.json()
    assert body["status"] == status
    assert {"type", "title", "detail"} <= set(body)
    return body


def test_no_such_address(client: TestClient) -> None:
    for path in ("/api/v1/nothing", "/api/nothing", "/nothing", "/api/v1/alerts/"):
        is_problem(client.get(path), 404)


def test_no_such_method_says_which_there_are(client: TestClient) -> None:
    for path, method in (("/api/v1/alerts", "PUT"), ("/healthz", "POST"), ("/api/v1/zones", "DELETE")):
        answer = client.request(method, path)
        is_problem(answer, 405)
        assert "GET" in answer.headers["allow"]


def test_a_body_too_large(desk: Asking) -> None:
    is_problem(desk.post("alerts/any/note", note="x" * 70_000), 413)


def test_a_body_that_is_no_json(client: TestClient) -> None:
    headers = {"Authorization": "Bearer operator-token", "Content-Type": "application/json"}
    answer = client.post("/api/v1/alerts/any/note", content=b"{not json", headers=headers)
    is_problem(answer, 422)


def test_a_fault_of_ours_tells_no_secrets(place: Town, desk: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("card-0001 is in the message")

    monkeypatch.setattr(place.log, "read_back", broken)
    body = is_problem(desk.get("events"), 500)
    assert "card-0001" not in str(body)


def test_a_log_that_is_away(place: Town, desk: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_: object) -> None:
        raise LogUnavailableError("database is locked")

    monkeypatch.setattr(place.log, "read_back", away)
    answer = desk.get("events")
    is_problem(answer, 503)
    assert answer.headers["retry-after"]


def test_ready_only_when_every_part_is(place: Town, client: TestClient) -> None:
    place.settle()
    assert client.get("/healthz").json() == {"status": "alive"}
    ready = client.get("/readyz")
    assert ready.status_code == 200, ready.text
    assert set(ready.json()["checks"]) == {"log", "projections", "decider", "follower"}
    place.broken.append(Check("broker", False, "not connected since 08:00"))
    try:
        unready = client.get("/readyz")
    finally:
        place.broken.clear()
    assert unready.status_code == 503
    assert unready.json()["checks"]["broker"] == {"ok": False, "detail": "not connected since 08:00"}


def test_not_ready_while_the_read_models_are_far_behind(place: Town) -> None:
    place.settle()
    app = create_app(place.context(lag_max=-1), pages=False)
    with TestClient(app) as client:
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["projections"]["ok"] is False


def test_metrics_of_this_process(place: Town) -> None:
    """What is measured only when somebody asks is asked for first."""
    place.settle()
    asked: list[bool] = []
    app = create_app(replace(place.context(), measure=lambda: asked.append(True)), pages=False)
    with TestClient(app) as client:
        text = client.get("/metrics").text
    assert asked == [True]
    assert "gatehouse_log_head" in text
    assert 'gatehouse_reader_position{reader="projection.alerts"}' in text


def test_metrics_of_all_processes(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Two processes write, a third shows both."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    write = "from eventlog.metrics import EVENTS_REPEATED as E; E.inc(2)"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", write], env=environment, check=True)
    show = (
        "from types import SimpleNamespace as N; from console.operations import metrics;"
        "from eventlog.metrics import LOG_HEAD;"
        "state=N(context=N(measure=lambda: LOG_HEAD.set(7)));"
        "print(metrics(N(app=N(state=N(console=state)))).body.decode())"
    )
    shown = subprocess.run([sys.executable, "-c", show], env=environment, check=True, capture_output=True)
    assert b"gatehouse_events_repeated_total 4.0" in shown.stdout
    assert b"gatehouse_log_head 7.0" in shown.stdout


def test_browsers_are_told_to_be_careful(client: TestClient) -> None:
    headers = client.get("/login").headers
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "http" not in headers["content-security-policy"], "nothing is fetched from elsewhere"
    assert headers["cache-control"] == "no-store"


def test_the_language_is_kept_and_leads_nowhere_else(client: TestClient) -> None:
    chosen = client.get("/language", params={"to": "en", "back": "/login"})
    assert chosen.headers["location"] == "/login"
    assert "Sign in" in client.get("/login").text
    for elsewhere in ("https://evil.example", "//evil.example", "/\\evil.example"):
        answer = client.get("/language", params={"to": "zh-CN", "back": elsewhere})
        assert answer.headers["location"] == "/"
    assert "登录" in client.get("/login").text


def test_a_misspelt_filter_is_not_ignored(desk: Asking) -> None:
    body = is_problem(desk.get("alerts", sevrity="high"), 422)
    assert "sevrity" in str(body["detail"])
    assert "severity" in str(body["detail"])
    is_problem(desk.get("events", device=["a", "b"]), 422)
    assert desk.get("alerts", severity=["high", "low"]).status_code == 200
