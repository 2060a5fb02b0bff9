"""The topics that relay and workers need in Kafka: made where they are missing, checked where they are there.

A changelog has as many partitions as the inputs: state lies beside the estate it belongs to. The log is the
truth, so what Kafka holds may be short.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

INPUTS = "gatehouse.inputs"
APP = "gatehouse-worker"
STATES = "states"
CHANGELOG = f"{APP}-{STATES}-changelog"

PARTITIONS = 12
"""Of new topics; the most workers that can share the work."""
RECORD_BYTES_MAX = 8 * 1024 * 1024
"""The longest record, of an event or of an estate's state."""
KEPT_MS = 24 * 3600 * 1000
"""How long Kafka keeps inputs: workers that were away longer read the log."""
SETTLE_S = 15.0
"""How long new topics may take until every broker knows of them."""
REQUEST_MS = 10_000


class TopicsError(Exception):
    """The topics are not as they must be; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which Kafka; `servers` as host:port,host:port."""

    servers: str
    partitions: int = PARTITIONS
    replicas: int = 1

    @property
    def bootstrap(self) -> list[str]:
        """The servers, one by one."""
        return [server.strip() for server in self.servers.split(",")]


def _wanted(cluster: Cluster) -> list[NewTopic]:
    size = {"max.message.bytes": str(RECORD_BYTES_MAX)}
    inputs = {**size, "retention.ms": str(KEPT_MS), "cleanup.policy": "delete"}
    states = {**size, "cleanup.policy": "compact"}
    return [
        NewTopic(INPUTS, cluster.partitions, cluster.replicas, topic_configs=inputs),
        NewTopic(CHANGELOG, cluster.partitions, cluster.replicas, topic_configs=states),
    ]


async def ensure(cluster: Cluster) -> int:
    """Makes what is missing; returns the number of partitions. Raises TopicsError, KafkaError, OSError."""
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap, request_timeout_ms=REQUEST_MS)
    try:
        await admin.start()
        found = await _partitions(admin)
        missing = [topic for topic in _wanted(cluster) if topic.name not in found]
        if missing:
            await _create(admin, missing)
            found = await _settled(admin)
    finally:
        await asyncio.wait_for(admin.close(), REQUEST_MS / 1_000)
    if found[INPUTS] != found[CHANGELOG]:
        raise TopicsError(
            f"{INPUTS} has {found[INPUTS]} partitions, {CHANGELOG} has {found[CHANGELOG]}: they must have as "
            f"many. Stop the workers, delete {CHANGELOG} and start them again: it is made anew from the log"
        )
    return found[INPUTS]


async def look(cluster: Cluster) -> dict[str, int]:
    """How many partitions our topics have, of those that are there. Raises KafkaError, OSError."""
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap, request_timeout_ms=REQUEST_MS)
    try:
        await admin.start()
        return await _partitions(admin)
    finally:
        await asyncio.wait_for(admin.close(), REQUEST_MS / 1_000)


async def _create(admin: AIOKafkaAdminClient, missing: list[NewTopic]) -> None:
    answer = await admin.create_topics(missing, timeout_ms=REQUEST_MS)
    for name, code, *rest in answer.topic_errors:
        if code and code != TopicAlreadyExistsError.errno:
            raise TopicsError(f"Kafka doesn't make the topic {name}: {for_code(code).__name__} {rest}")


async def _partitions(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """How many partitions those of our topics have that are there and have a leader for each."""
    names = {INPUTS, CHANGELOG}
    present = names & set(await admin.list_topics())
    if not present:
        return {}
    found = {}
    for topic in await admin.describe_topics(sorted(present)):
        parts = topic["partitions"]
        if not topic["error_code"] and parts and all(part["leader"] >= 0 for part in parts):
            found[str(topic["topic"])] = len(parts)
    return found


async def _settled(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """Waits until new topics can be used."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + SETTLE_S
    while True:
        found = await _partitions(admin)
        if len(found) == 2:
            return found
        if loop.time() > until_s:
            raise TopicsError(f"of the topics Kafka has only {sorted(found)} after {SETTLE_S:g} s")
        await asyncio.sleep(0.1)


__all__ = ["CHANGELOG", "INPUTS", "Cluster", "KafkaError", "TopicsError", "ensure", "look"]
