"""Our own inputs: what operators and patrols ask for, the log's time."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from eventlog.vocabulary.base import Credential, Event, Member, Name, Role, Text, event
from eventlog.vocabulary.people import Disposition


class Command(Event):
    """A person's wish about an alert, with the version of the alert that the person saw."""

    alert: Name
    version: Annotated[int, Field(ge=1)] | None = None
    by: Member
    role: Literal["operator", "supervisor", "administrator", "dispatcher", "member"] = "operator"
    via: Literal["console", "api", "phone", "system"] = "api"
    note: Text | None = None


@event("command.acknowledge", role=Role.INPUT)
class CommandAcknowledge(Command): ...


@event("command.assign", role=Role.INPUT)
class CommandAssign(Command):
    squad: Name


@event("command.accept", role=Role.INPUT)
class CommandAccept(Command): ...


@event("command.decline", role=Role.INPUT)
class CommandDecline(Command): ...


@event("command.arrive", role=Role.INPUT)
class CommandArrive(Command): ...


@event("command.note", role=Role.INPUT)
class CommandNote(Command): ...


@event("command.shelve", role=Role.INPUT)
class CommandShelve(Command):
    """Hide from the queue until then; at most 8 hours, with a reason in `note`."""

    until: AwareDatetime


@event("command.unshelve", role=Role.INPUT)
class CommandUnshelve(Command): ...


@event("command.close", role=Role.INPUT)
class CommandClose(Command):
    disposition: Disposition


@event("command.reopen", role=Role.INPUT)
class CommandReopen(Command): ...


@event("command.step_done", role=Role.INPUT)
class CommandStepDone(Command):
    """A step of the rule's checklist was done."""

    step: Name


@event("command.confirm_camera", role=Role.INPUT)
class CommandConfirmCamera(Event):
    """An operator has looked at a camera of a video round."""

    plan: Name
    camera: Name
    by: Member
    role: Literal["operator", "supervisor", "administrator", "dispatcher", "member"] = "operator"
    via: Literal["console", "api", "phone", "system"] = "api"
    note: Text | None = None


@event("command.forgive", role=Role.INPUT)
class CommandForgive(Event):
    """An operator forgets where a credential is said to be: its next entry counts as the first. About no
    alert."""

    credential: Credential
    by: Member
    role: Literal["operator", "supervisor", "administrator"] = "operator"
    via: Literal["console", "api"] = "api"
    note: Text | None = None


@event("rule.activated", role=Role.INPUT)
class RuleActivated(Event):
    """From here on the rule runs in this version with these settings; `zones` overrides some of them."""

    rule: Name
    version: int
    settings: dict[str, Any] = Field(default_factory=dict)
    zones: dict[str, dict[str, Any]] = Field(default_factory=dict)


@event("rule.deactivated", role=Role.INPUT)
class RuleDeactivated(Event):
    """From here on the rule is silent."""

    rule: Name


@event("time.reached", role=Role.INPUT)
class TimeReached(Event):
    """The estate's clock has reached `at`: wake-ups due by then are fired."""

    at: AwareDatetime
