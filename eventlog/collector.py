"""How busy processes treat Python's garbage collector. Touches nothing else."""

from __future__ import annotations

import gc

THRESHOLDS = (50_000, 20, 100)


def spare_the_collector() -> None:
    """Lets Python's collector look less often: every batch makes tens of thousands of objects that end with
    it, in no cycles. With the defaults, looking for cycles costs as much as a rule, and a look at everything
    stops a process for tens of milliseconds; so what is there already is never looked at again. Call it when
    a process has loaded what it needs. Holds for the process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
