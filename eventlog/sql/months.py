"""Calendar months (UTC) in microseconds, by which the log is parted and archived. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from eventlog.times import from_us, to_us


class Month(NamedTuple):
    """A month of a year."""

    year: int
    month: int

    @classmethod
    def of(cls, moment_us: int) -> Month:
        """The month that a moment is in."""
        moment = from_us(moment_us)
        return cls(moment.year, moment.month)

    @classmethod
    def parse(cls, text: str) -> Month:
        """`2026-11`, or `202611`. Raises ValueError."""
        try:
            moment = datetime.strptime(text.replace("-", ""), "%Y%m").replace(tzinfo=UTC)
        except ValueError:
            raise ValueError(f"{text!r}: expected a month, such as 2026-11") from None
        return cls(moment.year, moment.month)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def digits(self) -> str:
        """`202611`, as in the names of tables."""
        return f"{self.year:04}{self.month:02}"

    @property
    def start_us(self) -> int:
        """Its first moment."""
        return to_us(datetime(self.year, self.month, 1, tzinfo=UTC))

    @property
    def end_us(self) -> int:
        """The first moment of the next one."""
        return self.plus(1).start_us

    def plus(self, months: int) -> Month:
        """So many months later, or earlier."""
        place = self.year * 12 + self.month - 1 + months
        return Month(place // 12, place % 12 + 1)
