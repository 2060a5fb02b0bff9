"""Runs a scenario against a system and judges what it alerts, as an outsider: over MQTT only.

Real time (speed 1): one connection a device, the wall's clock. Faster: one ordered connection with the
gateway's account, and the estate's time told along the way, so the system must run with `--time events`.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import ValidationError

from eventlog import topics
from eventlog.catalogue import DEFAULT_LANGUAGE, say, text
from eventlog.times import from_us, to_us
from eventlog.vocabulary import Alert
from simulators.broker import KEEPALIVE_S, Broker, BrokerError
from simulators.faults import Faults
from simulators.link import Account, Credentials, DeviceLinks, Link, SharedLink
from simulators.publisher import OrderedPublisher
from simulators.scenarios.model import Expected, Scenario, format_offset
from simulators.stage import Clock, PacedClock, Stage, WallClock
from simulators.verdict import Judged, Verdict, judge, severity_at

GRACE_S = 15.0
"""How long after the scenario's end a missing alert is waited for."""
QUIET_S = 2.0
"""How long no alert must have come before the verdict."""

_log = structlog.get_logger()
OnLine = Callable[[str], None]


class AlertWatch:
    """Listens to an estate's alerts and to what Gatehouse says of itself. A context manager."""

    def __init__(self, broker_url: str, account: Account | None, estate: str, on_alert: Callable[[Alert], None]) -> None:
        self._broker = Broker.of(broker_url)
        self._topics = {topics.alerts(estate): self._take_alert, topics.system(estate): self._take_system}
        self._on_alert = on_alert
        self._lock = threading.Lock()
        self._alerts: list[Alert] = []
        self._last_s = time.monotonic()
        self._listening = threading.Event()
        self._refused: str | None = None
        self._system_us: int | None = None
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
            raise BrokerError(f"the broker at {where} does not let the gateway listen: {self._refused or 'no answer'}")
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
    def quiet_s(self) -> float:
        """How long no alert has come."""
        with self._lock:
            return time.monotonic() - self._last_s

    def system_us(self) -> int | None:
        """The estate's time as the system last said it, if it did."""
        return self._system_us

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: object, reason: mqtt.ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            self._refused = str(reason)
            self._listening.set()
        else:
            client.subscribe([(topic, 1) for topic in self._topics])

    def _on_subscribe(
        self, _client: mqtt.Client, _data: object, _mid: int, reasons: list[mqtt.ReasonCode], _properties: object
    ) -> None:
        if reasons and reasons[0].is_failure:
            self._refused = f"no right to subscribe to alerts ({reasons[0]})"
        self._listening.set()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        take = self._topics.get(message.topic)
        if take is not None:
            take(message.payload)

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

    def _take_system(self, payload: bytes) -> None:
        try:
            said = orjson.loads(payload).get("at")
            self._system_us = to_us(datetime.fromisoformat(said)) if said else None
        except (ValueError, AttributeError, TypeError) as error:
            _log.debug("the system's status says no time", error=str(error))


@dataclass(frozen=True, slots=True)
class Teller:
    """Turns what happens into lines for people."""

    scenario: Scenario
    language: str
    on_line: OnLine

    def say(self, key: str, **params: object) -> None:
        """One line."""
        self.on_line(text(f"simulate.run.{key}", self.language, **params))

    def start(self, start_us: int, speed: float) -> None:
        """What is played, from when on."""
        local = from_us(start_us).astimezone(ZoneInfo(self.scenario.estate.time_zone))
        how = "real_time" if speed == 1 else "fastest" if speed <= 0 else "times"
        words = text(f"simulate.run.{how}", self.language, speed=f"{speed:g}")
        title = say(self.scenario.title, self.language)
        self.say("start", title=title, start=f"{local:%Y-%m-%d %H:%M:%S}", speed=words)

    def alert(self, alert: Alert, start_us: int) -> None:
        """An alert as it comes in."""
        self.say(
            "alert", offset=format_offset(to_us(alert.raised_at) - start_us), rule=alert.rule, key=alert.key,
            severity=self._word("severity", alert.severity), state=self._word("state", alert.state),
            condition=self._word("condition", alert.condition),
        )  # fmt: skip

    def verdict(self, verdict: Verdict, start_us: int) -> None:
        """Each expectation, what was unexpected, and the sum."""
        for judged in verdict.judged:
            self._judged(judged, start_us)
        for kind, alerts in (("unexpected", verdict.unexpected), ("foreign", verdict.foreign)):
            for alert in alerts:
                self.say(
                    kind, rule=alert.rule, key=alert.key, severity=self._word("severity", alert.severity),
                    offset=format_offset(to_us(alert.raised_at) - start_us), title=say(alert.title, self.language),
                )  # fmt: skip
        met = sum(judged.alert is not None for judged in verdict.judged)
        self.say(
            "verdict_ok" if verdict.ok else "verdict_bad",
            met=met, expected=len(verdict.judged), unexpected=len(verdict.unexpected),
        )  # fmt: skip

    def dropped(self, stage: Stage) -> None:
        """What devices had to drop."""
        for name, device in stage.devices.items():
            if device.dropped:
                self.say("dropped", device=name, count=len(device.dropped), first=device.dropped[0], last=device.dropped[-1])

    def _judged(self, judged: Judged, start_us: int) -> None:
        expected, alert = judged.expected, judged.alert
        severity = severity_at(self.scenario, expected, alert) if alert else expected.severity
        shown = {"rule": expected.rule, "where": _where(expected), "severity": self._word("severity", severity)}
        if alert is None:
            first, last = map(format_offset, expected.within)
            self.say("missed", **shown, first=first, last=last, why=f"[{judged.why}]" if judged.why else "")
        elif to_us(alert.raised_at) < start_us:
            self.say("met_again", **shown)
        else:
            self.say("met", **shown, offset=format_offset(to_us(alert.raised_at) - start_us))

    def _word(self, kind: str, value: str) -> str:
        return text(f"common.{kind}.{value}", self.language)


def _where(expected: Expected) -> str:
    return expected.key or ", ".join(expected.devices) or expected.zone or "*"


def first_moment(scenario: Scenario, earliest_us: int) -> int:
    """When a run faster than real time starts: the scenario's hour of the estate's day, at or after the given
    moment; the next whole second where it names none."""
    local = from_us(earliest_us).astimezone(ZoneInfo(scenario.estate.time_zone))
    whole = local.replace(microsecond=0) + timedelta(seconds=1)
    if scenario.starts is None:
        return to_us(whole)
    hour, minute = map(int, scenario.starts.split(":"))
    start = whole.replace(hour=hour, minute=minute, second=0)
    return to_us(start if start >= local else start + timedelta(days=1))


def simulate(
    scenario: Scenario,
    *,
    broker_url: str,
    speed: float = 1.0,
    seed: int = 0,
    credentials: Credentials | None = None,
    gateway: Account | None = None,
    faults: Faults | None = None,
    on_line: OnLine = lambda line: None,
    language: str = DEFAULT_LANGUAGE,
    grace_s: float = GRACE_S,
    quiet_s: float = QUIET_S,
) -> Verdict:
    """Plays a scenario and judges it. `speed` 1 is real time, 0 as fast as possible. Without accounts it
    connects without user and password. Raises BrokerError, ValueError for a bad address."""
    teller = Teller(scenario, language, on_line)
    start_us = _now_us()
    with AlertWatch(broker_url, gateway, scenario.estate.id, lambda alert: teller.alert(alert, start_us)) as watch:
        _await_retained(watch)
        clock: Clock = WallClock()
        if speed == 1:
            link: Link = DeviceLinks(broker_url, credentials)
            stage = Stage(scenario, link, clock, run=_run_id(scenario, seed, start_us), faults=faults)
            start_us = _perform(stage, clock, start_us, teller, speed)
            stage.close()
        else:
            start_us = first_moment(scenario, max(start_us, watch.system_us() or 0))
            with OrderedPublisher(broker_url, gateway, client_id=f"simulate-{uuid.uuid4().hex[:12]}") as publisher:
                clock = PacedClock(start_us, speed, publisher.pump)
                link = SharedLink(publisher.publish, settle=publisher.flush)
                stage = Stage(scenario, link, clock, run=_run_id(scenario, seed, start_us), faults=faults)
                _perform(stage, clock, start_us, teller, speed)
        verdict = _await_verdict(scenario, start_us, watch, stage, grace_s, quiet_s)
    teller.dropped(stage)
    teller.verdict(verdict, start_us)
    return verdict


def _perform(stage: Stage, clock: Clock, start_us: int, teller: Teller, speed: float) -> int:
    """Prepares and plays; the moment the time line started. In real time that is once all are connected."""
    try:
        stage.prepare(start_us)
        start_us = clock.now_us()
        teller.start(start_us, speed)
        stage.play(start_us)
    except BaseException:
        stage.close()
        raise
    return start_us


def _await_verdict(
    scenario: Scenario, start_us: int, watch: AlertWatch, stage: Stage, grace_s: float, quiet_s: float
) -> Verdict:
    """The verdict once it is good and nothing more has come for a while, or when the grace is over."""
    ended_s = time.monotonic()
    sent = stage.sent.keys()
    while True:
        verdict = judge(scenario, start_us, watch.alerts, sent=sent)
        past_s = time.monotonic() - ended_s
        if past_s >= quiet_s and watch.quiet_s >= quiet_s and (verdict.ok or past_s >= grace_s):
            return verdict
        if past_s >= grace_s + 60.0:
            return verdict
        time.sleep(0.05)


def _await_retained(watch: AlertWatch) -> None:
    """Gives the broker a moment to hand over the system's retained status."""
    deadline = time.monotonic() + 0.5
    while watch.system_us() is None and time.monotonic() < deadline:
        time.sleep(0.02)


def _run_id(scenario: Scenario, seed: int, start_us: int) -> str:
    return f"{seed}/{scenario.title.en}/{start_us}"


def _now_us() -> int:
    return time.time_ns() // 1_000
