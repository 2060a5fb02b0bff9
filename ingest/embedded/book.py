"""The accounts as the broker knows them: a copy in memory, renewed when one of them changes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from eventlog.ports import Account, Accounts
from ingest import secrets
from ingest.rights import MQTT_KINDS


class AccountBook:
    """Who may connect. `follow` looks for changes; a stranger makes it look at once."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._revision: int | None = None
        self._by_name: Mapping[str, Account] = {}

    def get(self, name: str | None) -> Account | None:
        """The account of a user name, unless disabled."""
        account = self._by_name.get(name or "")
        return None if account is None or account.disabled else account

    def devices(self) -> list[Account]:
        """The accounts of single devices."""
        return [one for one in self._by_name.values() if one.kind == "device" and not one.disabled]

    async def follow(self) -> bool:
        """Reads the accounts again if one has changed; True when so."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> bool:
        revision = self._accounts.revision()
        if revision == self._revision:
            return False
        self._by_name = {one.name: one for one in self._accounts.all() if one.kind in MQTT_KINDS}
        self._revision = revision
        return True

    async def authenticate(self, name: str | None, password: str | None) -> Account | None:
        """The account of a user name and its password; None when there is none or it is wrong."""
        if not name or not password:
            return None
        if not self._fits(name, password):
            await self.follow()  # it may have been made a moment ago
        return self.get(name) if self._fits(name, password) else None

    def _fits(self, name: str, password: str) -> bool:
        account = self.get(name)
        return account is not None and secrets.matches(password, account.secret_hash)
