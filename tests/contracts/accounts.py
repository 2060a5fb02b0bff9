"""What every store of accounts must do."""

from __future__ import annotations

from dataclasses import replace

from eventlog.ports import Account, Accounts

GATE = Account("xiegou.gate-n1", "device", "xiegou", "access/gate-n1", "", "sha256:1", "$7$1", 5)
GUARD = Account("li", "user", "", "", "operator", "$argon2id$1", "", 6, disabled=True)


class AccountsContract:
    """Subclasses give `accounts`, an empty store."""

    def test_an_account_is_kept_whole(self, accounts: Accounts) -> None:
        accounts.put(GATE)
        accounts.put(GUARD)
        assert accounts.get("xiegou.gate-n1") == GATE
        assert accounts.get("li", "user") == GUARD
        assert accounts.all() == [GUARD, GATE]

    def test_a_name_may_have_two_kinds(self, accounts: Accounts) -> None:
        accounts.put(GUARD)
        assert accounts.get("li", "token") is None
        accounts.put(replace(GUARD, kind="token"))
        assert len(accounts.all()) == 2

    def test_putting_again_replaces(self, accounts: Accounts) -> None:
        accounts.put(GUARD)
        accounts.put(replace(GUARD, disabled=False))
        assert accounts.all() == [replace(GUARD, disabled=False)]

    def test_removing_says_whether_there_was_one(self, accounts: Accounts) -> None:
        accounts.put(GATE)
        assert not accounts.remove(GATE.name, "user")
        assert accounts.remove(GATE.name, "device")
        assert accounts.get(GATE.name) is None

    def test_every_change_changes_the_revision(self, accounts: Accounts) -> None:
        seen = [accounts.revision()]
        accounts.put(GATE)
        seen.append(accounts.revision())
        accounts.put(replace(GATE, disabled=True))
        seen.append(accounts.revision())
        accounts.remove(GATE.name, "device")
        seen.append(accounts.revision())
        assert len(set(seen)) == 4
        accounts.remove(GATE.name, "device")
        assert accounts.revision() == seen[-1]
