"""paho-mqtt's client, made to receive and acknowledge in batches.

paho reads a message with at least three system calls and acknowledges it with another two: 38 µs a
message, more than judging and recording it take together. Here one `recv` brings many messages, plain
PUBLISH packets are cut out of it directly, and the acknowledgements of a batch leave in one `send`.
Connecting, subscribing, pings, TLS and every other packet stay paho's.

It overrides four of paho's private methods, each marked; `tests/ingest/test_client.py` fails if a
new version of paho has them no more.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Sequence
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from ingest.messages import PACKET_BYTES_MAX
from ingest.packets import Delivered, cut_publish

_RECV_BYTES = 256 * 1024
_PUBLISH, _PUBACK = 0x30, 0x40
_again = MQTTErrorCode.MQTT_ERR_AGAIN
_fine = MQTTErrorCode.MQTT_ERR_SUCCESS


class BatchClient(Client):
    """A client of MQTT 3.1.1 with a persistent session and acknowledgement by hand.

    Drive it with `read_batch`, `ack_batch`, `loop_write`, `loop_misc` from one thread.
    """

    def __init__(self, client_id: str, clock_us: Callable[[], int]) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self.suppress_exceptions = False
        self._clock_us = clock_us
        self._received = b""
        self._from = 0  # what is before this place in `_received` has been handled
        self._arrived_us = 0
        self._delivered: list[Delivered] = []
        # With this hook set, paho leaves writing to us: nothing is sent from inside a read.
        self.on_socket_register_write = _leave_it
        self.on_socket_open = _at_once

    def read_batch(self, messages_max: int, bytes_max: int) -> tuple[list[Delivered], bool]:
        """What has arrived, up to a limit; True when there may be more.

        What came before a connection was lost is not given: it belongs to that connection, and comes again.
        """
        batch: list[Delivered] = []
        size = 0
        while len(batch) < messages_max and size < bytes_max:
            if self.socket() is None:
                return [], False
            result = self._packet_read()
            if result != _fine:
                if result != _again:
                    self._loop_rc_handle(result)
                    return [], False
                return batch, False
            if self._delivered:
                size += sum(len(one.payload) for one, _ in self._delivered)
                batch += self._delivered
                self._delivered.clear()
        return batch, True

    def ack_batch(self, numbers: Sequence[int]) -> None:
        """Acknowledges messages of the present connection, all in one write."""
        if numbers:
            packets = b"".join([struct.pack("!BBH", _PUBACK, 2, number) for number in numbers])
            self._packet_queue(_PUBACK, packets, 0, 0)

    def reconnect(self) -> MQTTErrorCode:
        """paho's; what is left of an earlier connection is dropped first."""
        self._received, self._from = b"", 0
        self._delivered.clear()
        return super().reconnect()

    def _sock_recv(self, bufsize: int) -> bytes:
        """paho's own: reads from the socket. Here: from what has been received, many packets at a time."""
        if self._from == len(self._received):
            self._fill()
        piece = self._received[self._from : self._from + bufsize]
        self._from += len(piece)
        return piece

    def _fill(self) -> None:
        """One `recv`. Raises BlockingIOError when nothing is there; an empty one is the end."""
        data = super()._sock_recv(_RECV_BYTES)
        self._received, self._from = self._received[self._from :] + data, 0
        self._arrived_us = self._clock_us()
        self._last_bytes_received = time.monotonic()

    def _packet_read(self) -> MQTTErrorCode:
        """paho's own: reads and handles one packet. Here whole PUBLISH packets go round it."""
        if self._in_packet["command"]:
            return super()._packet_read()  # in the middle of another packet
        if self._from == len(self._received):
            result = self._more()
            if result != _fine:
                return result
        if not _is_plain_publish(self._received[self._from]):
            return super()._packet_read()
        cut = cut_publish(self._received, self._from, self._arrived_us)
        if cut is None:  # it has come in part
            known = len(self._received) - self._from
            return self._more() if known <= PACKET_BYTES_MAX else MQTTErrorCode.MQTT_ERR_PROTOCOL
        delivered, self._from = cut
        if delivered is None:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        self._delivered.append(delivered)
        return _fine

    def _more(self) -> MQTTErrorCode:
        """One more `recv`; says so when nothing is there or the connection has ended."""
        before = len(self._received) - self._from
        try:
            self._fill()
        except BlockingIOError:
            return _again
        except OSError:
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        return _fine if len(self._received) > before else MQTTErrorCode.MQTT_ERR_CONN_LOST


def _is_plain_publish(head: int) -> bool:
    """A PUBLISH of QoS 0 or 1; nothing here subscribes with more."""
    return head & 0xF4 == _PUBLISH


def _at_once(_client: Client, _userdata: Any, sock: Any) -> None:
    """An acknowledgement is sent as it is made, not held by the kernel until the last one has arrived."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _leave_it(client: Client, userdata: Any, sock: Any) -> None:
    """There is something to write; the loop looks with `want_write` each time round."""
