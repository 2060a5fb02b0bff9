"""GET alerts, GET alerts/{id}, POST alerts/{id}/{action}."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool

from console.api import common as c
from console.api.deciding import catch_up, decided, language_asked
from console.api.shapes import AlertDetail, AlertPage
from console.problems import not_found
from console.rights import Person, Right
from console.state import ConsoleState
from eventlog import sop
from eventlog.trace import Traces
from eventlog.vocabulary import (
    Alert,
    AlertEvent,
    Command,
    CommandAcknowledge,
    CommandArrive,
    CommandAssign,
    CommandClose,
    CommandNote,
    CommandReopen,
    CommandShelve,
    CommandStepDone,
    CommandUnshelve,
    Disposition,
    Severity,
)
from eventlog.vocabulary import State as AlertState
from eventlog.vocabulary.base import TEXT_CHARS_MAX
from projections.alert_history import history_of
from projections.alerts import AlertFilter, find_alert, find_alerts
from projections.deliveries import deliveries_of

router = APIRouter(tags=["alerts"])

HISTORY_MAX = 200
DELIVERIES_MAX = 500
EVIDENCE_MAX = 100
MODELS = ("alerts", "alert_history")
"""The read models of alerts."""

Held = Literal["shelved", "suppressed", "flood"]
AlertId = Annotated[c.Word, Path(description="The alert's id.")]
Note = Annotated[str, StringConstraints(max_length=TEXT_CHARS_MAX, pattern=r"^[^\x00]*$")]
Reason = Annotated[
    str, StringConstraints(min_length=1, max_length=TEXT_CHARS_MAX, pattern=r"^[^\x00]*\S[^\x00]*$")
]


class Ask(BaseModel):
    """What every action takes: the version of the alert that you saw, and a note if you like."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    note: Note | None = None


class AskAssign(Ask):
    squad: c.Word


class AskNote(BaseModel):
    """A note fits any version."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    note: Reason


class AskStep(BaseModel):
    """A step of the alert's checklist; it fits any version."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    step: c.Word
    note: Note | None = None


class AskShelve(BaseModel):
    """Hide from the queue until then, at most 8 hours, for a reason."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    until: AwareDatetime
    reason: Reason


class AskClose(Ask):
    disposition: Disposition


class AskReopen(BaseModel):
    """Open again, within 24 hours, for a reason."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    reason: Reason


@router.get("/alerts", response_model=AlertPage, summary="Alerts, the last raised first")
def list_alerts(
    state: c.State,
    person: c.MayAlerts,
    estate: c.EstateFilter = None,
    states: Annotated[list[AlertState] | None, Query(alias="state", max_length=20)] = None,
    severity: Annotated[list[Severity] | None, Query(max_length=20)] = None,
    zone: Annotated[list[c.Word] | None, Query(max_length=50)] = None,
    squad: Annotated[list[c.Word] | None, Query(max_length=50)] = None,
    rule: Annotated[list[c.Word] | None, Query(max_length=50)] = None,
    episode: Annotated[list[c.Word] | None, Query(max_length=50)] = None,
    held: Annotated[list[Held] | None, Query(max_length=3)] = None,
    from_: c.From = None,
    to: c.To = None,
    cursor: c.Cursor = None,
    limit: c.Limit = c.PAGE_DEFAULT,
) -> Response:
    """Filters may be given several times: any of the values fits. Times are those of `raised_at`. `held`
    gives the open ones that don't stand in the list by themselves, and why."""
    wanted = AlertFilter(
        estate=person.scope(estate),
        states=tuple(states or ()),
        severities=tuple(severity or ()),
        zones=tuple(zone or ()),
        squads=tuple(squad or ()),
        rules=tuple(rule or ()),
        episodes=tuple(episode or ()),
        held=tuple(held or ()),
        from_us=c.us_or_none(from_),
        to_us=c.us_or_none(to),
        discreet=person.may(Right.DISCREET),
    )
    before: Any = c.read_cursor(cursor, int, str)
    catch_up(state, MODELS)
    with state.context.views.connect() as connection:
        found = find_alerts(connection, wanted, before=before, limit=limit + 1)
    more = found[limit - 1 :][:1] if len(found) > limit else []
    following = [more[0][0], more[0][1].id] if more else None
    return c.page([alert.model_dump(mode="json") for _, alert in found[:limit]], following)


@router.get(
    "/alerts/{alert_id}", response_model=AlertDetail, summary="One alert: history, evidence, who was told"
)
def one_alert(state: c.State, person: c.MayAlerts, alert_id: AlertId) -> Response:
    """`evidence_events` are whole; without the right `events` they come without their data."""
    catch_up(state, MODELS)
    detail = load_detail(state, person, alert_id)
    if detail is None:
        raise not_found("such alert")
    return c.answer(detail)


def load_detail(state: ConsoleState, person: Person, alert_id: str) -> dict[str, Any] | None:
    """An alert as the API gives it, or None when there is none that this person may see."""
    with state.context.views.connect() as connection:
        alert = find_alert(connection, alert_id)
        if alert is None or not person.sees_alert(alert.estate, alert.rule):
            return None
        history = history_of(connection, alert_id, limit=HISTORY_MAX)
        deliveries = deliveries_of(connection, alert_id, limit=DELIVERIES_MAX)
    entries = state.context.log.at(alert.evidence_positions[-EVIDENCE_MAX:])
    traced = Traces(state.context.log).of(alert)
    whole = person.may(Right.EVENTS)
    return alert.model_dump(mode="json") | {
        "trace": traced,
        "evidence_events": [c.shown_event(entry, whole=whole) for entry in entries],
        "history": [_change(row) for row in history],
        "deliveries": [_delivery(row) for row in deliveries],
        "checklist": checklist_of(alert),
    }


def checklist_of(alert: Alert) -> list[dict[str, Any]]:
    """What to do about an alert, step by step, and what of it is done."""
    return [
        {
            "step": each.step,
            "required": each.required,
            "done": each.step in alert.steps_done,
            "text": each.text.model_dump(),
        }
        for each in sop.checklist(alert.rule)
    ]


_CHANGE = (
    "position", "type", "by", "via", "note", "state", "severity", "squad", "disposition", "version",
)  # fmt: skip


def _change(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _CHANGE} | {"at": c.time_or_none(row["at_us"])}


_DELIVERY = (
    "position", "what", "version", "channel", "recipient", "kind", "message", "attempt", "resent", "by",
    "said",
)  # fmt: skip


def _delivery(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _DELIVERY} | {"at": c.time_or_none(row["at_us"])}


@router.post("/alerts/{alert_id}/acknowledge", response_model=Alert, summary="A desk has seen it")
async def acknowledge(request: Request, person: c.MayAct, alert_id: AlertId, ask: Ask) -> Response:
    """Runs out after 10 min if nothing follows. Allowed in state raised."""
    return await _do(request, person, alert_id, CommandAcknowledge, version=ask.version, note=ask.note)


@router.post("/alerts/{alert_id}/assign", response_model=Alert, summary="Give it to a squad")
async def assign(request: Request, person: c.MayAct, alert_id: AlertId, ask: AskAssign) -> Response:
    """Allowed in any state but closed."""
    fields = {"version": ask.version, "note": ask.note, "squad": ask.squad}
    return await _do(request, person, alert_id, CommandAssign, **fields)


@router.post("/alerts/{alert_id}/arrive", response_model=Alert, summary="The squad is there")
async def arrive(request: Request, person: c.MayAct, alert_id: AlertId, ask: Ask) -> Response:
    """A member's to say, in state accepted, with the phone: a desk is answered 403."""
    return await _do(request, person, alert_id, CommandArrive, version=ask.version, note=ask.note)


@router.post("/alerts/{alert_id}/note", response_model=Alert, summary="Add a note")
async def note(request: Request, person: c.MayAct, alert_id: AlertId, ask: AskNote) -> Response:
    """Allowed in any state."""
    return await _do(request, person, alert_id, CommandNote, version=ask.version, note=ask.note)


@router.post("/alerts/{alert_id}/step", response_model=Alert, summary="Tick a step of the checklist")
async def step(request: Request, person: c.MayAct, alert_id: AlertId, ask: AskStep) -> Response:
    """Allowed in any state, once a step. Steps are those of `checklist` in `GET alerts/{id}`."""
    fields = {"version": ask.version, "step": ask.step, "note": ask.note}
    return await _do(request, person, alert_id, CommandStepDone, **fields)


@router.post("/alerts/{alert_id}/shelve", response_model=Alert, summary="Hide it for a while")
async def shelve(request: Request, person: c.MayAct, alert_id: AlertId, ask: AskShelve) -> Response:
    """Allowed in states raised and acknowledged."""
    fields = {"version": ask.version, "note": ask.reason, "until": ask.until}
    return await _do(request, person, alert_id, CommandShelve, **fields)


@router.post("/alerts/{alert_id}/unshelve", response_model=Alert, summary="Show it again")
async def unshelve(request: Request, person: c.MayAct, alert_id: AlertId, ask: Ask) -> Response:
    """Ends a shelving before its time."""
    return await _do(request, person, alert_id, CommandUnshelve, version=ask.version, note=ask.note)


@router.post("/alerts/{alert_id}/close", response_model=Alert, summary="Deal with it and say what it was")
async def close(request: Request, person: c.MayAct, alert_id: AlertId, ask: AskClose) -> Response:
    """Allowed in any state but closed."""
    fields = {"version": ask.version, "note": ask.note, "disposition": ask.disposition}
    return await _do(request, person, alert_id, CommandClose, **fields)


@router.post("/alerts/{alert_id}/reopen", response_model=Alert, summary="Open it again")
async def reopen(request: Request, person: c.MayAct, alert_id: AlertId, ask: AskReopen) -> Response:
    """Allowed within 24 hours of closing."""
    return await _do(request, person, alert_id, CommandReopen, version=ask.version, note=ask.reason)


async def _do(
    request: Request, person: Person, alert_id: str, kind: type[Command], **fields: Any
) -> Response:
    state = c.state_of(request)
    alert = await act(state, person, alert_id, kind, language_asked(request), **fields)
    return c.answer(alert.model_dump(mode="json"))


async def act(
    state: ConsoleState, person: Person, alert_id: str, kind: type[Command], language: str, **fields: Any
) -> Alert:
    """Sends a person's command; the alert after it. Raises ProblemError with what stood against it."""
    estate = await run_in_threadpool(_estate_of, state, person, alert_id)
    command = kind(alert=alert_id, by=person.name, role=person.role, via=person.via, **fields)
    return (await decided(state, estate, command, AlertEvent, MODELS, language)).alert


def _estate_of(state: ConsoleState, person: Person, alert_id: str) -> str:
    catch_up(state, MODELS)
    with state.context.views.connect() as connection:
        alert = find_alert(connection, alert_id)
    if alert is None or not person.sees_alert(alert.estate, alert.rule):
        raise not_found("such alert")
    return alert.estate
