"""The table of actions of the contract: every action in every state, by everybody, allowed and refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from eventlog.ports import Recorded
from eventlog.topics import device_source
from eventlog.vocabulary import (
    Alert,
    CommandAccept,
    CommandAcknowledge,
    CommandArrive,
    CommandAssign,
    CommandClose,
    CommandDecline,
    CommandNote,
    CommandReopen,
    CommandShelve,
    CommandUnshelve,
    Event,
    PatrolResponse,
    SquadRemoved,
)
from tests.processors.estate import NAME
from tests.processors.live import ALL_RULES, Live

STATES = ("raised", "acknowledged", "assigned", "accepted", "arrived", "closed")
OPEN = STATES[:-1]
DESK = ("operator", "supervisor", "administrator")
EVERYBODY = (*DESK, "dispatcher", "member")
QUIET = tuple(each for each in ALL_RULES if each.rule != "escalation")
"""So that an alert waits for as long as it likes."""
MEMBER = "li"
"""A member of squad-1, which the building's alerts go to."""


def command(kind: type[Any], alert: Alert, role: str = "operator", **more: Any) -> Event:
    """A command about an alert as it is now."""
    by = MEMBER if role == "member" else f"the {role}"
    made: Event = kind(**{"alert": alert.id, "by": by, "role": role, "version": alert.version, **more})
    return made


def alert_in(live: Live, state: str) -> Alert:
    """An alert of squad-1 brought into a state."""
    alert = live.burst()
    steps: dict[str, list[Callable[[Alert], Event]]] = {
        "raised": [],
        "acknowledged": [lambda a: command(CommandAcknowledge, a)],
        "assigned": [lambda a: command(CommandAssign, a, squad="squad-1")],
        "accepted": [lambda a: command(CommandAccept, a, "member")],
        "arrived": [
            lambda a: command(CommandAccept, a, "member"),
            lambda a: command(CommandArrive, a, "member"),
        ],
        "closed": [lambda a: command(CommandClose, a, disposition="genuine")],
    }
    for step in steps[state]:
        live.command(step(alert))
        alert = live.alert()
    assert alert.state == state
    return alert


def make(name: str, alert: Alert, role: str, live: Live) -> Event:
    """A well formed command of each kind."""
    until = live.now + timedelta(hours=1)
    kinds: dict[str, tuple[type[Any], dict[str, Any]]] = {
        "acknowledge": (CommandAcknowledge, {}),
        "assign": (CommandAssign, {"squad": "squad-2"}),
        "accept": (CommandAccept, {}),
        "decline": (CommandDecline, {}),
        "arrive": (CommandArrive, {}),
        "note": (CommandNote, {"note": "two people at the door"}),
        "shelve": (CommandShelve, {"note": "painters", "until": until}),
        "close": (CommandClose, {"disposition": "nuisance"}),
        "reopen": (CommandReopen, {"note": "they are back"}),
    }
    kind, more = kinds[name]
    return command(kind, alert, role, **more)


ALLOWED: dict[str, tuple[dict[str, tuple[str, ...]], str | None, tuple[str, ...]]] = {
    # action: (states by role, the state it leads to, what is told)
    "acknowledge": (dict.fromkeys(DESK, ("raised",)), "acknowledged", ("alert.acknowledged",)),
    "assign": (dict.fromkeys((*DESK, "dispatcher"), OPEN), "assigned", ("alert.assigned",)),
    "accept": ({"member": ("raised", "acknowledged", "assigned")}, "accepted", ("alert.accepted",)),
    "decline": ({"member": ("assigned",)}, "acknowledged", ("alert.declined",)),
    "arrive": ({"member": ("accepted",)}, "arrived", ("alert.arrived",)),
    "note": (dict.fromkeys(EVERYBODY, STATES), None, ("alert.noted",)),
    "shelve": (dict.fromkeys(DESK, ("raised", "acknowledged")), None, ("alert.shelved",)),
    "close": ({**dict.fromkeys(DESK, OPEN), "member": ("arrived",)}, "closed", ("alert.closed",)),
    "reopen": (dict.fromkeys(DESK, ("closed",)), "acknowledged", ("alert.reopened",)),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", ALLOWED)
def test_the_table(action: str, state: str) -> None:
    by_role, leads_to, told = ALLOWED[action]
    for role in EVERYBODY:
        live = Live()
        alert = alert_in(live, state)
        outputs = live.command(make(action, alert, role, live))
        changes = [entry for entry in outputs if entry.type.startswith(("alert.", "command."))]
        if state in by_role.get(role, ()):
            if action == "accept" and state != "assigned":
                assert changes.pop(0).type == "alert.assigned"
            assert tuple(entry.type for entry in changes) == told, (action, state, role)
            assert live.alert().state == (leads_to or state)
            assert changes[0].event.by == (MEMBER if role == "member" else f"the {role}")  # type: ignore[attr-defined]
        else:
            refused = only(changes)
            reason = "not_allowed" if role in by_role else "forbidden"
            assert (refused.reason, refused.version, refused.state) == (reason, alert.version, state)
            assert live.alert() == alert


def only(outputs: list[Recorded]) -> Any:
    """The one output."""
    assert len(outputs) == 1, [entry.type for entry in outputs]
    return outputs[0].event


def refusal(outputs: list[Recorded]) -> tuple[str, str]:
    """The reason and the words of a refusal."""
    refused = only(outputs)
    return refused.reason, refused.detail.en


def test_two_operators_race_and_one_is_told_who_was_faster() -> None:
    live = Live()
    alert = live.burst()
    first = live.say(command(CommandAcknowledge, alert, by="wang"))
    second = live.say(command(CommandAcknowledge, alert, by="zhao"))
    live.run()
    acknowledged, refused = live.outputs()[-2:]
    assert acknowledged.event.cause == first  # type: ignore[attr-defined]
    assert refused.event.command == second  # type: ignore[attr-defined]
    assert refusal([refused]) == (
        "conflict",
        f"wang was faster: the alert is now at version {alert.version + 1} (acknowledged)",
    )
    assert refused.event.version == live.alert().version  # type: ignore[attr-defined]


def test_a_command_without_a_version_takes_the_alert_as_it_is() -> None:
    live = Live()
    alert = live.burst()
    live.command(command(CommandNote, alert, note="seen"))
    live.command(command(CommandAcknowledge, alert, version=None))
    assert live.alert().state == "acknowledged"


def test_an_unknown_alert() -> None:
    live = Live()
    outputs = live.command(CommandAcknowledge(alert="nowhere", by="wang"))
    assert refusal(outputs)[0] == "unknown_alert"


def test_an_acknowledgement_runs_out_after_ten_minutes() -> None:
    live = Live(rules=QUIET)
    alert = alert_in(live, "acknowledged")
    assert alert.ack_due_at == live.now + timedelta(minutes=10)
    live.after(minutes=10, microseconds=-1)
    assert live.alert().state == "acknowledged"
    live.after(microseconds=1)
    risen = live.alert()
    assert (risen.state, risen.ack_due_at, risen.version) == ("raised", None, alert.version + 1)


def test_an_acknowledgement_that_something_follows_does_not_run_out() -> None:
    live = Live(rules=QUIET)
    alert = alert_in(live, "acknowledged")
    live.command(command(CommandAssign, alert, squad="squad-1"))
    live.after(hours=1)
    assert live.alert().state == "assigned"


def test_taking_an_alert_from_a_squad_says_so() -> None:
    live = Live()
    alert = live.burst()
    assert alert.squad == "squad-1"
    told = only(live.command(command(CommandAssign, alert, squad="squad-2")))
    assert (told.taken_from, told.alert.squad) == ("squad-1", "squad-2")
    told = only(live.command(command(CommandAssign, live.alert(), squad="squad-2")))
    assert told.taken_from is None


def test_an_unknown_squad() -> None:
    live = Live()
    outputs = live.command(command(CommandAssign, live.burst(), squad="squad-9"))
    assert refusal(outputs) == ("bad_request", "there is no squad squad-9")


def test_a_squad_that_is_no_more_cannot_accept() -> None:
    live = Live()
    alert = live.burst()
    live.command(SquadRemoved(entry="squad-1"))
    assert refusal(live.command(command(CommandAccept, alert, "member")))[0] == "forbidden"


def test_only_a_member_of_the_squad_accepts() -> None:
    live = Live()
    alert = alert_in(live, "assigned")
    outputs = live.command(command(CommandAccept, alert, "member", by="chen"))
    assert refusal(outputs) == ("forbidden", "not a member of the squad that has the alert")


def test_a_declined_alert_goes_back_and_rises_again() -> None:
    live = Live()
    told = only(live.command(command(CommandDecline, alert_in(live, "assigned"), "member", note="too far")))
    assert (told.taken_from, told.note) == ("squad-1", "too far")
    declined = live.alert()
    assert (declined.state, declined.squad, declined.assignee) == ("acknowledged", None, None)
    live.after(minutes=10)
    assert (live.alert().state, live.alert().squad) == ("raised", "squad-1")


def test_shelved_until_its_time_and_no_longer() -> None:
    live = Live()
    alert = live.burst()
    until = live.now + timedelta(hours=8)
    live.command(command(CommandShelve, alert, note="painters", until=until))
    assert live.alert().shelved_until == until
    live.after(hours=8, microseconds=-1)
    assert live.alert().shelved_until == until
    live.after(microseconds=1)
    assert live.alert().shelved_until is None
    assert live.outputs()[-1].type == "alert.unshelved"


@pytest.mark.parametrize(
    ("more", "note"), [({"hours": 8, "microseconds": 1}, "x"), ({"hours": 0}, "x"), ({"hours": 1}, " ")]
)
def test_shelving_too_long_into_the_past_or_without_a_reason(more: dict[str, float], note: str) -> None:
    live = Live()
    until = live.now + timedelta(**more)
    outputs = live.command(command(CommandShelve, live.burst(), note=note, until=until))
    assert refusal(outputs)[0] == "bad_request"


def test_what_is_shelved_does_not_rise_and_counts_anew_after() -> None:
    live = Live()
    alert = alert_in(live, "acknowledged")
    live.command(command(CommandShelve, alert, note="painters", until=live.now + timedelta(hours=1)))
    live.after(minutes=30)
    assert live.alert().state == "acknowledged"
    live.command(command(CommandUnshelve, live.alert()))
    assert live.alert().ack_due_at == live.now + timedelta(minutes=10)


def test_what_is_not_shelved_cannot_be_taken_off_the_shelf() -> None:
    live = Live()
    assert refusal(live.command(command(CommandUnshelve, live.burst()))) == (
        "not_allowed",
        "the alert is not shelved",
    )


def test_assigning_takes_an_alert_off_the_shelf() -> None:
    live = Live(rules=QUIET)
    live.command(command(CommandShelve, live.burst(), note="x", until=live.now + timedelta(hours=1)))
    live.command(command(CommandAssign, live.alert(), squad="squad-2"))
    assert live.alert().shelved_until is None
    live.after(hours=2)
    assert live.outputs()[-1].type == "alert.assigned"


def test_reopened_within_a_day_with_its_history() -> None:
    live = Live()
    alert = alert_in(live, "closed")
    live.after(hours=24)
    live.command(command(CommandReopen, alert, note="they are back"))
    again = live.alert()
    assert (again.id, again.state, again.disposition, again.closed_at) == (
        alert.id,
        "acknowledged",
        None,
        None,
    )


def test_after_a_day_it_is_history() -> None:
    live = Live()
    alert = alert_in(live, "closed")
    live.after(hours=24, microseconds=1)
    assert refusal(live.command(command(CommandReopen, alert, note="late")))[0] == "unknown_alert"


def test_it_is_not_reopened_beside_a_newer_one_of_the_same_place() -> None:
    live = Live()
    alert = alert_in(live, "closed")
    live.after(minutes=5)
    live.burst()
    outputs = live.command(command(CommandReopen, alert, note="again"))
    assert refusal(outputs) == ("not_allowed", "a newer alert of the same place is open")


@pytest.mark.parametrize("kind", [CommandReopen, CommandNote])
def test_a_note_where_one_is_needed(kind: type[Any]) -> None:
    live = Live()
    outputs = live.command(command(kind, alert_in(live, "closed")))
    assert refusal(outputs) == ("bad_request", "say why in the note")


def respond(live: Live, alert: Alert, action: str, member: str = MEMBER, **more: Any) -> list[Recorded]:
    """A member's answer from the phone."""
    before = live.log.head()
    response = PatrolResponse(alert=alert.id, member=member, action=action, **more)
    live.say(response, source=device_source(NAME, "patrol", member))
    live.run()
    return [entry for entry in live.outputs() if entry.position > before]


def test_a_squad_answers_from_the_phone() -> None:
    live = Live()
    alert = live.burst()
    assert respond(live, alert, "received") == []
    told = respond(live, alert, "accept")
    assert [entry.type for entry in told] == ["alert.assigned", "alert.accepted"]
    assert live.alert().assignee == MEMBER
    respond(live, alert, "arrive")
    told = respond(live, alert, "close", disposition="genuine", note="sent away")
    closed: Any = told[0].event
    assert (closed.alert.disposition, closed.by, closed.via, closed.note) == (
        "genuine",
        MEMBER,
        "phone",
        "sent away",
    )


def test_a_member_closes_with_a_disposition_only() -> None:
    live = Live()
    alert = alert_in(live, "arrived")
    assert refusal(respond(live, alert, "close")) == ("bad_request", "say what it was (disposition)")


def test_a_member_of_another_squad_is_refused() -> None:
    live = Live()
    assert refusal(respond(live, live.burst(), "accept", member="chen"))[0] == "forbidden"


def test_a_member_who_needs_help_is_heard() -> None:
    live = Live()
    outputs = respond(live, alert_in(live, "accepted"), "need_help", note="two of them")
    told: Any = only([each for each in outputs if each.type == "alert.noted"])
    assert told.note == "队员请求支援 the member needs help: two of them"
