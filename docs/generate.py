"""Writes the pages that are read off the table: coverage.md, conventions.md and differences.md.

python docs/generate.py [--check]
"""

from __future__ import annotations

import argparse
import ast
import functools
import inspect
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))

import numpy as np  # noqa: E402  # the line above lets this run from a checkout that isn't installed

import tinygrad_lab as tg  # noqa: E402
from tests.torch.differences import DIFFERENCES, LEFT_OUT  # noqa: E402
from tinygrad_lab import domain as domains  # noqa: E402
from tinygrad_lab.convention import Convention, conventions  # noqa: E402
from tinygrad_lab.op import Each, Op, table  # noqa: E402
from tinygrad_lab.viz.formula import op_formula, rule_formula  # noqa: E402

COMMAND = "python docs/generate.py"

ROOMS: dict[str, tuple[Any, str]] = {
    "tg": (tg, "torch"),
    "tg.nn.functional": (tg.nn.functional, "torch.nn.functional"),
    **{
        f"tg.{name}": (getattr(tg, name), f"torch.{name}") for name in ("linalg", "special", "fft") if hasattr(tg, name)
    },
    "Tensor": (tg.Tensor, "torch.Tensor"),
}
"""The rooms of public functions, and where PyTorch has them."""

OURS = {"tg": {"derive", "expand", "op"}, "Tensor": {"named", "__array_function__", "__array_ufunc__"}}
"""Public functions that PyTorch doesn't have, by room; every other name is PyTorch's."""


# ----------------------------------------------------------------------------------------------------- Markdown


WORDS = {
    r"\\": r"\cr ",
    r"\&": r"\mathbin{\mathrm{and}}",
    r"\|": r"\Vert ",
    "|": r"\vert ",
    r"\{": r"\lbrace ",
    r"\}": r"\rbrace ",
    r"\#": r"\operatorname{number}",
    **dict.fromkeys((r"\,", r"\;", r"\:", r"\!", r"\_"), " "),
}
"""Signs in formulas that Markdown would change, and words for them."""


def math_text(tex: str) -> str:
    """A formula that Markdown leaves alone: no backslash before punctuation, no vertical bar."""
    for sign, word in WORDS.items():
        tex = tex.replace(sign, word)
    return f"${' '.join(tex.split())}$"


def code(text: str) -> str:
    return f"`{' '.join(text.split())}`".replace("|", r"\|")


def rows(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """A table."""
    head = list(head)
    marks = ["---"] * len(head)
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, marks, *lines)) + "\n"


def lines_of(parts: Iterable[str]) -> str:
    """Several lines in one cell."""
    return "<br>".join(parts)


# ---------------------------------------------------------------------------------------------------- the table


def own_ops() -> list[Op]:
    """The ops of the package, without what a program has added."""
    return [op for op in table.values() if op.forward.__module__.startswith("tinygrad_lab.ops")]


def rules_of(op: Op) -> Iterator[tuple[int, str, Callable[..., Any]]]:
    """The position, the operand's name and the rule of each operand that has one."""
    if isinstance(op.rules, Each):
        yield len(op.params) - 1, f"{op.params[-1]}[i]", op.rules.rule
        return
    for i, rule in enumerate(op.rules):
        if rule is not None:
            yield i, op.params[i], rule


@functools.cache
def definitions(path: str) -> dict[str, ast.Call]:
    """The call of `op` that stands above each function of a file."""
    found = {}
    for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "op":
                    found[node.name] = decorator
    return found


def rule_text(op: Op, i: int, rule: Callable[..., Any]) -> str:
    """The text of a rule that isn't read as a formula."""
    call = definitions(inspect.getsourcefile(op.forward) or "").get(op.forward.__name__)
    text: ast.expr | None = None
    if call is not None and isinstance(op.rules, Each):
        text = next((k.value for k in call.keywords if k.arg == "each"), None)
    elif call is not None and i < len(call.args):
        text = call.args[i]
    if text is None:
        return rule.__name__.strip("_")
    return ast.unparse(text.body if isinstance(text, ast.Lambda) else text)


def described(domain: domains.Domain) -> str:
    """A domain in few words."""
    match domain:
        case domains.Reals():
            whole = (domain.low, domain.high) == (domains.REALS.low, domains.REALS.high)
            text = "real" if whole else f"in ({domain.low:g}, {domain.high:g})"
            return text + (", all different" if domain.distinct else "")
        case domains.Labels(below):
            return f"labels below {below}"
        case domains.Choice(values):
            return "flag" if values == (False, True) else "one of " + ", ".join(map(shown, values))
        case domains.Given():
            return "given"
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in type(domain).__name__)
    return words.strip()


def kinks(domain: domains.Domain) -> str:
    if not isinstance(domain, domains.Reals):
        return ""
    return ", ".join([*(f"{k:g}" for k in domain.kinks), *(["ties"] if domain.distinct else [])])


def shown(value: Any) -> str:
    """A value, short."""
    if isinstance(value, np.ndarray | tg.Tensor):
        return shown(value.tolist())
    if isinstance(value, list | tuple):
        inside = ", ".join(map(shown, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    if isinstance(value, float):
        special = {math.inf: "inf", -math.inf: "-inf"}
        return special.get(value, "nan" if math.isnan(value) else f"{value:.6g}")
    return str(value) if isinstance(value, np.dtype) else repr(value)


def per_parameter(op: Op, text: Callable[[domains.Domain], str], skip: str = "") -> str:
    found = [(name, text(d)) for name, d in zip(op.params, op.domain, strict=True)]
    found = [(name, t) for name, t in found if t != skip]
    if len({t for _, t in found}) == 1 and len(found) == len(op.params):
        return found[0][1]
    return lines_of(f"{name}: {t}" for name, t in found)


LONG = 400
"""Letters of a formula that nobody reads any more."""

MANY = 4
"""How many functions are named that are made of one op."""


def called(function: Any) -> set[str]:
    """The names of the ops that a function is or calls, itself or through private functions of the package."""
    ops = ops_by_call()
    found: set[str] = set()
    seen: set[int] = set()
    pending = [function]
    while pending:
        current = inspect.unwrap(pending.pop(), stop=lambda f: id(f) in ops)
        if id(current) in ops:
            found.add(ops[id(current)])
        elif inspect.isfunction(current) and id(current) not in seen:
            seen.add(id(current))
            names = current.__code__.co_names
            values = [current.__globals__.get(n) for n in names]
            rooms = [v for v in values if inspect.ismodule(v) and v.__name__.startswith("tinygrad_lab")]
            values += [getattr(room, n, None) for room in rooms for n in names]
            pending += [v for v in values if id(v) in ops or (inspect.isfunction(v) and v.__name__.startswith("_"))]
    return found


@functools.cache
def ops_by_call() -> dict[int, str]:
    """The name of each op, by the identity of the function that people call."""
    return {id(op.call): op.name for op in own_ops()}


class Coverage:
    """The page of all ops and all public functions."""

    def __init__(self) -> None:
        self.readable = self.as_text = 0
        self.public = {room: dict(public(place)) for room, (place, _) in ROOMS.items()}
        self.users = {
            (room, name): called(function)
            for room, functions in self.public.items()
            for name, function in functions.items()
            if name not in OURS.get(room, ())
        }

    def rule(self, op: Op, i: int, name: str, rule: Callable[..., Any]) -> str:
        tex = rule_formula(op, i)
        if tex is None or len(tex) > LONG:
            self.as_text += 1
            return f"{name}: {code(rule_text(op, i, rule))}"
        self.readable += 1
        return f"{name}: {math_text(tex)}"

    def behind(self, op: Op) -> str:
        """The PyTorch function that the op is, or those that are made of it."""
        made = [(room, name) for room, name in self.users if op.name in self.users[room, name]]
        same = [(room, name) for room, name in made if name in (op.name, f"__{op.name}__")]
        plain = {name: (room, name) for room, name in reversed(made)}  # a method of a function's name says nothing new
        some = same[:1] or list(plain.values())[::-1]
        shown = [code(f"{ROOMS[room][1]}.{name}") for room, name in some[:MANY]]
        return ", ".join(shown + ["..."] * (len(some) > MANY))

    def of_ops(self) -> Iterator[str]:
        for module in dict.fromkeys(op.forward.__module__ for op in own_ops()):
            ops = [op for op in own_ops() if op.forward.__module__ == module]
            yield f"### {module.removeprefix('tinygrad_lab.')}\n"
            yield rows(
                ("op", "formula", "rule, by operand", "domain", "kinks", "orders", "PyTorch"),
                (
                    (
                        code(op.signature),
                        math_text(op_formula(op)),
                        lines_of(self.rule(op, *rest) for rest in rules_of(op)),
                        per_parameter(op, described),
                        per_parameter(op, kinks),
                        "0, 1, 2" if any(True for _ in rules_of(op)) else "0",
                        self.behind(op),
                    )
                    for op in ops
                ),
            )

    def of_functions(self) -> Iterator[str]:
        calls = {id(op.call) for op in table.values()}
        for room, (_, theirs) in ROOMS.items():
            names = self.public[room]
            yield f"### {room}\n"
            if room == "Tensor":
                plain = [n for n in names if not n.endswith("_")]
                within = [n for n in names if n.endswith("_") and not n.endswith("__")]
                special = [n for n in names if n.endswith("__")]
                yield f"Methods, as `{theirs}` has them: {', '.join(map(code, plain))}.\n"
                yield f"In place: {', '.join(map(code, within))}.\n"
                yield f"Operators and protocols: {', '.join(map(code, special))}.\n"
                continue
            made = {n: f for n, f in names.items() if id(f) not in calls}
            direct = [n for n in names if n not in made]
            if direct:
                yield f"Ops of the table: {', '.join(map(code, direct))}. Made of ops:\n"
            yield rows(
                ("function", "what it is", "PyTorch"),
                (
                    (code(name), summary(f), "" if name in OURS.get(room, ()) else code(f"{theirs}.{name}"))
                    for name, f in made.items()
                ),
            )

    def __str__(self) -> str:
        ops, functions = list(self.of_ops()), list(self.of_functions())
        count = {room: len(names) for room, names in self.public.items()}
        read = f"{self.readable} of {self.readable + self.as_text} rules"
        return "\n".join(
            [
                "# What there is\n",
                f"Written by `{COMMAND}` from the table of ops and the public names.\n",
                f"{len(own_ops())} ops in the table. {sum(count.values())} public functions: "
                + ", ".join(f"{n} in `{room}`" for room, n in count.items())
                + ".\n",
                "An op's rule is the vector-Jacobian product: the cotangent of each operand for the output's cotangent "
                f"$g$ and output $y$. {read} are read as formulas, by calling them on names; the others stand as their "
                "text. $\\odot$ is the elementwise product, *spread* repeats along the dimensions that were reduced, "
                "$[\\cdot]$ picks elements, $\\sum$ over it adds them back. Where operands were broadcast, the engine "
                "sums. *Orders* are the derivatives that the property in `tests/test_op_property.py` checks against "
                "numeric ones; the *domain* is where it draws arguments, off the *kinks*, whose gradients are in "
                "[conventions.md](conventions.md). Names are PyTorch's.\n",
                "## Ops\n",
                *ops,
                "## Public functions\n",
                *functions,
            ]
        )


def public(place: Any) -> Iterator[tuple[str, Any]]:
    """The public functions of a module, or the methods of a class, in alphabetical order."""
    if inspect.isclass(place):
        written = {n for c in place.__mro__[:-1] for n in vars(c)}
        names = {n for n in written if not n.startswith("_") or n.endswith("__")}
    else:
        names = set(exported(inspect.getsource(place)))
    for name in sorted(names):
        if inspect.isfunction(value := getattr(place, name)):
            yield name, value


def exported(source: str) -> Iterator[str]:
    """The names that a module makes public: functions of its own, and what it imports as `X as X`."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if alias.asname == alias.name)


def summary(function: Any) -> str:
    """The first sentence of a docstring."""
    doc = " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())
    pieces = doc.split(":math:`")
    text = pieces[0]
    for piece in pieces[1:]:
        tex, _, after = piece.partition("`")
        text += math_text(tex) + after
    return text.replace("|", r"\|")


# -------------------------------------------------------------------------------------------------- conventions


def conventions_page() -> str:
    return "\n".join(
        [
            "# What a gradient is where the derivative isn't\n",
            "One rule, in this order: the true derivative; at a kink of a locally convex function the subgradient of "
            "smallest\nnorm, of a concave one the supergradient of smallest norm; else by continuity, where an "
            "infinity is allowed; else NaN.\n",
            "Each row is declared with its function, tested by `tests/test_conventions.py`, and written here by\n"
            f"`{COMMAND}`. The gradient is that of the sum of the results, by each argument that is a float or a\n"
            "list of floats.\n",
            rows(("case", "function", "at", "gradient"), map(convention_row, conventions)),
        ]
    )


def convention_row(c: Convention) -> tuple[str, ...]:
    given = ", ".join(map(shown, c.args))
    found = c.raises.__name__ if c.raises else "; ".join(map(shown, c.gradients or ()))
    if c.value is not None:
        found += f", value {shown(c.value)}"
    return c.case.replace("|", r"\|"), code(c.name), code(given), found


# -------------------------------------------------------------------------------------------------- differences


def differences_page() -> str:
    functions: dict[str, list[str]] = {}
    for name, known in sorted(DIFFERENCES.items()):
        for reason in dict.fromkeys(d.reason for d in known):
            functions.setdefault(reason, []).append(code(name))
    return "\n".join(
        [
            "# What differs from PyTorch\n",
            "Names, arguments, shapes, dtypes, values, gradients and errors are PyTorch's: `pytest -m torch` holds\n"
            "every function to PyTorch's own samples. This is all that is left out or differs on purpose.\n",
            "## Everywhere\n",
            rows(("PyTorch's", "here"), LEFT_OUT),
            "## Single functions\n",
            "What `tests/torch/opinfo.py` finds and is told to expect.\n",
            rows(("functions", "what differs"), ((", ".join(names), reason) for reason, names in functions.items())),
        ]
    )


# ------------------------------------------------------------------------------------------------------- command


def pages() -> dict[Path, str]:
    """The text of each page."""
    return {
        DOCS / "coverage.md": str(Coverage()),
        DOCS / "conventions.md": conventions_page(),
        DOCS / "differences.md": differences_page(),
    }


def outdated() -> list[Path]:
    """The pages that aren't what they should be."""
    return [p for p, text in pages().items() if not p.exists() or p.read_text(encoding="utf-8") != text]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; say whether the pages are current")
    if parser.parse_args(argv).check:
        old = outdated()
        for path in old:
            print(f"{path.name} isn't current: run {COMMAND}")
        return 1 if old else 0
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
