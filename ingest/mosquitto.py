"""Mosquitto's configuration, password file and access file, written from the accounts.

Mosquitto reads the two files of accounts again on SIGHUP.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eventlog.ports import Account
from ingest.messages import PACKET_BYTES_MAX
from ingest.rights import MQTT_KINDS, grants

INFLIGHT_MAX = 2_000
"""Messages on their way to Gatehouse and not acknowledged: Mosquitto's default of 20 would make a batch
no longer than 20."""
QUEUED_BYTES_MAX = 2 * 1024**3
"""Bytes that Mosquitto keeps in memory for an absent reader; beyond, it drops what comes."""

_TEMPLATE = """\
# Written by `gatehouse broker-config mosquitto`; changes here are lost when it is written again.
# After a change of accounts write it again and send Mosquitto SIGHUP.
# Started by root, Mosquitto becomes the user that these files belong to; make them as that user.
user {user}
per_listener_settings false
listener {port} {host}
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/access

# What waits for Gatehouse while it is away: no limit by number (the default drops all after 1,000).
max_queued_messages 0
max_queued_bytes {queued_bytes_max}
# How many may be on their way at once (the default of 20 would make batches of 20).
max_inflight_messages {inflight_max}
# Who sends a larger packet is disconnected, which its log says; Gatehouse quarantines those over 256 KiB.
max_packet_size {packet_bytes_max}
# A session that nobody came back to, Gatehouse's own included, is dropped with all that waits in it.
persistent_client_expiration {expiration}

persistence true
persistence_location {folder}/
autosave_interval 60
log_dest stderr
log_type error
log_type warning
log_type notice
"""


@dataclass(frozen=True, slots=True)
class Written:
    """The files written, and the accounts left out because they have no password for Mosquitto."""

    config: Path
    passwords: Path
    access: Path
    left_out: tuple[str, ...]


def write_configuration(
    folder: Path,
    accounts: Sequence[Account],
    *,
    host: str = "127.0.0.1",
    port: int = 1883,
    inflight_max: int = INFLIGHT_MAX,
    queued_bytes_max: int = QUEUED_BYTES_MAX,
    expiration: str = "30d",
) -> Written:
    """Writes mosquitto.conf, passwords and access into a folder, readable by the owner only.

    Raises ValueError for a folder that Mosquitto can't be told of, OSError.
    """
    folder = folder.resolve()
    if not str(folder).isprintable():
        raise ValueError(f"the folder's path has characters that Mosquitto can't read: {str(folder)!r}")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    able, left_out = _sorted_out(accounts)
    written = Written(folder / "mosquitto.conf", folder / "passwords", folder / "access", left_out)
    _write(written.passwords, "".join(f"{one.name}:{one.broker_hash}\n" for one in able))
    _write(written.access, "\n".join(map(_access, able)))
    config = _TEMPLATE.format(
        user=_owner(),
        host=host,
        port=port,
        folder=folder,
        inflight_max=inflight_max,
        queued_bytes_max=queued_bytes_max,
        packet_bytes_max=PACKET_BYTES_MAX,
        expiration=expiration,
    )
    _write(written.config, config)
    return written


def _sorted_out(accounts: Sequence[Account]) -> tuple[list[Account], tuple[str, ...]]:
    mqtt = [one for one in accounts if one.kind in MQTT_KINDS and not one.disabled]
    able = [one for one in mqtt if one.broker_hash.startswith("$7$") and _writable(one.name)]
    return able, tuple(one.name for one in mqtt if one not in able)


def _writable(name: str) -> bool:
    return bool(name) and name.isprintable() and not any(char in ": " for char in name)


def _access(account: Account) -> str:
    allowed = grants(account)
    both = [topic for topic in allowed.publish if topic in allowed.subscribe]
    lines = [f"user {account.name}"]
    lines += [f"topic readwrite {topic}" for topic in both]
    lines += [f"topic write {topic}" for topic in allowed.publish if topic not in both]
    lines += [f"topic read {topic}" for topic in allowed.subscribe if topic not in both]
    return "\n".join(lines) + "\n"


def _owner() -> str:
    """The name of who runs this; a user of a container may have none, and Mosquitto, run as that user too,
    does not ask."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "mosquitto"


def _write(file: Path, content: str) -> None:
    """Replaces a file at once, so that Mosquitto never reads half of one."""
    fresh = file.with_name(file.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(content)
    fresh.replace(file)
