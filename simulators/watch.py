"""Listens to what a system alerts and tells of reports, as a gateway may; publishes and judges nothing."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import orjson
import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import ValidationError

from eventlog import topics
from eventlog.times import to_us
from eventlog.vocabulary import Alert, Report
from simulators.broker import KEEPALIVE_S, Broker, BrokerError
from simulators.link import Account
from simulators.verdict import Told

_FEW_ENTRIES = 1_000

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SystemStatus:
    """What Gatehouse says of itself: the estate's time, how many entries of the log its rules have still to
    take, and when it said so (seconds of the steady clock)."""

    at_us: int
    behind: int
    said_s: float

    def worked_through(self, upto_us: int, settle_s: float) -> bool:
        """Whether everything up to a moment has been decided. Entries that change nothing are noted as taken
        a little later than they are, so a few are no matter once a while has passed."""
        if self.at_us < upto_us:
            return False
        return not self.behind or (self.behind <= _FEW_ENTRIES and time.monotonic() - self.said_s >= settle_s)


class AlertWatch:
    """Listens to an estate's alerts and to what Gatehouse says of itself. A context manager."""

    def __init__(
        self, broker_url: str, account: Account | None, estate: str, on_alert: Callable[[Alert], None]
    ) -> None:
        self._broker = Broker.of(broker_url)
        self._topics = {
            topics.alerts(estate): self._take_alert,
            topics.duress_alerts(estate): self._take_alert,
            topics.reports(estate): self._take_report,
            topics.system(estate): self._take_system,
        }
        self._told: list[Told] = []
        self._on_alert = on_alert
        self._lock = threading.Lock()
        self._alerts: list[Alert] = []
        self._last_s = time.monotonic()
        self._listening = threading.Event()
        self._refused: str | None = None
        self._system: SystemStatus | None = None
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"simulate-{uuid.uuid4().hex[:12]}", protocol=mqtt.MQTTv311
        )
        self._broker.prepare(self._client, account)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def __enter__(self) -> AlertWatch:
        where = f"{self._broker.host}:{self._broker.port}"
        try:
            self._client.connect(self._broker.host, self._broker.port, KEEPALIVE_S)
        except OSError as error:
            raise BrokerError(f"no broker at {where}: {error}") from error
        self._client.loop_start()
        if not self._listening.wait(10.0) or self._refused:
            self.__exit__()
            raise BrokerError(
                f"the broker at {where} does not let the gateway listen: {self._refused or 'no answer'}"
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def alerts(self) -> list[Alert]:
        """Every change of an alert so far, in order."""
        with self._lock:
            return list(self._alerts)

    @property
    def told(self) -> list[Told]:
        """Every change of a report so far, in order; what was sent again counts once."""
        with self._lock:
            return list(self._told)

    @property
    def quiet_s(self) -> float:
        """How long no alert and no report has come."""
        with self._lock:
            return time.monotonic() - self._last_s

    @property
    def system(self) -> SystemStatus | None:
        """What the system last said of itself, if it did."""
        return self._system

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            self._refused = str(reason)
            self._listening.set()
        else:
            client.subscribe([(topic, 1) for topic in self._topics])

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _data: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: object,
    ) -> None:
        if reasons and reasons[0].is_failure:
            self._refused = f"no right to subscribe to alerts ({reasons[0]})"
        self._listening.set()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        take = self._topics.get(message.topic)
        if take is not None:
            take(bytes(message.payload))

    def _take_alert(self, payload: bytes) -> None:
        try:
            alert = Alert.model_validate_json(payload)
        except ValidationError as error:
            _log.warning("what was published as an alert is none", error=str(error))
            return
        with self._lock:
            self._alerts.append(alert)
            self._last_s = time.monotonic()
        self._on_alert(alert)

    def _take_report(self, payload: bytes) -> None:
        try:
            report = Report.model_validate_json(payload)
            told = Told(str(orjson.loads(payload)["event"]), report)
        except (ValidationError, KeyError) as error:
            _log.warning("what was published as a report is none", error=str(error))
            return
        with self._lock:
            if not any(t.report.id == report.id and t.report.version >= report.version for t in self._told):
                self._told.append(told)
            self._last_s = time.monotonic()

    def _take_system(self, payload: bytes) -> None:
        try:
            said = orjson.loads(payload)
            if "at" in said:
                decided, head = said.get("positions", {}).get("decider", 0), said.get("head", 0)
                self._system = SystemStatus(
                    to_us(datetime.fromisoformat(said["at"])), head - decided, time.monotonic()
                )
        except (ValueError, AttributeError, TypeError) as error:
            _log.debug("the system's status says no time", error=str(error))
