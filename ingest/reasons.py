"""Why a message goes to quarantine: the words kept with it, and what each means.

`docs/devices.md` has the same table; a test holds the two together.
"""

from __future__ import annotations

UNDECODABLE = "undecodable"
OVERSIZED = "oversized"
WRONGLY_TYPED = "wrongly_typed"
UNKNOWN_DEVICE = "unknown_device"
IMPERSONATION = "impersonation"
MISPLACED = "misplaced"
FUTURE_DATED = "future_dated"
CONFLICT = "conflict"
TIME_NOT_TAKEN = "time_not_taken"
UNKNOWN_MAKER = "unknown_maker"
UNKNOWN_TOPIC = "unknown_topic"
REFUSED_BY_LOG = "refused_by_log"

REASONS: dict[str, str] = {
    UNDECODABLE: "the payload is not JSON (UTF-8, no NaN or infinity, no NUL characters)",
    OVERSIZED: "the payload is over 256 KiB; at most its first 1 MiB is kept",
    WRONGLY_TYPED: "the JSON is not an event of the vocabulary: a field is missing or of a wrong type",
    UNKNOWN_DEVICE: "the estate, the device in that family, or the member of that squad is not registered",
    IMPERSONATION: "the event's source, or the member it names, is not the one of the topic",
    MISPLACED: "an event of this type is not taken on this topic",
    FUTURE_DATED: "the event's time is over 24 h ahead of ours",
    CONFLICT: "the log has an event of the same source and id with other content",
    TIME_NOT_TAKEN: "a `time` message, but Gatehouse runs on the wall clock",
    UNKNOWN_MAKER: "a maker's own topic, and there is no decoder for this maker",
    UNKNOWN_TOPIC: "a topic that no device publishes on",
    REFUSED_BY_LOG: "the log's store can't hold this event; the detail says why",
}
