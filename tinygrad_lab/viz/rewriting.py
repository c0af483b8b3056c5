"""Simplification of expressions, by a small set of rewrite rules. Each is an equation, with its reason.

`simplify` applies them from the inside out until none applies. What is elementwise is then collected, cancelled and
multiplied out where that makes it shorter (`ring.py`).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..graph import sum_to
from ..op import Op, table
from ..ops.reduce import kept
from ..ops.shape import spread
from .expression import Symbol, full, indicator, is_number, made, reshaped, same, summed, transposed
from .ring import is_ring, shortest, split_scalar

_STEPS = 2000  # rewrites of one expression


@dataclass
class Context:
    """What is known beside the expression.

    Attributes:
        definitions: what the names stand for, by their names.
        holds: conditions that are true of the values, by their keys, and how that is seen.
        unit_rows: names of tensors whose sums along the last dimension are 1.
        fresh: makes a name for an expression that deserves one.
    """

    definitions: Mapping[str, Symbol] = field(default_factory=dict)
    holds: Callable[[Symbol], str | None] = lambda condition: None
    unit_rows: Mapping[str, str] = field(default_factory=dict)
    fresh: Callable[[Symbol], tuple[Symbol, str]] | None = None

    def definition(self, e: Any) -> Symbol | None:
        """What a name stands for; another expression is what it is."""
        if not isinstance(e, Symbol):
            return None
        return self.definitions.get(e.name) if e.head is None else e


@dataclass(frozen=True)
class Rewrite:
    """An equation: `apply(e, context)` is the other side, None where it says nothing about e."""

    name: str
    reason: str
    apply: Callable[[Symbol, Context], Any]


REWRITES: list[Rewrite] = []
"""The rules, in the order in which they are tried."""


def rewrite(reason: str) -> Callable[[Callable[[Symbol, Context], Any]], Rewrite]:
    """Enter a function in `REWRITES`."""

    def enter(apply: Callable[[Symbol, Context], Any]) -> Rewrite:
        REWRITES.append(Rewrite(apply.__name__, reason, apply))
        return REWRITES[-1]

    return enter


COLLECTED = "multiplied out, cancelled and collected"


def simplify(e: Any, context: Context) -> tuple[Any, list[str]]:
    """`e` in a shorter form, and the reasons of the steps there, each once."""
    reasons: dict[str, None] = {}
    budget = [_STEPS]
    done: dict[Any, Any] = {}

    def simple(e: Any) -> Any:
        if not isinstance(e, Symbol) or e.head is None:
            return e
        if e.key in done:
            return done[e.key]
        found = made(e.head, *(simple(a) if isinstance(a, Symbol) else a for a in e.args), plain=e.plain)
        while budget[0] > 0:
            budget[0] -= 1
            for rule in REWRITES:
                other = rule.apply(found, context)
                if other is not None:
                    reason = rule.reason if isinstance(other, Symbol) else other[1]
                    other = other if isinstance(other, Symbol) else other[0]
                    if reason:
                        reasons.setdefault(reason)
                    break
            else:
                break
            found = simple(other)
            if not isinstance(found, Symbol) or found.head is None:
                break
        if is_ring(found):
            shorter = shortest(found)
            if not same(shorter, found):
                reasons.setdefault(COLLECTED)
                found = simple(shorter)
        done[e.key] = found
        return found

    return simple(e), list(reasons)


# ------------------------------------------------------------------------------------ one way to say one thing

OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "neg": operator.neg,
    "matmul": operator.matmul, "pow": operator.pow,
}  # fmt: skip
"""The ops that are operators of Python."""


@rewrite("")
def operators(e: Symbol, context: Context) -> Any:
    """An op that is an operator, as that."""
    head = OPERATORS.get(e.head.name) if isinstance(e.head, Op) else None
    return None if head is None else made(head, *e.args)


@rewrite("")
def squared(e: Symbol, context: Context) -> Any:
    return made(operator.pow, e.args[0], 2) if _op(e, "square") else None


# ------------------------------------------------------------------------------------------------ shapes


def _op(e: Any, *names: str) -> bool:
    return isinstance(e, Symbol) and e.head in {table.get(name) for name in names}


def _swaps(dims: Any) -> bool:
    """Whether a permutation swaps the last two dimensions and leaves the others."""
    n = len(dims)
    return n > 1 and [d % n for d in dims] == [*range(n - 2), n - 1, n - 2]


@rewrite("a permutation of the last two dimensions is the transpose")
def permuted(e: Symbol, context: Context) -> Any:
    if _op(e, "permute") and _swaps(e.args[1]):
        return e.args[0].mT
    return None


_MOVES = {spread, kept, reshaped, transposed, sum_to}


@rewrite("the same value at every place")
def constant_moved(e: Symbol, context: Context) -> Any:
    """Spreading, reshaping and transposing one value at every place."""
    if e.head is spread and isinstance(e.args[0], Symbol) and e.args[0].dims == ():
        return made(full, e.args[0], tuple(e.args[1]))
    if (e.head in _MOVES - {sum_to} or _op(e, "permute", "reshape", "expand")) and e.args[0].head is full:
        return made(full, e.args[0].args[0], e.dims) if e.dims is not None else None
    return None


@rewrite("")
def nothing_summed(e: Symbol, context: Context) -> Any:
    if e.head is sum_to and e.args[0].dims == tuple(e.args[1]):
        return e.args[0]
    return None


@rewrite("")
def number_inside(e: Symbol, context: Context) -> Any:
    if e.head is full and isinstance(e.args[0], Symbol) and e.args[0].head is full:
        return made(full, e.args[0].args[0], e.args[1])
    return None


# ---------------------------------------------------------------------------------------- matrix algebra


@rewrite("a dtype is none of the mathematics")
def same_numbers(e: Symbol, context: Context) -> Any:
    return e.args[0] if _op(e, "cast", "clone") and isinstance(e.args[0], Symbol) else None


@rewrite("$(X^T)^T = X$")
def transposed_twice(e: Symbol, context: Context) -> Any:
    if e.head is transposed and e.args[0].head is transposed:
        return e.args[0].args[0]
    return None


@rewrite("$(X Y)^T = Y^T X^T$")
def transposed_product(e: Symbol, context: Context) -> Any:
    if e.head is transposed and e.args[0].head is operator.matmul:
        a, b = e.args[0].args
        if a.ndim == b.ndim == 2:
            return b.mT @ a.mT
    return None


_LINEAR = {operator.matmul: (0, 1), **dict.fromkeys((transposed, summed, sum_to, reshaped, kept, spread), (0,))}
_LINEAR_OPS = ("sum", "permute", "reshape", "unpick", "getitem")


@rewrite("numbers come out in front")
def number_passed(e: Symbol, context: Context) -> Any:
    for i in (0,) if _op(e, *_LINEAR_OPS) else _LINEAR.get(e.head, ()):
        found = split_scalar(e.args[i])
        if found is not None and e.dims is not None:
            number, rest = found
            image = made(e.head, *e.args[:i], rest, *e.args[i + 1 :])
            return -image if is_number(number) and number == -1 else number * image
    return None


# ------------------------------------------------------------------------------------- choices and conditions


@rewrite("elsewhere there is no value to differentiate")
def domain(e: Symbol, context: Context) -> Any:
    """where(c, NaN, x) = x on the function's domain."""
    if _op(e, "where") and is_number(e.args[1]) and e.args[1] != e.args[1]:
        return e.args[2]
    return None


@rewrite("a condition is a factor")
def chosen(e: Symbol, context: Context) -> Any:
    """where(c, x, 0) = 1[c] x, and where(c, 0, x) = 1[not c] x."""
    if not _op(e, "where") or not isinstance(e.args[0], Symbol):
        return None
    condition, a, b = e.args
    if is_number(b) and b == 0 and isinstance(a, Symbol):
        return made(operator.mul, a, made(indicator, condition))
    if is_number(a) and a == 0 and isinstance(b, Symbol):
        return made(operator.mul, b, made(indicator, made(operator.invert, condition)))
    return None


@rewrite("$\\operatorname{sign} \\max(0, z) = \\mathbf{1}[z > 0]$")
def rectifier(e: Symbol, context: Context) -> Any:
    if _op(e, "sign"):
        below = context.definition(e.args[0])
        if _op(below, "relu"):
            assert below is not None
            return made(indicator, made(operator.gt, below.args[0], 0))
    return None


@rewrite("the condition holds for all values")
def holds(e: Symbol, context: Context) -> Any:
    if e.head is indicator and e.dims is not None and (seen := context.holds(e.args[0])) is not None:
        return made(full, 1, e.dims), seen
    return None


# ------------------------------------------------------------------------------------------ softmax and its kin


@rewrite("$e^{\\ln \\operatorname{softmax} z} = \\operatorname{softmax} z$")
def exponential_of_log_softmax(e: Symbol, context: Context) -> Any:
    if _op(e, "exp"):
        below = context.definition(e.args[0])
        if _op(below, "log_softmax"):
            assert below is not None
            return made(table["softmax"], *below.args)
    return None


@rewrite("$e^{z - \\ln \\sum e^z} = \\operatorname{softmax} z$")
def exponential_of_gap(e: Symbol, context: Context) -> Any:
    if not (_op(e, "exp") and (_op(e.args[0], "gap") or getattr(e.args[0], "head", None) is operator.sub)):
        return None
    z, total = e.args[0].args
    below = context.definition(total.args[0] if getattr(total, "head", None) in (kept, reshaped) else total)
    if _op(below, "logsumexp") and below is not None and same(below.args[0], z) and type(below.args[1]) is int:
        return made(table["softmax"], z, below.args[1])
    return None


@rewrite("")
def named(e: Symbol, context: Context) -> Any:
    """A softmax that the graph has, or not: it gets a name."""
    if _op(e, "softmax") and context.fresh is not None:
        return context.fresh(e)
    return None


@rewrite("a row of probabilities sums to 1")
def rows_of_one(e: Symbol, context: Context) -> Any:
    """The sum of a softmax, of a one-hot row, or of a row that was seen to sum to 1."""
    if not (_op(e, "sum") or e.head is summed) or not isinstance(e.args[0], Symbol) or e.dims is None:
        return None
    p, axis = e.args[:2]
    below = context.definition(p)
    if p.dims is None or not isinstance(axis, int):
        return None
    last = axis % len(p.dims) == len(p.dims) - 1
    if _op(below, "softmax") and below is not None and below.args[1] % len(p.dims) == axis % len(p.dims):
        return made(full, 1, e.dims)
    if last and _op(below, "one_hot"):
        return made(full, 1, e.dims)
    if last and p.name in context.unit_rows:
        return made(full, 1, e.dims), context.unit_rows[p.name]
    return None


@rewrite("a sum of equal terms")
def sum_of_constant(e: Symbol, context: Context) -> Any:
    """The sum of one value over a dimension is as many times the value."""
    if _op(e, "sum") and isinstance(e.args[0], Symbol) and e.args[0].head is full and e.dims is not None:
        n = math.prod(e.args[0].args[1]) // max(1, math.prod(e.dims))
        return made(full, made(operator.mul, n, made(full, e.args[0].args[0], ())), e.dims)
    return None


@rewrite("what was picked from a row goes back to its place, $e_t$")
def picked(e: Symbol, context: Context) -> Any:
    """The adjoint of x[arange(n), t], of one value everywhere: that value times e_t."""
    if not _op(e, "unpick") or e.args[0].head is not full:
        return None
    value, index, shape = e.args[0].args[0], e.args[1], e.args[2]
    if isinstance(index, Sequence) and len(index) == 2 and is_rows(index[0], shape) and isinstance(index[1], Symbol):
        hot = made(table["one_hot"], index[1], made(full, 0, tuple(shape)))
        return made(operator.mul, value if isinstance(value, Symbol) else made(full, value, ()), hot)
    return None


def is_rows(index: Any, shape: Sequence[int]) -> bool:
    """Whether an index names every row of a matrix once, in order."""
    return isinstance(index, np.ndarray) and len(shape) == 2 and np.array_equal(index, np.arange(shape[0]))
