"""`python -m gatehouse.alive [ready|alive] [HOST:PORT]`: asks a part how it is; exit 0 when it is well.

For health checks of containers: loads nothing of Gatehouse, answers within a moment. The address is the
setting `metrics` (GATEHOUSE_METRICS), as the part itself has it.
"""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Sequence

ASK_S_MAX = 5.0
_PATHS = {"ready": "/readyz", "alive": "/healthz"}


def ask(question: str, address: str) -> tuple[bool, str]:
    """Whether the answer is yes, and what was said."""
    host, _, port = address.rpartition(":")
    host = "127.0.0.1" if host in ("0.0.0.0", "") else host.strip("[]")  # noqa: S104  compared, not listened on
    try:
        connection = http.client.HTTPConnection(host, int(port), timeout=ASK_S_MAX)
        connection.request("GET", _PATHS[question])
        answer = connection.getresponse()
        said = answer.read().decode("utf-8", "replace").strip()
    except (OSError, ValueError, http.client.HTTPException) as error:
        return False, str(error)
    return answer.status == 200, said


def main(given: Sequence[str]) -> int:
    """The entry of the program."""
    question = given[0] if given else "ready"
    address = given[1] if len(given) > 1 else os.environ.get("GATEHOUSE_METRICS", "")
    if question not in _PATHS or not address:
        print(
            "usage: python -m gatehouse.alive [ready|alive] [HOST:PORT] (or GATEHOUSE_METRICS)",
            file=sys.stderr,
        )
        return 2
    well, said = ask(question, address)
    print(said)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
