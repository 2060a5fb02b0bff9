"""What a province would need, computed from the inputs that stand in docs/scale.md: arithmetic, no measuring.

    python -m benchmarks.province [--write]

The inputs are the first table of the page; a figure that was measured anew is put there, and `--write` makes
the second table from it. A test holds the page to this file.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import NamedTuple

PAGE = Path("docs/scale.md")
BEGIN, END = "<!-- computed: begin -->", "<!-- computed: end -->"
_INPUT = re.compile(r"^\| `(\w+)` \| ([\d,.]+) \|", re.MULTILINE)
DAY_S, YEAR_DAYS = 86_400, 365


class Row(NamedTuple):
    """One line of the result: for one cell, for the province, and how it comes about."""

    part: str
    cell: str
    province: str
    how: str


def inputs_of(page: str) -> dict[str, float]:
    """The numbers of the page's first table, by name."""
    return {name: float(value.replace(",", "")) for name, value in _INPUT.findall(page)}


def _n(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:,.1f}".removesuffix(".0")


def _bytes(value: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        if value < 1_000 or unit == "PB":
            break
        value /= 1_000
    return f"{value:,.3g} {unit}" if value < 1_000 else f"{value:,.0f} {unit}"


def compute(given: Mapping[str, float]) -> list[Row]:
    """The second table. Rates are a second, at the peak; each part runs at `headroom` of what it can."""
    room = given["headroom"]
    peak, estates = given["peak_events_per_s"], given["estates"]
    cells = ceil(peak / (given["append_events_per_s"] * room))
    each, held = peak / cells, ceil(estates / cells)
    messages = each * given["messages_out_share"]
    return [
        Row("cells", "1", _n(cells), "peak / (append × headroom): one PostgreSQL each"),
        Row("estates", _n(held), _n(estates), "estates / cells"),
        Row("events a second", _n(each), _n(peak), "peak / cells"),
        *_processes(given, cells, each, held, messages),
        *_storage(given, cells, each),
        *_network(given, cells, each, messages),
    ]


def _processes(given: Mapping[str, float], cells: int, each: float, held: int, messages: float) -> list[Row]:
    room = given["headroom"]

    def row(part: str, need: float, how: str, least: int = 1) -> tuple[Row, int]:
        count = max(ceil(need), least)
        return Row(part, _n(count), _n(count * cells), how), count

    ingest, ingests = row(
        "ingest", each / (given["ingest_events_per_s"] * room),
        "events / (ingest × headroom); shards: 4 times it", 2,
    )  # fmt: skip
    us = given["worker_us_per_event"]
    worker, workers = row("workers", each * us / 1e6 / room, "events × µs / 10⁶ / headroom", 2)
    connections = held * given["devices_per_estate"]
    by_messages = (each + messages) / (given["broker_messages_per_s"] * room)
    brokers, broker_count = row(
        "Mosquitto", max(by_messages, connections / given["broker_connections"]),
        "the more of (events + messages out) / (broker × headroom), connections / those of a broker",
    )  # fmt: skip
    relay, _ = row(
        "relay", each / (given["relay_events_per_s"] * room), "events / (relay × headroom); 1 stands by"
    )
    delivery, _ = row(
        "delivery",
        messages / (given["delivery_messages_per_s"] * room),
        "messages out / (its × headroom)",
    )
    models, model_count = row(
        "project", each * given["projection_us_per_event"] / 1e6 / room, "events × µs / 10⁶ / headroom"
    )
    state = held * given["estate_state_bytes"]
    cores = (
        broker_count + ingests + workers + model_count + 2 + given["postgresql_cores"] + given["kafka_cores"]
    )
    return [
        brokers,
        Row("connections a broker", _n(connections / broker_count), "", "estates × devices / brokers"),
        ingest, relay,
        Row("Kafka partitions", _n(workers * 4), _n(workers * 4 * cells), "workers × 4: even shares"),
        Row("Kafka servers", "3", _n(3 * cells), "three copies"),
        worker,
        Row("state in the workers", _bytes(state), _bytes(state * cells), "estates × state"),
        Row("estates a worker", _n(held / workers), "", "what one death moves"),
        delivery, models,
        Row("cores", _n(cores), _n(cores * cells), "one a process, and those of PostgreSQL and Kafka"),
    ]  # fmt: skip


def _storage(given: Mapping[str, float], cells: int, each: float) -> list[Row]:
    size, packed = given["log_bytes_per_event"], given["archive_bytes_per_event"]
    day = given["mean_events_per_estate_day"] * given["estates"] / cells
    kept_days = given["months_online"] * YEAR_DAYS / 12
    online, year = day * kept_days * size, day * YEAR_DAYS * packed
    full = each * DAY_S * YEAR_DAYS * packed
    kafka = each * given["record_bytes"] * DAY_S * given["peak_share_of_day"] * 3
    return [
        Row("events a day", _n(day), _n(day * cells), "estates × an estate's mean day"),
        Row("log online", _bytes(online), _bytes(online * cells), "a day × months online × bytes in the log"),
        Row("archive a year", _bytes(year), _bytes(year * cells), "a day × 365 × bytes in the archive"),
        Row("archive a year, were it always peak", _bytes(full), _bytes(full * cells), "events × a year"),
        Row(
            "Kafka's disks", _bytes(kafka), _bytes(kafka * cells), "a day at its share of peak, three copies"
        ),
    ]


def _network(given: Mapping[str, float], cells: int, each: float, messages: float) -> list[Row]:
    def bits(rate: float, size: float) -> float:
        return rate * size * 8 / 1e6

    devices = bits(each, given["message_bytes"])
    paths = (
        ("devices → broker → ingest", 2 * devices, "events × bytes of a message, twice"),
        ("ingest → PostgreSQL, its copy", 2 * bits(each, given["log_bytes_per_event"]), "log bytes, twice"),
        ("PostgreSQL → relay, project", 2 * bits(each, given["message_bytes"]), "each reads everything"),
        ("relay → Kafka (3) → workers", 4 * bits(each, given["record_bytes"]), "three copies and one reader"),
        ("out to squads and desks", bits(messages, given["message_out_bytes"]), "messages out × their bytes"),
    )  # fmt: skip
    return [Row(f"Mbit/s {name}", _n(value), _n(value * cells), how) for name, value, how in paths]


def table(rows: list[Row]) -> str:
    """The rows in Markdown."""
    head = "| part | a cell | the province | how |\n|---|---|---|---|\n"
    return head + "".join(f"| {row.part} | {row.cell} | {row.province} | {row.how} |\n" for row in rows)


def written(page: str) -> str:
    """The page with the second table made from the first."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(compute(inputs_of(page)))}{END}{after}"


def main(arguments: list[str]) -> int:
    """The entry of the program."""
    page = PAGE.read_text("utf-8")
    if "--write" in arguments:
        PAGE.write_text(written(page), "utf-8")
    else:
        print(table(compute(inputs_of(page))), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
