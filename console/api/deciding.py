"""What a person asks goes to the decider by way of the log; its outcome becomes an answer or a problem."""

from __future__ import annotations

import asyncio
import time

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from console.desk import Change, Outcome, TooManyError
from console.problems import ProblemError
from console.state import ConsoleState
from eventlog.catalogue import say
from eventlog.ports import Position
from eventlog.vocabulary import AlertEvent, CommandRefused, Event, ReportEvent
from projections.generations import positions

CATCH_UP_S = 0.5
READ_BACK_S = 0.5
"""How long an answer waits for the read models to have the change too, so that a reader finds its own."""

Models = tuple[str, ...]
"""Names of read models."""

_STATUS = {
    "conflict": 409,
    "not_allowed": 409,
    "unknown_alert": 404,
    "unknown_report": 404,
    "bad_request": 422,
    "forbidden": 403,
}


def language_asked(request: Request) -> str:
    """The language that a program wants to be told in."""
    chinese = request.headers.get("accept-language", "").lower().startswith("zh")
    return "zh-CN" if chinese else "en"


async def decided(
    state: ConsoleState, estate: str, wish: Event, of: type[Change], models: Models, language: str
) -> Change:
    """Sends a wish; the change that it made, once the read models have it. Raises ProblemError with what
    stood against it."""
    outcome: Outcome[AlertEvent] | Outcome[ReportEvent]
    try:
        outcome = await state.desk.ask(estate, wish, state.context.settings.command_timeout_s, of=of)
    except TooManyError as error:
        raise ProblemError(503, "too-many-commands", str(error), headers={"Retry-After": "2"}) from error
    if outcome.refused is not None:
        raise _refusal(outcome.refused, language)
    if outcome.change is None:
        raise _undecided(outcome.command, outcome.position, state.context.settings.command_timeout_s)
    await _shown(state, outcome.position, models)
    return outcome.change


def _refusal(refused: CommandRefused, language: str) -> ProblemError:
    name = refused.reason.replace("_", "-")
    return ProblemError(
        _STATUS[refused.reason],
        name,
        say(refused.detail, "zh-CN" if language.startswith("zh") else "en"),
        reason=refused.reason,
        version=refused.version,
        state=refused.state,
        words=refused.detail.model_dump(),
        command=refused.command,
    )


def _undecided(command: str, position: Position, waited_s: float) -> ProblemError:
    return ProblemError(
        504,
        "undecided",
        f"the command is in the log and was not decided within {waited_s:g} s. It is not lost: it will be "
        "decided when the decider goes on. Look at the history before asking again",
        command=command,
        position=position,
    )


async def _shown(state: ConsoleState, position: Position, models: Models) -> None:
    """Waits a little until the read models have a change; they may be another process's and away."""
    deadline = asyncio.get_running_loop().time() + READ_BACK_S
    while not await run_in_threadpool(_has, state, position, models):
        if asyncio.get_running_loop().time() > deadline:
            return
        await asyncio.sleep(0.005)


def catch_up(state: ConsoleState, models: Models) -> None:
    """Waits until the read models hold what the log held just now, so that whoever saw something on MQTT
    finds it here too; at most `CATCH_UP_S`, for they may be rebuilt or away."""
    head = state.context.log.head()
    deadline_s = time.monotonic() + CATCH_UP_S
    while not _has(state, head, models) and time.monotonic() < deadline_s:
        time.sleep(0.005)


def _has(state: ConsoleState, position: Position, models: Models) -> bool:
    reached = positions(state.context.views)
    return all(reached.get(name, 0) >= position for name in models)
