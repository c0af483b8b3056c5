"""Einstein's summation: products of tensors, summed over the indices that the result hasn't."""

from __future__ import annotations

import functools
import math
import string
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..domain import Given, Reals
from ..op import Array, op
from ..public import public
from .linalg import alike, arrays
from .reduce import sum
from .shape import permute, reshape

if TYPE_CHECKING:
    from ..tensor import Tensor

Shape = tuple[int, ...]
Term = tuple[int, ...]
"""The indices of one tensor, as numbers."""

LETTERS = string.ascii_uppercase + string.ascii_lowercase  # PyTorch's order of an implicit result
DOTS = -1  # stands for the dimensions of an ellipsis, until it is known how many they are


def _draw_terms(draw: Any) -> tuple[Any, ...]:
    """Arguments of `_einsum`: each index in two terms or more, at times twice in one."""
    count = draw.integers(1, 3)
    terms: list[list[int]] = [[] for _ in range(count + 1)]
    sizes = []
    for index in range(draw.integers(1, 4)):
        at = draw.choice([(i, j) for i in range(count + 1) for j in range(i)])
        extra = (draw.integers(0, count),) if draw.integers(0, 2) == 0 else ()
        for i in (*at, *extra):
            if len(terms[i]) < 3:
                terms[i].insert(draw.integers(0, len(terms[i])), index)
        sizes.append(draw.choice((2, 1, 3, 2, 0)))
    seen = [{i for i, term in enumerate(terms) if index in term} for index in range(len(sizes))]
    draw.assume(all(len(where) > 1 for where in seen))
    return tuple(map(tuple, terms)), *(draw.reals(tuple(sizes[k] for k in term)) for term in terms[:-1])


@op(
    each=lambda i, g, y, terms, *operands: _einsum(
        (*terms[:i], terms[-1], *terms[i + 1 : -1], terms[i]), *operands[:i], g, *operands[i + 1 :]
    ),
    domain=(Given(), Reals()),
    shapes="(...), ... -> (...)",
    wide=True,
    sample=_draw_terms,
    tex=r"\sum {operands}",
    analytic=True,
)
def _einsum(terms: Sequence[Term], *operands: Array) -> Array:
    r"""Sum of products, as :math:`y_{ik} = \sum_j a_{ij} b_{jk}`; the last of `terms` is the result's.

    With a cotangent, :math:`\langle G, Y \rangle = \sum_{ijk} g_{ik} a_{ij} b_{jk}` treats the result like an operand,
    so that :math:`\bar a_{ij} = \sum_k g_{ik} b_{jk}`: the derivative by an operand is the same sum with its term and
    the result's exchanged. To be closed under that, every index stands in two terms or more. An index that stands
    twice in an operand reads its diagonal; one that stands twice in the result writes it, and zeros elsewhere.
    """
    *inputs, out = terms
    kept = tuple(dict.fromkeys(out))
    y = _contract(inputs, kept, operands)
    if len(kept) == len(out):
        return y
    sizes = {k: n for term, x in zip(inputs, operands, strict=True) for k, n in zip(term, x.shape, strict=True)}
    whole = np.zeros([sizes[k] for k in out], y.dtype)
    np.einsum(whole, out, kept)[...] = y
    return whole


def _contract(terms: Sequence[Term], out: Term, operands: Sequence[Array]) -> Array:
    """The sum of products, its result without a repeated index."""
    if len(operands) != 2 or any(len(set(term)) < len(term) for term in terms):
        y = np.einsum(*(part for pair in zip(operands, terms) for part in pair), out, optimize=len(operands) > 2)
        return y.copy() if len(operands) == 1 else y
    (a, b), (left, right) = operands, terms
    plan = _product_plan(tuple(left), tuple(right), tuple(out), a.shape, b.shape)
    if plan is None:
        return np.multiply(_aligned(a, left, out), _aligned(b, right, out))
    swaps, order_a, shape_a, order_b, shape_b, shape, order = plan
    if swaps:
        a, b = b, a
    if not order_a:  # a batch of scalar products, for which a matrix product is slow
        return np.einsum(a, left, b, right, out)
    y = np.matmul(a.transpose(order_a).reshape(shape_a), b.transpose(order_b).reshape(shape_b))
    return y.reshape(shape).transpose(order)


@functools.lru_cache(maxsize=1024)
def _product_plan(left: Term, right: Term, out: Term, shape_a: Shape, shape_b: Shape) -> Any:
    """How two operands become one batch of matrix products; None if nothing is summed.

    Returns:
        whether to exchange the operands, so that the product's dimensions are nearly in the order of `out`; for each
        operand the order of its dimensions, batch, rows, columns, and then its shape; the result's shape; and the
        order that makes it `out`. With empty orders where there is a batch but neither rows nor columns.
    """
    inner = [k for k in left if k in right and k not in out]
    if not inner:
        return None
    sizes = {**dict(zip(left, shape_a)), **dict(zip(right, shape_b))}
    swaps = next((k in right for k in out if k not in left or k not in right), False)
    if swaps:
        left, right = right, left
    batch = [k for k in out if k in left and k in right]
    rows = [k for k in left if k not in right]
    columns = [k for k in right if k not in left]
    if batch and not rows and not columns:
        return False, (), (), (), (), (), ()
    n, k, m = (math.prod(sizes[i] for i in group) for group in (rows, inner, columns))
    batch_shape = tuple(sizes[i] for i in batch)
    order = [*batch, *rows, *columns]
    return (
        swaps,
        tuple(left.index(i) for i in (*batch, *rows, *inner)),
        (*batch_shape, n, k),
        tuple(right.index(i) for i in (*batch, *inner, *columns)),
        (*batch_shape, k, m),
        tuple(sizes[i] for i in order),
        tuple(order.index(i) for i in out),
    )


def _aligned(x: Array, term: Term, out: Term) -> Array:
    """`x` with its dimensions in the order of `out`, and a size 1 for each that it hasn't."""
    x = np.transpose(x, [term.index(k) for k in out if k in term])
    return x[tuple(slice(None) if k in term else None for k in out)]


# ------------------------------------------------------------------------------------------------- compositions


@public
def einsum(*args: Any) -> Tensor:
    """Products of tensors, summed over the indices that the result hasn't, in Einstein's notation.

    `einsum("ij,jk->ik", a, b)` is a matrix product. Each operand has a term with a letter for each of its dimensions,
    and `...` for any number of them, which broadcast. Of a letter that a term has twice the diagonal is taken. Without
    `->` the result has the dimensions of `...` and then, in alphabetical order, capitals first, the letters that stand
    in the terms once. Sizes 1 broadcast. The other form, `einsum(a, [0, 1], b, [1, 2], [0, 2])`, has lists of numbers
    below 52 for terms, and `...` itself for an ellipsis.

    More than two operands are multiplied in pairs, in the order that `numpy.einsum_path` finds.

    Raises:
        ValueError: there is no operand.
        RuntimeError: a term isn't understood, doesn't fit its operand, or sizes differ.
    """
    if len(args) < 2:
        raise ValueError("einsum: give the equation and at least one operand, or an operand and its list of indices")
    if isinstance(args[0], str):
        operands = args[1:]
        if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
            (operands,) = operands
        terms, out = _parse(args[0])
    else:
        operands = args[: 2 * (len(args) // 2) : 2]
        terms = tuple(_numbered(term) for term in args[1::2])
        out = _numbered(args[-1]) if len(args) % 2 else None
    for x in operands:
        if not hasattr(x, "ndim"):
            raise TypeError(f"einsum: the operands must be tensors or arrays, not {type(x).__name__}")
    if len(terms) != len(operands):
        raise RuntimeError(f"einsum: {len(terms)} terms don't fit {len(operands)} operands")
    plan = _plan(terms, out, tuple([tuple(x.shape) for x in operands]))
    found = [_prepared(x, step) for x, step in zip(operands, plan.operands, strict=True)]
    for places, terms, inner in plan.products:
        chosen = [found.pop(i) for i in reversed(places)][::-1]
        if inner:
            alike("einsum", *chosen)
        found.append(_einsum(terms, *chosen) if len(chosen) > 1 else _permuted(chosen[0], *terms))
    return found[0]  # type: ignore[no-any-return]


def _prepared(x: Array, step: Preparation) -> Array:
    if step.diagonal:
        x = _einsum(step.diagonal, x)
    if step.shape is not None:
        x = reshape(x, step.shape)
    return sum(x, step.summed) if step.summed else x


def _permuted(x: Array, term: Term, out: Term) -> Array:
    return permute(x, [term.index(k) for k in out])


@public
def bilinear(input1: Array, input2: Array, weight: Array, bias: Array | None = None) -> Tensor:
    r"""Bilinear map of two last dimensions, :math:`y_o = \sum_{ij} a_i w_{oij} b_j + c_o`.

    Args:
        input1: `(*, in1)`.
        input2: `(*, in2)`.
        weight: `(out, in1, in2)`.
        bias: `(out)`.

    Raises:
        RuntimeError: sizes or dtypes don't fit.
    """
    arrays("bilinear", input1=input1, input2=input2, weight=weight)
    if weight.ndim != 3 or (input1.shape[-1:], input2.shape[-1:]) != (weight.shape[1:2], weight.shape[2:]):
        raise RuntimeError(
            f"bilinear: shapes {tuple(input1.shape)} and {tuple(input2.shape)} don't fit weight of shape "
            f"{tuple(weight.shape)}"
        )
    if input1.shape[:-1] != input2.shape[:-1]:
        raise RuntimeError(
            f"bilinear: shapes {tuple(input1.shape)} and {tuple(input2.shape)} must agree but in the last size"
        )
    if bias is not None and bias.dtype != weight.dtype:
        raise RuntimeError(f"bilinear: bias of {bias.dtype} must have the dtype of the other tensors, {weight.dtype}")
    y = einsum("...i,oij,...j->...o", input1, weight, input2)
    return y if bias is None else y + bias


# ---------------------------------------------------------------------------------- from the equation to a plan


class Preparation(NamedTuple):
    """What is done to an operand before products: a diagonal taken, sizes 1 left out, dimensions summed."""

    diagonal: tuple[Term, Term] | None
    shape: Shape | None
    summed: tuple[int, ...]


class Product(NamedTuple):
    """Which of the operands left are multiplied next, in which terms, and whether an index of all is summed."""

    places: tuple[int, ...]
    terms: tuple[Term, ...]
    inner: bool


class Plan(NamedTuple):
    """What is done, in order."""

    operands: tuple[Preparation, ...]
    products: tuple[Product, ...]


@functools.lru_cache(maxsize=1024)
def _parse(equation: str) -> tuple[tuple[Term, ...], Term | None]:
    """The operands' terms and the result's, if the equation says it."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    return tuple(_lettered(term, equation) for term in left.split(",")), _lettered(right, equation) if arrow else None


def _lettered(term: str, equation: str) -> Term:
    before, dots, after = term.partition("...")
    for letter in before + after:
        if letter not in LETTERS:
            raise RuntimeError(
                f"einsum: {letter!r} in {equation!r} is no index; use letters, '...' once in a term, ',' and '->'"
            )
    return (*map(LETTERS.index, before), *((DOTS,) if dots else ()), *map(LETTERS.index, after))


def _numbered(term: Sequence[Any]) -> Term:
    for k in term:
        if k is not Ellipsis and not (isinstance(k, (int, np.integer)) and 0 <= k < len(LETTERS)):
            kind = RuntimeError if isinstance(k, (int, np.integer)) else TypeError
            raise kind(f"einsum: an index must be from 0 to {len(LETTERS) - 1} or an Ellipsis, not {k!r}")
    if list(term).count(Ellipsis) > 1:
        raise RuntimeError(f"einsum: more than one Ellipsis in {list(term)}")
    return tuple(DOTS if k is Ellipsis else int(k) for k in term)


@functools.lru_cache(maxsize=1024)
def _plan(terms: tuple[Term, ...], out: Term | None, shapes: tuple[Shape, ...]) -> Plan:
    """How to compute the sum for operands of these shapes.

    Raises:
        RuntimeError: a term doesn't fit its operand, the result has an index that no operand has, or sizes differ.
    """
    terms, out = _without_dots(terms, out, shapes)
    sizes = _sizes(terms, shapes)
    number = {k: i for i, k in enumerate(sizes)}  # NumPy's own einsum knows 52 of them

    def renamed(term: Term) -> Term:
        return tuple(number[k] for k in term)

    left = []
    preparations = []
    for i, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        distinct = tuple(dict.fromkeys(term))
        own = dict(zip(term, shape, strict=True))
        kept = tuple(k for k in distinct if own[k] == sizes[k])
        others = {k for j, other in enumerate(terms) if j != i for k in other if sizes[k] == shapes[j][other.index(k)]}
        summed = tuple(d for d, k in enumerate(kept) if k not in out and k not in others)
        preparations.append(
            Preparation(
                None if len(distinct) == len(term) else (renamed(term), renamed(distinct)),
                None if len(kept) == len(distinct) else tuple(sizes[k] for k in kept),
                summed,
            )
        )
        left.append(renamed(tuple(k for d, k in enumerate(kept) if d not in summed)))
    result = renamed(out)
    products = []
    for places in _path(left, result, list(sizes.values())):
        chosen = tuple(left.pop(i) for i in reversed(places))[::-1]
        outside = {*result, *(k for term in left for k in term)}
        term = result if not left else tuple(dict.fromkeys(k for t in chosen for k in t if k in outside))
        inner = len(chosen) > 1 and any(k not in term and all(k in t for t in chosen) for k in chosen[0])
        products.append(Product(places, (*chosen, term), inner))
        left.append(term)
    return Plan(tuple(preparations), tuple(products))


def _path(terms: Sequence[Term], out: Term, sizes: Sequence[int]) -> list[tuple[int, ...]]:
    """Which operands to multiply first: the places of each product's among those that are left, ascending."""
    if len(terms) <= 2:
        return [tuple(range(len(terms)))]
    given = [part for term in terms for part in (np.broadcast_to(0, [sizes[k] for k in term]), term)]
    path = np.einsum_path(*given, out, optimize=("greedy", 2**62))[0][1:]
    return [tuple(sorted(places)) for places in path]


def _without_dots(terms: Sequence[Term], out: Term | None, shapes: Sequence[Shape]) -> tuple[tuple[Term, ...], Term]:
    """The terms with numbers of their own for the dimensions of an ellipsis, and the result's term."""
    counts = []
    for term, shape in zip(terms, shapes, strict=True):
        extra = len(shape) - len(term) + (DOTS in term)
        if extra < 0 or (extra and DOTS not in term):
            raise RuntimeError(
                f"einsum: the term {_shown(term)} has {len(term) - (DOTS in term)} indices, but its operand has shape "
                f"{shape}"
            )
        counts.append(extra if DOTS in term else 0)
    most = max(counts)
    dots = tuple(range(len(LETTERS), len(LETTERS) + most))

    def spelt(term: Term, count: int) -> Term:
        at = term.index(DOTS) if DOTS in term else len(term)
        return (*term[:at], *(dots[most - count :] if DOTS in term else ()), *term[at + 1 :])

    given = [k for term in terms for k in term if k != DOTS]
    if out is None:
        out = (DOTS, *sorted(k for k in set(given) if given.count(k) == 1))
    for k in out:
        if out.count(k) > 1:
            raise RuntimeError(f"einsum: index {_shown((k,))} appears more than once in the result")
        if k != DOTS and k not in given:
            raise RuntimeError(f"einsum: index {_shown((k,))} of the result isn't an index of any operand")
    return tuple(spelt(term, count) for term, count in zip(terms, counts, strict=True)), spelt(out, most)


def _shown(term: Term) -> str:
    return repr("".join("..." if k == DOTS else LETTERS[k] if k < len(LETTERS) else "." for k in term))


def _sizes(terms: Sequence[Term], shapes: Sequence[Shape]) -> dict[int, int]:
    """The size of each index, where a size 1 gives way to another.

    Raises:
        RuntimeError: sizes differ; in one operand, also from 1.
    """
    sizes: dict[int, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        own: dict[int, int] = {}
        for k, n in zip(term, shape, strict=True):
            if own.setdefault(k, n) != n:
                raise RuntimeError(
                    f"einsum: index {_shown((k,))} stands twice in {_shown(term)}, for sizes {own[k]} and {n}"
                )
            if sizes.setdefault(k, n) != n and 1 not in (n, sizes[k]):
                raise RuntimeError(f"einsum: index {_shown((k,))} has size {n} in one operand, {sizes[k]} in another")
            sizes[k] = n if sizes[k] == 1 else sizes[k]
    return sizes
