"""The simulated devices, one a file; `KINDS` has every one by its name in a scenario."""

from simulators.devices.base import Action, Connection, Device
from simulators.devices.camera import Camera
from simulators.devices.gate import Gate
from simulators.devices.plate_camera import PlateCamera

KINDS: dict[str, type[Device]] = {kind.kind: kind for kind in (Gate, PlateCamera, Camera)}

__all__ = ["KINDS", "Action", "Camera", "Connection", "Device", "Gate", "PlateCamera"]
