"""Gatehouse itself is not well."""

from __future__ import annotations

import pytest

from processors.rules.gatehouse_unwell import GatehouseUnwell, Settings
from tests.processors.story import check

RULE = GatehouseUnwell()


def test_quarantine_that_grows_by_more_than_twenty_an_hour() -> None:
    signals = check(
        RULE,
        """
        00:00:00  gatehouse  vitals  quarantine=100
        00:30:00  gatehouse  vitals  quarantine=120
        01:00:00  gatehouse  vitals  quarantine=121  -> medium quarantine since 60:00
        01:20:00  gatehouse  vitals  quarantine=145
        01:35:00  gatehouse  vitals  quarantine=140  -> cleared quarantine
        """,
    )
    assert signals[0].title.en == "quarantine has grown by 21 messages"


def test_quarantine_that_grows_slowly_is_silent() -> None:
    check(
        RULE,
        """
        00:00:00  gatehouse  vitals  quarantine=100
        00:30:00  gatehouse  vitals  quarantine=110
        01:00:01  gatehouse  vitals  quarantine=121
        01:30:01  gatehouse  vitals  quarantine=131
        """,
    )


def test_quarantine_that_was_emptied_counts_from_there() -> None:
    check(
        RULE,
        """
        00:00  gatehouse  vitals  quarantine=100
        10:00  gatehouse  vitals  quarantine=0
        20:00  gatehouse  vitals  quarantine=20
        30:00  gatehouse  vitals  quarantine=21  -> medium quarantine
        """,
    )


def test_a_disk_over_ninety_per_cent() -> None:
    (signal, _) = check(
        RULE,
        """
        00:00  gatehouse  vitals  disk=0.9
        05:00  gatehouse  vitals  disk=0.91  -> medium disk
        10:00  gatehouse  vitals  disk=0.95
        15:00  gatehouse  vitals  disk=0.9   -> cleared disk
        """,
    )
    assert signal.title.en == "the disk is 91 % full"


def test_a_part_that_has_work_and_stands_still_for_a_minute() -> None:
    check(
        RULE,
        """
        00:00  gatehouse  vitals  part=projections  behind=1  still=60
        00:30  gatehouse  vitals  part=projections  behind=1  still=60.5  -> medium part:projections
        01:00  gatehouse  vitals  part=projections  behind=1  still=90
        01:30  gatehouse  vitals  part=projections  behind=0  still=0     -> cleared part:projections
        02:30  gatehouse  vitals  part=projections  behind=0  still=500
        """,
    )


def test_alerts_that_can_not_go_out_are_high() -> None:
    check(RULE, "00:00  gatehouse  vitals  part=delivery  behind=1  still=61  -> high part:delivery")
    check(
        RULE,
        """
        00:00  sms  failed
        00:01  wecom  failed
        00:02  sms  failed
        00:03  sms  failed     -> high channel:sms
        00:04  sms  failed
        00:05  sms  sent       -> cleared channel:sms
        """,
    )


@pytest.mark.parametrize("between", ["sent", "confirmed"])
def test_failures_with_a_success_in_between_are_not_running(between: str) -> None:
    check(RULE, f"00:00  sms  failed\n00:01  sms  failed\n00:02  sms  {between}\n00:03  sms  failed")


def test_the_limits_are_settings() -> None:
    rule = GatehouseUnwell(
        Settings(quarantine_count=1, quarantine_s=60, disk_share=0.5, failures=1, still_s=5)
    )
    check(
        rule,
        """
        00:00  gatehouse  vitals  quarantine=0  disk=0.51  -> medium disk
        00:30  gatehouse  vitals  quarantine=2  disk=0.51  -> medium quarantine
        00:40  gatehouse  vitals  part=delivery  behind=1  still=6  -> high part:delivery
        00:50  sms  failed  -> high channel:sms
        """,
    )
