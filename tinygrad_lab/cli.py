"""The command `tinygrad-lab`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .script import ScriptError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with the arguments `argv`, by default the program's. Returns the exit status."""
    args = _parser().parse_args(argv)
    try:
        return int(args.run(args))
    except ScriptError as error:
        print(error, file=sys.stderr)
        return 1
    except (ImportError, OSError, ValueError) as error:
        print(f"tinygrad-lab {args.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\ntinygrad-lab {args.command}: interrupted", file=sys.stderr)
        return 130  # as shells say of a program that Ctrl-C ended


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

    derive = commands.add_parser(
        "derive",
        help="derive a gradient, step by step",
        description="Derive the gradient of a result in a Python file, step by step, and print it.",
        epilog=_TARGET,
    )
    derive.add_argument("target", metavar="FILE.py::NAME", help="the file, and the result in it")
    derive.add_argument(
        "--wrt",
        action="append",
        default=[],
        metavar="NAME",
        help="the tensor to derive with respect to, may be given again (default: every leaf)",
    )
    derive.add_argument("--format", choices=("text", "latex", "markdown", "html"), help="how to write (default: text)")
    derive.add_argument(
        "-o", "--out", type=Path, metavar="FILE", help="write there; .txt, .tex, .md or .html if --format isn't given"
    )
    derive.add_argument("--values", action="store_true", help="show numbers beside the formulas")
    derive.add_argument("--limit", type=int, default=100, metavar="N", help="operations at most (default: %(default)s)")
    derive.set_defaults(run=_derive)

    draw = commands.add_parser(
        "draw",
        help="draw the graph of a result",
        description="Draw the graph of a result in a Python file.",
        epilog=_TARGET,
    )
    draw.add_argument("target", metavar="FILE.py::NAME", help="the file, and the result in it")
    draw.add_argument(
        "-o",
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="where to: .svg, .png, .pdf, .html, .dot, .json, .txt or .md",
    )
    draw.add_argument("--depth", type=int, metavar="N", help="levels of modules to open (default: as many as fit)")
    draw.add_argument("--view", choices=("forward", "backward", "overlay"), default="forward")
    draw.add_argument("--theme", choices=("light", "dark"), default="light")
    draw.add_argument("--direction", choices=("TB", "LR"), default="TB", help="top to bottom, or left to right")
    draw.set_defaults(run=_draw)
    return parser


_TARGET = (
    "NAME is a tensor that the file leaves, or a function in it without arguments that returns one, alone or in a pair "
    "with names for other tensors: a dict from name to tensor, or a module. The file is run with its folder as Python "
    "runs a script, but for what stands under `if __name__ == '__main__'`. Its tensors are called as its variables, "
    "parameters by their paths in the module, prefixed with its variable where there are several modules."
)


def _demo(args: argparse.Namespace) -> int:
    from .demo import demo

    demo(args.out, quick=args.quick)
    return 0


def _check(args: argparse.Namespace) -> int:
    from .testing.report import check_file

    return check_file(args.file, args.examples, args.report)


def _derive(args: argparse.Namespace) -> int:
    from .shown import derive_file

    return derive_file(args.target, args.wrt, args.format, args.out, args.values, args.limit)


def _draw(args: argparse.Namespace) -> int:
    from .shown import draw_file

    return draw_file(
        args.target, args.out, depth=args.depth, view=args.view, theme=args.theme, direction=args.direction
    )


if __name__ == "__main__":
    sys.exit(main())
