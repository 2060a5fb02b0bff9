"""Signing in and out: a plain page with a form, so that password managers and slow phones get on with it."""

from __future__ import annotations

from html import escape
from typing import Annotated

from fastapi import FastAPI, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from console.look import asset, template
from console.passwords import PASSWORD_CHARS_MAX
from console.problems import NO_STORE, ProblemError
from console.state import ConsoleState
from eventlog.catalogue import DEFAULT_LANGUAGE, Language, text

LANGUAGE_COOKIE = "gatehouse_language"
LIVE_PAGE = "/console/"
_YEAR_S = 365 * 24 * 3600


def language_of(request: Request) -> Language:
    """The language chosen in this browser; Chinese until one is."""
    return "en" if request.cookies.get(LANGUAGE_COOKIE) == "en" else DEFAULT_LANGUAGE


def install(app: FastAPI) -> None:
    """Adds the pages for signing in to an app."""
    app.add_api_route("/", to_live_page, methods=["GET"], include_in_schema=False)
    app.add_api_route("/icon.svg", icon, methods=["GET"], include_in_schema=False)
    app.add_api_route("/login", form, methods=["GET"], include_in_schema=False)
    app.add_api_route("/login", sign_in, methods=["POST"], include_in_schema=False)
    app.add_api_route("/logout", sign_out, methods=["POST"], include_in_schema=False)
    app.add_api_route("/language", choose, methods=["GET"], include_in_schema=False)
    app.add_api_route("/session", keep_awake, methods=["POST"], include_in_schema=False)


def _state(request: Request) -> ConsoleState:
    found: ConsoleState = request.app.state.console
    return found


def to_live_page() -> Response:
    """The live page is the front page."""
    return RedirectResponse(LIVE_PAGE, status_code=303)


def icon() -> Response:
    """The icon of all pages."""
    return Response(asset("icon.svg"), media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})


def form(request: Request, ended: str = "") -> Response:
    """The form."""
    if _state(request).sign_in.session(request):
        return to_live_page()
    return _form(language_of(request), notice="ended" if ended else "")


def _form(
    language: Language, *, notice: str = "", status: int = 200, name: str = "", **more: str
) -> Response:
    def word(key: str) -> str:
        return escape(text(f"console.signin.{key}", language))

    other = "en" if language != "en" else "zh-CN"
    html = template("signin.html").substitute(
        lang=language,
        title=word("title"),
        lead=word("lead"),
        name_label=word("name"),
        password_label=word("password"),
        button=word("button"),
        name=escape(name, quote=True),
        notice=f'<p role="alert" class="notice">{word(notice)}</p>' if notice else "",
        other=other,
        other_name=word("other_language"),
    )
    return HTMLResponse(html, status_code=status, headers={**NO_STORE, **more})


async def sign_in(
    request: Request,
    name: Annotated[str, Form(max_length=128)] = "",
    password: Annotated[str, Form(max_length=PASSWORD_CHARS_MAX)] = "",
) -> Response:
    """Opens a session and goes to the live page; 401 for a wrong password, 429 after too many."""
    state, language = _state(request), language_of(request)
    address = request.client.host if request.client else ""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return _form(language, notice="wrong", status=403)
    try:
        person = await run_in_threadpool(state.sign_in.open, name.strip(), password, address)
    except ProblemError as problem:
        if problem.status == 429:
            return _form(
                language,
                notice="too_many",
                status=429,
                name=name,
                **{"Retry-After": problem.headers["Retry-After"]},
            )
        return _form(language, notice="wrong", status=401, name=name)
    response = to_live_page()
    await run_in_threadpool(state.sign_in.keep, response, person.name)
    return response


def sign_out(request: Request) -> Response:
    """Ends the session in this browser."""
    response = RedirectResponse("/login", status_code=303, headers=NO_STORE)
    _state(request).sign_in.close(response)
    return response


def choose(to: str = "", back: str = "/") -> Response:
    """Keeps the language for this browser and goes back to the page."""
    safe = back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/"
    response = RedirectResponse(safe, status_code=303, headers=NO_STORE)
    chosen = "en" if to == "en" else DEFAULT_LANGUAGE
    response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=_YEAR_S, httponly=True, samesite="strict")
    return response


def keep_awake(request: Request) -> Response:
    """Called by a page while its person does something: the session doesn't go idle. 401 when it is over."""
    state = _state(request)
    session = state.sign_in.session(request)
    if session is None:
        raise ProblemError(401, "not-signed-in", "the session is over")
    response = Response(status_code=204, headers=NO_STORE)
    state.sign_in.keep(response, session.person.name, session.started_s)
    return response
