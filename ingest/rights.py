"""Who may publish and subscribe to what: one list of topic filters an account, for every broker.

The embedded broker asks `may_publish` and `may_subscribe`; Mosquitto's access file is written from the
same `grants`. Pure.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from eventlog import topics
from eventlog.ports import Account

MQTT_KINDS = ("device", "squad", "member", "duress", "gateway", "service")
"""The kinds of accounts that may connect to a broker."""


class Grants(NamedTuple):
    """Topic filters that an account may publish to and read from."""

    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()


def grants(account: Account) -> Grants:
    """An account's rights; none for a disabled one, for one of another kind, or with odd characters."""
    if account.disabled:
        return Grants()
    return _grants(account.kind, account.estate, account.scope)


@lru_cache(maxsize=4_096)
def _grants(kind: str, estate: str, scope: str) -> Grants:
    if kind == "service":
        return Grants(("#",), ("#",))
    parts = scope.split("/")
    if not all(map(_plain, [estate, *parts])):
        return Grants()
    match kind, parts:
        case "device", [family, device]:
            return Grants(
                (
                    topics.device_events(estate, family, device),
                    topics.device_status(estate, family, device),
                    f"vendors/+/{estate}/{device}",
                )
            )
        case "member", [squad, member]:
            return Grants((topics.member_events(estate, squad, member),))
        case "squad", [squad]:
            told = (topics.squad_alerts, topics.squad_open, topics.squad_reports)
            own = tuple(topic(estate, squad) for topic in told)
            return Grants((), (*own, topics.safety(estate), topics.system(estate)))
        case "duress", [_]:
            return Grants((), (topics.duress_alerts(estate), topics.duress_open(estate)))
        case "gateway", [_]:
            return _gateway(estate)
    return Grants()


def _gateway(estate: str) -> Grants:
    """A gateway speaks for every device and member of its estate, and hears what a control room hears. As it
    speaks for the doors that tell of duress, it may hear what became of that."""
    devices = tuple(
        name
        for family in topics.FAMILIES
        for name in (topics.device_events(estate, family, "+"), topics.device_status(estate, family, "+"))
    )
    others = (topics.member_events(estate, "+", "+"), topics.time(estate), f"vendors/+/{estate}/+")
    hears = (topics.alerts, topics.duress_alerts, topics.reports, topics.safety, topics.system)
    return Grants((*devices, *others), tuple(topic(estate) for topic in hears))


def _plain(name: str) -> bool:
    """Whether a name is one level of a topic and one word of an access file."""
    return bool(name) and name.isprintable() and not any(char in "+#/ " for char in name)


def may_publish(account: Account, topic: str) -> bool:
    """Whether an account may publish on a topic."""
    if not topic or "+" in topic or "#" in topic or topic.startswith("$"):
        return False
    return any(covers(allowed, topic) for allowed in grants(account).publish)


def may_subscribe(account: Account, topic_filter: str) -> bool:
    """Whether an account may read all that a filter can match."""
    return any(covers(allowed, topic_filter) for allowed in grants(account).subscribe)


def covers(allowed: str, wanted: str) -> bool:
    """Whether every topic that the filter (or topic) `wanted` matches is matched by the filter `allowed`."""
    mine, other = allowed.split("/"), wanted.split("/")
    if other[0].startswith("$") and mine[0] in ("+", "#"):
        return False
    for place, level in enumerate(mine):
        if level == "#":
            return True
        if place >= len(other) or other[place] == "#" or level not in ("+", other[place]):
            return False
    return len(mine) == len(other)
