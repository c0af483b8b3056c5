"""Mutate every rule of the table, run the op property against each mutant, and say which survive.

    python -m tests.mutation [--ops A,B] [--markdown docs/mutation.md]

The exit status is 1 if a mutant survives that isn't known to compute the same.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import tinygrad_lab as tg  # noqa: F401  # it fills the table
from tests.mutation.mutants import EQUIVALENT, MUTATIONS, killed, mutations
from tinygrad_lab.op import table

KILLED, EQUAL, SURVIVED, NONE = "x", "=", "ALIVE", ""
Mutant = tuple[str, int, str]


def outcome(mutant: Mutant) -> str:
    """What becomes of one mutant."""
    name, i, mutation = mutant
    if killed(table[name], i, mutation):
        return KILLED
    return EQUAL if mutant in EQUIVALENT else SURVIVED


def markdown(found: dict[Mutant, str]) -> str:
    """The kill matrix: a row for each rule, a column for each mutation."""
    count = {kind: sum(v == kind for v in found.values()) for kind in (KILLED, EQUAL, SURVIVED)}
    lines = [
        "# Mutants of the rules, and what kills them",
        "",
        "Written by `python -m tests.mutation --markdown docs/mutation.md`. Each rule of the table is changed as a "
        "hand would slip; the op property, on at most 300 drawn arguments, must notice.",
        "",
        f"Of {len(found)} mutants {count[KILLED]} are killed, {count[EQUAL]} compute the same as the rule (=, "
        f"explained below), {count[SURVIVED]} survive.",
        "",
        f"| rule of | for | {' | '.join(MUTATIONS)} |",
        "| --- | --- |" + " :-: |" * len(MUTATIONS),
    ]
    for name, i in dict.fromkeys((name, i) for name, i, _ in found):
        cells = [found.get((name, i, mutation), NONE) for mutation in MUTATIONS]
        operand = table[name].params[min(i, len(table[name].params) - 1)]
        lines.append(f"| `{name}` | {operand} | {' | '.join(cells)} |")
    same = [(m, EQUIVALENT[m]) for m, v in found.items() if v == EQUAL]
    if same:
        lines += ["", "Those that compute the same:", ""]
        lines += [f"- `{name}`, {table[name].params[i]}, {mutation}: {why}" for (name, i, mutation), why in same]
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--ops", type=lambda text: text.split(","), default=list(table), metavar="A,B")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the kill matrix there")
    options = parser.parse_args(argv)
    unknown = [name for name in options.ops if name not in table]
    if unknown:
        parser.error(f"{unknown[0]} isn't an op of the table")
    todo = mutations(options.ops)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip(todo, pool.map(outcome, todo, chunksize=4), strict=True))
    alive = [m for m, v in found.items() if v == SURVIVED]
    for name, i, mutation in alive:
        print(f"{name}, rule {i}: {mutation}: survives")
    print(f"{len(found)} mutants, {len(alive)} survive")
    if options.markdown:
        options.markdown.write_text(markdown(found), encoding="utf-8")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
