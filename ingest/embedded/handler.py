"""One connection of the embedded broker: amqtt's handler, with reading, answering and sending replaced.

amqtt makes a task for every packet and answers a PUBLISH as soon as it is queued. Here what has arrived
is taken apart in one go, a PUBLISH is answered when it is recorded, and a connection that is silent for
longer than its keep-alive is closed, so that its last will is heard.
"""

# amqtt says nothing of its types: for mypy its classes are Any, and may not be subclassed.
# mypy: disable-error-code="misc"
from __future__ import annotations

import asyncio
import struct
from asyncio import StreamReader, StreamWriter
from typing import TYPE_CHECKING, Any

import structlog
from amqtt.adapters import BufferReader, StreamReaderAdapter, StreamWriterAdapter
from amqtt.errors import AMQTTError, MQTTError, NoDataError
from amqtt.mqtt import packet_class
from amqtt.mqtt.packet import MQTTFixedHeader
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler

from eventlog import metrics
from eventlog.ports import Account
from ingest.arrival import arrival_us
from ingest.embedded.outbox import UNSENT_BYTES_MAX, Outbox
from ingest.messages import PACKET_BYTES_MAX, Message
from ingest.packets import cut_packet, cut_publish
from ingest.rights import may_publish

if TYPE_CHECKING:
    from ingest.embedded.server import GateBroker

_READ_BYTES = 64 * 1024
_CLOSE_S_MAX = 5.0
_PUBLISH, _PUBACK, _PUBREC, _PUBREL, _PUBCOMP = 0x30, 0x40, 0x50, 0x60, 0x70
_PINGREQ, _SUBSCRIBE, _UNSUBSCRIBE, _DISCONNECT = 0xC0, 0x80, 0xA0, 0xE0
_PINGRESP = b"\xd0\x00"

_logger = structlog.get_logger()


class BurstReader(StreamReaderAdapter):
    """amqtt's reader, that can also give whatever has arrived."""

    def __init__(self, reader: StreamReader) -> None:
        super().__init__(reader)
        self._stream = reader

    async def burst(self) -> bytes:
        """What has arrived; empty at the end."""
        return await self._stream.read(_READ_BYTES)


class LineWriter(StreamWriterAdapter):
    """amqtt's writer, that never waits for a peer which doesn't read."""

    def __init__(self, writer: StreamWriter) -> None:
        super().__init__(writer)
        self._stream = writer
        self.is_closed = False

    def unsent(self) -> int:
        """Bytes written that the network has not taken yet."""
        return self._stream.transport.get_write_buffer_size()

    async def close(self) -> None:
        """Closes; what is still unsent has a few seconds."""
        if not self.is_closed:
            self.is_closed = True
            self._stream.close()
            asyncio.get_running_loop().call_later(_CLOSE_S_MAX, self._stream.transport.abort)


class GateHandler(BrokerProtocolHandler):
    """A connection with its account, its last will and what it waits for."""

    gate: GateBroker
    account: Account
    client: str
    will: Message | None = None
    outbox: Outbox
    line: LineWriter
    bursts: BurstReader

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._answers = bytearray()
        self._half: set[int] = set()  # QoS 2: recorded, their release not seen yet
        self.closed = False

    async def start(self) -> None:
        """amqtt's, with the waiter made before reading starts: a connection may end at once."""
        self._disconnect_waiter = asyncio.get_running_loop().create_future()
        self._reader_stopped = asyncio.Event()
        self.outbox.connect(self.line)
        self._reader_task = asyncio.create_task(self._reader_loop())
        await asyncio.sleep(0)  # a task that never began can't be waited for when it is cancelled

    async def _reader_loop(self) -> None:
        """amqtt's own: reads until the connection ends, one way or another."""
        try:
            await self._read()
        except TimeoutError:
            _logger.info("mqtt_client_silent", client=self.client)
        except (MQTTError, AMQTTError, NoDataError, ValueError) as error:
            _logger.warning("mqtt_client_breaks_protocol", client=self.client, error=str(error))
        except ConnectionError as error:
            _logger.info("mqtt_connection_lost", client=self.client, error=str(error))
        finally:
            self.closed = True
            self.outbox.disconnect(self.line)
            self._reader_stopped.set()
            await self.handle_connection_closed()

    async def _read(self) -> None:
        silence_s = self.keepalive_timeout * 1.5 if self.keepalive_timeout else None
        left = b""
        while True:
            async with asyncio.timeout(silence_s):
                data = await self.bursts.burst()
            if not data:
                return
            left = await self._packets(left + data if left else data)
            if len(left) > PACKET_BYTES_MAX:
                raise MQTTError(f"a packet of over {PACKET_BYTES_MAX} bytes")
            if self.line.unsent() > UNSENT_BYTES_MAX * 2:
                raise MQTTError("it sends and doesn't read the answers")

    async def _packets(self, data: bytes) -> bytes:
        """Handles every whole packet; what is left of one that has come in part."""
        at, end, arrived_us = 0, len(data), arrival_us()
        while at < end:
            if data[at] & 0xF0 == _PUBLISH:
                cut = cut_publish(data, at, arrived_us)
                if cut is None:
                    break
                delivered, at = cut
                if delivered is None:
                    raise MQTTError("a malformed PUBLISH")
                await self._published(*delivered)
            else:
                stop = cut_packet(data, at)
                if stop is None:
                    break
                if not await self._other(data[at:stop]):
                    return b""
                at = stop
        return data[at:] if at else data

    async def _published(self, message: Message, number: int) -> None:
        topic = message.topic
        if not topic or "+" in topic or "#" in topic or "\x00" in topic or topic.startswith("$"):
            raise MQTTError(f"it publishes on {topic!r}")
        if number in self._half and message.qos == 2:
            self._answer(_PUBREC, number)
            self.flush()
        elif not may_publish(self.account, topic):
            self._refuse(message)
        elif self.account.kind == "service":
            self.gate.forward(message)
            self.recorded(message, number, forwarded=True)
            self.flush()
        else:
            await self.gate.commits.room()
            self.gate.commits.put(message, number, self)

    def _refuse(self, message: Message) -> None:
        """MQTT 3.1.1 knows no refusal of a PUBLISH. One that wants an answer gets none and the connection
        is closed: an answer would say that it is recorded."""
        metrics.BROKER_REFUSED.labels("publish").inc()
        self.gate.say_refused(self.account.name, message.topic)
        if message.qos:
            raise MQTTError(f"no right to publish on {message.topic}")

    def recorded(self, message: Message, number: int, *, forwarded: bool = False) -> None:
        """The message is durable (or, of our own service, handed on): answer it, hand it on."""
        if not forwarded:
            self.gate.forward(message)
        if message.qos == 1:
            self._answer(_PUBACK, number)
        elif message.qos == 2:
            self._half.add(number)
            self._answer(_PUBREC, number)

    def _answer(self, kind: int, number: int) -> None:
        self._answers += struct.pack("!BBH", kind, 2, number)

    def flush(self) -> None:
        """Sends the answers gathered, in one write."""
        if self._answers and not self.closed:
            self.line.write(bytes(self._answers))
        self._answers.clear()

    async def _other(self, packet: bytes) -> bool:
        """Any packet but PUBLISH; False when the client says goodbye."""
        kind = packet[0] & 0xF0
        if kind in (_PUBACK, _PUBREL) and len(packet) >= 4:
            number = packet[2] << 8 | packet[3]
            if kind == _PUBACK:
                self.outbox.answered(number)
            else:
                self._half.discard(number)
                self.line.write(struct.pack("!BBH", _PUBCOMP, 2, number))
        elif kind == _PINGREQ:
            self.line.write(_PINGRESP)
        elif kind in (_SUBSCRIBE, _UNSUBSCRIBE, _DISCONNECT):
            return await self._by_amqtt(packet)
        else:
            raise MQTTError(f"a packet of type {kind >> 4} from a client")
        return True

    async def _by_amqtt(self, packet: bytes) -> bool:
        stream = BufferReader(packet)
        try:
            header = await MQTTFixedHeader.from_stream(stream)
            parsed: Any = await packet_class(header).from_stream(stream, fixed_header=header)
        except (ValueError, IndexError, TypeError, struct.error) as error:
            raise MQTTError(f"a malformed packet: {error}") from error
        kind = packet[0] & 0xF0
        if kind == _SUBSCRIBE:
            await self.handle_subscribe(parsed)
        elif kind == _UNSUBSCRIBE:
            await self.handle_unsubscribe(parsed)
        else:
            await self.handle_disconnect(parsed)
        return kind != _DISCONNECT
