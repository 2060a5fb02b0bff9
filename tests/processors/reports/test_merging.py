"""Several reports of one thing: merged by themselves, proposed, by hand; counted; taken apart; all asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eventlog.vocabulary import ReportSubmitted
from processors.reports.merging import MEMBERS_MAX
from tests.processors.reports.office import Office, refused


def test_three_neighbours_report_one_lift(office: Office) -> None:
    first = office.reports("lift")
    others = [office.reports("lift", channel="app"), office.reports("lift")]
    assert [(each.state, each.merged_into) for each in others] == [("merged", first.id)] * 2
    now = office.at(first)
    assert (now.reporters, len(now.evidence)) == (3, 3)
    assert office.story(others[0]) == ["opened", "merged"]
    assert office.story(first) == ["opened", "triaged", "assigned", "joined", "joined"]
    office.phones("done", first, note="doors cleaned")
    assert {office.at(each).state for each in (first, *others)} == {"closed"}
    office.asks("follow_up", others[0], satisfied=True)
    office.asks("follow_up", first, satisfied=True)
    told = office.asks("follow_up", others[1], satisfied=False, note="it hangs again")
    assert told[0].report.id == others[1].id
    assert office.at(first).state == "assigned"
    assert {office.at(each).state for each in others} == {"merged"}
    assert {office.at(each).reopened for each in (first, *others)} == {1}
    office.phones("done", first, note="belt replaced")
    assert {office.at(each).followed_up_at for each in (first, *others)} == {None}


@pytest.mark.parametrize(
    ("category", "location", "hours", "merged"),
    [
        ("lift", "building-3", 3.99, True),
        ("lift", "building-3", 4.01, False),
        ("lift", "building-4", 0, False),
        ("lighting", "building-3", 0, False),
    ],
)
def test_one_thing_is_one_category_at_one_place_in_a_while(
    office: Office, category: str, location: str, hours: float, merged: bool
) -> None:
    office.reports("lift")
    office.after(hours=hours)
    assert (office.reports(category, location).merged_into is not None) == merged


def test_what_is_closed_or_history_takes_in_no_more(office: Office) -> None:
    first = office.reports("lift")
    office.asks("close", first, note="done")
    second = office.reports("lift")
    assert second.merged_into is None
    assert office.reports("lift", ago_s=3_600).merged_into is None
    assert office.reports("lift").merged_into == second.id


def test_proposed_and_merged_by_hand(opened: Callable[..., Office]) -> None:
    office = opened(merge="propose")
    first, second = office.reports("lift"), office.reports("lift")
    assert (second.state, second.similar) == ("assigned", first.id)
    assert first.similar is None
    told = office.asks("merge", second, into=first.id, version=second.version)
    assert [each.TYPE for each in told] == ["report.merged", "report.joined"]
    assert (office.at(second).squad, office.at(second).due_at) == (None, None)
    assert refused(office.asks("merge", first, into=first.id))[0] == "bad_request"
    assert refused(office.asks("merge", first, into=second.id))[0] == "bad_request"
    office.after(hours=9)
    assert office.story(second)[-1] == "merged", "its limit went with it"


def test_nothing_is_merged_where_that_is_off(opened: Callable[..., Office]) -> None:
    office = opened(merge="off")
    office.reports("lift")
    assert (office.reports("lift").similar, office.reports("lift").merged_into) == (None, None)


def test_what_was_merged_goes_along_when_that_is_merged_too(office: Office) -> None:
    first, other = office.reports("lift"), office.reports("lighting")
    joined = office.reports("lift")
    office.asks("merge", first, into=other.id)
    assert {office.at(each).merged_into for each in (first, joined)} == {other.id}
    assert (office.at(other).reporters, office.at(first).reporters) == (3, 1)
    office.asks("close", other, note="power is back")
    assert {office.at(each).state for each in (first, joined)} == {"closed"}


def test_taken_apart_it_sets_out_like_a_new_one(office: Office) -> None:
    first, second = office.reports("lift"), office.reports("lift")
    office.after(hours=2)
    told = office.asks("split", second)
    assert [each.TYPE for each in told][1:] == ["report.split", "report.triaged", "report.assigned"]
    now, lead = office.at(second), office.at(first)
    assert (now.state, now.merged_into, now.limit_s) == ("assigned", None, 14_400)
    assert (now.due_at.timestamp() - office.now.timestamp()) == 14_400  # type: ignore[union-attr]
    assert (lead.reporters, lead.evidence) == (1, first.evidence)
    office.asks("close", first, note="done")
    assert office.at(second).state == "assigned"


def test_a_member_opened_again_after_its_lead_is_history_stands_alone(office: Office) -> None:
    first, second = office.reports("lift"), office.reports("lift")
    office.asks("close", first, note="done")
    office.step.reports._forget(office.step.reports._cases[first.id])
    office.asks("reopen", second, note="again")
    assert (office.at(second).state, office.at(second).merged_into) == ("opened", None)
    office.entries.clear()
    office.outputs.clear()


def test_an_alert_goes_with_the_report_that_it_is_merged_into(opened: Callable[..., Office]) -> None:
    office = opened(merge="off")
    first, second = office.reports("fire"), office.reports("fire")
    alerts = list(office.alerts().values())
    assert [each.key for each in alerts] == [first.id, second.id]
    office.asks("merge", second, into=first.id)
    assert office.now_is(alerts[1]).condition == "cleared"
    assert len(office.now_is(alerts[0]).evidence) == 2
    office.asks("split", second)
    assert office.now_is(alerts[1]).condition == "active"


def test_a_flood_of_reports_of_one_thing_is_bounded() -> None:
    office = Office()
    first = office.reports("lift")
    said = ReportSubmitted(channel="app", category="lift", location="building-3", text="stuck")
    for _ in range(MEMBERS_MAX + 2):
        office.say(said)
    leads = [each for each in office.all().values() if each.merged_into is None]
    assert [each.reporters for each in leads] == [MEMBERS_MAX + 1, 2]
    assert len(leads[0].evidence) == 50
    assert leads[0].evidence[0] == first.evidence[0]
