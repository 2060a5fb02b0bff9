"""Who is told outside of which change: the story of an alert as its pages."""

from __future__ import annotations

from typing import Any

import pytest

from eventlog.estate import Estate
from eventlog.times import to_us
from eventlog.vocabulary import (
    Alert,
    AlertAccepted,
    AlertAssigned,
    AlertClosed,
    AlertEscalated,
    AlertEvent,
    AlertNoted,
    AlertRaised,
    AlertSeverityChanged,
    AlertUpdated,
    DutySet,
)
from processors.delivery.paging import Pager, Told
from processors.delivery.routes import Channel, Entry, Routes
from tests.support.histories import START, alert

CHANNELS = {
    name: Channel(name, f"json://{name}", exercises=name == "drills") for name in ("wecom", "sms", "drills")
}
ROUTES = Routes(
    CHANNELS,
    (
        Entry("squad", ("wecom", "drills"), "squad-1"),
        Entry("squad", ("sms",), "squad-2", severity_from="high"),
        Entry("person", ("sms", "drills")),
        Entry("person", ("wecom",), "li", with_squad=True),
        Entry("outside", ("sms", "drills"), "police-post"),
        Entry("grid_worker", ("wecom", "drills"), zones=frozenset({"north"})),
        Entry("duress", ("sms", "drills")),
    ),
)
DUTY = DutySet(duty="d", squad="squad-1", starts_at=START, ends_at=START.replace(year=2030), members=("li",))
ESTATE = Estate("xiegou").with_event(DUTY)


def told(*story: tuple[type[AlertEvent], dict[str, Any]], **first: Any) -> list[list[str]]:
    """The pages of each change: kind and recipient. Fields of the alert stay until they change."""
    known: Told | None = None
    fields: dict[str, Any] = {"squad": "squad-1", "zone": "north", **first}
    found = []
    for kind, changes in story:
        own = {name: value for name, value in changes.items() if name not in Alert.model_fields}
        fields |= {name: value for name, value in changes.items() if name in Alert.model_fields}
        event = kind(alert=alert("a", **fields), **own)
        pages, known = Pager(ROUTES).pages(known, event, ESTATE, to_us(START) + 1)
        found.append([f"{page.kind} {page.recipient} {'+'.join(page.channels)}" for page in pages])
    return found


def test_a_page_goes_out_once_and_ends_with_the_alert() -> None:
    assert told(
        (AlertRaised, {}),
        (AlertNoted, {}),
        (AlertSeverityChanged, {"severity": "high"}),
        (AlertAccepted, {"state": "accepted"}),
        (AlertClosed, {"state": "closed"}),
    ) == [
        ["new squad:squad-1 wecom+drills", "new person:li sms+drills+wecom"],
        [],
        ["worse squad:squad-1 wecom+drills", "worse person:li sms+drills+wecom"],
        [],
        ["over squad:squad-1 wecom+drills", "over person:li sms+drills+wecom"],
    ]


def test_who_has_it_no_more_is_stood_down() -> None:
    first, moved = told((AlertRaised, {"severity": "high"}), (AlertAssigned, {"squad": "squad-2"}))
    assert first
    assert moved == [
        "new squad:squad-2 sms",
        "stood_down squad:squad-1 wecom+drills",
        "stood_down person:li sms+drills+wecom",
    ]


def test_nobody_is_told_below_the_severity_that_was_asked_for() -> None:
    low, high = told((AlertRaised, {"squad": "squad-2"}), (AlertUpdated, {"severity": "high"}))
    assert (low, high) == ([], ["new squad:squad-2 sms"])


def test_escalation_calls_people_and_tells_them_how_it_goes() -> None:
    _, called, leader, outside, nobody, accepted, over = told(
        (AlertRaised, {"severity": "high"}),
        (AlertEscalated, {"to": "supervisor", "who": "hu", "level": 0}),
        (AlertEscalated, {"to": "leader", "who": "wang", "level": 2}),
        (AlertEscalated, {"to": "outside", "who": "police-post", "level": 4}),
        (AlertEscalated, {"to": "outside", "who": "somebody-else", "level": 4}),
        (AlertAccepted, {"state": "accepted"}),
        (AlertClosed, {"state": "closed"}),
    )
    assert called == ["called person:hu sms+drills"]
    assert leader == ["escalated person:wang sms+drills"]
    assert outside == ["escalated outside:police-post sms+drills"]
    assert nobody == ["escalated outside:somebody-else "]  # recorded as given up: no channel
    assert accepted == [
        "accepted person:hu sms+drills",
        "accepted person:wang sms+drills",
        "accepted outside:police-post sms+drills",
    ]
    assert "over outside:police-post sms+drills" in over


@pytest.mark.parametrize(
    "fields", [{"late": True}, {"shelved_until": START}, {"suppressed_by": "maintenance/m"}]
)
def test_what_is_late_or_hidden_pages_nobody(fields: dict[str, Any]) -> None:
    assert told((AlertRaised, fields)) == [[]]


def test_history_that_was_added_pages_nobody() -> None:
    assert told((AlertRaised, {}), (AlertUpdated, {"severity": "critical", "history": True}))[1] == []


def test_an_exercise_goes_out_on_channels_for_exercises_alone_and_to_no_stranger() -> None:
    drill, leader, outside, real = told(
        (AlertRaised, {"exercise": True}),
        (AlertEscalated, {"to": "leader", "who": "wang", "level": 2}),
        (AlertEscalated, {"to": "outside", "who": "police-post", "level": 4}),
        (AlertUpdated, {"exercise": False}),
        rule="wellbeing_check",
    )
    assert drill == ["new squad:squad-1 drills"]
    assert leader == ["escalated person:wang drills"]
    assert outside == []
    assert "new squad:squad-1 wecom+drills" in real
    assert "new grid_worker wecom+drills" in real


def test_the_grid_worker_hears_of_people_who_are_not_heard_of() -> None:
    assert "new grid_worker wecom+drills" in told((AlertRaised, {}), rule="wellbeing_check")[0]
    assert "grid_worker" not in str(told((AlertRaised, {})))


def test_silent_duress_reaches_its_own_recipients_alone() -> None:
    assert told(
        (AlertRaised, {"severity": "critical"}),
        (AlertEscalated, {"to": "supervisor", "who": "hu", "level": 0}),
        (AlertEscalated, {"to": "leader", "who": "wang", "level": 2}),
        (AlertClosed, {"state": "closed"}),
        rule="duress",
    ) == [["new duress sms+drills"], [], ["escalated duress sms+drills"], ["over duress sms+drills"]]
