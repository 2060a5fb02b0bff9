"""Who may connect, in the log's database. Secrets come and stay as hashes."""

from __future__ import annotations

from collections.abc import Sequence

from eventlog.ports import Account, AccountKind
from eventlog.sql.database import Connection, Database, Row

_COLUMNS = "name, kind, estate, scope, role, secret_hash, broker_hash, created_us, disabled"
_PUT = (
    f"INSERT INTO accounts ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (name, kind) DO UPDATE SET "  # noqa: S608
    "estate = excluded.estate, scope = excluded.scope, role = excluded.role, "
    "secret_hash = excluded.secret_hash, broker_hash = excluded.broker_hash, "
    "created_us = excluded.created_us, disabled = excluded.disabled"
)


class SqlAccounts:
    """`Accounts` in a SQL database. Safe across threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, account: Account) -> None:
        """Makes or replaces the account of that name and kind."""
        row = (
            account.name, account.kind, account.estate, account.scope, account.role, account.secret_hash,
            account.broker_hash, account.created_us, account.disabled,
        )  # fmt: skip
        with self._database.writing() as connection:
            connection.run(_PUT, row)
            _count(connection)

    def get(self, name: str, kind: AccountKind | None = None) -> Account | None:
        """The account of a name, of any kind when none is given."""
        where, parameters = ("", (name,)) if kind is None else ("AND kind = ?", (name, kind))
        sql = f"SELECT {_COLUMNS} FROM accounts WHERE name = ? {where} ORDER BY kind LIMIT 1"  # noqa: S608
        with self._database.reading() as connection:
            found = connection.row(sql, parameters)
        return _account(found) if found else None

    def all(self) -> Sequence[Account]:
        """Every account, by name and kind."""
        with self._database.reading() as connection:
            found = connection.rows(f"SELECT {_COLUMNS} FROM accounts")  # noqa: S608
        return sorted(map(_account, found), key=lambda account: (account.name, account.kind))

    def remove(self, name: str, kind: AccountKind) -> bool:
        """Takes an account away; False when there was none."""
        with self._database.writing() as connection:
            found = connection.run("DELETE FROM accounts WHERE name = ? AND kind = ?", (name, kind)) > 0
            if found:
                _count(connection)
        return found

    def revision(self) -> int:
        """Changes whenever an account does."""
        with self._database.reading() as connection:
            found = connection.row("SELECT value FROM counters WHERE name = 'accounts'")
        return int(found[0]) if found else 0

    def close(self) -> None:
        """Gives back connections and files."""
        self._database.close()


def _count(connection: Connection) -> None:
    connection.run("UPDATE counters SET value = value + 1 WHERE name = 'accounts'")


def _account(row: Row) -> Account:
    name, kind, estate, scope, role, secret_hash, broker_hash, created_us, disabled = row
    return Account(
        name,
        kind,
        estate,
        scope,
        role,
        secret_hash,
        broker_hash,
        created_us=created_us,
        disabled=disabled == 1,
    )
