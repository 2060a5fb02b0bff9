"""What the rules about doors share. Pure."""

from __future__ import annotations

from eventlog.estate import Estate


def controller(estate: Estate, door: str) -> str:
    """The device of a door, or the door itself where it is not in the register."""
    return estate.doors[door].device if door in estate.doors else door
