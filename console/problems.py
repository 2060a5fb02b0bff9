"""Every error as RFC 9457 problem details in `application/problem+json`: what is wrong, what was expected."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from traceback import extract_tb
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from eventlog.ports import LogUnavailableError

MEDIA_TYPE = "application/problem+json"
NO_STORE = {"Cache-Control": "no-store"}
SHOWN_CHARS_MAX = 80

_log = structlog.get_logger()


class ProblemError(Exception):
    """An answer that is not what was asked for. `name` tells kinds of the same status apart."""

    def __init__(
        self, status: int, name: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.name, self.detail = status, name, detail
        self.headers, self.more = dict(headers or {}), more

    def response(self) -> Response:
        """The problem as an HTTP response."""
        return problem(self.status, self.name, self.detail, headers=self.headers, **self.more)


def problem(
    status: int, name: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """A problem document; `more` are its extension members."""
    body = {
        "type": f"urn:gatehouse:problem:{name}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }
    return Response(
        orjson.dumps(body), status_code=status, media_type=MEDIA_TYPE, headers={**NO_STORE, **(headers or {})}
    )


def not_found(what: str) -> ProblemError:
    """404: there is no such thing, or it isn't this person's to see."""
    return ProblemError(404, "not-found", f"there is no {what}")


def install(app: FastAPI) -> None:
    """Makes every error of an app a problem document."""
    app.add_exception_handler(ProblemError, _of_ours)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(LogUnavailableError, _of_log)
    app.add_exception_handler(Exception, _of_bug)


async def _of_ours(_: Request, error: Exception) -> Response:
    if not isinstance(error, ProblemError):
        raise error
    return error.response()


_WORDS = {404: "not-found", 405: "method-not-allowed", 400: "bad-request", 413: "too-large"}


async def _of_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    details = {
        404: f"there is nothing at {request.url.path[:200]}",
        405: f"{request.url.path[:200]} can't be asked with {request.method}",
    }
    detail = details.get(error.status_code, str(error.detail))
    name = _WORDS.get(error.status_code, "http")
    return problem(error.status_code, name, detail, headers=error.headers)


async def _of_validation(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    errors = [_one(one) for one in error.errors()]
    first = errors[0]
    detail = f"{first['in']} {first['name']}: {first['problem']} (got {first['got']})"
    return problem(422, "validation", detail, errors=errors)


def _one(error: Mapping[str, Any]) -> dict[str, str]:
    place, *path = (str(part) for part in error["loc"])
    shown = repr(error.get("input"))
    return {
        "in": place,
        "name": ".".join(path) or place,
        "problem": str(error["msg"]),
        "got": shown if len(shown) <= SHOWN_CHARS_MAX else shown[: SHOWN_CHARS_MAX - 1] + "…",
    }


async def _of_log(request: Request, error: Exception) -> Response:
    _log.warning("log_unavailable", path=request.url.path, error=str(error))
    return problem(
        503, "log-unavailable", "the event log can't be reached; try again", headers={"Retry-After": "2"}
    )


async def _of_bug(request: Request, error: Exception) -> Response:
    # The stack without values: a message or a local variable may name a person.
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)]
    kind = type(error).__name__
    _log.error("request_failed", path=request.url.path, method=request.method, error=kind, where=where[-8:])
    return problem(500, "internal", "this is a fault of Gatehouse; it is in its log")
