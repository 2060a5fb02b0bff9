"""`reports`: what becomes of what people report, and by when. The settings only; `processors.reports` goes
by them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from eventlog.vocabulary import Handling, Way
from processors.rules.base import RuleSettings, Seconds, limits_of
from processors.rules.policy import Policy


class Category(RuleSettings):
    """How a kind of report is handled. Without `limit_s` (seconds) it has its way's limit; `squad` goes
    before the zone's own; `partners` are who is concerned or helps, by name."""

    handling: Handling = "squad"
    way: Way = "at_once"
    limit_s: Seconds | None = None
    squad: str | None = None
    partners: Annotated[tuple[str, ...], Field(max_length=20)] = ()


CATEGORIES: dict[str, Category] = {
    "help": Category(way="on_the_spot", limit_s=1_800),
    "fire": Category(way="on_the_spot", limit_s=1_800),
    "noise": Category(way="on_the_spot"),
    "parking": Category(way="on_the_spot"),
    "stairwell": Category(way="on_the_spot"),
    "looking_in": Category(way="on_the_spot"),
    "lighting": Category(handling="helped", partners=("property",)),
    "rubbish": Category(handling="helped", partners=("property",)),
    "lift": Category(handling="helped", limit_s=14_400, partners=("property", "lift_maintenance")),
    "garage_floor": Category(handling="shared", partners=("property", "owners_committee")),
    "neighbours": Category(handling="shared", partners=("residents_committee",)),
    "hazard": Category(handling="joint", partners=("district",)),
    "illegal_building": Category(handling="joint", partners=("district",)),
    "advice": Category(handling="shared", way="online", partners=("residents_committee",)),
}
"""How each kind is handled unless an estate says otherwise; any other waits for a person to triage it."""


class Settings(RuleSettings):
    automatic: bool = Field(True, description="reports of a known category are triaged by themselves")
    triage_s: Seconds = Field(1_800, description="any other is to be triaged within this, seconds")
    on_the_spot_s: Seconds = Field(7_200, description="limit of what is handled on the spot, seconds")
    at_once_s: Seconds = Field(86_400, description="limit of what is handled at once, seconds")
    online_s: Seconds = Field(259_200, description="limit of what is handled online, seconds")
    joint_s: Seconds = Field(604_800, description="limit of what the district has a part in, seconds")
    remind_share: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.75, description="share of a limit after which its reminder comes"
    )
    manager_s: Seconds = Field(
        3_600, description="past a limit the leader is told, and this much later the manager, seconds"
    )
    follow_up_s: Seconds = Field(
        172_800, description="who reported is to be asked within this after closing, seconds"
    )
    reopen_unsatisfied: bool = Field(True, description="whoever is not satisfied opens it again")
    merge: Literal["off", "propose", "automatic"] = Field(
        "automatic", description="reports of one category and place: `off`, `propose` or `automatic`"
    )
    merge_window_s: Seconds = Field(
        14_400, description="only within this after the newest report of the thing, seconds"
    )
    categories: dict[str, Category] = Field(
        default_factory=dict, description="how kinds of reports are handled; see docs/reports.md"
    )


class Reports(Policy):
    """How reports of people are triaged, limited, merged and followed up."""

    name = "reports"
    version = 1
    Settings = Settings


DEFAULTS = limits_of(Settings())
"""The limits of what was opened before the policy was switched off."""


def category_of(limits: Any, category: str) -> Category | None:
    """How a kind of report is handled: as the estate says, else as Gatehouse comes."""
    return limits.categories.get(category) or CATEGORIES.get(category)


def limit_s(limits: Any, chosen: Category) -> float:
    """How long the handling may take, seconds."""
    if chosen.limit_s is not None:
        return chosen.limit_s
    limit: float = limits.joint_s if chosen.handling == "joint" else getattr(limits, f"{chosen.way}_s")
    return limit
