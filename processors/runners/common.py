"""What every decider of estates does the same way, whoever drives it: names in the log, time, counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
import structlog

from eventlog import codec, metrics
from eventlog.ids import derived_id
from eventlog.ports import NewEvent
from eventlog.times import from_us
from eventlog.vocabulary import AlertRaised, SignalRaised, TimeReached
from processors.outbox import source_of
from processors.step import EstateStep

READER = "decider"

_log = structlog.get_logger()


def owner_of(estate: str) -> str:
    """Under which name an estate's state is saved in the log."""
    return f"decider/{estate}"


def time_reached(estate: str, fire_us: int) -> NewEvent:
    """The entry that says that an estate's wake-up is due; the same again is a no-op."""
    at = from_us(fire_us)
    event_id = derived_id(estate, TimeReached.TYPE, fire_us)
    return codec.make(TimeReached(at=at), estate=estate, source=source_of(estate), event_id=event_id, at=at)


def tell_failures(steps: Mapping[str, EstateStep]) -> None:
    """Logs and counts the rules that broke off since the last time."""
    for estate, step in steps.items():
        for rule, count, first in step.failures():
            metrics.RULE_FAILURES.labels(rule).inc(count)
            told = [each._asdict() for each in first]
            _log.error("a rule broke off", estate=estate, rule=rule, times=count, first=told)


def count_outputs(outputs: Sequence[NewEvent]) -> None:
    """Read as plain JSON, our own: decoding them again would keep delivery waiting for the interpreter."""
    for output in outputs:
        if output.type == SignalRaised.TYPE:
            metrics.SIGNALS.labels(orjson.loads(output.body)["data"]["rule"]).inc()
        elif output.type == AlertRaised.TYPE:
            alert = orjson.loads(output.body)["data"]["alert"]
            metrics.ALERTS.labels(alert["rule"], alert["severity"]).inc()
