"""``python -m tests.benchmarks``: the benchmarks' command."""

from .run import main

if __name__ == "__main__":
    raise SystemExit(main())
