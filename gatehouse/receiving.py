"""`gatehouse ingest` on an outside broker: this process's share of the MQTT sessions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from eventlog.ports import Claim, EventLog
from gatehouse.parts import Part
from ingest.client import MqttIngest
from ingest.keeper import ShardKeeper
from ingest.pipeline import Pipeline
from ingest.sessions import Login, settle
from ingest.shards import Unit, units_of
from ingest.strays import EverythingAndMarks, OwnEstates, Strays, handed_over


def follow_broker(part: Part, log: EventLog, key: bytes) -> None:
    """Reads until told to stop. Raises LogError, IngestFailedError."""
    login = Login(*part.broker_login())
    units = units_of(part.settings.ingest_shards, strays=part.settings.ingest_strays)

    def pipeline(claim: Claim, takes: Callable[[str], bool] | None = None) -> Pipeline:
        return Pipeline(log, time_mode=part.settings.time, hmac_key=key, under=claim, takes=takes)

    session = partial(MqttIngest, url=login.url, username=login.username, password=login.password)

    def reader(unit: Unit, claim: Claim) -> MqttIngest:
        if unit.shard is None and not unit.strays:
            return session(pipeline(claim), client_id=unit.session)
        known = handed_over(log)
        if unit.strays:
            taker = Strays(pipeline(claim, lambda estate: estate not in known), known)
            return session(taker, client_id=unit.session, subscriptions=EverythingAndMarks(unit))
        own = pipeline(claim, unit.takes)
        return session(own, client_id=unit.session, subscriptions=OwnEstates(unit, own, known))

    if settle(log, units, login, pipeline, part.stop):
        keeper = ShardKeeper(log, units, reader)
        part.ready_when(keeper.ready)
        keeper.run(part.stop)
