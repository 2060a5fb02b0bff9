"""Which squads hear of which change of an alert."""

from __future__ import annotations

from typing import Any

import orjson

from eventlog import sop
from eventlog.vocabulary import CommandAssign, CommandStepDone
from processors.delivery.board import Board
from tests.processors.alerts.night import Night
from tests.processors.alerts.test_escalation import ROSTER
from tests.processors.estate import NAME
from tests.processors.reports.office import ROSTER as SHIFT
from tests.processors.reports.office import Office
from tests.processors.story import entry_of
from tests.support.histories import no_trace


def told(night: Night) -> list[tuple[str, str]]:
    """Topics of squads and what is told on them, of all outputs so far."""
    board = Board(no_trace)
    messages = [
        message
        for position, (new, _) in enumerate(night.outputs, 1)
        for message in board.take(entry_of(position, new, new.received_us), resent=False)
    ]
    return [
        (message.topic.split("/")[3], orjson.loads(message.payload)["event"])
        for message in messages
        if "/patrol/" in message.topic
    ]


def open_lists(night: Night) -> dict[str, list[str]]:
    """What stands in each squad's list at last."""
    board = Board(no_trace)
    for position, (new, _) in enumerate(night.outputs, 1):
        board.take(entry_of(position, new, new.received_us), resent=False)
    messages: list[Any] = board.renewed([night.place], 1, 0, all_of=True)
    return {
        message.topic.split("/")[3]: [each["id"] for each in orjson.loads(message.payload)["alerts"]]
        for message in messages
        if message.kind == "open"
    }


def test_a_squad_called_besides_hears_of_it_and_of_who_was_faster() -> None:
    night = Night(more=ROSTER)
    alert = night.raised("crowd", "building-3", "medium", "cam-1")
    assert told(night) == [("squad-1", "alert.raised")]
    night.after(minutes=5)
    assert told(night)[1:] == [("squad-1", "alert.escalated"), ("squad-2", "alert.escalated")]
    assert open_lists(night)["squad-2"] == [alert.id]
    night.answers("li", alert, "accept")
    assert told(night)[-2:] == [("squad-1", "alert.accepted"), ("squad-2", "alert.accepted")]
    assert (open_lists(night)["squad-1"], open_lists(night)["squad-2"]) == ([alert.id], [])
    night.answers("li", alert, "arrive")
    assert told(night)[-1] == ("squad-1", "alert.arrived")
    assert told(night)[-2] != ("squad-2", "alert.arrived")


def test_a_ticked_step_shows_in_what_the_desk_and_the_squad_are_told() -> None:
    night = Night()
    alert = night.raised("fire_smoke", "building-3", "critical", "cam-1")
    first, *_ = (each.step for each in sop.checklist("fire_smoke"))
    night.say(CommandStepDone(alert=alert.id, by="wang", step=first))
    night.say(CommandStepDone(alert=alert.id, by="wang", step="no_such_step"))
    board = Board(no_trace)
    found: dict[str, list[Any]] = {}
    for position, (new, _) in enumerate(night.outputs, 1):
        for message in board.take(entry_of(position, new, new.received_us), resent=False):
            found.setdefault(message.topic, []).append(orjson.loads(message.payload))
    for topic in (f"estates/{NAME}/alerts", f"estates/{NAME}/patrol/squad-1/alerts"):
        raised, *_, ticked = found[topic]
        assert raised["steps_done"] == [], topic
        assert (ticked["event"], ticked["by"]) == ("alert.step_done", "wang"), topic
        assert (ticked["steps_done"], ticked["version"]) == ([first], raised["version"] + 1), topic
    night.over()


def test_whom_an_alert_is_taken_from_hears_of_it() -> None:
    night = Night(more=ROSTER)
    alert = night.raised("crowd", "building-3", "medium", "cam-1")
    night.say(CommandAssign(alert=alert.id, by="wang", squad="squad-2"))
    assert told(night)[-2:] == [("squad-1", "alert.assigned"), ("squad-2", "alert.assigned")]


def test_what_is_held_back_from_the_start_reaches_no_squad() -> None:
    night = Night()
    night.raised("device_offline", "yard", "medium", "nvr-1")
    before = told(night)
    night.raised("device_offline", "yard", "low", "cam-1")
    assert told(night) == before


def test_what_hides_later_is_taken_out_of_sight_with_a_word() -> None:
    night = Night()
    night.raised("device_offline", "yard", "low", "cam-1")
    night.raised("device_offline", "yard", "medium", "nvr-1")
    assert told(night) == [
        ("squad-1", "alert.raised"),
        ("squad-1", "alert.raised"),
        ("squad-1", "alert.suppressed"),
    ]
    assert len(open_lists(night)["squad-1"]) == 1


def test_a_report_goes_to_the_control_room_and_with_its_words_to_its_squad() -> None:
    office = Office(*SHIFT)
    report = office.reports("lift", text="it hangs", reporter="Mrs Wu")
    office.asks("assign", report, squad="squad-2")
    board, found = Board(no_trace), []
    for position, (new, _) in enumerate(office.outputs, 1):
        entry = entry_of(position, new, new.received_us)
        found += board.take(entry, resent=False, words="it hangs")
    control = [orjson.loads(each.payload) for each in found if each.topic == "estates/xiegou/reports"]
    assert [each["event"] for each in control] == [
        "report.opened", "report.triaged", "report.assigned", "report.assigned",
    ]  # fmt: skip
    assert not any("text" in each or "Mrs Wu" in str(each) for each in control)
    squads = [
        (each.topic.split("/")[3], orjson.loads(each.payload)) for each in found if "/patrol/" in each.topic
    ]
    assert [(squad, each["event"]) for squad, each in squads] == [
        ("squad-1", "report.assigned"),
        ("squad-1", "report.assigned"),
        ("squad-2", "report.assigned"),
    ]
    assert {each["text"] for _, each in squads} == {"it hangs"}
    assert squads[-1][1]["squad"] == "squad-2"
    assert squads[-1][1]["by"] == "wang"
