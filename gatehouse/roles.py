"""The roles that `gatehouse up` runs as processes, and that run alone on more than one machine.

`python -m gatehouse.roles ROLE --lifeline FD` is what the supervisor starts: settings come from the
environment, the lifeline is the reading end of a pipe that closes when the supervisor dies. Each role
imports only what it needs, so that an idle system stays small.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from gatehouse.settings import Settings, SettingsError, load
from gatehouse.vitals import Beating

if TYPE_CHECKING:
    from eventlog.ports import EventLog

SERVICE_ACCOUNT = "gatehouse"


def _open_log(settings: Settings) -> EventLog:
    from eventlog.sql import open_log

    return open_log(settings.log_url, time_mode=settings.time)


def _broker_login(settings: Settings) -> tuple[str, str, str]:
    """URL without the login, user and password of Gatehouse's own connections.

    Without a login in the URL it is Gatehouse's own account, which `broker-config` gives to Mosquitto.
    """
    url = urlsplit(settings.broker_url)
    port = url.port or (8883 if url.scheme == "mqtts" else 1883)
    bare = f"{url.scheme}://{url.hostname}:{port}"
    if url.username:
        return bare, unquote(url.username), unquote(url.password or "")
    from gatehouse.secret_files import secret_file

    return bare, SERVICE_ACCOUNT, secret_file(settings.secrets, "mqtt-service")


def run_ingest(settings: Settings, stop: threading.Event, beating: Beating) -> None:
    """Takes messages from the broker, outside or embedded, into the log."""
    from gatehouse.secret_files import secret_file
    from ingest.pipeline import Pipeline

    log = _open_log(settings)
    key = bytes.fromhex(secret_file(settings.secrets, "radio-hmac-key"))
    pipeline = Pipeline(log, time_mode=settings.time, hmac_key=key)
    try:
        if settings.broker is None:
            from eventlog.sql import open_accounts
            from ingest.broker import EmbeddedBroker

            host, _, port = settings.mqtt.rpartition(":")
            broker = EmbeddedBroker(pipeline, open_accounts(settings.log_url), host, int(port))
            _when(broker.ready, beating.set_ready, stop)
            broker.run(stop)
        else:
            from ingest.client import MqttIngest

            url, user, password = _broker_login(settings)
            client = MqttIngest(
                pipeline, url=url, username=user, password=password, client_id="gatehouse-ingest"
            )
            _when(client.ready, beating.set_ready, stop)
            client.run(stop)
    finally:
        log.close()


def run_process(settings: Settings, stop: threading.Event, beating: Beating) -> None:
    """Decides for the estates and sends messages out; prints a line per alert."""
    from processors.delivery.mqtt import MqttDelivery

    from gatehouse.printing import AlertPrinter
    from processors.runners.embedded import EmbeddedRunner

    logs = [_open_log(settings) for _ in range(3)]
    runner = EmbeddedRunner(logs[0], time_mode=settings.time)
    url, user, password = _broker_login(settings)
    delivery = MqttDelivery(logs[1], url=url, username=user, password=password)
    printer = AlertPrinter(logs[2], language=settings.language)
    others = [
        _guarded("delivery", lambda: delivery.run(stop)),
        _guarded("printer", lambda: printer.run(stop)),
    ]
    beating.set_ready()
    try:
        runner.run(stop)
    finally:
        stop.set()
        for thread in others:
            thread.join(5.0)
        for log in logs:
            log.close()


def run_serve(settings: Settings, stop: threading.Event, beating: Beating) -> None:
    """Keeps the read models and serves the console."""
    from gatehouse.serving import serve_console

    serve_console(settings, stop, beating, _open_log(settings), _open_log(settings))


def run_project(settings: Settings, stop: threading.Event, beating: Beating) -> None:
    """Keeps the read models, with no console."""
    from projections.runner import ProjectionRunner
    from projections.store import open_views

    log = _open_log(settings)
    runner = ProjectionRunner(log, open_views(settings.log_url))
    beating.set_ready()
    try:
        runner.run(stop)
    finally:
        log.close()


def run_simulate(settings: Settings, stop: threading.Event, beating: Beating) -> None:
    """Simulated devices of an estate, as real MQTT clients."""
    from gatehouse.simulating import run_live

    beating.set_ready()
    run_live(settings, stop)


def run_prepare(settings: Settings, _stop: threading.Event, _beating: Beating) -> None:
    """Brings the database up to date, makes the first accounts, imports the estate, says where to look."""
    from gatehouse.preparing import prepare

    prepare(settings)


ROLES: dict[str, Callable[[Settings, threading.Event, Beating], None]] = {
    "ingest": run_ingest,
    "process": run_process,
    "project": run_project,
    "serve": run_serve,
    "simulate": run_simulate,
    "prepare": run_prepare,
}


def _when(event: threading.Event, action: Callable[[], None], stop: threading.Event) -> None:
    def wait() -> None:
        while not stop.is_set():
            if event.wait(0.2):
                action()
                return

    threading.Thread(target=wait, daemon=True, name="when-ready").start()


def _guarded(name: str, run: Callable[[], None]) -> threading.Thread:
    """A thread whose failure ends the role, so that the supervisor starts it afresh."""

    def guarded() -> None:
        try:
            run()
        except Exception:
            import traceback

            print(f"gatehouse {name} failed:", file=sys.stderr)
            traceback.print_exc()
            os._exit(70)

    thread = threading.Thread(target=guarded, name=name, daemon=True)
    thread.start()
    return thread


def _watch_lifeline(handle: int) -> None:
    def watch() -> None:
        while os.read(handle, 1):
            continue
        os._exit(75)  # the supervisor is gone: what is not answered for is not lost

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


def run_role(role: str, settings: Settings) -> int:
    """Runs one role until SIGTERM or SIGINT; returns the exit code."""
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(settings.run / "metrics"))
    os.makedirs(os.environ["PROMETHEUS_MULTIPROC_DIR"], exist_ok=True)
    from gatehouse.logs import configure

    configure(settings.log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    beating = Beating(settings.run, role)
    if role != "prepare":
        beating.start()
    try:
        ROLES[role](settings, stop, beating)
    finally:
        if role != "prepare":
            beating.stop()
    return 0


def main() -> int:
    """The entry of the supervisor's children."""
    parser = argparse.ArgumentParser(prog="gatehouse.roles")
    parser.add_argument("role", choices=sorted(ROLES))
    parser.add_argument("--lifeline", type=int)
    given = parser.parse_args()
    if given.lifeline is not None:
        _watch_lifeline(given.lifeline)
    try:
        return run_role(given.role, load())
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
