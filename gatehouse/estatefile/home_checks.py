"""What refers to what among homes and people: unknown names, doubles, moments out of order, leases, radios.

Looks at well formed entries only and adds to the findings; changes nothing. What is true and not as it should
be, such as a lease that has run out, is no mistake: the registers' quality tells it.
"""

from __future__ import annotations

from eventlog.plates import normal
from eventlog.problems import Findings
from gatehouse.estatefile.draft import Draft
from gatehouse.estatefile.moments import on_clock
from gatehouse.estatefile.references import in_order, refer, twice

LEASING = frozenset({"tenant", "family", "shopkeeper"})
"""Roles that a lease makes sense for."""
_LOCALLY_ADMINISTERED = 0x02


def check_homes(draft: Draft, findings: Findings) -> None:
    """Every check of the sections of homes and people."""
    _homes(draft, findings)
    _people(draft, findings)
    _credentials(draft, findings)
    _visitors(draft, findings)
    _radios(draft, findings)


def _homes(draft: Draft, findings: Findings) -> None:
    for home in draft.homes:
        refer(findings, (*home.path, "zone"), home.entry.zone, draft.knows("zones"))
    for shop in draft.shops:
        refer(findings, (*shop.path, "zone"), shop.entry.zone, draft.knows("zones"))
        refer(findings, (*shop.path, "keeper"), shop.entry.keeper, draft.knows("people"), "person")


def _people(draft: Draft, findings: Findings) -> None:
    homes, zone = draft.knows("homes"), draft.zone_info
    for person in draft.people:
        path, entry = person.path, person.entry
        refer(findings, (*path, "home"), entry.home, homes, "home")
        in_order(findings, (*path, "away_until"), entry.away_from, entry.away_until, zone)
        if not in_order(findings, (*path, "lease_until"), entry.lease_from, entry.lease_until, zone):
            continue
        if entry.role not in LEASING and (entry.lease_from or entry.lease_until):
            findings.add((*path, "role"), entry.role, "leases")
        left, began = on_clock(entry.left_at, zone), on_clock(entry.lease_from, zone)
        if left and began and left < began:
            findings.add((*path, "left_at"), f"{left:%Y-%m-%d}", "after_start", start=f"{began:%Y-%m-%d}")


def _credentials(draft: Draft, findings: Findings) -> None:
    people, zones, zone = draft.knows("people"), draft.knows("zones"), draft.zone_info
    for credential in draft.credentials:
        path, entry = credential.path, credential.entry
        refer(findings, (*path, "person"), entry.person, people, "person")
        for index, named in enumerate(entry.zones or ()):
            refer(findings, (*path, "zones", index), named, zones)
        in_order(findings, (*path, "valid_until"), entry.valid_from, entry.valid_until, zone)


def _visitors(draft: Draft, findings: Findings) -> None:
    homes, people, zone = draft.knows("homes"), draft.knows("people"), draft.zone_info
    for visitor in draft.visitors:
        path, entry = visitor.path, visitor.entry
        refer(findings, (*path, "home"), entry.home, homes, "home")
        refer(findings, (*path, "person"), entry.person, people, "person")
        in_order(findings, (*path, "valid_until"), entry.valid_from, entry.valid_until, zone)
    vehicles = {normal(vehicle.entry.plate): vehicle for vehicle in draft.vehicles}
    for visitor in draft.visitors:
        same = vehicles.get(normal(visitor.entry.plate or ""))
        if same is not None and "resident" in same.entry.groups:
            line = findings.where(same.path, visitor.path)
            findings.add((*visitor.path, "plate"), visitor.entry.plate, "resident_plate", line=line)


def _radios(draft: Draft, findings: Findings) -> None:
    people = draft.knows("people")
    twice(findings, [((*r.path, "address"), plain(r.entry.address)) for r in draft.radios])
    for radio in draft.radios:
        refer(findings, (*radio.path, "person"), radio.entry.person, people, "person")
        if int(radio.entry.address[:2], 16) & _LOCALLY_ADMINISTERED:
            findings.add((*radio.path, "address"), radio.entry.address, "random_address")


def plain(address: str) -> str:
    """One form of a radio's address."""
    return address.lower().replace("-", ":")
