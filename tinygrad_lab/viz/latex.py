"""Expressions in LaTeX."""

from __future__ import annotations

import math
import operator
import re
import string
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from ..graph import sum_to
from ..op import Op
from .expression import (
    Size,
    Symbol,
    UnreadableError,
    full,
    indicator,
    is_number,
    made,
    ndim_of,
    reshaped,
    shape_of,
    summed,
    transposed,
)

# How tightly a formula holds together: what binds less than its place asks for stands in parentheses.
RELATION, SUM, PRODUCT, MATRIX, POWER, ATOM = range(6)


def latex(value: Any, level: int = RELATION) -> str:
    """`value`, a symbol, a number or a plain value, in LaTeX; in parentheses if it binds less than `level`.

    Raises:
        UnreadableError: it is none of these.
    """
    if isinstance(value, Symbol):
        text, own = _written(value)
        return text if own >= level else f"({text})"
    if isinstance(value, bool) or value is None:
        return rf"\text{{{value}}}"
    if isinstance(value, Size) and value.named:
        return value.letter
    if is_number(value):
        return _number(value, level)
    if isinstance(value, tuple | list):
        return ", ".join(map(latex, value))
    raise UnreadableError(f"{value!r} in a formula")


def _number(value: Any, level: int) -> str:
    if isinstance(value, Fraction) and value.denominator > 1 and value.denominator < 10_000:
        return rf"\frac{{{value.numerator}}}{{{value.denominator}}}"
    special = {math.inf: r"\infty", -math.inf: r"-\infty"}
    text = special.get(value, r"\text{NaN}" if value != value else f"{float(value):g}")
    return text if not text.startswith("-") or level <= SUM else f"({text})"


def _written(e: Symbol) -> tuple[str, int]:
    """The formula, and how tightly it holds together."""
    if e.head is None:
        return e.name, ATOM
    if e.head in INFIX:
        return _infix(e, *INFIX[e.head])
    if e.head in WRITERS:
        return WRITERS[e.head](*e.args)
    if isinstance(e.head, Op):
        return _applied(e.head, e.args)
    return _named(e.head, e.args)


def _base(value: Any) -> str:
    """`value` as the base of a power."""
    text = latex(value, ATOM)
    return f"({text})" if text.startswith((r"\frac", r"\begin")) else text


INFIX: dict[Any, tuple[str, int]] = {
    operator.add: ("+", SUM),
    operator.sub: ("-", SUM),
    operator.mul: (r"\odot", PRODUCT),
    operator.matmul: (r"\,", MATRIX),
    operator.eq: ("=", RELATION),
    operator.ne: (r"\ne", RELATION),
    operator.lt: ("<", RELATION),
    operator.le: (r"\le", RELATION),
    operator.gt: (">", RELATION),
    operator.ge: (r"\ge", RELATION),
}


def _infix(e: Symbol, sign: str, level: int) -> tuple[str, int]:
    a, b = e.args
    if sign == r"\odot" and (is_number(a) or any(isinstance(v, Symbol) and v.dims == () for v in (a, b))):
        sign = r"\,"
    right = level + 1 if sign == "-" or level == RELATION else level
    return f"{latex(a, level)} {sign} {latex(b, right)}", level


def _full(value: Any, shape: Any) -> tuple[str, int]:
    """A number by itself where one is enough, else times a bold 1 of that shape."""
    if not shape:
        return latex(value, PRODUCT), PRODUCT
    negative = isinstance(value, Symbol) and value.head is operator.neg
    if negative or (is_number(value) and value < 0):
        return f"-{latex(made(full, value.args[0] if negative else -value, shape), PRODUCT)}", SUM
    if is_number(value) and value in (0, 1):
        return rf"\mathbf{{{value}}}", ATOM
    return rf"{latex(value, PRODUCT)} \, \mathbf{{1}}", PRODUCT


def _summed_to(x: Any, shape: Any) -> tuple[str, int]:
    """The sum of a matrix's rows is a product with ones; of anything else it is a sum."""
    if isinstance(x, Symbol) and x.dims is not None and len(x.dims) == 2 and len(shape) == 1:
        return rf"\mathbf{{1}}^T {latex(x, MATRIX)}", MATRIX
    return rf"\sum {latex(x, PRODUCT)}", PRODUCT


def _logical(sign: str) -> Callable[..., tuple[str, int]]:
    return lambda a, b: (rf"{latex(a, SUM)} {sign} {latex(b, SUM)}", RELATION)


WRITERS: dict[Any, Callable[..., tuple[str, int]]] = {
    operator.truediv: lambda a, b: (rf"\frac{{{latex(a)}}}{{{latex(b)}}}", ATOM),
    operator.floordiv: lambda a, b: (rf"\left\lfloor {latex(a, PRODUCT)} / {latex(b, POWER)} \right\rfloor", ATOM),
    operator.pow: lambda a, b: (f"{_base(a)}^{{{latex(b)}}}", POWER),
    operator.neg: lambda a: (f"-{latex(a, PRODUCT)}", SUM),
    operator.abs: lambda a: (rf"\left|{latex(a)}\right|", ATOM),
    operator.invert: lambda a: (rf"\lnot {latex(a, POWER)}", PRODUCT),
    operator.and_: _logical(r"\land"),
    operator.or_: _logical(r"\lor"),
    operator.getitem: lambda a, index: (rf"{latex(a, ATOM)}[\cdot]", ATOM),
    transposed: lambda a: (f"{_base(a)}^T", POWER),
    summed: lambda a, axis, keepdims: (rf"\sum {latex(a, PRODUCT)}", PRODUCT),
    reshaped: lambda a, shape: (rf"\operatorname{{reshape}}({latex(a)})", ATOM),
    full: _full,
    indicator: lambda c: (rf"\mathbf{{1}}[{latex(c)}]", ATOM),
    sum_to: _summed_to,
    shape_of: lambda a: (rf"\operatorname{{shape}}({latex(a)})", ATOM),
    ndim_of: lambda a: (rf"\operatorname{{ndim}}({latex(a)})", ATOM),
}
"""How the branches are written that neither stand between their operands nor are ops or helpers of rules."""


def _named(function: Any, args: tuple[Any, ...]) -> tuple[str, int]:
    r"""`\operatorname{name}(...)` with the tensors among the arguments, or with all if there are none."""
    symbols = [a for a in args if isinstance(a, Symbol)]
    shown = [a for a in symbols if not a.plain] or symbols
    name = function.__name__.strip("_").replace("_", " ")
    return rf"\operatorname{{{name}}}({', '.join(map(latex, shown))})", ATOM


def _applied(op: Op, args: tuple[Any, ...]) -> tuple[str, int]:
    """The op on these arguments, in its own notation."""
    given: dict[str, Any] = dict(zip(op.params, args, strict=False))
    if op.variadic:
        given[op.params[-1]] = Symbol(", ".join(latex(a) for a in args[len(op.params) - 1 :]))
    pieces = list(string.Formatter().parse(op.tex))
    level = _level("".join(literal + ("x" if field else "") for literal, field, *_ in pieces))
    text = ""
    for (literal, field, *_), after in zip(pieces, [*pieces[1:], ("", None)], strict=True):
        text += literal
        if field is None:
            continue
        enclosed = text.endswith(_OPEN) and str(after[0]).startswith(_CLOSED)
        if str(after[0]).startswith("^"):
            text += _base(given[field])
        elif str(after[0]).startswith("_"):
            text += f"({inner})" if "_" in (inner := latex(given[field], ATOM)) else inner
        elif text.endswith(r"\sum "):
            text += latex(given[field], PRODUCT)
        else:
            text += latex(given[field], RELATION if enclosed else min(level + 1, ATOM))
    text = text.replace(r" + \text{None}", "")
    text = re.sub(r"\\(?:min|max)\((.*), \\text\{None\}\)", r"\1", text)  # a bound that isn't given
    if r"\sum" in text and isinstance(given.get("dim"), int | tuple):
        text = text.replace(r"\sum", rf"\sum_{{\text{{dim {latex(given['dim'])}}}}}", 1)
    flags = [p for p in op.params if given.get(p) is True and p not in ("keepdim", *(field for _, field, *_ in pieces))]
    if flags:
        return rf"{text if level == ATOM else f'({text})'}_{{\text{{{', '.join(flags)}}}}}", ATOM
    return text, level


_OPEN = ("{", "(", "|", ", ", "& ", "cases} ", r"\\ ")
_CLOSED = ("}", ")", "|", ",", " &", r" \\", r" \end")


def _level(text: str) -> int:
    """How tightly a formula holds together, by what stands outside of all its groups."""
    text = re.sub(r"\\begin.*\\end\{\w+\}|\\left.*\\right(\\\w+|.)", "x", text)
    before = ""
    while text != before:
        before, text = text, re.sub(r"\{[^{}]*\}|\([^()]*\)|\[[^\[\]]*\]|\|[^|]*\|", "", text)
    if re.search(r"[=<>]|\\(ne|le|ge|land|lor|oplus|mathbin|leftarrow|bmod|exists|forall)\b", text):
        return RELATION
    if re.search(r"^-| [+-] ", text):
        return SUM
    if re.search(r"\\,|\\\w+ ?x|\w \w|\\cdot|\\odot| ", text.strip()):
        return PRODUCT
    return POWER if "^" in text else ATOM
