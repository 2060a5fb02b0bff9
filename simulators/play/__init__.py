"""Playing recordings: a map file says how a table's columns become events."""

from simulators.play.mapping import MapError, TableMap, parse_map, read_map
from simulators.play.player import Report, play, play_into
from simulators.play.rows import BadRow, Sent, TableError, rows

__all__ = [
    "BadRow", "MapError", "Report", "Sent", "TableError", "TableMap", "parse_map", "play", "play_into",
    "read_map", "rows",
]  # fmt: skip
