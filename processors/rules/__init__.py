"""All rules by name. A new rule is one file here, one line below, one section of the catalogue."""

from typing import Any

from processors.rules.base import Rule
from processors.rules.door_held_open import DoorHeldOpen
from processors.rules.repeated_denials import RepeatedDenials

RULES: dict[str, type[Rule[Any]]] = {rule.name: rule for rule in (DoorHeldOpen, RepeatedDenials)}
"""Every rule by its name."""
