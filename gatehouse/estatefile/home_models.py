"""What may stand in the sections of homes and people: homes, people, credentials, visitors, shops, radios.

One model an entry, like `models`; the tables of residents, homes, vehicles and credentials have the same
fields as columns.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from eventlog.vocabulary.homes import HomeUse
from gatehouse.estatefile.entry import Entry, Id, NameEntry, PlateText
from gatehouse.estatefile.moments import From, Until

PersonText = Annotated[str, StringConstraints(max_length=64)]
CredentialText = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,128}$")]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9 ()#*,转-]{3,40}$")]
"""Not what a spreadsheet makes of one: 1.38E+10."""
Address = Annotated[str, StringConstraints(pattern=r"^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$")]


class HomeEntry(Entry):
    """A home: its building's zone, and what it is used for."""

    id: Id
    zone: Id
    name: NameEntry | None = None
    unit: PersonText | None = None
    floor: Annotated[int, Field(ge=-10, le=300)] | None = None
    use: HomeUse = "owner"


class PersonEntry(Entry):
    """Somebody who lives or works here."""

    id: Id
    role: Literal["owner", "family", "tenant", "staff", "grid_worker", "shopkeeper"]
    home: Id | None = None
    name: PersonText | None = None
    phone: Phone | None = None
    child: bool = False
    lives_alone: bool = False
    look_in: bool = True
    lease_from: From | None = None
    lease_until: Until | None = None
    away_from: From | None = None
    away_until: Until | None = None
    left_at: From | None = None


class CredentialEntry(Entry):
    """A card, face, code or phone that opens doors; `id` as the readers tell it."""

    id: CredentialText
    kind: Literal["card", "face", "qr", "pin", "phone"] = "card"
    person: Id | None = None
    state: Literal["active", "lost", "revoked"] = "active"
    valid_from: From | None = None
    valid_until: Until | None = None
    zones: tuple[Id, ...] | None = None
    duress: bool = False


class VisitorEntry(Entry):
    """A visitor's permit."""

    id: Id
    home: Id | None = None
    name: PersonText | None = None
    plate: PlateText | None = None
    credential: CredentialText | None = None
    person: Id | None = None
    valid_from: From | None = None
    valid_until: Until | None = None


class ShopEntry(Entry):
    """A shop or company unit."""

    id: Id
    zone: Id
    name: NameEntry | None = None
    kind: Id = "shop"
    keeper: Id | None = None


class RadioEntry(Entry):
    """A phone or beacon that belongs here, by its address as the radio sends it."""

    address: Address
    person: Id | None = None
    valid_until: Until | None = None
