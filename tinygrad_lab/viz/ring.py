"""Elementwise algebra: sums, products and quotients of the same elements, as polynomials.

Addition and multiplication of arrays, element by element and broadcast, obey the laws of numbers. So what is made by
them alone can be multiplied out, cancelled and collected, whatever stands inside.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from ..graph import sum_to
from .expression import Size, Symbol, cost, full, is_number, made

Monomial: TypeAlias = "tuple[tuple[int, int], ...]"  # the number of each atom, and its exponent
Polynomial: TypeAlias = "dict[Monomial, Fraction]"

RING = {operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, operator.pow, full}
_MANY = 64  # terms: beyond so many nothing is multiplied out


class Ring:
    """The polynomials in the atoms of one expression, numbered as they appear."""

    def __init__(self) -> None:
        self.atoms: list[Symbol] = []
        self.sums: dict[int, Polynomial] = {}  # atoms that are sums themselves
        self._number: dict[Any, int] = {}

    def atom(self, e: Symbol) -> Polynomial:
        return {((self._numbered(e), 1),): Fraction(1)}

    def _numbered(self, e: Symbol) -> int:
        if e.key not in self._number:
            self._number[e.key] = len(self.atoms)
            self.atoms.append(e)
        return self._number[e.key]

    def polynomial(self, e: Any) -> Polynomial:
        """`e` as a polynomial, in which a sum that is multiplied or divided by is an atom."""
        if isinstance(e, Size) and e.named:
            return self.atom(Symbol(e.letter, dims=()))
        if is_number(e):
            return {(): Fraction(e)} if math.isfinite(e) and e else {} if e == 0 else self.atom(made(full, e, ()))
        if e.head is full and (isinstance(e.args[0], Symbol) or math.isfinite(e.args[0])):
            return self.polynomial(e.args[0])
        if e.head is operator.neg:
            return scaled(self.polynomial(e.args[0]), Fraction(-1))
        if e.head in (operator.add, operator.sub):
            sign = Fraction(1 if e.head is operator.add else -1)
            return added(self.polynomial(e.args[0]), scaled(self.polynomial(e.args[1]), sign))
        if e.head is operator.mul:
            return times(self.factor(self.polynomial(e.args[0])), self.factor(self.polynomial(e.args[1])))
        if e.head is operator.truediv and (below := self.factor(self.polynomial(e.args[1]))):
            return times(self.factor(self.polynomial(e.args[0])), power(below, -1))
        if e.head is operator.pow and is_number(e.args[1]) and float(e.args[1]).is_integer():
            k = int(e.args[1])
            if (base := self.factor(self.polynomial(e.args[0]))) or k > 0:
                return power(base, k)
        return self.atom(e)

    def factor(self, p: Polynomial) -> Polynomial:
        """`p` with one term: a number times an atom, where it is a sum."""
        if len(p) <= 1:
            return p
        content, common, rest = factored(p)
        if rest[min(rest)] < 0:  # a sum and its negative are one atom
            content, rest = -content, scaled(rest, Fraction(-1))
        number = self._numbered(self.sum_of(rest))
        self.sums[number] = rest
        return {_product(common, ((number, 1),)): content}

    def expanded(self, p: Polynomial) -> Polynomial:
        """`p` multiplied out: first those sums in which something is divided by, so that it cancels."""
        while True:
            found = [(self._depth(n), monomial, n) for monomial in p for n, k in monomial if k > 0 and n in self.sums]
            if not found or len(p) > _MANY:
                return p
            _, monomial, n = max(found)
            coefficient = p[monomial]
            rest = {_product(monomial, ((n, -1),)): coefficient}
            p = added({m: c for m, c in p.items() if m != monomial}, times(rest, self.sums[n]))

    def _depth(self, n: int) -> int:
        """How deep quotients stand in this sum."""
        return max((1 + max((self._depth(m) for m, _ in mono if m in self.sums), default=0)
                    for mono in self.sums[n] if any(k < 0 for _, k in mono)), default=0)  # fmt: skip

    # ------------------------------------------------------------------------------ back to expressions

    def expression(self, p: Polynomial) -> Any:
        """The polynomial written with as little as it takes: what all terms share stands before the parentheses."""
        if not p:
            return Fraction(0)
        if len(p) == 1:
            ((monomial, coefficient),) = p.items()
            return self.term(monomial, coefficient)
        content, common, rest = factored(p)
        if content == 1 and not common:
            return self.sum_of(rest)
        number = self._numbered(self.sum_of(rest))
        return self.term(_product(common, ((number, 1),)), content)

    def sum_of(self, p: Polynomial) -> Symbol:
        """The terms one after the other, those with a plus first."""
        result: Any = None
        for monomial, coefficient in sorted(p.items(), key=lambda item: (item[1] < 0, item[0])):
            term = self.term(monomial, abs(coefficient))
            if result is None:
                result = term if coefficient > 0 else self.term(monomial, coefficient)
            else:
                result = made(operator.add if coefficient > 0 else operator.sub, result, term)
        return result  # type: ignore[no-any-return]

    def term(self, monomial: Monomial, coefficient: Fraction) -> Any:
        """A number times atoms, over those whose exponent is negative."""
        above = [self._power(n, k) for n, k in monomial if k > 0]
        below: list[Any] = [self._power(n, -k) for n, k in monomial if k < 0]
        size = abs(coefficient)
        exact = size.denominator < 10_000
        top: list[Any] = [size.numerator] if exact and size.numerator != 1 else [] if exact else [float(size)]
        if exact and size.denominator != 1:
            below.insert(0, size.denominator)
        if below and any(a.head in _LONG for a in above) and not any(isinstance(b, Symbol) and b.dims for b in below):
            share = made(operator.truediv, _multiplied(top), _multiplied(below))
            result: Any = _multiplied([share, *above])
        else:
            result = _multiplied([*top, *sorted(above, key=lambda a: bool(a.dims))])
            if below:
                result = made(operator.truediv, result, _multiplied(below))
        return result if coefficient > 0 else -result

    def _power(self, n: int, k: int) -> Symbol:
        return self.atoms[n] if k == 1 else made(operator.pow, self.atoms[n], k)


_LONG = {operator.matmul, sum_to}  # a fraction before a matrix product is read more easily than one under it


def _multiplied(factors: Iterable[Any]) -> Any:
    result: Any = None
    for f in factors:
        result = f if result is None else made(operator.mul, result, f)
    return 1 if result is None else result


def added(p: Polynomial, q: Polynomial) -> Polynomial:
    """The sum."""
    total = dict(p)
    for monomial, c in q.items():
        total[monomial] = total.get(monomial, Fraction(0)) + c
    return {m: c for m, c in total.items() if c}


def scaled(p: Polynomial, by: Fraction) -> Polynomial:
    """The polynomial times a number."""
    return {m: c * by for m, c in p.items()}


def times(p: Polynomial, q: Polynomial) -> Polynomial:
    """The product."""
    total: Polynomial = {}
    for m, c in p.items():
        total = added(total, {_product(m, n): c * d for n, d in q.items()})
    return total


def power(p: Polynomial, k: int) -> Polynomial:
    """The k-th power of a polynomial of at most one term."""
    return {tuple((n, e * k) for n, e in m if k): c**k for m, c in p.items()} if p else {}


def _product(a: Monomial, b: Monomial) -> Monomial:
    exponents = dict(a)
    for n, k in b:
        exponents[n] = exponents.get(n, 0) + k
    return tuple(sorted((n, k) for n, k in exponents.items() if k))


def factored(p: Polynomial) -> tuple[Fraction, Monomial, Polynomial]:
    """(number, monomial, rest): what the terms share, and what is left; the number is negative where all are."""
    content = _common([abs(c) for c in p.values()]) * (-1 if all(c < 0 for c in p.values()) else 1)
    exponents = [dict(m) for m in p]
    common = []
    for n in sorted({n for m in exponents for n in m}):
        powers = [m.get(n, 0) for m in exponents]
        if min(powers) > 0 or max(powers) < 0:
            common.append((n, min(powers, key=abs)))
    inverse = tuple((n, -k) for n, k in common)
    return content, tuple(common), {_product(m, inverse): c / content for m, c in p.items()}


def _common(sizes: Sequence[Fraction]) -> Fraction:
    """The greatest number of which all are multiples."""
    return Fraction(math.gcd(*(f.numerator for f in sizes)), math.lcm(*(f.denominator for f in sizes)))


def forms(e: Symbol) -> Iterator[Any]:
    """Other ways to write an elementwise expression: collected and cancelled; multiplied out."""
    ring = Ring()
    p = ring.polynomial(e)
    yield ring.expression(p)
    yield ring.expression(ring.expanded(p))


def shortest(e: Symbol) -> Symbol:
    """The shortest of these ways, `e` itself at a tie; of the same shape."""
    best: Symbol = e
    for form in forms(e) if e.dims is not None else ():
        if not isinstance(form, Symbol) or form.dims != e.dims:
            if isinstance(form, Symbol) and form.dims != ():
                continue
            form = made(full, form, e.dims)
        if cost(form) < cost(best):
            best = form
    return best


def split_scalar(e: Any) -> tuple[Any, Any] | None:
    """(c, rest) with e = c rest, where c is a number or 0-d and isn't 1; None if there is none such."""
    if not is_ring(e) or e.head is full or not e.dims:
        return None
    ring = Ring()
    p = ring.polynomial(e)
    if not p:
        return None
    content, common, _ = factored(p)
    scalar = tuple((n, k) for n, k in common if ring.atoms[n].dims == ())
    if content == 1 and not scalar:
        return None
    inverse = tuple((n, -k) for n, k in scalar)
    left = {_product(m, inverse): c / content for m, c in p.items()}
    remaining = ring.expression(left)
    if not isinstance(remaining, Symbol) or remaining.dims != e.dims:
        remaining = made(full, remaining, e.dims)
    return ring.term(scalar, content), remaining


def is_ring(e: Any) -> bool:
    """Whether `e` is made by elementwise sums, products and quotients."""
    return isinstance(e, Symbol) and e.head in RING
