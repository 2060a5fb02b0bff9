"""Where a broker is and as whom one connects: from a URL and an account. MQTT 3.1.1, clean session false."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt

KEEPALIVE_S = 30
_PORTS = {"mqtt": 1883, "mqtts": 8883}


class BrokerError(Exception):
    """The broker can't be reached, or doesn't let us in; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker's address; `user` and `password` are those written into the URL, if any."""

    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: str | None = None

    @classmethod
    def of(cls, url: str) -> Broker:
        """From `mqtt://[user:password@]host[:port]`, or `mqtts://…`. Raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(
                f"{url!r} is not a broker's address: expected mqtt://host:port or mqtts://host:port"
            )
        return cls(
            parts.hostname, parts.port or _PORTS[parts.scheme], parts.scheme == "mqtts",
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
        )  # fmt: skip

    def prepare(self, client: mqtt.Client, account: tuple[str, str] | None) -> None:
        """Gives a client its user, password and TLS; what the URL says goes before the account."""
        user, password = (self.user, self.password) if self.user else (account or (None, None))
        if user:
            client.username_pw_set(user, password)
        if self.tls:
            client.tls_set()
