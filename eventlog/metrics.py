"""Every metric of Gatehouse, declared in one place. Counted a batch at a time, never an event at a time.

By subject: what came in, what was decided, what went out, how far everything is, how large, what failed.
Under `gatehouse up` the parts share them by prometheus-client's multiprocess folder and the console's
`/metrics` joins them; a part that runs alone answers for itself (the setting `metrics`). The dashboard and
the alert rules in `deploy/` name no others; a test holds them to this file.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

EVENTS_RECORDED = Counter("gatehouse_events_recorded_total", "Events appended to the log", ["family"])
EVENTS_REPEATED = Counter("gatehouse_events_repeated_total", "Events that were in the log already")
MESSAGES_QUARANTINED = Counter("gatehouse_quarantined_total", "Messages put in quarantine", ["reason"])
INGEST_BATCH = Histogram(
    "gatehouse_ingest_batch_messages", "Messages in one commit", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500)
)
INGEST_COMMIT_SECONDS = Histogram(
    "gatehouse_ingest_commit_seconds",
    "Time of one commit",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1, 10),
)
BROKER_CONNECTED = Gauge(
    "gatehouse_broker_connected", "1 while connected to the broker", ["role"], multiprocess_mode="livemax"
)
INPUTS_DECIDED = Counter("gatehouse_inputs_decided_total", "Inputs that the estates' step has taken")
SIGNALS = Counter("gatehouse_signals_total", "Signals raised", ["rule"])
RULE_FAILURES = Counter(
    "gatehouse_rule_failures_total", "Inputs and wake-ups that a rule broke off at", ["rule"]
)
ALERTS = Counter("gatehouse_alerts_total", "Alerts raised", ["rule", "severity"])
READER_POSITION = Gauge(
    "gatehouse_reader_position",
    "How far a reader of the log has come",
    ["reader"],
    multiprocess_mode="mostrecent",
)
LOG_HEAD = Gauge("gatehouse_log_head", "The last position of the log", multiprocess_mode="mostrecent")
MESSAGES_PUBLISHED = Counter(
    "gatehouse_messages_published_total", "MQTT messages sent and acknowledged", ["kind"]
)
CLOCK_JUMPS = Counter("gatehouse_clock_jumps_total", "Jumps of the machine's clock beyond the bound")
BROKER_REFUSED = Counter(
    "gatehouse_broker_refused_total",
    "What the embedded broker refused: connect, publish, subscribe",
    ["what"],
)
BROKER_DROPPED = Counter(
    "gatehouse_broker_dropped_total", "Messages to slow or absent subscribers dropped by the embedded broker"
)
RELAYED = Counter("gatehouse_relayed_total", "Inputs that Kafka has taken from the relay")
WORKER_PARTITIONS = Gauge(
    "gatehouse_worker_partitions", "Partitions that this worker decides", multiprocess_mode="livesum"
)
WORKER_SKIPPED = Counter("gatehouse_worker_skipped_total", "Records that a worker had decided already")
WORKER_LOOKED_UP = Counter(
    "gatehouse_worker_looked_up_total", "Inputs that a worker took from the log as Kafka did not bring them"
)
WORKER_BAD_RECORDS = Counter("gatehouse_worker_bad_records_total", "Records in Kafka that are not ours")
WORKER_RECOVERIES_AGAIN = Counter(
    "gatehouse_worker_recoveries_again_total", "Times a worker read its changelog again, as it stood still"
)
WORKER_STATES_TOO_LONG = Counter(
    "gatehouse_worker_states_too_long_total", "States of estates that were too long for the changelog"
)

PART_READY = Gauge(
    "gatehouse_part_ready", "1 while a part says that it is ready", ["role"], multiprocess_mode="livemax"
)
OUTAGES = Counter(
    "gatehouse_outages_total",
    "Tries that failed because the broker, the log or Kafka was away",
    ["role", "what"],
)
ALERT_DELAY_SECONDS = Histogram(
    "gatehouse_alert_delay_seconds",
    "From the moment that an alert's cause was recorded to its message being on its way to the broker",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60),
)

# What the log itself says when it is asked, by whoever serves the console.
LOG_REACHABLE = Gauge(
    "gatehouse_log_reachable", "1 while the log's database answers", multiprocess_mode="mostrecent"
)
LOG_QUIET_SECONDS = Gauge(
    "gatehouse_log_quiet_seconds", "Since the last entry of the log", multiprocess_mode="mostrecent"
)
LOG_BYTES = Gauge(
    "gatehouse_log_bytes", "Size of the database with the log in it", multiprocess_mode="mostrecent"
)
DISK_FREE_BYTES = Gauge(
    "gatehouse_disk_free_bytes", "Room on the disk of the data folder", multiprocess_mode="mostrecent"
)
DISK_BYTES = Gauge(
    "gatehouse_disk_bytes", "Size of the disk of the data folder", multiprocess_mode="mostrecent"
)
QUARANTINE_WAITING = Gauge(
    "gatehouse_quarantine_waiting",
    "Messages in quarantine that nobody has released",
    ["reason"],
    multiprocess_mode="mostrecent",
)
READER_LAG = Gauge(
    "gatehouse_reader_lag_entries",
    "Entries of the log that a reader has not come to",
    ["reader"],
    multiprocess_mode="mostrecent",
)
READER_LAG_SECONDS = Gauge(
    "gatehouse_reader_lag_seconds",
    "Age of the first entry that a reader has not come to; 0 when it is level",
    ["reader"],
    multiprocess_mode="mostrecent",
)
