"""The roles that `gatehouse up` runs as processes, and that run alone on more than one machine.

`python -m gatehouse.roles ROLE --lifeline FD` is what the supervisor starts: settings come from the
environment, the lifeline is the reading end of a pipe that closes when the supervisor dies. Each role
imports only what it needs, so that an idle system stays small.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from gatehouse.exits import EXIT_AWAY, EXIT_PERMANENT
from gatehouse.parts import CannotStartError, Part, folder_unusable, guarded, kafka_of, watch_lifeline
from gatehouse.settings import Settings, SettingsError, load
from gatehouse.vitals import Beating

if TYPE_CHECKING:
    from ingest.pipeline import Pipeline

SWITCH_S = 0.001
"""A thread that waits for its turn, such as delivery beside the rules, gets it within this, not 5 ms."""


def run_ingest(part: Part) -> None:
    """Takes messages from the broker, outside or embedded, into the log."""
    from eventlog.collector import spare_the_collector
    from gatehouse.secret_files import radio_key
    from ingest.pipeline import Pipeline

    log = part.open_log()
    key = radio_key(part.settings.secrets)
    spare_the_collector()
    try:
        if part.settings.broker is None:
            _embed_broker(part, Pipeline(log, time_mode=part.settings.time, hmac_key=key))
        else:
            from gatehouse.receiving import follow_broker

            follow_broker(part, log, key)
    finally:
        log.close()


def _embed_broker(part: Part, pipeline: Pipeline) -> None:
    from eventlog.sql import open_accounts
    from ingest.broker import EmbeddedBroker

    part.check_address("mqtt")
    host, _, port = part.settings.mqtt.rpartition(":")
    broker = EmbeddedBroker(pipeline, open_accounts(part.settings.log_url), host, int(port))
    part.ready_when(broker.ready)
    broker.run(part.stop)


def run_process(part: Part) -> None:
    """Decides for the estates and sends messages out; prints a line per alert."""
    from eventlog.catalogue import catalogue
    from gatehouse.printing import AlertPrinter
    from gatehouse.selfwatch import SelfWatch
    from processors.bell import Bell
    from processors.delivery.mqtt import MqttDelivery
    from processors.runners.embedded import EmbeddedRunner

    sys.setswitchinterval(SWITCH_S)
    catalogue()  # now, not at the first alert
    log, bell = part.open_log(), Bell()
    runner = EmbeddedRunner(log, time_mode=part.settings.time, bell=bell)
    url, user, password = part.broker_login()
    delivery = MqttDelivery(log, url=url, username=user, password=password, bell=bell)
    printer = AlertPrinter(log, language=part.settings.language, bell=bell)
    roles = [role for role in part.beside if role in ("ingest", "serve", "project", "deliver")]
    watch = SelfWatch(log, data=part.settings.data, run=part.settings.run, roles=roles)
    others = [
        guarded("delivery", lambda: delivery.run(part.stop)),
        guarded("selfwatch", lambda: watch.run(part.stop)),
        guarded("printer", lambda: printer.run(part.stop)),
    ]
    part.beating.set_ready()
    try:
        runner.run(part.stop)
    finally:
        part.stop.set()
        for thread in others:
            thread.join(3.0)
        log.close()


def run_deliver(part: Part) -> None:
    """Tells people outside over the channels that are set; stands by while another process does."""
    from eventlog.catalogue import catalogue, text
    from gatehouse.channelfile import ChannelFileError, load_channels

    settings = part.settings
    if settings.channels_file is None:
        raise CannotStartError(text("up.no_channels", settings.language, file=settings.secrets))
    if settings.time == "events":
        raise CannotStartError(text("up.channels_of_recordings", settings.language))
    try:
        routes = load_channels(settings.channels_file, settings.language)
    except ChannelFileError as error:
        raise CannotStartError(str(error)) from error
    from processors.delivery.outside import OutsideDelivery
    from processors.delivery.senders import AppriseSender

    catalogue()
    log = part.open_log()
    delivery = OutsideDelivery(log, routes, AppriseSender)
    part.ready_when(delivery.ready)
    try:
        delivery.run(part.stop)
    finally:
        log.close()


def run_relay(part: Part) -> None:
    """Carries the log's inputs to Kafka; stands by while another process does."""
    cluster = kafka_of(part)
    from gatehouse.selfwatch import SelfWatch
    from processors.runners.relay import Relay

    log = part.open_log()
    relay = Relay(log, cluster)
    # Beside the relay since a worker is one of many: one of the relays at a time carries, and one watches.
    watch = SelfWatch(log, data=part.settings.data, run=part.settings.run)
    watching = guarded("selfwatch", lambda: watch.run(part.stop))
    part.ready_when(relay.ready)
    try:
        relay.run(part.stop)
    finally:
        part.stop.set()
        watching.join(3.0)
        log.close()


def run_worker(part: Part) -> None:
    """Decides for estates from what Kafka brings; one of the workers sends messages out."""
    cluster = kafka_of(part)
    from gatehouse.working import work

    work(part, cluster)


def run_serve(part: Part) -> None:
    """Keeps the read models and serves the console."""
    part.check_address("http")
    from gatehouse.serving import serve_console

    serve_console(part)


def run_project(part: Part) -> None:
    """Keeps the read models, with no console."""
    from projections.runner import ProjectionRunner
    from projections.store import open_views

    log = part.open_log()
    runner = ProjectionRunner(log, open_views(part.settings.log_url))
    part.beating.set_ready()
    try:
        runner.run(part.stop)
    finally:
        log.close()


def run_simulate(part: Part) -> None:
    """Simulated devices of an estate, as real MQTT clients."""
    from gatehouse.simulating import run_live

    part.beating.set_ready()
    run_live(part.settings, part.stop)


def run_prepare(part: Part) -> None:
    """Brings the database up to date, makes the first accounts, imports the estate, says where to look."""
    from gatehouse.preparing import prepare

    prepare(part)


ROLES: dict[str, Callable[[Part], None]] = {
    "ingest": run_ingest,
    "process": run_process,
    "project": run_project,
    "deliver": run_deliver,
    "relay": run_relay,
    "worker": run_worker,
    "serve": run_serve,
    "simulate": run_simulate,
    "prepare": run_prepare,
}


def run_role(role: str, settings: Settings, beside: tuple[str, ...] = ()) -> int:
    """Runs one role until SIGTERM or SIGINT; returns the exit code. `beside`: what runs with it."""
    from gatehouse.logs import configure

    configure(settings.log_level)
    from eventlog.catalogue import text
    from eventlog.ports import LogError, LogUnavailableError

    try:
        _run(role, settings, beside)
    except CannotStartError as error:
        print(error, file=sys.stderr, flush=True)
        return EXIT_PERMANENT
    except LogUnavailableError as error:
        print(text("cli.error.log_unavailable", settings.language, what=error), file=sys.stderr, flush=True)
        return EXIT_AWAY
    except LogError as error:
        print(text("up.log_unusable", settings.language, what=error), file=sys.stderr, flush=True)
        return EXIT_PERMANENT
    return 0


def _run(role: str, settings: Settings, beside: tuple[str, ...]) -> None:
    metrics = settings.run / "metrics"
    try:
        metrics.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStartError(folder_unusable(settings, error)) from error
    if beside:
        # Read when prometheus_client is first imported: it joins the counts of all processes.
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(metrics))
    part = Part(settings, Beating(settings.run, role), beside)
    part.stop_on_signals()
    if role == "prepare":
        ROLES[role](part)
        return
    part.beating.start()
    try:
        with _watched(part):
            ROLES[role](part)
    finally:
        part.beating.stop()


def _watched(part: Part) -> AbstractContextManager[object]:
    """A part that runs alone answers for itself where that is set. Raises CannotStartError."""
    if part.beside or part.settings.metrics is None:
        return nullcontext()
    part.check_address("metrics")
    from gatehouse.watched import answering

    return answering(part, part.settings.metrics)


def main() -> int:
    """The entry of the supervisor's children."""
    parser = argparse.ArgumentParser(prog="gatehouse.roles")
    parser.add_argument("role", choices=sorted(ROLES))
    parser.add_argument("--lifeline", type=int)
    parser.add_argument("--beside", default="")
    given = parser.parse_args()
    if given.lifeline is not None:
        watch_lifeline(given.lifeline)
    try:
        return run_role(given.role, load(), tuple(filter(None, given.beside.split(","))))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_PERMANENT


if __name__ == "__main__":
    sys.exit(main())
