"""When a message arrived, by our clock: the machine's, its jumps bounded as the log bounds them.

By the bare clock of the machine, a jump would make everything that arrives history, which pages nobody, or
put it aside as future-dated.
"""

from __future__ import annotations

from eventlog.clock import LogClock

_clock = LogClock(reports=False)  # the log's own tells of jumps


def arrival_us() -> int:
    """The present time, microseconds since 1970 UTC."""
    return _clock()
