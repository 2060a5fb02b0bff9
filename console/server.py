"""Runs the console's app in this thread until told to stop. Signals are the caller's."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from console.app import create_app
from console.context import ConsoleContext

GRACE_S = 3
"""Seconds that requests under way get at the end."""


class _Server(uvicorn.Server):
    """Says when it listens, and ends the streams first when it has to stop."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals to the role, which sets `stop`."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup()
        if self.started and self._on_ready:
            self._on_ready()


def serve(
    context: ConsoleContext,
    host: str,
    port: int,
    stop: threading.Event,
    *,
    on_ready: Callable[[], None] | None = None,
    pages: bool = True,
) -> None:
    """Serves until `stop` is set; `on_ready` is called when it listens. Raises OSError for a taken port."""
    app = create_app(context, pages=pages)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        timeout_graceful_shutdown=GRACE_S,
        lifespan="on",
    )
    server = _Server(config, on_ready)
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            if stop.wait(0.5):
                app.state.console.streams.close()
                server.should_exit = True
                return

    watcher = threading.Thread(target=watch, name="console-stop", daemon=True)
    watcher.start()
    try:
        server.run()
    except SystemExit as error:
        raise OSError(f"the console can't listen on {host}:{port}: is something else there?") from error
    finally:
        done.set()
        watcher.join()
