"""Somebody outside who is told things: a web hook and a mail server on the loopback address, real ones."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from aiosmtpd.controller import Controller

from tests.support.net import free_port


class Hook:
    """A web hook. `answers` are given one after the other, then 200: a status, `close` or `hang`."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.answers: list[int | str] = []
        self.always: int | str = 200
        self.says: dict[str, Any] = {}
        self.let_go = threading.Event()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.take(self)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.port = self._server.server_port

    @property
    def url(self) -> str:
        """As an address of apprise."""
        return f"json://127.0.0.1:{self.port}/hook"

    def take(self, request: BaseHTTPRequestHandler) -> None:
        """One request."""
        body = request.rfile.read(int(request.headers["content-length"]))
        answer = self.answers.pop(0) if self.answers else self.always
        self.heard.append(json.loads(body))
        if answer == "hang":
            self.let_go.wait(30)
        if isinstance(answer, str):
            request.close_connection = True
            return
        said = json.dumps(self.says).encode()
        request.send_response(answer)
        request.send_header("content-length", str(len(said)))
        request.end_headers()
        request.wfile.write(said)

    def texts(self) -> list[str]:
        """Title and body of what was heard."""
        return [f"{each['title']}\n{each['message']}" for each in list(self.heard)]

    def close(self) -> None:
        """Ends the server, and whoever hangs on it."""
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def hook() -> Iterator[Hook]:
    """A web hook for a while."""
    made = Hook()
    try:
        yield made
    finally:
        made.close()


class _Box:
    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append(cast(EmailMessage, mail))
        return "250 taken"


@contextmanager
def mailbox() -> Iterator[tuple[str, list[EmailMessage]]]:
    """A mail server for a while: its address for apprise, and what it gets."""
    box = _Box()
    server = Controller(box, hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        yield f"mailto://127.0.0.1:{server.port}/?to=chief@estate.test&from=gatehouse@estate.test", box.mails
    finally:
        server.stop()
