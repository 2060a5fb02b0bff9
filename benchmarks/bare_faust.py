"""A bare Faust agent that writes one table value an event: what the worker's cost is compared with.

    python -m benchmarks.bare_faust SERVERS TOPIC PARTITIONS COUNT FOLDER

Reads a topic from its beginning with the worker's own settings of Faust, keeps the last record of each key in
a table in memory, and prints the processor time of this process from the first event to the last, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any

import faust


async def _measure(servers: str, topic: str, partitions: int, count: int, folder: str) -> dict[str, float]:
    app = faust.App(
        f"bare-{time.time_ns()}",
        broker=f"kafka://{servers}",
        loop=asyncio.get_running_loop(),
        autodiscover=False,
        datadir=folder,
        store="memory://",
        key_serializer="raw",
        value_serializer="raw",
        web_enabled=False,
        topic_disable_leader=True,
        topic_replication_factor=1,
        consumer_auto_offset_reset="earliest",
        stream_wait_empty=False,
        table_standby_replicas=0,
    )
    table = app.Table("bare", key_type=bytes, value_type=bytes, partitions=partitions)
    done, found = asyncio.Event(), dict[str, float]()

    async def agent(stream: Any) -> None:
        seen = 0
        async for event in stream.events():
            if not event.key:
                continue  # a mark
            if not seen:
                began_s, cpu_s = time.perf_counter(), time.process_time()
            table[event.key] = event.value
            seen += 1
            if seen == count:
                found.update(seconds=time.perf_counter() - began_s, cpu_s=time.process_time() - cpu_s)
                done.set()

    app.agent(app.topic(topic, key_type=bytes, value_type=bytes), name="bare", concurrency=1)(agent)
    await asyncio.wait_for(app.start(), 60)
    await asyncio.wait_for(done.wait(), 600)
    return found


def main() -> None:
    """The command."""
    servers, topic, partitions, count, folder = sys.argv[1:]

    async def measure() -> None:
        print(json.dumps(await _measure(servers, topic, int(partitions), int(count), folder)), flush=True)
        os._exit(0)  # Faust's own stop takes seconds, and nothing is left to save

    asyncio.run(measure())


if __name__ == "__main__":
    main()
