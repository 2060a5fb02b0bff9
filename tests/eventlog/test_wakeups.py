"""Pipes that wake those who wait for the log."""

from __future__ import annotations

import os
from pathlib import Path

from eventlog.sql.wakeups import Wakeups


def test_what_is_announced_before_the_wait_is_not_lost(tmp_path: Path) -> None:
    here, there = Wakeups(str(tmp_path)), Wakeups(str(tmp_path))
    with here.listening() as listener:
        listener.drain()
        there.announce()
        assert listener.wait(30)
        listener.drain()
        assert not listener.wait(0.01)
    here.close()
    there.close()


def test_announcing_never_blocks_on_one_who_does_not_listen(tmp_path: Path) -> None:
    here, there = Wakeups(str(tmp_path)), Wakeups(str(tmp_path))
    with here.listening() as listener:
        for _ in range(70_000):
            there.announce()
        assert listener.wait(30)
    here.close()
    there.close()


def test_the_pipe_of_one_who_died_is_taken_away(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "1-dead")
    wakeups = Wakeups(str(tmp_path))
    wakeups.announce()
    assert list(tmp_path.iterdir()) == []
    wakeups.close()


def test_a_listener_that_closes_leaves_nothing(tmp_path: Path) -> None:
    here, there = Wakeups(str(tmp_path)), Wakeups(str(tmp_path))
    with here.listening(), here.listening():
        there.announce()
        assert len(list(tmp_path.iterdir())) == 2
    here.close()
    assert list(tmp_path.iterdir()) == []
    there.announce()
    there.close()
