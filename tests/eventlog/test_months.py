"""Months in microseconds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from eventlog.sql.months import Month
from eventlog.times import to_us


def test_months() -> None:
    month = Month(2026, 12)
    assert (str(month), month.digits, str(month.plus(1)), str(month.plus(-12))) == (
        "2026-12", "202612", "2027-01", "2025-12",
    )  # fmt: skip
    assert month.start_us == to_us(datetime(2026, 12, 1, tzinfo=UTC))
    assert Month.of(month.end_us - 1) == month
    assert Month.of(month.end_us) == Month.parse("2027-01")
    with pytest.raises(ValueError, match="2026"):
        Month.parse("2026-13")
