"""Who is asking: bearer tokens of the API, signed session cookies of the pages. Wrong ones are 401.

A token is looked up by its SHA-256; it is random and long, so nothing slower is needed. A session names its
user, carries a mark of the password it was opened with, and ends when idle, when old, when the password
changes, when the account is disabled.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeSerializer
from starlette.requests import HTTPConnection
from starlette.responses import Response

from console.context import ConsoleSettings
from console.passwords import password_matches
from console.problems import ProblemError
from console.rights import Person
from eventlog.ports import Account, Accounts

COOKIE = "gatehouse_session"
KEYS_MAX = 10_000
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="gatehouse"'}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def token_hash(token: str) -> str:
    """How a token is kept: `sha256:` and the hex digits."""
    return "sha256:" + hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in user; `started_s` in seconds since 1970."""

    person: Person
    started_s: float


class Attempts:
    """Wrong passwords by key in a sliding window, for a bounded number of keys."""

    def __init__(self, most: int, window_s: float, clock: Callable[[], float]) -> None:
        self._most, self._window_s, self._clock = most, window_s, clock
        self._failed: OrderedDict[str, list[float]] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Seconds until another attempt is allowed; 0 when it is."""
        recent = self._recent(key)
        return recent[-self._most] + self._window_s - self._clock() if len(recent) >= self._most else 0.0

    def failed(self, key: str) -> None:
        """Notes a wrong password."""
        self._failed[key] = [*self._recent(key), self._clock()][-self._most :]
        self._failed.move_to_end(key)
        while len(self._failed) > KEYS_MAX:
            self._failed.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forgets a key."""
        self._failed.pop(key, None)

    def _recent(self, key: str) -> list[float]:
        since = self._clock() - self._window_s
        return [at for at in self._failed.get(key, ()) if at > since]


class SignIn:
    """Tells who asks, opens and closes sessions. `clock` gives seconds since 1970."""

    def __init__(
        self,
        accounts: Accounts,
        secret: str,
        settings: ConsoleSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._accounts = accounts
        self._settings = settings
        self._clock = clock
        self._signer = URLSafeSerializer(secret, salt="gatehouse-session")
        self._attempts = Attempts(settings.login_failures_max, settings.login_window_s, clock)
        self._tokens: dict[str, Account] = {}
        self._tokens_revision: int | None = None

    def person(self, request: HTTPConnection) -> Person:
        """Who makes a request. Raises ProblemError 401, or 403 for a forged cross-site request."""
        header = request.headers.get("authorization")
        if header is not None:
            return self._bearer(header)
        session = self.session(request)
        if session is None:
            raise _unknown("a bearer token or a signed-in session is needed")
        if request.scope.get("method", "GET") not in _SAFE and not _same_origin(request):
            raise ProblemError(403, "cross-site", "this request comes from another site")
        return session.person

    def _bearer(self, header: str) -> Person:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unknown("the Authorization header must be: Bearer TOKEN")
        revision = self._accounts.revision()
        if revision != self._tokens_revision:
            self._tokens = {one.secret_hash: one for one in self._accounts.all() if one.kind == "token"}
            self._tokens_revision = revision
        account = self._tokens.get(token_hash(token.strip()))
        if account is None or account.disabled:
            raise _unknown("this token is not known, or no longer valid")
        return Person(account.name, account.role, account.estate, "api")

    def session(self, request: HTTPConnection) -> Session | None:
        """The session of a request's cookie, if it still holds."""
        cookie = request.cookies.get(COOKIE)
        if not cookie:
            return None
        try:
            said = self._signer.loads(cookie)
            name, mark = str(said["name"]), str(said["mark"])
            started_s, seen_s = float(said["started"]), float(said["seen"])
        except (BadSignature, KeyError, TypeError, ValueError):
            return None
        now = self._clock()
        if now - started_s > self._settings.session_max_s or now - seen_s > self._settings.session_idle_s:
            return None
        person = self.still(name, mark)
        return Session(person, started_s) if person else None

    def still(self, name: str, mark: str) -> Person | None:
        """The user of that name, if enabled and still with the password of that mark."""
        account = self._accounts.get(name, "user")
        if account is None or account.disabled or not hmac.compare_digest(mark, self._mark(account)):
            return None
        return Person(account.name, account.role, account.estate, "console")

    def mark_of(self, name: str) -> str:
        """The mark of a user's present password."""
        account = self._accounts.get(name, "user")
        return self._mark(account) if account else ""

    @staticmethod
    def _mark(account: Account) -> str:
        return hashlib.sha256(account.secret_hash.encode()).hexdigest()[:16]

    def open(self, name: str, password: str, address: str) -> Person:
        """Checks a password; slow on purpose. Raises ProblemError 401 or 429."""
        keys = (f"name {name[:200]}", f"address {address}")
        wait_s = max(self._attempts.wait_s(key) for key in keys)
        if wait_s > 0:
            seconds = str(int(wait_s) + 1)
            raise ProblemError(
                429, "too-many-attempts", "too many wrong passwords", headers={"Retry-After": seconds}
            )
        account = self._accounts.get(name, "user") if name else None
        usable = account.secret_hash if account and not account.disabled else None
        if not password_matches(usable, password) or account is None:
            for key in keys:
                self._attempts.failed(key)
            raise _unknown("the name or the password is wrong")
        for key in keys:
            self._attempts.succeeded(key)
        return Person(account.name, account.role, account.estate, "console")

    def keep(self, response: Response, name: str, started_s: float | None = None) -> None:
        """Sets the session's cookie: a new one, or the same one kept awake."""
        now_s = self._clock()
        said: dict[str, Any] = {"name": name, "mark": self.mark_of(name), "seen": now_s}
        said["started"] = now_s if started_s is None else started_s
        response.set_cookie(
            COOKIE,
            self._signer.dumps(said),
            max_age=int(self._settings.session_idle_s),
            httponly=True,
            samesite="strict",
            secure=self._settings.secure_cookies,
        )

    @staticmethod
    def close(response: Response) -> None:
        """Takes the session's cookie away."""
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")


def _unknown(detail: str) -> ProblemError:
    return ProblemError(401, "not-signed-in", detail, headers=_CHALLENGE)


def _same_origin(request: HTTPConnection) -> bool:
    """Whether a browser says that a request comes from our own page."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host", "")
