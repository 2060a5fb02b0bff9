"""The console as one app: API, operations, sign-in, and the live pages when they are wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from console import operations, problems, signin
from console.api.app import make_api
from console.context import ConsoleContext
from console.guard import Guard
from console.state import ConsoleState


def create_app(context: ConsoleContext, *, pages: bool = True) -> FastAPI:
    """The app. The live pages (NiceGUI) can be had once in a process; without them it loads much faster."""
    state = ConsoleState.of(context)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        state.start()
        try:
            yield
        finally:
            state.close()

    app = FastAPI(
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.console = state
    app.add_middleware(Guard)
    problems.install(app)
    operations.install(app)
    signin.install(app)
    app.mount("/api", make_api(state))
    if pages:
        from console.pages import figures
        from console.pages.live import attach

        figures.install(app)
        attach(app, state)
    return app
