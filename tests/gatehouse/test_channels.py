"""The file of channels, the commands about it, and the process that tells people outside, killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventlog import codec
from eventlog.ports import EventLog
from eventlog.sql import open_log
from eventlog.times import from_us
from eventlog.vocabulary import AccessDenied, Delivery, DeliverySent, RuleActivated
from gatehouse.channelfile import ChannelFileError, load_channels
from gatehouse.up import Plan
from processors.runners.embedded import EmbeddedRunner
from tests.gatehouse.cli import Cli
from tests.processors.estate import NAME, REGISTERS
from tests.support.hooks import Hook, hook
from tests.support.waiting import wait_until

RECIPIENTS = '[[recipients]]\nkind = "squad"\nchannels = ["web"]\n'
WEB = '[channels.web]\nurl = "json://127.0.0.1:9/top-secret"\n'


@pytest.fixture
def there() -> Iterator[Hook]:
    with hook() as made:
        yield made


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "secrets" / "channels.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    file.chmod(mode)
    return file


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WEB, "recipients is …: Field required"),
        (
            RECIPIENTS + 'with_squad = true\n[channels.web]\nurl = "json://h"\n',
            "recipients.0.with_squad is True",
        ),
        (
            '[channels.web]\nurl = "wat://top-secret"\n' + RECIPIENTS,
            "channels.web.url is 'wat://…': expected an",
        ),
        ('[channels.web]\nurl = "env:NOT_SET_X"\n' + RECIPIENTS, "channels.web.url is 'env:NOT_SET_X'"),
        (WEB + "timeout_s = 0\n" + RECIPIENTS, "channels.web.timeout_s is …: Input should be greater"),
        (WEB + RECIPIENTS.replace('"web"', '"sms"'), "recipients.0.channels is 'sms': expected one of web"),
        (WEB + RECIPIENTS.replace("squad", "cat"), "recipients.0.kind is 'cat'"),
        (WEB + "\nurls = []\n" + RECIPIENTS, "channels.web.urls"),
        ("[channels", "can't be read"),
    ],
)
def test_a_bad_file_is_refused_with_place_value_and_what_was_expected(
    tmp_path: Path, text: str, said: str
) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ChannelFileError) as caught:
        load_channels(file, "en")
    assert said in str(caught.value)
    assert str(file) in str(caught.value)
    assert "top-secret" not in str(caught.value)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChannelFileError, match="chmod 600"):
        load_channels(written(tmp_path, WEB + RECIPIENTS, 0o644), "en")


def test_an_address_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_HOOK", "json://127.0.0.1:9/from-outside")
    text = WEB.replace("json://127.0.0.1:9/top-secret", "env:WEB_HOOK")
    routes = load_channels(written(tmp_path, text + RECIPIENTS), "en")
    assert routes.channels["web"].url.endswith("from-outside")
    assert "from-outside" not in repr(routes)


def test_channels_are_listed_and_tried_and_no_secret_is_shown(tmp_path: Path, there: Hook) -> None:
    written(tmp_path, WEB.replace("json://127.0.0.1:9/top-secret", there.url) + RECIPIENTS)
    cli = Cli(tmp_path)
    (row,) = cli.json("channel", "list")
    assert (row["channel"], row["by"], row["recipients"]) == ("web", "json", ["squad:* (1)"])
    assert "hook" not in cli("channel", "list").output
    assert cli.json("channel", "test", "web") == {"channel": "web", "sent": True, "error": None}
    assert "web" in there.texts()[0]
    there.always = 500
    assert "500" in cli.json("channel", "test", "web", code=1)["error"]
    cli("channel", "test", "fax", code=1)


def test_up_runs_the_part_where_there_are_channels_and_for_no_recording(tmp_path: Path) -> None:
    around = {"GATEHOUSE_DATA": str(tmp_path)}
    assert "deliver" not in Plan.of(around).roles
    written(tmp_path, WEB + RECIPIENTS)
    assert "deliver" in Plan.of(around).roles
    assert "deliver" not in Plan.of({**around, "GATEHOUSE_TIME": "events"}).roles


def raise_alert(log: EventLog) -> None:
    """An estate whose rule sees three denials."""
    denials = [
        AccessDenied(door="building-3", credential=f"c{n}", method="card", direction="in", reason="unknown")
        for n in range(3)
    ]
    events = (*REGISTERS, RuleActivated(rule="repeated_denials", version=1), *denials)
    now = from_us(log.now_us())
    source = f"estates/{NAME}/access/building-3"
    log.append(
        [
            codec.make(event, estate=NAME, source=source, event_id=str(place), at=now)
            for place, event in enumerate(events)
        ]
    )
    runner = EmbeddedRunner(log)
    while runner.run_once():
        pass


def deliver(folder: Path) -> subprocess.Popen[bytes]:
    """The part that tells people outside, as a process of its own."""
    environment = {**os.environ, "GATEHOUSE_DATA": str(folder)}
    return subprocess.Popen([sys.executable, "-m", "gatehouse.roles", "deliver"], env=environment)


def test_killed_between_attempt_and_answer_it_sends_once_more_and_says_so(
    tmp_path: Path, there: Hook
) -> None:
    written(tmp_path, WEB.replace("json://127.0.0.1:9/top-secret", there.url) + RECIPIENTS)
    log = open_log(f"sqlite:///{tmp_path / 'gatehouse.db'}")
    raise_alert(log)
    there.answers = ["hang"]
    process = deliver(tmp_path)
    try:
        wait_until(lambda: there.heard, what="the message is on its way")
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        process = deliver(tmp_path)
        wait_until(lambda: [one for one in said(log) if isinstance(one, DeliverySent)], what="it is sent")
    finally:
        process.kill()
        process.wait(10)
    found = said(log)
    assert [(one.TYPE, one.attempt, one.resent) for one in found] == [
        ("delivery.attempted", 1, False),
        ("delivery.attempted", 2, True),
        ("delivery.sent", 2, True),
    ]
    assert len({(one.message, one.alert, one.version) for one in found}) == 1
    before, after = there.texts()
    assert after == f"【重发】{before}"
    log.close()


def said(log: EventLog) -> list[Delivery]:
    """What became of messages."""
    entries = log.read(after=0, limit=10_000)
    return [one.event for one in entries if isinstance(one.event, Delivery)]
