"""Einstein's summation: products of tensors, summed over the indices that the result hasn't."""

from __future__ import annotations

import math
import string
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..domain import Given, Reals
from ..op import Array, op
from .linalg import alike
from .reduce import sum
from .shape import permute, reshape

if TYPE_CHECKING:
    from ..tensor import Tensor

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
    sizes = _sizes(inputs, operands)
    whole = np.zeros([sizes[k] for k in out], y.dtype)
    np.einsum(whole, out, kept)[...] = y
    return whole


def _sizes(terms: Iterable[Term], operands: Iterable[Array]) -> dict[int, int]:
    return {k: n for term, x in zip(terms, operands) for k, n in zip(term, x.shape)}


def _contract(terms: Sequence[Term], out: Term, operands: Sequence[Array]) -> Array:
    """The sum of products, its result without a repeated index."""
    if len(operands) != 2 or any(len(set(term)) < len(term) for term in terms):
        y = np.einsum(*(part for pair in zip(operands, terms) for part in pair), out, optimize=len(operands) > 2)
        return y.copy() if len(operands) == 1 else y
    (a, b), (left, right) = operands, terms
    if not (inner := [k for k in left if k in right and k not in out]):
        return np.multiply(_aligned(a, left, out), _aligned(b, right, out))
    if next((k in right for k in out if k not in left or k not in right), False):
        a, b, left, right = b, a, right, left  # so that the product's dimensions are in the order of `out`
    batch = [k for k in out if k in left and k in right]
    rows = [k for k in left if k not in right]
    columns = [k for k in right if k not in left]
    if not rows and not columns and batch:  # a batch of scalar products, for which a matrix product is slow
        return np.einsum(a, left, b, right, out)
    sizes = _sizes((left, right), (a, b))
    n, k, m = (math.prod(sizes[i] for i in group) for group in (rows, inner, columns))
    batch_shape = [sizes[i] for i in batch]
    x = np.transpose(a, [left.index(i) for i in (*batch, *rows, *inner)]).reshape(*batch_shape, n, k)
    z = np.transpose(b, [right.index(i) for i in (*batch, *inner, *columns)]).reshape(*batch_shape, k, m)
    order = [*batch, *rows, *columns]
    return np.matmul(x, z).reshape([sizes[i] for i in order]).transpose([order.index(i) for i in out])


def _aligned(x: Array, term: Term, out: Term) -> Array:
    """`x` with its dimensions in the order of `out`, and a size 1 for each that it hasn't."""
    x = np.transpose(x, [term.index(k) for k in out if k in term])
    return x[tuple(slice(None) if k in term else None for k in out)]


# ------------------------------------------------------------------------------------------------- compositions


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
        equation, *operands = args
        if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
            operands = list(operands[0])
        terms, out = _parse(equation)
    else:
        operands = list(args[: 2 * (len(args) // 2) : 2])
        terms = [_numbered(term) for term in args[1::2]]
        out = _numbered(args[-1]) if len(args) % 2 else None
    for x in operands:
        if not hasattr(x, "ndim"):
            raise TypeError(f"einsum: the operands must be tensors or arrays, not {type(x).__name__}")
    if len(terms) != len(operands):
        raise RuntimeError(f"einsum: {len(terms)} terms don't fit {len(operands)} operands")
    return _summed(*_canonical(*_without_dots(terms, out, operands), operands))


def _parse(equation: str) -> tuple[list[Term], Term | None]:
    """The operands' terms and the result's, if the equation says it."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    return [_lettered(term, equation) for term in left.split(",")], _lettered(right, equation) if arrow else None


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


def _without_dots(terms: Sequence[Term], out: Term | None, operands: Sequence[Array]) -> tuple[list[Term], Term]:
    """The terms with numbers of their own for the dimensions of an ellipsis, and the result's term."""
    counts = []
    for term, x in zip(terms, operands, strict=True):
        extra = x.ndim - len(term) + (DOTS in term)
        if extra < 0 or (extra and DOTS not in term):
            raise RuntimeError(
                f"einsum: the term {_shown(term)} has {len(term) - (DOTS in term)} indices, but its operand has shape "
                f"{tuple(x.shape)}"
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
    return [spelt(term, count) for term, count in zip(terms, counts, strict=True)], spelt(out, most)


def _shown(term: Term) -> str:
    return repr("".join("..." if k == DOTS else LETTERS[k] if k < len(LETTERS) else "." for k in term))


def _canonical(terms: Sequence[Term], out: Term, operands: Sequence[Array]) -> tuple[list[Term], Term, list[Array]]:
    """Terms without a repeated index or a size 1 that broadcasts, every index in two of them, the result's included.

    Diagonals are taken, sizes 1 left out, and what stands in one operand alone is summed.

    Raises:
        RuntimeError: sizes differ.
    """
    sizes: dict[int, int] = {}
    for term, x in zip(terms, operands, strict=True):
        own: dict[int, int] = {}
        for k, n in zip(term, x.shape, strict=True):
            if own.setdefault(k, n) != n:
                raise RuntimeError(
                    f"einsum: index {_shown((k,))} stands twice in {_shown(term)}, for sizes {own[k]} and {n}"
                )
            if sizes.setdefault(k, n) != n and 1 not in (n, sizes[k]):
                raise RuntimeError(f"einsum: index {_shown((k,))} has size {n} in one operand, {sizes[k]} in another")
            sizes[k] = n if sizes[k] == 1 else sizes[k]
    found: list[tuple[Term, Array]] = []
    for term, x in zip(terms, operands, strict=True):
        distinct = tuple(dict.fromkeys(term))
        if len(distinct) < len(term):
            x = _einsum((term, distinct), x)
        if any(n != sizes[k] for k, n in zip(distinct, x.shape, strict=True)):
            distinct = tuple(k for k, n in zip(distinct, x.shape, strict=True) if n == sizes[k])
            x = reshape(x, [sizes[k] for k in distinct])
        found.append((distinct, x))
    for i, (term, x) in enumerate(found):
        others = {k for j, (other, _) in enumerate(found) if j != i for k in other}
        alone = [d for d, k in enumerate(term) if k not in out and k not in others]
        if alone:
            found[i] = tuple(k for d, k in enumerate(term) if d not in alone), sum(x, alone)
    number = {k: i for i, k in enumerate(sizes)}  # NumPy has no more than 52 either
    renamed = [tuple(number[k] for k in term) for term in (*(term for term, _ in found), out)]
    return renamed[:-1], renamed[-1], [x for _, x in found]


def _summed(terms: list[Term], out: Term, operands: list[Array]) -> Tensor:
    """The operands multiplied in pairs."""
    if len(operands) > 2:
        given = [part for x, term in zip(operands, terms) for part in (getattr(x, "array", x), term)]
        path = np.einsum_path(*given, out, optimize=("greedy", 2**62))[0][1:]
    else:
        path = [tuple(range(len(operands)))]
    for places in path:
        chosen = [(terms.pop(i), operands.pop(i)) for i in sorted(places, reverse=True)][::-1]
        outside = {*out, *(k for term in terms for k in term)}
        kept = out if not terms else tuple(dict.fromkeys(k for term, _ in chosen for k in term if k in outside))
        terms.append(kept)
        operands.append(_product([t for t, _ in chosen], kept, [x for _, x in chosen]))
    return operands[0]  # type: ignore[no-any-return]


def _product(terms: Sequence[Term], out: Term, operands: Sequence[Array]) -> Array:
    if len(operands) != 1:
        if any(k not in out and all(k in term for term in terms) for k in terms[0]):  # a matrix product
            alike("einsum", *operands)
        return _einsum((*terms, out), *operands)
    ((term,), (x,)) = terms, operands
    return permute(x, [term.index(k) for k in out])
