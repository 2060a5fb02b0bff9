"""What a part that runs alone answers to Prometheus and to its supervisor: /metrics, /healthz, /readyz.

Plain HTTP on the address that is set (`metrics`), with no sign-in: keep it on the loopback address or on a
network of its own. Nothing here names a person. Under `gatehouse up` the console answers for all parts.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from eventlog.metrics import PART_READY
from gatehouse.parts import Part

REQUEST_S_MAX = 5.0


@contextmanager
def answering(part: Part, address: str) -> Iterator[None]:
    """Answers in threads of its own while the block runs. Raises OSError where the address is taken."""
    host, _, port = address.rpartition(":")
    server = ThreadingHTTPServer((host.strip("[]"), int(port)), _handler(part))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="watched", daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def answer(part: Part, path: str) -> tuple[int, str, bytes]:
    """Status, content type and body for a path."""
    role, ready = part.beating.role, part.beating.ready.is_set()
    match path:
        case "/metrics":
            PART_READY.labels(role).set(ready)
            for measure in part.scraped:
                measure()
            return 200, CONTENT_TYPE_LATEST, generate_latest(REGISTRY)
        case "/healthz":
            return (200 if part.beating.beats else 503), "text/plain", f"{role} lives\n".encode()
        case "/readyz":
            said = "ready" if ready else "not ready"
            return (200 if ready else 503), "text/plain", f"{role} is {said}\n".encode()
    return 404, "text/plain", b"there is /metrics, /healthz, /readyz\n"


def _handler(part: Part) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_S_MAX

        def do_GET(self) -> None:
            status, kind, body = answer(part, self.path.partition("?")[0])
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """A look every few seconds is not worth a line each."""

    return Handler
