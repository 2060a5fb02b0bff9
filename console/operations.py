"""/healthz, /readyz, /metrics: for supervisors and Prometheus.

Open to whoever reaches the port, so nothing here may name a person.
"""

from __future__ import annotations

import os

import orjson
from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

from console.problems import NO_STORE
from console.state import ConsoleState


def install(app: FastAPI) -> None:
    """Adds the three to an app."""
    for path, answer in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", metrics)):
        app.add_api_route(path, answer, methods=["GET", "HEAD"], include_in_schema=False)


def healthz() -> Response:
    """The process lives."""
    return Response(orjson.dumps({"status": "alive"}), media_type="application/json", headers=NO_STORE)


def readyz(request: Request) -> Response:
    """200 when every part is ready, else 503; each part's answer is in the body."""
    state: ConsoleState = request.app.state.console
    checks = state.checks()
    ready = all(check.ok for check in checks)
    body = {
        "ready": ready,
        "checks": {check.name: {"ok": check.ok, "detail": check.detail} for check in checks},
    }
    return Response(
        orjson.dumps(body), status_code=200 if ready else 503, media_type="application/json", headers=NO_STORE
    )


def metrics(request: Request) -> Response:
    """The metrics of all processes that share prometheus-client's folder, or of this one."""
    state: ConsoleState = request.app.state.console
    state.context.measure()
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST, **NO_STORE})
