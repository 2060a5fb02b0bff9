"""Every metric of Gatehouse, declared in one place. Counted a batch at a time, never an event at a time.

Several processes share them by prometheus-client's multiprocess folder; `/metrics` joins them.
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
WORKER_STATES_TOO_LONG = Counter(
    "gatehouse_worker_states_too_long_total", "States of estates that were too long for the changelog"
)
