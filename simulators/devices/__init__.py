"""The simulated devices, one a file; `KINDS` has every one by its name in a scenario."""

from simulators.devices.base import Action, Connection, Device
from simulators.devices.camera import Camera
from simulators.devices.checkpoint import Checkpoint
from simulators.devices.face_terminal import FaceTerminal
from simulators.devices.fence import Fence
from simulators.devices.gate import Gate
from simulators.devices.help_button import HelpButton
from simulators.devices.phone import Phone
from simulators.devices.plate_camera import PlateCamera
from simulators.devices.probe import Probe
from simulators.devices.report_desk import ReportDesk

KINDS: dict[str, type[Device]] = {
    kind.kind: kind
    for kind in (
        Gate, PlateCamera, Camera, FaceTerminal, Fence, Probe, HelpButton, Phone, Checkpoint, ReportDesk,
    )
}  # fmt: skip

__all__ = [
    "KINDS",
    "Action",
    "Camera",
    "Checkpoint",
    "Connection",
    "Device",
    "FaceTerminal",
    "Fence",
    "Gate",
    "HelpButton",
    "Phone",
    "PlateCamera",
    "Probe",
    "ReportDesk",
]
