"""The registers of homes and people as events: homes, people, visitors, credentials, shops, known radios.

Like all registers: a `…_set` event carries the whole entry, the last one counts, `…_removed` takes it away.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime

from eventlog.vocabulary.base import (
    Credential,
    Event,
    Name,
    Person,
    Personal,
    Plate,
    RadioAddress,
    Role,
    Words,
    event,
)

HomeUse = Literal["owner", "let", "empty", "shop", "office"]


@event("registry.home_set", role=Role.INPUT)
class HomeSet(Event):
    """A home: its building's zone, its unit's door where it has one of its own, what it is used for."""

    home: Name
    zone: Name
    name: Words | None = None
    unit: str | None = None
    floor: int | None = None
    use: HomeUse = "owner"


@event("registry.home_removed", role=Role.INPUT)
class HomeRemoved(Event):
    home: Name


@event("registry.person_set", role=Role.INPUT)
class PersonSet(Event):
    """Somebody who lives or works here.

    A tenant's lease runs from `lease_from` until `lease_until`. `left_at`: moved out since then. `away_from`
    and `away_until`: registered as away. `look_in` asks a grid worker to look in when somebody who lives
    alone is neither seen to come nor to go.
    """

    person: Person
    role: Literal["owner", "family", "tenant", "staff", "grid_worker", "shopkeeper"]
    home: str | None = None
    name: Annotated[str | None, Personal("person")] = None
    phone: Annotated[str | None, Personal("person")] = None
    child: bool = False
    lives_alone: Annotated[bool, Personal("person")] = False
    look_in: bool = True
    lease_from: AwareDatetime | None = None
    lease_until: AwareDatetime | None = None
    away_from: AwareDatetime | None = None
    away_until: AwareDatetime | None = None
    left_at: AwareDatetime | None = None


@event("registry.person_removed", role=Role.INPUT)
class PersonRemoved(Event):
    person: Person


@event("registry.credential_set", role=Role.INPUT)
class CredentialSet(Event):
    """A card, face, code or phone that opens doors, and its life. `duress`: a code given under threat."""

    credential: Credential
    kind: Literal["card", "face", "qr", "pin", "phone"] = "card"
    person: Annotated[str | None, Personal("person")] = None
    state: Literal["active", "lost", "revoked"] = "active"
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    zones: tuple[Name, ...] | None = None
    duress: bool = False


@event("registry.credential_removed", role=Role.INPUT)
class CredentialRemoved(Event):
    credential: Credential


@event("registry.visitor_set", role=Role.INPUT)
class VisitorSet(Event):
    """A visitor's permit: whom they visit, with which vehicle or credential, from when until when."""

    visitor: Name
    home: str | None = None
    name: Annotated[str | None, Personal("person")] = None
    plate: Plate | None = None
    credential: Credential | None = None
    person: Annotated[str | None, Personal("person")] = None
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None


@event("registry.visitor_removed", role=Role.INPUT)
class VisitorRemoved(Event):
    visitor: Name


@event("registry.shop_set", role=Role.INPUT)
class ShopSet(Event):
    """A shop or company unit and the zone it is in."""

    shop: Name
    zone: Name
    name: Words
    kind: Name = "shop"
    keeper: Annotated[str | None, Personal("person")] = None


@event("registry.shop_removed", role=Role.INPUT)
class ShopRemoved(Event):
    shop: Name


@event("registry.radio_set", role=Role.INPUT)
class RadioSet(Event):
    """A phone or beacon that belongs here: its address, kept only as a keyed hash, and whose it is."""

    address: RadioAddress
    person: Annotated[str | None, Personal("person")] = None
    valid_until: AwareDatetime | None = None


@event("registry.radio_removed", role=Role.INPUT)
class RadioRemoved(Event):
    address: RadioAddress
