"""How many examples Hypothesis looks at: few and always the same ones by default, many on request.

`HYPOTHESIS_PROFILE=wide` (`make wide`) multiplies every test's own number and takes other ones each time.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "fixed")
TIMES = 25 if PROFILE == "wide" else 1


def examples(count: int, **more: Any) -> settings:
    """The settings of a test that looks at so many examples by default."""
    return settings(max_examples=count * TIMES, **more)
