"""The command `tinygrad-lab`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with the arguments `argv`, by default the program's. Returns the exit status."""
    args = _parser().parse_args(argv)
    try:
        return int(args.run(args))
    except (ImportError, OSError, ValueError) as error:
        print(f"tinygrad-lab {args.command}: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tinygrad-lab", description="Automatic differentiation, derived, drawn and proven."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    demo = commands.add_parser(
        "demo",
        help="train three networks on spirals and write a lab report of them",
        description="Train a small network on spirals at three learning rates and write a lab report: "
        "convergence, decision regions, weight amplitudes, the graph of a training step, the numbers.",
    )
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("tinygrad-lab-demo"),
        metavar="DIR",
        help="the folder for the report (default: %(default)s)",
    )
    demo.add_argument("--quick", action="store_true", help="100 epochs instead of 1000")
    demo.set_defaults(run=_demo)

    check = commands.add_parser(
        "check",
        help="check the derivations in a Python file",
        description="Run every derivation in a Python file, declared with @tinygrad_lab.testing.derivation, and say "
        "which is wrong and why. The exit status is 1 if one is.",
    )
    check.add_argument("file", metavar="FILE[::NAME]", help="a Python file; with ::NAME only that derivation")
    check.add_argument("--examples", type=int, default=100, metavar="N", help="inputs to try (default: %(default)s)")
    check.add_argument("--report", type=Path, metavar="FILE", help="write a report there, .md or .html")
    check.set_defaults(run=_check)
    return parser


def _demo(args: argparse.Namespace) -> int:
    from .demo import demo

    demo(args.out, quick=args.quick)
    return 0


def _check(args: argparse.Namespace) -> int:
    from .testing.report import check_file

    return check_file(args.file, args.examples, args.report)


if __name__ == "__main__":
    sys.exit(main())
