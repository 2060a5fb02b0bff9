"""A scenario: what devices do along a time line, and what must and must not be alerted.

Only the shape and what a scenario can check by itself; `simulators.scenarios` reads files.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from eventlog.vocabulary import Hours, ReportState, Severity, State, Words
from simulators.devices.base import BUFFER_EVENTS_MAX, REPLAY_AFTER_S

PRESENCE_WORDS = ("online", "offline", "goodbye")
"""Words that every device knows besides those of its kind and `heartbeat`: `offline` is a broken line."""

SETTLE_US = 5_000_000
"""How long after its last act or expectation a scenario goes on, unless it says `lasts`."""

_OFFSET = re.compile(r"(?:(\d+):)?(\d{1,3}):([0-5]\d(?:\.\d{1,6})?)")


def parse_offset(value: Any) -> int:
    """Microseconds from `MM:SS`, `HH:MM:SS` (with a fraction, if need be) or seconds. Raises ValueError."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return round(value * 1_000_000)
    match = _OFFSET.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("expected MM:SS or HH:MM:SS, such as 01:30 or 00:12.500")
    hours, minutes, seconds = match.groups()
    return int(hours or 0) * 3_600_000_000 + int(minutes) * 60_000_000 + round(float(seconds) * 1_000_000)


def format_offset(us: int) -> str:
    """`MM:SS`, or `HH:MM:SS` from an hour on; milliseconds where there are any; a minus if negative."""
    sign, us = ("-", -us) if us < 0 else ("", us)
    seconds, rest = divmod(us, 1_000_000)
    text = f"{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if seconds >= 3_600:
        text = f"{seconds // 3_600:02d}:{text}"
    return sign + text + (f".{rest // 1_000:03d}" if rest // 1_000 else "")


Offset = Annotated[int, BeforeValidator(parse_offset), PlainSerializer(format_offset)]
Place = Annotated[str, Field(min_length=1, max_length=128)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Overlay(BaseModel):
    """An entry of the registers that is set, or taken away, before the start; further fields are its data.

    A moment may be an offset from the start, with its sign: `-10:00`, `+02:00:00`. `@10:00` is the estate's
    clock that long after the start, where hours are asked for.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    set: Place | None = None
    remove: Place | None = None

    @property
    def data(self) -> dict[str, Any]:
        """The data of the event, as the file gives it."""
        return dict(self.model_extra or {})


class EstateRef(_Model):
    """The estate that a scenario plays at, the file that describes it, and what differs from the file."""

    id: Place
    file: str
    time_zone: str = "Asia/Shanghai"
    night: Hours = Hours(start="22:00", end="06:00")
    overlay: tuple[Overlay, ...] = ()


class DeviceSpec(_Model):
    """A device that takes part; online from the start unless `starts: offline`.

    A member's phone has the member as its id, and needs the `squad`. `clock_off_s`: how far the device's
    clock is ahead (negative: behind).
    """

    kind: Literal[
        "gate", "plate_camera", "camera", "face_terminal", "fence", "probe", "help_button", "phone",
        "checkpoint", "report_desk",
    ]  # fmt: skip
    place: Place | None = None
    squad: Place | None = None
    clock_off_s: float = 0.0
    heartbeat_s: Annotated[float, Field(gt=0)] | None = None
    starts: Literal["online", "offline"] = "online"
    buffer_events_max: Annotated[int, Field(ge=1, le=1_000_000)] = BUFFER_EVENTS_MAX
    replay_after_s: Annotated[float, Field(ge=0)] = REPLAY_AFTER_S


class What(_Model):
    """Which alerts are meant: every field given must fit."""

    rule: Place
    key: str | None = None
    zone: str | None = None
    devices: tuple[str, ...] = ()


class WhichReport(_Model):
    """Which report is meant, by what was reported; the first one since the start that fits."""

    category: Place
    location: Place | None = None


class ExpectedReport(WhichReport):
    """A report that must be opened, and how it must stand at the end of the scenario. `told` are the last
    words of the types that must be told of it, in this order, others between them; `reporters` how many
    reported the thing."""

    state: ReportState
    told: tuple[str, ...] = ()
    reporters: Annotated[int, Field(ge=1)] = 1


class Act(BaseModel):
    """One thing that a device does; further fields are the data of the event. `every` and `times` repeat.

    On the way of the message: `late` sends it so much later than it happened, `replay` flags it as history,
    `lost` makes it and never sends it (its counter is missing), `twice` sends it again at once. `alert` says
    which alert a phone answers: the last one raised since the start that fits, or an id as it stands;
    `report` which report.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    at: Offset
    device: Place
    does: Place
    every: Offset | None = None
    times: Annotated[int, Field(ge=1, le=10_000)] = 1
    late: Offset | None = None
    replay: bool = False
    lost: bool = False
    twice: bool = False
    alert: What | Place | None = None
    report: WhichReport | None = None

    @property
    def data(self) -> dict[str, Any]:
        """The data of the event, as the file gives it."""
        return dict(self.model_extra or {}) | ({"alert": self.alert} if isinstance(self.alert, str) else {})

    def moments(self) -> list[int]:
        """Every moment at which it is done, in microseconds after the start."""
        return [self.at + index * (self.every or 0) for index in range(self.times)]


class Expected(What):
    """An alert that must be raised inside a window of time after the start.

    `at_night` is the severity where the estate's clock says night; `condition`, `state` and `squad` how the
    alert must stand at the end of the scenario, `exercise` whether it must be one.
    """

    severity: Severity
    at_night: Severity | None = None
    within: tuple[Offset, Offset]
    condition: Literal["active", "cleared"] | None = None
    state: State | None = None
    squad: str | None = None
    exercise: bool = False
    late: bool = False


class Scenario(_Model):
    """A scenario as its file has it."""

    title: Words
    story: Words
    rule: Place
    estate: EstateRef
    starts: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] | None = None
    lasts: Offset | None = None
    devices: dict[str, DeviceSpec]
    timeline: Annotated[tuple[Act, ...], Field(min_length=1)]
    expect: tuple[Expected, ...] = ()
    never: tuple[What, ...] = ()
    reports: tuple[ExpectedReport, ...] = ()

    @property
    def silent(self) -> bool:
        """Whether nothing at all may be alerted."""
        return not self.expect

    @property
    def length_us(self) -> int:
        """How long it lasts."""
        if self.lasts is not None:
            return self.lasts
        acts = [act.moments()[-1] + (act.late or 0) for act in self.timeline]
        return max(acts + [expected.within[1] for expected in self.expect]) + SETTLE_US
