"""The API as an app of its own, mounted at /api: so its 404 and 405 are problem documents too."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse

from console import problems
from console.api import alerts, events, figures, patrols, places, quality, queue, reports, stream
from console.api.common import PREFIX
from console.api.document import describe, page
from console.state import ConsoleState


def make_api(state: ConsoleState) -> FastAPI:
    """The API's app; paths begin with /v1."""
    api = FastAPI(
        title="Gatehouse",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    api.state.console = state
    problems.install(api)
    for subject in (alerts, queue, reports, events, places, patrols, figures, quality, stream):
        api.include_router(subject.router, prefix=PREFIX)
    describe(api)

    @api.get("/openapi.json", include_in_schema=False)
    def document() -> JSONResponse:
        return JSONResponse(api.openapi())

    @api.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(page(api.openapi(), "/api/openapi.json"))

    return api
