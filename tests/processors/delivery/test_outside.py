"""Telling people outside, over a real web hook and a real mail server: what is recorded, what is tried again,
how a dead channel is gone round."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from eventlog.vocabulary import (
    AlertRaised,
    CommandClose,
    Delivery,
    DeliveryFailed,
    DeliveryGivenUp,
    DeliverySent,
    DrillSet,
)
from processors.delivery.letters import Letter
from processors.delivery.outside import READER, OutsideDelivery
from processors.delivery.pending import FAILURES_MAX
from processors.delivery.routes import Channel, Entry, Routes
from processors.delivery.senders import AppriseSender, knows, secrets_of
from tests.processors.live import Live
from tests.support.hooks import Hook, hook, mailbox
from tests.support.waiting import wait_until


@pytest.fixture
def first() -> Iterator[Hook]:
    with hook() as made:
        yield made


@pytest.fixture
def second() -> Iterator[Hook]:
    with hook() as made:
        yield made


def to_squad(*channels: Channel) -> Routes:
    """The squads are reached over these, in this order."""
    names = tuple(each.name for each in channels)
    return Routes({each.name: each for each in channels}, (Entry("squad", names),))


@contextmanager
def telling(live: Live, routes: Routes) -> Iterator[None]:
    """Outside delivery runs for a while."""
    stop = threading.Event()
    delivery = OutsideDelivery(live.log, routes, AppriseSender)
    thread = threading.Thread(target=delivery.run, args=(stop,))
    thread.start()
    try:
        wait_until(delivery.ready.is_set, what="it is ready")
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def records(live: Live) -> list[Any]:
    """What the log says of messages outside, in order."""
    entries = live.log.read(after=0, limit=100_000)
    kinds = (Delivery, DeliveryGivenUp)
    return [each.event for each in entries if isinstance(each.event, kinds)]


def story(live: Live) -> list[str]:
    """The same in short."""
    return [
        " ".join(
            (
                each.TYPE.partition(".")[2],
                getattr(each, "channel", "-"),
                str(getattr(each, "attempt", "")),
                "again" if getattr(each, "resent", False) else "",
            )
        ).rstrip()
        for each in records(live)
    ]


def until(live: Live, kind: type[Any], count: int = 1) -> None:
    wait_until(lambda: len([r for r in records(live) if isinstance(r, kind)]) >= count, what=kind.TYPE)


def test_an_attempt_is_recorded_before_it_leaves_and_its_answer_after(first: Hook) -> None:
    live = Live()
    with telling(live, to_squad(Channel("wecom", first.url))):
        first.always = "hang"
        alert = live.burst()
        wait_until(lambda: first.heard, what="the hook hears")
        assert story(live) == ["attempted wecom 1"]
        first.let_go.set()
        first.always = 200
    (text,) = first.texts()[:1]
    assert alert.title.zh in text
    assert f"告警 {alert.id[:8]} · 第 1 版" in text
    assert "重发" not in text
    one = records(live)[0]
    assert (one.alert, one.version, one.recipient, one.kind) == (alert.id, 1, "squad:squad-1", "new")


def test_both_languages(first: Hook) -> None:
    live = Live()
    with telling(live, to_squad(Channel("wecom", first.url, language="both"))):
        alert = live.burst()
        until(live, DeliverySent)
    assert story(live) == ["attempted wecom 1", "sent wecom 1"]
    for words in (alert.title.zh, alert.title.en, "新告警", "A new alert", "地点", "Where"):
        assert words in first.texts()[0]


def test_a_failure_goes_to_the_next_channel_at_once_and_says_so(first: Hook, second: Hook) -> None:
    live = Live()
    first.always = 500
    routes = to_squad(Channel("wecom", first.url), Channel("sms", second.url))
    with telling(live, routes):
        alert = live.burst()
        until(live, DeliverySent)
    assert story(live) == ["attempted wecom 1", "failed wecom 1", "attempted sms 2 again", "sent sms 2 again"]
    sent, failed = records(live)[3], records(live)[1]
    assert (sent.message, sent.alert, sent.version) == (failed.message, alert.id, 1)
    assert "500" in failed.error
    assert second.texts()[0].startswith("【重发】")


@pytest.mark.parametrize("answer", ["close", "hang"])
def test_a_channel_that_says_nothing_has_failed(first: Hook, second: Hook, answer: str) -> None:
    live = Live()
    first.always = answer
    routes = to_squad(Channel("wecom", first.url, timeout_s=0.3), Channel("sms", second.url))
    with telling(live, routes):
        live.burst()
        until(live, DeliverySent)
    assert story(live)[-1] == "sent sms 2 again"


def test_a_dead_channel_is_noticed_told_and_gone_round(first: Hook, second: Hook) -> None:
    live = Live()
    first.always = 500
    routes = to_squad(Channel("wecom", first.url), Channel("sms", second.url))
    with telling(live, routes):
        for number in range(FAILURES_MAX + 2):
            before = len([r for r in records(live) if isinstance(r, DeliverySent)])
            live.burst(f"door-{number}")
            until(live, DeliverySent, before + 1)
            live.run()
        wait_until(lambda: len(second.heard) > FAILURES_MAX + 2, what="the alarm about it goes out, too")
    failed = [each for each in records(live) if isinstance(each, DeliveryFailed)]
    assert {each.channel for each in failed} == {"wecom"}
    assert len(failed) == len(first.heard) == FAILURES_MAX
    raised = [e.event.alert for e in live.outputs() if isinstance(e.event, AlertRaised)]
    assert [each.key for each in raised if each.rule == "gatehouse_unwell"] == ["channel:wecom"]


def test_nobody_is_asked_to_act_on_what_is_over(first: Hook) -> None:
    live = Live()
    first.always = 500
    with telling(live, to_squad(Channel("wecom", first.url))):
        alert = live.burst()
        until(live, DeliveryFailed)
        live.command(CommandClose(alert=alert.id, by="wang", disposition="nuisance", role="operator"))
        until(live, DeliveryGivenUp)
    given_up = next(each for each in records(live) if isinstance(each, DeliveryGivenUp))
    assert (given_up.reason, given_up.kind, given_up.attempts) == ("over", "new", 1)


def test_an_exercise_pages_nobody_outside_but_where_that_is_wanted(first: Hook, second: Hook) -> None:
    live = Live()
    live.say(DrillSet(drill="d", starts_at=live.now, ends_at=live.now + timedelta(hours=1)))
    live.run()
    routes = to_squad(Channel("wecom", first.url), Channel("drills", second.url, exercises=True))
    with telling(live, routes):
        live.burst()
        until(live, DeliverySent)
    assert first.heard == []
    assert "【演练】" in second.texts()[0]
    assert "这是演练" in second.texts()[0]


def test_mail(first: Hook) -> None:
    live = Live()
    with mailbox() as (url, mails), telling(live, to_squad(Channel("mail", url))):
        alert = live.burst()
        until(live, DeliverySent)
        assert alert.title.zh in str(mails[0]["subject"])
        assert alert.id[:8] in mails[0].as_string() or alert.id[:8] in str(mails[0].get_body())


def test_what_was_told_is_not_told_again_by_a_restart(first: Hook) -> None:
    live = Live()
    routes = to_squad(Channel("wecom", first.url))
    with telling(live, routes):
        live.burst()
        until(live, DeliverySent)
    with telling(live, routes):
        live.burst("door-9")
        until(live, DeliverySent, 2)
    sent = [each.message for each in records(live) if isinstance(each, DeliverySent)]
    assert len(first.heard) == len(sent) == len(set(sent))
    assert all(not each.resent for each in records(live) if isinstance(each, Delivery))
    assert live.log.position(READER) > 0


def test_a_robot_that_refuses_with_status_200_has_failed(first: Hook) -> None:
    sender = AppriseSender(Channel("robot", "wecombot://0123456789-secret-key/"))
    for plugin in sender._apprise:
        plugin.api_url = f"http://127.0.0.1:{first.port}/cgi-bin/webhook/send?key=0123456789-secret-key"
    first.says = {"errcode": 93000, "errmsg": "invalid webhook url"}
    said = sender(Letter("t", "b"))
    assert said
    assert "93000" in said
    assert "secret" not in said


def test_no_secret_is_in_what_is_said_of_a_failure() -> None:
    sender = AppriseSender(Channel("web", "json://user:p4ssw0rd!@127.0.0.1:9/token-abcdef"))
    said = sender(Letter("t", "b")) or ""
    assert said
    assert not any(part in said for part in ("p4ssw0rd", "abcdef"))
    assert {"p4ssw0rd!", "token-abcdef"} <= secrets_of("json://user:p4ssw0rd!@127.0.0.1:9/token-abcdef")
    assert not knows("no-such-thing://x")
