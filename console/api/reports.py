"""GET reports, POST reports, GET reports/{id}, POST reports/{id}/{action}: what people report.

The words of a report and who made it are read from the log, for those who may see whole events.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool

from console.api import common as c
from console.api.deciding import catch_up, decided, language_asked
from console.api.shapes import ReportDetail, ReportItem, ReportPage
from console.problems import not_found
from console.rights import Person, Right
from console.state import ConsoleState
from eventlog.vocabulary import (
    Channel,
    CommandReportAssign,
    CommandReportClose,
    CommandReportFollowUp,
    CommandReportMerge,
    CommandReportNote,
    CommandReportReopen,
    CommandReportSplit,
    CommandReportTriage,
    Handling,
    Report,
    ReportCommand,
    ReportEvent,
    ReportState,
    ReportSubmitted,
    Way,
)
from eventlog.vocabulary.base import TEXT_CHARS_MAX
from eventlog.vocabulary.report import LimitSeconds
from projections.reports import ReportFilter, find_report, find_reports, report_history_of
from projections.zones import estates

router = APIRouter(tags=["reports"])

MODELS = ("reports",)
"""The read model of reports."""
HISTORY_MAX = 200
MERGED_MAX = 200
PARTNERS_MAX = 20

ReportId = Annotated[c.Word, Path(description="The report's id.")]
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]
Note = Annotated[str, StringConstraints(max_length=TEXT_CHARS_MAX, pattern=r"^[^\x00]*$")]
Words = Annotated[
    str, StringConstraints(min_length=1, max_length=TEXT_CHARS_MAX, pattern=r"^[^\x00]*\S[^\x00]*$")
]


class _Ask(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AskReport(_Ask):
    """Somebody reports something. `estate` may be left out by those who have only one."""

    estate: c.Word | None = None
    channel: Channel
    category: c.Word
    location: c.Word
    text: Words
    reporter: c.Word | None = None


class AskTriage(_Ask):
    """How it is handled; what is left out is the category's."""

    version: Version
    handling: Handling
    way: Way | None = None
    category: c.Word | None = None
    squad: c.Word | None = None
    partners: Annotated[list[c.Word], Field(max_length=PARTNERS_MAX)] | None = None
    limit_s: LimitSeconds | None = None
    note: Note | None = None


class AskAssign(_Ask):
    version: Version
    squad: c.Word
    note: Note | None = None


class AskNote(_Ask):
    """A note fits any version."""

    version: Version | None = None
    note: Words


class AskClose(_Ask):
    """Done; `note` says what was done."""

    version: Version
    note: Words


class AskFollowUp(_Ask):
    """What whoever reported it says."""

    version: Version
    satisfied: bool
    note: Note | None = None


class AskReopen(_Ask):
    version: Version
    reason: Words


class AskMerge(_Ask):
    """It tells of the same thing as the open report `into`."""

    version: Version
    into: c.Word
    note: Note | None = None


class AskSplit(_Ask):
    version: Version
    note: Note | None = None


@router.get("/reports", response_model=ReportPage, summary="Reports of people, the last opened first")
def list_reports(
    state: c.State,
    person: c.MayReports,
    estate: c.EstateFilter = None,
    states: Annotated[list[ReportState] | None, Query(alias="state", max_length=20)] = None,
    category: Annotated[list[c.Word] | None, Query(max_length=20)] = None,
    zone: Annotated[list[c.Word] | None, Query(max_length=100)] = None,
    squad: Annotated[list[c.Word] | None, Query(max_length=100)] = None,
    overdue: Annotated[bool, Query(description="Only those open past their limit.")] = False,
    from_: c.From = None,
    to: c.To = None,
    cursor: c.Cursor = None,
    limit: c.Limit = c.PAGE_DEFAULT,
) -> Response:
    """Filters may be given several times: any of the values fits. Times are those of `opened_at`. `text` and
    `reporter` are `null` without the right `events`."""
    wanted = ReportFilter(
        estate=person.scope(estate),
        states=tuple(states or ()),
        categories=tuple(category or ()),
        zones=tuple(zone or ()),
        squads=tuple(squad or ()),
        overdue_us=state.context.log.now_us() if overdue else None,
        from_us=c.us_or_none(from_),
        to_us=c.us_or_none(to),
    )
    before: Any = c.read_cursor(cursor, int, str)
    catch_up(state, MODELS)
    with state.context.views.connect() as connection:
        found = find_reports(connection, wanted, before=before, limit=limit + 1)
    more = found[limit - 1 :][:1] if len(found) > limit else []
    following = [more[0][0], more[0][1].id] if more else None
    return c.page(with_words(state, person, [report for _, report in found[:limit]]), following)


def with_words(state: ConsoleState, person: Person, reports: Sequence[Report]) -> list[dict[str, Any]]:
    """Reports with what was said, for those who may read it: one look into the log for all."""
    said: dict[int, ReportSubmitted] = {}
    if person.may(Right.EVENTS):
        places = [report.evidence_positions[0] for report in reports if report.evidence_positions]
        for entry in state.context.log.at(sorted(set(places))):
            if isinstance(entry.event, ReportSubmitted):
                said[entry.position] = entry.event
    items = []
    for report in reports:
        words = said.get(report.evidence_positions[0]) if report.evidence_positions else None
        more = {"text": words and words.text, "reporter": words and words.reporter}
        items.append(report.model_dump(mode="json") | more)
    return items


@router.post("/reports", response_model=ReportItem, status_code=201, summary="Enter a report")
async def enter(request: Request, person: c.MayReport, ask: AskReport) -> Response:
    """It is triaged, limited and merged by the estate's settings; the answer is the report after that."""
    state = c.state_of(request)
    estate = await run_in_threadpool(_estate_asked, state, person, ask.estate)
    said = ReportSubmitted(**ask.model_dump(exclude={"estate"}), entered_by=person.name)
    change = await decided(state, estate, said, ReportEvent, MODELS, language_asked(request))
    (item,) = await run_in_threadpool(with_words, state, person, [change.report])
    made = c.answer(item)
    made.status_code = 201
    made.headers["Location"] = f"/api{c.PREFIX}/reports/{change.report.id}"
    return made


def _estate_asked(state: ConsoleState, person: Person, asked: str | None) -> str:
    with state.context.views.connect() as connection:
        known = [row["estate"] for row in estates(connection, person.scope(asked))]
    if len(known) == 1:
        return str(known[0])
    if asked is not None or not known:
        raise c.wrong("estate", "is no estate of yours", asked, "body")
    raise c.wrong("estate", "is needed: there are several", asked, "body")


@router.get("/reports/{report_id}", response_model=ReportDetail, summary="One report and its history")
def one_report(state: c.State, person: c.MayReports, report_id: ReportId) -> Response:
    """`merged` are the reports merged into it, each with what whoever reported it says."""
    catch_up(state, MODELS)
    detail = load_report(state, person, report_id)
    if detail is None:
        raise not_found("such report")
    return c.answer(detail)


def load_report(state: ConsoleState, person: Person, report_id: str) -> dict[str, Any] | None:
    """A report as the API gives it, or None when there is none that this person may see."""
    with state.context.views.connect() as connection:
        report = find_report(connection, report_id)
        if report is None or not person.sees(report.estate):
            return None
        history = report_history_of(connection, report_id, limit=HISTORY_MAX)
        wanted = ReportFilter(estate=report.estate, merged_into=report_id)
        merged = [each for _, each in find_reports(connection, wanted, before=None, limit=MERGED_MAX)]
    (item,) = with_words(state, person, [report])
    return item | {
        "history": [_change(row) for row in history],
        "merged": with_words(state, person, merged),
    }


_CHANGE = ("position", "type", "by", "via", "note", "state", "squad", "satisfied", "version")


def _change(row: dict[str, Any]) -> dict[str, Any]:
    times = {"at": c.time_or_none(row["at_us"]), "due_at": c.time_or_none(row["due_us"])}
    return {name: row[name] for name in _CHANGE} | times


@router.post("/reports/{report_id}/triage", response_model=ReportItem, summary="Settle how it is handled")
async def triage(request: Request, person: c.MayAct, report_id: ReportId, ask: AskTriage) -> Response:
    """Joint, shared, helped, or straight to a squad; its limit follows. Allowed while it is open."""
    return await _do(request, person, report_id, CommandReportTriage, ask)


@router.post("/reports/{report_id}/assign", response_model=ReportItem, summary="Give it to a squad")
async def assign(request: Request, person: c.MayAct, report_id: ReportId, ask: AskAssign) -> Response:
    """Allowed while it is open and triaged."""
    return await _do(request, person, report_id, CommandReportAssign, ask)


@router.post("/reports/{report_id}/note", response_model=ReportItem, summary="Add a note")
async def note(request: Request, person: c.MayAct, report_id: ReportId, ask: AskNote) -> Response:
    """Allowed in any state."""
    return await _do(request, person, report_id, CommandReportNote, ask)


@router.post("/reports/{report_id}/close", response_model=ReportItem, summary="Say what was done")
async def close(request: Request, person: c.MayAct, report_id: ReportId, ask: AskClose) -> Response:
    """Allowed while it is open; reports merged into it are closed with it."""
    return await _do(request, person, report_id, CommandReportClose, ask)


@router.post("/reports/{report_id}/follow_up", response_model=ReportItem, summary="Say how it was received")
async def follow_up(request: Request, person: c.MayAct, report_id: ReportId, ask: AskFollowUp) -> Response:
    """Once after closing; whoever is not satisfied opens it again, unless the estate says otherwise."""
    return await _do(request, person, report_id, CommandReportFollowUp, ask)


@router.post("/reports/{report_id}/reopen", response_model=ReportItem, summary="Open it again")
async def reopen(request: Request, person: c.MayAct, report_id: ReportId, ask: AskReopen) -> Response:
    """Allowed within 30 days of closing."""
    return await _do(request, person, report_id, CommandReportReopen, ask)


@router.post("/reports/{report_id}/merge", response_model=ReportItem, summary="It is the same as another")
async def merge(request: Request, person: c.MayAct, report_id: ReportId, ask: AskMerge) -> Response:
    """It goes on with the other one, which must be open; whoever reported it is asked all the same."""
    return await _do(request, person, report_id, CommandReportMerge, ask)


@router.post("/reports/{report_id}/split", response_model=ReportItem, summary="It is not the same after all")
async def split(request: Request, person: c.MayAct, report_id: ReportId, ask: AskSplit) -> Response:
    """Takes a merged report apart again; it sets out like a new one."""
    return await _do(request, person, report_id, CommandReportSplit, ask)


async def _do(
    request: Request, person: Person, report_id: str, kind: type[ReportCommand], ask: BaseModel
) -> Response:
    state = c.state_of(request)
    fields = ask.model_dump()
    if "reason" in fields:
        fields["note"] = fields.pop("reason")
    report = await act_on_report(state, person, report_id, kind, language_asked(request), **fields)
    (item,) = await run_in_threadpool(with_words, state, person, [report])
    return c.answer(item)


async def act_on_report(
    state: ConsoleState,
    person: Person,
    report_id: str,
    kind: type[ReportCommand],
    language: str,
    **fields: Any,
) -> Report:
    """Sends a person's wish about a report; the report after it. Raises ProblemError with what stood against
    it."""
    estate = await run_in_threadpool(_estate_of, state, person, report_id)
    wish = kind(report=report_id, by=person.name, role=person.role, via=person.via, **fields)
    return (await decided(state, estate, wish, ReportEvent, MODELS, language)).report


def _estate_of(state: ConsoleState, person: Person, report_id: str) -> str:
    catch_up(state, MODELS)
    with state.context.views.connect() as connection:
        report = find_report(connection, report_id)
    if report is None or not person.sees(report.estate):
        raise not_found("such report")
    return report.estate
