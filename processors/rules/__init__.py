"""All rules by name. A new rule is one file here, one line below, one section of the catalogue."""

from typing import Any

from processors.rules.antipassback import Antipassback
from processors.rules.barrier_forced import BarrierForced
from processors.rules.base import Rule
from processors.rules.calming import Calming
from processors.rules.camera_blind import CameraBlind
from processors.rules.chattering import Chattering
from processors.rules.checkpoint_missed import CheckpointMissed
from processors.rules.clock_skewed import ClockSkewed
from processors.rules.crowd import Crowd
from processors.rules.dead_credential_used import DeadCredentialUsed
from processors.rules.device_offline import DeviceOfflineRule
from processors.rules.docs import write_docs
from processors.rules.door_forced import DoorForced
from processors.rules.door_held_open import DoorHeldOpen
from processors.rules.duress import DuressRule
from processors.rules.ebike_in_lift import EbikeInLift
from processors.rules.episode import Episode
from processors.rules.escalation import Escalation
from processors.rules.fall import Fall
from processors.rules.fire_lane_blocked import FireLaneBlocked
from processors.rules.fire_smoke import FireSmoke
from processors.rules.flood import Flood
from processors.rules.gatehouse_unwell import GatehouseUnwell
from processors.rules.guard_overdue import GuardOverdue
from processors.rules.help import Help
from processors.rules.impossible_travel import ImpossibleTravel
from processors.rules.inhibition import Inhibition
from processors.rules.intrusion import Intrusion
from processors.rules.loitering import Loitering
from processors.rules.object_left import ObjectLeft
from processors.rules.off_hours_access import OffHoursAccess
from processors.rules.perimeter_breach import PerimeterBreach
from processors.rules.plate_cloned import PlateCloned
from processors.rules.repeated_denials import RepeatedDenials
from processors.rules.reports import Reports
from processors.rules.sequence_gap import SequenceGap
from processors.rules.stranger_returns import StrangerReturns
from processors.rules.tailgating import Tailgating
from processors.rules.unknown_radio_lingers import UnknownRadioLingers
from processors.rules.urgent_report import UrgentReport
from processors.rules.vehicle_not_permitted import VehicleNotPermitted
from processors.rules.vehicle_overstay import VehicleOverstay
from processors.rules.watchlist_face import WatchlistFace
from processors.rules.watchlist_plate import WatchlistPlate
from processors.rules.wellbeing_check import WellbeingCheck

RULES: dict[str, type[Rule[Any]]] = {
    rule.name: rule
    for rule in (
        DoorForced,
        DoorHeldOpen,
        RepeatedDenials,
        DeadCredentialUsed,
        Tailgating,
        Antipassback,
        ImpossibleTravel,
        OffHoursAccess,
        DuressRule,
        WellbeingCheck,
        VehicleNotPermitted,
        WatchlistPlate,
        DeviceOfflineRule,
        Intrusion,
        Loitering,
        Crowd,
        CameraBlind,
        FireSmoke,
        Fall,
        ObjectLeft,
        EbikeInLift,
        WatchlistFace,
        StrangerReturns,
        ClockSkewed,
        SequenceGap,
        Chattering,
        GatehouseUnwell,
        CheckpointMissed,
        GuardOverdue,
        Episode,
        Inhibition,
        Calming,
        Escalation,
        PlateCloned,
        VehicleOverstay,
        BarrierForced,
        FireLaneBlocked,
        PerimeterBreach,
        UnknownRadioLingers,
        Help,
        Reports,
        UrgentReport,
        Flood,
    )
}
"""Every rule by its name."""


def document() -> str:
    """docs/rules.md, made from the rules themselves and the catalogue."""
    return write_docs(RULES)
