"""What goes round every request: a bound on its body, headers that keep browsers careful.

The framework's own bound answers in plain text; here it is a problem document like every other error.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.problems import problem

_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_BYTES_MAX = 64 * 1024
"""Largest body of a request; a larger one is 413."""
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (
        b"content-security-policy",
        # The pages' library makes its templates and styles in the browser.
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
        b"style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'; "
        b"base-uri 'self'; form-action 'self'",
    ),
]


class Guard:
    """ASGI middleware: refuses bodies over 64 KiB with 413, adds the headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        answered = False

        async def careful(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
            await send(message)

        if scope["method"] not in _BODILESS:
            body = await _body(receive)
            if body is None:
                refusal = problem(413, "too-large", f"a request's body is at most {BODY_BYTES_MAX} bytes")
                await refusal(scope, receive, careful)
                return
            receive = _again(body, receive)
        try:
            await self._app(scope, receive, careful)
        except Exception:
            # The app inside has answered 500 and written it down already; here it would be twice.
            if not answered:
                raise


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None when it is too large, whatever its length was said to be."""
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_BYTES_MAX:
            return None
        more = message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read once more, then whatever comes."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
