"""`python -m tests.mutations [--jobs N] [rule …]`: what no test and no scenario noticed; then exit code 1."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter

from tests.mutations.mutants import cases, limits, rules
from tests.mutations.trying import tried


def main() -> int:
    """Tries all mutants of the rules named, or of all."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", choices=("limits", "cases"))
    parser.add_argument("rules", nargs="*")
    chosen = parser.parse_args()
    mutants = [
        mutant
        for rule in chosen.rules or rules()
        for kind in (limits, cases)
        if chosen.only in (None, kind.__name__)
        for mutant in kind(rule)
    ]
    count: Counter[str] = Counter()
    for mutant, noticed in tried(mutants, chosen.jobs):
        count[noticed] += 1
        if noticed == "nothing":
            print(f"NOT NOTICED  {mutant.rule}: {mutant.name}", flush=True)
    print(f"{len(mutants)} mutants: {count['tests']} noticed by tests, {count['scenario']} by scenarios, "
          f"{count['nothing']} by nothing")  # fmt: skip
    return 1 if count["nothing"] else 0


if __name__ == "__main__":
    sys.exit(main())
