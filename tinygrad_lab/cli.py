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
    except (ImportError, OSError) as error:
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
    return parser


def _demo(args: argparse.Namespace) -> int:
    from .demo import demo

    demo(args.out, quick=args.quick)
    return 0


if __name__ == "__main__":
    sys.exit(main())
