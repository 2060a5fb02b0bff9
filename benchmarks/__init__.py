"""Speed, measured on real parts: `python -m benchmarks` (`make bench`) makes every figure of
docs/performance.md in one run on one machine. Nothing of Gatehouse imports this folder."""
