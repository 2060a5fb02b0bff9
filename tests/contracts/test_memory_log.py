"""The log in memory under the contract."""

from __future__ import annotations

from typing import Any

import pytest

from eventlog.memory import MemoryAccounts, MemoryLog
from eventlog.ports import Accounts
from tests.contracts.accounts import AccountsContract
from tests.contracts.event_log import EventLogContract, OpenLog


class TestMemoryLog(EventLogContract):
    @pytest.fixture
    def open_log(self) -> OpenLog:
        def opened(**options: Any) -> MemoryLog:
            return MemoryLog(**options)

        return opened


class TestMemoryAccounts(AccountsContract):
    @pytest.fixture
    def accounts(self) -> Accounts:
        return MemoryAccounts()
