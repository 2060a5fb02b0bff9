"""The sections of homes and people as the events that set each entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from eventlog.vocabulary import CredentialSet, Event, HomeSet, PersonSet, RadioSet, ShopSet, VisitorSet
from gatehouse.estatefile import home_models as h
from gatehouse.estatefile.draft import Draft
from gatehouse.estatefile.entry import both, maybe
from gatehouse.estatefile.moments import on_clock

Hash = Callable[[str], str]
"""Turns a radio's address into the keyed hash that is stored."""


def home_events(draft: Draft, hashed: Hash) -> Iterator[Event]:
    """Homes, people, credentials, visitors, shops, radios."""
    zone = draft.zone_info
    for home in draft.homes:
        yield _home(home.entry)
    for person in draft.people:
        yield _person(person.entry, zone)
    for credential in draft.credentials:
        yield _credential(credential.entry, zone)
    for visitor in draft.visitors:
        yield _visitor(visitor.entry, zone)
    for shop in draft.shops:
        entry = shop.entry
        name = both(entry.name, entry.id)
        yield ShopSet(shop=entry.id, zone=entry.zone, name=name, kind=entry.kind, keeper=entry.keeper)
    for radio in draft.radios:
        until = on_clock(radio.entry.valid_until, zone)
        yield RadioSet(address=hashed(radio.entry.address), person=radio.entry.person, valid_until=until)


def _home(entry: h.HomeEntry) -> HomeSet:
    return HomeSet(
        home=entry.id, zone=entry.zone, name=maybe(entry.name), unit=entry.unit, floor=entry.floor,
        use=entry.use,
    )  # fmt: skip


def _person(entry: h.PersonEntry, zone: ZoneInfo) -> PersonSet:
    return PersonSet(
        person=entry.id, role=entry.role, home=entry.home, name=entry.name, phone=entry.phone,
        child=entry.child, lives_alone=entry.lives_alone, look_in=entry.look_in,
        lease_from=on_clock(entry.lease_from, zone), lease_until=on_clock(entry.lease_until, zone),
        away_from=on_clock(entry.away_from, zone), away_until=on_clock(entry.away_until, zone),
        left_at=on_clock(entry.left_at, zone),
    )  # fmt: skip


def _credential(entry: h.CredentialEntry, zone: ZoneInfo) -> CredentialSet:
    return CredentialSet(
        credential=entry.id, kind=entry.kind, person=entry.person, state=entry.state,
        valid_from=on_clock(entry.valid_from, zone), valid_until=on_clock(entry.valid_until, zone),
        zones=entry.zones, duress=entry.duress,
    )  # fmt: skip


def _visitor(entry: h.VisitorEntry, zone: ZoneInfo) -> VisitorSet:
    return VisitorSet(
        visitor=entry.id, home=entry.home, name=entry.name, plate=entry.plate, credential=entry.credential,
        person=entry.person, valid_from=on_clock(entry.valid_from, zone),
        valid_until=on_clock(entry.valid_until, zone),
    )  # fmt: skip
