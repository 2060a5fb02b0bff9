"""The life of an alert against a small model of the contract's table, whoever asks whatever whenever.

The model knows the table of interfaces and nothing of the code: who may do what in which state, what it leads
to, who was faster, when an acknowledgement and a shelf run out. Every night is replayed, and cut after every
input, when it is over: the same, ids included.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from eventlog.vocabulary import (
    Alert,
    CommandAcknowledge,
    CommandAssign,
    CommandClose,
    CommandNote,
    CommandReopen,
    CommandShelve,
    CommandStepDone,
    CommandUnshelve,
)
from tests.processors.alerts.night import Night

DESK = ("operator", "supervisor", "administrator")
OPEN = ("raised", "acknowledged", "assigned", "accepted", "arrived")
TABLE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "acknowledge": (("raised",), DESK),
    "assign": (OPEN, (*DESK, "dispatcher")),
    "note": ((*OPEN, "closed"), (*DESK, "dispatcher")),
    "step_done": ((*OPEN, "closed"), (*DESK, "dispatcher")),
    "shelve": (("raised", "acknowledged"), DESK),
    "unshelve": (("raised", "acknowledged"), DESK),
    "close": (OPEN, DESK),
    "reopen": (("closed",), DESK),
}
"""By the desk: in which states, and who."""
PHONE = {
    "accept": ("raised", "acknowledged", "assigned"),
    "decline": ("assigned",),
    "arrive": ("accepted",),
    "note": (*OPEN, "closed"),
    "close": ("arrived",),
}
"""By a member of the alert's squad: in which states."""
SQUADS = {"squad-1": "li", "squad-2": "chen"}
ACKNOWLEDGED, SHELVED_MAX, REOPEN = timedelta(minutes=10), timedelta(hours=8), timedelta(hours=24)
COMMANDS = {
    "acknowledge": CommandAcknowledge, "assign": CommandAssign, "note": CommandNote,
    "step_done": CommandStepDone, "shelve": CommandShelve, "unshelve": CommandUnshelve,
    "close": CommandClose, "reopen": CommandReopen,
}  # fmt: skip


@dataclass
class Model:
    """What an alert should be."""

    state: str = "raised"
    squad: str | None = "squad-1"
    assignee: str | None = None
    runs_out: datetime | None = None
    shelved: datetime | None = None
    closed: datetime | None = None
    disposition: str | None = None
    answered: bool = False

    def passes(self, now: datetime) -> None:
        """Time went on to `now`: what ran out before it, in its order."""
        if self.shelved and self.shelved <= now:
            if self.state == "acknowledged":
                self.runs_out = self.shelved + ACKNOWLEDGED
            self.shelved = None
        if self.runs_out and self.runs_out <= now:
            self.state, self.runs_out = "raised", None
            self.squad = self.squad or "squad-1"

    def take(self, action: str, now: datetime, **given: Any) -> None:
        """An action that was allowed."""
        busy = {"assign", "decline", "reopen"}
        if action in busy:
            self.assignee = self.shelved = self.runs_out = None
        if action == "acknowledge":
            self.state, self.runs_out = "acknowledged", None if self.shelved else now + ACKNOWLEDGED
        elif action == "assign":
            self.state, self.squad = "assigned", given["squad"]
        elif action == "accept":
            self.shelved = self.runs_out = None if self.state != "assigned" else self.runs_out
            self.state, self.assignee = "accepted", given["by"]
        elif action == "decline":
            self.state, self.squad, self.runs_out = "acknowledged", None, now + ACKNOWLEDGED
        elif action == "arrive":
            self.state, self.assignee = "arrived", given["by"]
        elif action == "shelve":
            self.shelved, self.runs_out = given["until"], None
        elif action == "unshelve":
            self.shelved = None
            self.runs_out = now + ACKNOWLEDGED if self.state == "acknowledged" else None
        elif action == "close":
            self.state, self.closed, self.disposition = "closed", now, given["disposition"]
            self.shelved = self.runs_out = None
        elif action == "reopen":
            self.state, self.closed, self.disposition = "acknowledged", None, None
            self.runs_out = now + ACKNOWLEDGED
        elif action == "step_done":
            self.answered = True


class Life(RuleBasedStateMachine):
    """A cry for help on the desk, and everybody at once."""

    def __init__(self) -> None:
        super().__init__()
        off = dict.fromkeys(("escalation", "episode", "inhibition", "flood"))
        self.night = Night(policies=off)
        self.alert = self.night.raised("help", "building-3", "high", "help-1")
        self.model = Model()

    @property
    def present(self) -> Alert:
        return self.night.now_is(self.alert)

    @rule(
        action=st.sampled_from(sorted(TABLE)),
        role=st.sampled_from((*DESK, "dispatcher", "member")),
        late=st.sampled_from((None, 0, 0, 0, 1)),
        squad=st.sampled_from((*SQUADS, "nobody")),
        hours=st.sampled_from((-1.0, 0.0, 0.1, 2.0, 8.0, 8.001)),
        why=st.sampled_from(("known", " ", None)),
        disposition=st.sampled_from(("genuine", "false_alarm", "nuisance", "test")),
        step=st.sampled_from(("answer_call", "shut_door")),
    )
    def desk(self, action: str, role: str, late: int | None, **given: Any) -> None:
        """Somebody at a desk wants something, having seen the present version, an older one, or none."""
        until = self.night.now + timedelta(hours=given["hours"])
        fields: dict[str, Any] = {
            "assign": {"squad": given["squad"]},
            "shelve": {"until": until},
            "close": {"disposition": given["disposition"]},
            "step_done": {"step": given["step"]},
        }.get(action, {})
        version = None if late is None else self.present.version - late
        command = COMMANDS[action](
            alert=self.alert.id, by="wang", role=role, note=given["why"], version=version or None, **fields
        )
        reason = self._refused(action, role, bool(late and version), {**given, **fields})
        self._asked(self.night.say(command), reason, action, **fields)

    def _refused(self, action: str, role: str, stale: bool, given: dict[str, Any]) -> str | None:
        """Why the contract says no."""
        model, now = self.model, self.night.now
        states, roles = TABLE[action]
        if model.closed and now > model.closed + REOPEN:
            return "unknown_alert"
        if role == "member":  # at a desk nobody is a member of the squad
            return "forbidden"
        if role not in roles:
            return "forbidden"
        if stale:
            return "conflict"
        if model.state not in states:
            return "not_allowed"
        no_reason = not (given["why"] or "").strip()
        if action in ("note", "shelve", "reopen") and no_reason:
            return "bad_request"
        wrong = {
            "assign": given["squad"] not in SQUADS,
            "shelve": not now < now + timedelta(hours=given["hours"]) <= now + SHELVED_MAX,
            "step_done": given["step"] != "answer_call",
        }
        if wrong.get(action):
            return "bad_request"
        refused = {
            "unshelve": model.shelved is None,
            "step_done": model.answered,
            "close": given["disposition"] == "genuine" and not model.answered,
        }
        return "not_allowed" if refused.get(action) else None

    @rule(
        member=st.sampled_from(("li", "chen", "stranger")),
        action=st.sampled_from((*PHONE, "received")),
        disposition=st.sampled_from(("genuine", "nuisance", None)),
        note=st.sampled_from(("seen", None)),
    )
    def phone(self, member: str, action: str, disposition: str | None, note: str | None) -> None:
        """A member of this squad, of another, or of none answers; a receipt asks nothing."""
        if action == "close" and disposition is None:
            disposition = "genuine"
        more = {"disposition": disposition} if action == "close" else {}
        if action == "note":
            told = self.night.say(
                CommandNote(alert=self.alert.id, by=member, role="member", via="phone", note=note)
            )
        else:
            told = self.night.answers(member, self.alert, action, note=note, **more)
        if action == "received":
            assert not [each for each in told if each.TYPE.startswith(("alert.", "command."))]
            return
        model = self.model
        reason = None
        if model.closed and self.night.now > model.closed + REOPEN:
            reason = "unknown_alert"
        elif model.squad is None or SQUADS.get(model.squad) != member:
            reason = "forbidden"
        elif model.state not in PHONE[action]:
            reason = "not_allowed"
        elif action == "note" and not note:
            reason = "bad_request"
        self._asked(told, reason, action, by=member, **more)

    def _asked(self, told: list[Any], reason: str | None, action: str, **given: Any) -> None:
        answers = [each.reason for each in told if each.TYPE == "command.refused"]
        assert answers == ([reason] if reason else []), (action, given)
        if reason is None:
            self.model.take(action, self.night.now, **given)
        else:
            assert not [each for each in told if each.TYPE.startswith("alert.")], "a refusal changes nothing"

    @rule(minutes=st.sampled_from((0.0, 1.0, 5.0, 10.0, 125.0, 480.0, 1_440.0, 1_441.0)))
    def later(self, minutes: float) -> None:
        """Time passes."""
        self.night.after(minutes=minutes)
        self.model.passes(self.night.now)

    @rule()
    def again(self) -> None:
        """The button is pressed once more: an open alert goes on, a closed one stays closed."""
        before = self.present
        self.night.raised("help", "building-3", "high", "help-1")
        if before.state == "closed":
            assert self.present == before
            self._close_the_newer()

    def _close_the_newer(self) -> None:
        """A new alert was raised for it: a desk deals with it, so that this one may be opened again."""
        newer = list(self.night.alerts().values())[-1]
        assert newer.id != self.alert.id
        assert newer.state == "raised"
        reopen = CommandReopen(alert=self.alert.id, by="wang", note="again")
        if self.model.closed and self.night.now <= self.model.closed + REOPEN:
            assert [each.TYPE for each in self.night.say(reopen)] == ["command.refused"], "the newer is open"
        self.night.say(CommandClose(alert=newer.id, by="wang", disposition="nuisance"))

    @invariant()
    def is_what_the_contract_says(self) -> None:
        found, model = self.present, self.model
        told = (
            found.state, found.squad, found.assignee, found.ack_due_at, found.shelved_until,
            found.closed_at, found.disposition,
        )  # fmt: skip
        assert told == (
            model.state, model.squad, model.assignee, model.runs_out, model.shelved,
            model.closed, model.disposition,
        )  # fmt: skip

    def teardown(self) -> None:
        self.night.over()


WIDE = os.environ.get("HYPOTHESIS_PROFILE") == "wide"
TestLife = Life.TestCase
TestLife.settings = settings(max_examples=1_000 if WIDE else 50, stateful_step_count=60 if WIDE else 20)
