"""The commands, as an operator types them, on a system that is stopped."""

from __future__ import annotations

import json
import sqlite3
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from eventlog import codec
from eventlog.ports import EventLog, Reject
from eventlog.sql import open_accounts
from eventlog.vocabulary import DoorOpened
from ingest.secrets import matches
from tests.gatehouse.cli import Cli
from tests.gatehouse.conftest import PILOT
from tests.support.waiting import wait_until

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
GATE = "estates/xiegou/access/gate-n1"


def open_door(log: EventLog, number: int = 1) -> int:
    event = codec.make(
        DoorOpened(door="gate-n1"), estate="xiegou", source=GATE, event_id=f"d{number}", at=NOON
    )
    (position,) = log.append([event]).positions
    assert position is not None
    return position


# The estate


def test_a_good_file_is_called_so(empty: Cli) -> None:
    assert "no mistakes" in empty.bare("estate", "validate", PILOT).stdout
    assert "no mistakes" in empty("estate", "validate", PILOT).stdout, "--data goes with every command"
    assert not empty.data.exists()


def test_a_bad_file_is_refused_and_nothing_is_imported(empty: Cli, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        PILOT.read_text("utf-8").replace("gate-n1, zone: gate-n,", "gate-n1, zone: gate-x,", 1), "utf-8"
    )
    line = bad.read_text("utf-8").partition("zone: gate-x,")[0].count("\n") + 1
    for words in (("validate", bad), ("import", bad, "--data", empty.data)):
        told = empty.bare("estate", *words, code=1).stderr
        assert f"bad.yaml:{line}: devices.access[0].zone ('gate-x'): there is no such zone" in told
        assert "1 mistakes" in told
    problems = json.loads(empty.bare("estate", "validate", bad, "--json", code=1).stdout)["problems"]
    assert [problem["line"] for problem in problems] == [line]
    assert not (empty.data / "gatehouse.db").exists()


def test_a_file_that_is_not_there_or_no_text_is_told(empty: Cli, tmp_path: Path) -> None:
    assert "can't be read" in empty.bare("estate", "validate", tmp_path / "none.yaml", code=1).stderr
    (tmp_path / "gbk.yaml").write_bytes("estate: 谢沟".encode("gbk"))
    assert "UTF-8" in empty.bare("estate", "validate", tmp_path / "gbk.yaml", code=1).stderr


def test_an_import_says_what_changed_and_the_second_that_nothing_did(pilot: Cli, tmp_path: Path) -> None:
    assert "0 changes" in pilot("estate", "import", PILOT).stdout
    other = tmp_path / "other.yaml"
    other.write_text(
        PILOT.read_text("utf-8").replace("rules: {}", "rules: {door_held_open: {gate_s: 90}}"), "utf-8"
    )
    assert pilot.json("estate", "import", other) == [
        {"register": "rules", "entry": "door_held_open", "change": "changed"}
    ]
    (rule,) = [rule for rule in pilot.json("rules", "list") if rule["rule"] == "door_held_open"]
    assert (rule["active"], rule["settings"]["gate_s"]) == (True, 90.0)


def test_the_registers_can_be_looked_at(pilot: Cli) -> None:
    assert len(pilot.json("estate", "show")["devices"]) == 125
    assert "vgate-n" in pilot("estate", "show", "--register", "gates").stdout
    assert json.loads(pilot.bare("estate", "show", PILOT, "--json").stdout)["estate"] == "xiegou"
    assert "there is no register" in pilot("estate", "show", "--register", "cats", code=1).stderr.lower()


# The log


def test_the_last_entries_are_shown(pilot: Cli, log: EventLog) -> None:
    position = open_door(log)
    lines = pilot("log", "tail", "-n", 2).stdout.splitlines()
    assert len(lines) == 2
    assert lines[-1].split()[0] == str(position)
    assert "access.door_opened" in lines[-1]
    assert "access" not in pilot("log", "tail", "--types", "registry.*,rule.activated").stdout
    assert "no event type" in pilot("log", "tail", "--types", "doors.*", code=1).stderr


def test_following_shows_what_comes(pilot: Cli, log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    from gatehouse.commands import log as command

    class EnoughError(Exception):
        pass

    shown: list[str] = []

    def say(entry: object, *, as_json: bool) -> None:
        shown.append(getattr(entry, "id", ""))
        if len(shown) == 2:
            raise EnoughError

    monkeypatch.setattr(command, "_say", say)
    ended = threading.Event()

    def follow() -> None:
        with pytest.raises(EnoughError):
            pilot("log", "tail", "--follow", "-n", 0, "--types", "access.door_opened")
        ended.set()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    number = iter(range(1, 10_000))
    # The follower opens the log in its own time: what comes before that is not its business.
    wait_until(lambda: open_door(log, next(number)) and ended.is_set(), what="two entries followed")
    thread.join(5)
    first, second = (int(name.removeprefix("d")) for name in shown)
    assert second == first + 1


def test_one_entry_is_found_by_position_and_by_id(pilot: Cli, log: EventLog) -> None:
    position = open_door(log)
    stranger = codec.make(DoorOpened(door="x"), estate="xiegou", source="elsewhere", event_id="odd", at=NOON)
    log.append([stranger])
    found = json.loads(pilot("log", "show", position).stdout)
    assert (found["position"], found["id"], found["data"]) == (position, "d1", {"door": "gate-n1"})
    assert found["specversion"] == "1.0"
    assert len(found["hash"]) == 64
    assert json.loads(pilot("log", "show", "d1").stdout) == found
    assert json.loads(pilot("log", "show", "d1", "--source", GATE).stdout) == found
    assert json.loads(pilot("log", "show", "odd").stdout)["source"] == "elsewhere"
    assert "The log has no nothing" in pilot("log", "show", "nothing", code=1).stderr


def test_an_export_is_every_entry_in_order(pilot: Cli, log: EventLog) -> None:
    head = log.head()
    position = open_door(log)
    everything = [orjson.loads(line) for line in pilot("log", "export").stdout.splitlines()]
    assert [each["position"] for each in everything] == list(range(1, position + 1))
    some = pilot("log", "export", "--types", "access.*").stdout.splitlines()
    assert [orjson.loads(line)["position"] for line in some] == [position]
    start = everything[-1]["recordedat"]
    assert len(pilot("log", "export", "--from", start).stdout.splitlines()) == 1
    assert len(pilot("log", "export", "--to", start).stdout.splitlines()) == head
    assert "not a moment" in pilot("log", "export", "--from", "yesterday", code=1).stderr


def test_a_sound_log_verifies(pilot: Cli, log: EventLog) -> None:
    assert "are sound" in pilot("log", "verify").stdout
    outcome = pilot.json("log", "verify")
    assert (outcome["entries"], outcome["first_bad"]) == (log.head(), None)


def test_the_first_entry_touched_is_named(pilot: Cli) -> None:
    with sqlite3.connect(pilot.data / "gatehouse.db") as raw:
        for position in (9, 7):
            raw.execute("UPDATE events SET body = replace(body, '2', '3') WHERE position = ?", (position,))
    raw.close()
    assert "Entry 7 was touched" in pilot("log", "verify", code=1).stderr
    assert pilot.json("log", "verify", code=1)["first_bad"] == 7


# Quarantine


@pytest.fixture
def quarantined(pilot: Cli, log: EventLog) -> Cli:
    body = codec.make(DoorOpened(door="gate-n1"), estate="xiegou", source=GATE, event_id="q1", at=NOON).body
    received_us = log.now_us()
    with log.transaction() as transaction:
        transaction.quarantine(
            [
                Reject(f"{GATE}/events", "unknown_device", "not registered yet", body, received_us, "xiegou"),
                Reject(f"{GATE}/events", "undecodable", "not JSON", b"\xff\x00", received_us, "xiegou"),
            ]
        )
    return pilot


def test_what_waits_in_quarantine_is_listed_and_shown(quarantined: Cli) -> None:
    rows = quarantined.json("quarantine", "list")
    assert [(row["id"], row["reason"], row["bytes"]) for row in rows][1] == (2, "undecodable", 2)
    assert "2 wait" in quarantined("quarantine", "list").stdout
    shown = quarantined.json("quarantine", "show", 2)
    assert (shown["payload"], shown["payload_encoding"]) == ("ff00", "hex")
    assert '"door":"gate-n1"' in quarantined("quarantine", "show", 1).stdout
    assert "no 9 in quarantine" in quarantined("quarantine", "show", 9, code=1).stderr


def test_what_has_become_good_is_released_and_the_rest_stays(quarantined: Cli, log: EventLog) -> None:
    rows = quarantined.json("quarantine", "release", "--all", code=1)
    assert [row["outcome"] for row in rows] == ["released", "still_bad"]
    assert log.find(GATE, "q1") is not None
    assert [row["id"] for row in quarantined.json("quarantine", "list")] == [2]
    assert quarantined.json("quarantine", "release", 1)[0]["outcome"] == "already_released"
    assert "Say which" in quarantined("quarantine", "release", code=1).stderr


# Accounts


@pytest.mark.parametrize(
    ("words", "name", "kind", "scope"),
    [
        (["gate-n1"], "xiegou.gate-n1", "device", "access/gate-n1"),
        (["--squad", "squad-1"], "xiegou.squad.squad-1", "squad", "squad-1"),
        (["--member", "m001"], "xiegou.member.squad-1.m001", "member", "squad-1/m001"),
        (["--member", "squad-1/m001"], "xiegou.member.squad-1.m001", "member", "squad-1/m001"),
        (["--gateway", "player"], "xiegou.gateway.player", "gateway", "player"),
    ],
)
def test_a_token_is_one_line_and_only_hashes_are_kept(
    pilot: Cli, words: list[str], name: str, kind: str, scope: str
) -> None:
    user, password = pilot("device", "token", *words).stdout.split()
    assert user == name
    accounts = open_accounts(f"sqlite:///{pilot.data / 'gatehouse.db'}")
    account = accounts.get(name)
    accounts.close()
    assert account is not None
    assert (account.kind, account.estate, account.scope) == (kind, "xiegou", scope)
    assert matches(password, account.secret_hash)
    assert account.broker_hash.startswith("$7$")
    files = [file for file in pilot.data.glob("gatehouse.db*") if file.is_file()]
    assert all(password.encode() not in file.read_bytes() for file in files)


def test_a_new_token_ends_the_old_one(pilot: Cli) -> None:
    _, old = pilot("device", "token", "gate-n1").stdout.split()
    _, new = pilot("device", "token", "gate-n1").stdout.split()
    accounts = open_accounts(f"sqlite:///{pilot.data / 'gatehouse.db'}")
    account = accounts.get("xiegou.gate-n1", "device")
    accounts.close()
    assert account is not None
    assert (matches(old, account.secret_hash), matches(new, account.secret_hash)) == (False, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["gate-x"], "has no device gate-x"),
        (["--squad", "squad-99"], "has no squad squad-99"),
        (["--member", "squad-2/m001"], "has no member"),
        (["--gateway", "a/b"], "letters, digits"),
        (["gate-n1", "--squad", "squad-1"], "exactly one"),
        ([], "exactly one"),
        (["gate-n1", "--estate", "other"], "no estate other; there are: xiegou"),
    ],
)
def test_a_token_for_nobody_is_refused(pilot: Cli, words: list[str], told: str) -> None:
    assert told in pilot("device", "token", *words, code=1).stderr


def test_an_api_token_is_printed_alone(empty: Cli) -> None:
    token = empty("user", "token", "grafana", "--role", "operator").stdout.strip()
    accounts = open_accounts(f"sqlite:///{empty.data / 'gatehouse.db'}")
    account = accounts.get("grafana", "token")
    accounts.close()
    assert account is not None
    assert (account.role, matches(token, account.secret_hash)) == ("operator", True)
    assert "no role king" in empty("user", "token", "x", "--role", "king", code=1).stderr


def test_a_user_gets_a_password_that_only_they_know(pilot: Cli) -> None:
    from console.passwords import password_matches

    def hashed() -> str:
        accounts = open_accounts(f"sqlite:///{pilot.data / 'gatehouse.db'}")
        account = accounts.get("lin", "user")
        accounts.close()
        assert account is not None
        assert (account.role, account.estate) == ("supervisor", "xiegou")
        return account.secret_hash

    _, first = pilot("user", "add", "lin", "--role", "supervisor", "--estate", "xiegou").stdout.split()
    assert password_matches(hashed(), first)
    assert "There is a user lin" in pilot("user", "add", "lin", code=1).stderr
    assert (
        pilot("user", "passwd", "lin", "--password-stdin", stdin="correct horse battery\n").stdout == "lin\n"
    )
    assert password_matches(hashed(), "correct horse battery")
    assert not password_matches(hashed(), first)
    assert "12 to 200" in pilot("user", "passwd", "lin", "--password-stdin", stdin="short\n", code=1).stderr
    assert "There is no user wang" in pilot("user", "passwd", "wang", code=1).stderr
    assert "no estate far" in pilot("user", "add", "wang", "--estate", "far", code=1).stderr


# Read models, broker, doctor


def test_read_models_are_listed_and_rebuilt(pilot: Cli, log: EventLog) -> None:
    before = pilot.json("projections", "list")
    assert {row["behind"] for row in before} == {log.head()}
    rebuilt = pilot.json("projections", "rebuild", "--all")
    assert {row["name"] for row in rebuilt} == {row["name"] for row in before}
    assert {(row["behind"], row["live"]) for row in rebuilt} == {(0, True)}
    assert "no read model cats" in pilot("projections", "rebuild", "cats", code=1).stderr


def test_mosquittos_files_are_written_from_the_accounts(pilot: Cli, tmp_path: Path) -> None:
    pilot("device", "token", "gate-n1")
    out = tmp_path / "mosquitto"
    said = pilot("broker-config", "mosquitto", "--out", out, "--port", 18830).stdout
    assert f"mosquitto -c {out / 'mosquitto.conf'}" in said
    users = {line.partition(":")[0] for line in (out / "passwords").read_text().splitlines()}
    assert users == {"gatehouse", "xiegou.gate-n1"}
    assert stat.S_IMODE((out / "passwords").stat().st_mode) == 0o600


def test_who_left_the_registers_has_no_rights_at_the_broker(pilot: Cli, tmp_path: Path) -> None:
    pilot("device", "token", "--squad", "squad-11")
    fewer = PILOT.read_text("utf-8")
    fewer = fewer[: fewer.index("  - id: squad-11")] + "rules: {}\n"
    (tmp_path / "fewer.yaml").write_text(fewer, "utf-8")
    pilot("estate", "import", tmp_path / "fewer.yaml")
    pilot("broker-config", "mosquitto", "--out", tmp_path / "mosquitto")
    assert "squad-11" not in (tmp_path / "mosquitto/access").read_text()


def test_the_doctor_is_content_with_a_stopped_system(pilot: Cli) -> None:
    pilot("projections", "rebuild", "--all")
    said = pilot("doctor").stdout
    assert "the chain holds" in said
    assert "does not run" in said
    assert {finding["health"] for finding in pilot.json("doctor")} == {"good", "note"}


def test_the_doctor_says_what_to_do(pilot: Cli, log: EventLog) -> None:
    with log.transaction() as transaction:
        transaction.quarantine([Reject("t", "undecodable", "", b"", log.now_us())] * 21)
    (pilot.data / "secrets").mkdir(mode=0o755, exist_ok=True)
    (pilot.data / "secrets").chmod(0o755)
    run = pilot.data / "run"
    run.mkdir()
    (run / "ingest.json").write_text('{"pid": 1, "ready": true, "monotonic_s": -1000000}', "utf-8")
    (pilot.data / "system.json").write_text('{"time": "wall"}', "utf-8")
    found = {one["check"] + one["health"]: one for one in pilot.json("doctor", code=1)}
    assert {"quarantinebad", "secretsbad", "rolesbad", "brokerbad"} <= found.keys()
    assert all(one["advice"] for name, one in found.items() if name.endswith("bad"))
    assert "quarantine list" in found["quarantinebad"]["advice"]


# Where there is no system, and which system


@pytest.mark.parametrize(
    "words",
    ["log tail", "log verify", "quarantine list", "projections list", "doctor", "device token gate-n1"],
)
def test_where_there_is_no_system_that_is_said_and_none_is_made(empty: Cli, words: str) -> None:
    assert "There is no system in" in empty(*words.split(), code=1).stderr
    assert not empty.data.exists()


def test_a_bad_setting_is_refused_with_its_name(empty: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_HTTP", "here")
    told = empty("log", "tail", code=2).stderr
    assert "GATEHOUSE_HTTP" in told
    assert "HOST:PORT" in told


def test_a_command_knows_the_clock_its_system_was_run_with(pilot: Cli, log: EventLog) -> None:
    """Else an import beside a system that plays a recording would put its clock to today for ever."""
    from gatehouse.context import open_context, remember
    from gatehouse.settings import load

    remember(load({"data": pilot.data, "time": "events", "mqtt": "127.0.0.1:1999"}))
    with open_context(pilot.data) as context:
        assert (context.settings.time, context.settings.mqtt) == ("events", "127.0.0.1:1999")
    assert stat.S_IMODE((pilot.data / "system.json").stat().st_mode) == 0o600


def test_the_document_of_the_vocabulary_is_printed(empty: Cli) -> None:
    assert empty.bare("docs", "asyncapi").stdout.startswith("# Made by")
