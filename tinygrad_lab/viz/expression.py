"""Expressions: what a rule makes of names.

An expression is a tree of functions. Its leaves are names and numbers, and each branch remembers the function that made
it, an operator of Python, an op of the table or a helper of a rule, with the arguments. So the tree can be written
down (`latex.py`), evaluated on arrays, and rewritten (`rewriting.py`).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Hashable, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from ..op import Op

Dims: TypeAlias = "tuple[int, ...] | None"


class UnreadableError(Exception):
    """The rule can't be read on symbols."""


class Size(int):
    """A size that counts: the product of all sizes of a shape is written as `letter`, and is a number otherwise."""

    letter: str  # of the whole
    whole: int

    def __new__(cls, value: int, letter: str, whole: int) -> Size:
        size = super().__new__(cls, value)
        size.letter, size.whole = letter, whole
        return size

    def __mul__(self, other: int) -> Size:
        return Size(int(self) * int(other), self.letter, self.whole)

    __rmul__ = __mul__

    @property
    def named(self) -> bool:
        """Whether it is the whole, which has a letter."""
        return int(self) == self.whole


class Symbol:
    """A name, or what was made of names.

    Attributes:
        name: of a name, in LaTeX; "" of anything else.
        head: the function that made it, None of a name.
        args: what `head` was called with: symbols, numbers and plain values.
        plain: whether it is no tensor but a plain value, as a dimension or a shape.
    """

    __slots__ = ("_cost", "_dims", "_key", "args", "head", "name", "plain")
    __array_ufunc__ = None  # NumPy's arrays leave their operators to this class, NumPy's functions refuse it
    __hash__ = None  # type: ignore[assignment]
    __iter__ = None
    __contains__ = None

    def __init__(self, name: str, plain: bool = False, dims: Dims = None) -> None:
        self.name = name
        self.head: Any = None
        self.args: tuple[Any, ...] = ()
        self.plain = plain
        self._dims: Any = dims
        self._key: Hashable = None
        self._cost = 0

    @property
    def dims(self) -> Dims:
        """The shape, where it is known."""
        if self._dims is _ASK:
            self._dims = _shape_of_result(self.head, self.args)
        return self._dims  # type: ignore[no-any-return]

    @property
    def key(self) -> Hashable:
        """Equal for equal trees."""
        if self._key is None:
            self._key = self.name if self.head is None else (self.head, tuple(map(_key, self.args)))
        return self._key

    @property
    def shape(self) -> Any:
        return made(shape_of, self, plain=True) if self.dims is None else self.dims

    @property
    def ndim(self) -> Any:
        return made(ndim_of, self, plain=True) if self.dims is None else len(self.dims)

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float64)

    @property
    def mT(self) -> Symbol:
        return made(transposed, self)

    T = mT

    @property
    def _positive(self) -> Symbol:
        """What a negative is the negative of."""
        found: Symbol = self.args[0]
        return found

    def __bool__(self) -> bool:
        raise UnreadableError("the value of an expression is asked for")

    def __add__(self, other: Any) -> Symbol:
        return _infix(operator.add, self, other)

    def __radd__(self, other: Any) -> Symbol:
        return _infix(operator.add, other, self)

    def __sub__(self, other: Any) -> Symbol:
        return _infix(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Symbol:
        return _infix(operator.sub, other, self)

    def __mul__(self, other: Any) -> Symbol:
        if self.head is operator.neg:
            return made(operator.neg, self._positive * other)
        if other is self:
            return made(operator.pow, self, 2)
        if is_number(other):
            return -(self * -other) if other < 0 else _infix(operator.mul, other, self)
        return _infix(operator.mul, self, other)

    def __rmul__(self, other: Any) -> Symbol:
        return self * other if is_number(other) else NotImplemented

    def __truediv__(self, other: Any) -> Symbol:
        if self.head is operator.neg:
            return made(operator.neg, self._positive / other)
        return made(operator.truediv, self, other)

    def __rtruediv__(self, other: Any) -> Symbol:
        return made(operator.truediv, other, self)

    def __floordiv__(self, other: Any) -> Symbol:
        return made(operator.floordiv, self, other)

    def __matmul__(self, other: Any) -> Symbol:
        return _infix(operator.matmul, self, other)

    def __pow__(self, other: Any) -> Symbol:
        return made(operator.pow, self, other)

    def __rpow__(self, other: Any) -> Symbol:
        return made(operator.pow, other, self)

    def __neg__(self) -> Symbol:
        return made(operator.neg, self)

    def __abs__(self) -> Symbol:
        return made(operator.abs, self)

    def __invert__(self) -> Symbol:
        return made(operator.invert, self)

    def __eq__(self, other: object) -> Symbol:  # type: ignore[override]  # a formula, not an answer
        return _infix(operator.eq, self, other)

    def __ne__(self, other: object) -> Symbol:  # type: ignore[override]
        return _infix(operator.ne, self, other)

    def __lt__(self, other: Any) -> Symbol:
        return _infix(operator.lt, self, other)

    def __le__(self, other: Any) -> Symbol:
        return _infix(operator.le, self, other)

    def __gt__(self, other: Any) -> Symbol:
        return _infix(operator.gt, self, other)

    def __ge__(self, other: Any) -> Symbol:
        return _infix(operator.ge, self, other)

    def __and__(self, other: Any) -> Symbol:
        return made(operator.and_, self, other)

    def __or__(self, other: Any) -> Symbol:
        return made(operator.or_, self, other)

    def __getitem__(self, index: Any) -> Symbol:
        return made(operator.getitem, self, index, plain=self.plain)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Symbol:
        return made(summed, self, axis, keepdims)

    def reshape(self, *shape: Any) -> Symbol:
        return made(reshaped, self, shape[0] if len(shape) == 1 and not is_number(shape[0]) else shape)

    def astype(self, *args: Any, **kwargs: Any) -> Symbol:
        return self


_ASK: Any = object()  # the shape hasn't been asked for yet


def made(head: Any, *args: Any, plain: bool | None = None) -> Symbol:
    """The symbol of `head` called with these; plain where all of them are, if that isn't said."""
    symbol = Symbol("", all(not isinstance(v, Symbol) or v.plain for v in args) if plain is None else plain, _ASK)
    symbol.head = head
    symbol.args = args
    return symbol


def is_number(value: Any) -> bool:
    """Whether it is a number, of Python or NumPy."""
    return isinstance(value, int | float | Fraction | np.generic) and not isinstance(value, bool)


def _infix(head: Callable[..., Any], a: Any, b: Any) -> Symbol:
    if not all(isinstance(v, Symbol) or is_number(v) or v is None for v in (a, b)):
        return NotImplemented  # type: ignore[no-any-return]
    return made(head, a, b)


# ------------------------------------------------------------------- what arrays do by methods, as functions


def transposed(x: Any) -> Any:
    """The last two dimensions swapped."""
    return x.mT


def summed(x: Any, axis: Any, keepdims: bool) -> Any:
    """The sum over `axis`."""
    return x.sum(axis=axis, keepdims=keepdims)


def reshaped(x: Any, shape: Any) -> Any:
    """The elements in another shape."""
    return x.reshape(shape)


def full(value: Any, shape: Sequence[int]) -> Any:
    """One value at every place."""
    return np.full(shape, value, np.result_type(value, np.float64))


def indicator(condition: Any) -> Any:
    """1 where the condition holds, 0 elsewhere."""
    return np.where(condition, 1.0, 0.0)


def shape_of(x: Any) -> Any:
    """The shape."""
    return x.shape


def ndim_of(x: Any) -> Any:
    """The number of dimensions."""
    return x.ndim


# --------------------------------------------------------------------------------------- values, shapes, equality


def evaluate(expression: Any, values: Mapping[str, Any]) -> Any:
    """The value of an expression, given those of its names.

    Raises:
        KeyError: a name has none.
    """
    done: dict[int, Any] = {}

    def value(e: Any) -> Any:
        if isinstance(e, Fraction):
            return float(e)
        if type(e) in (tuple, list):
            return type(e)(map(value, e))
        if not isinstance(e, Symbol):
            return e
        if id(e) not in done:
            done[id(e)] = values[e.name] if e.head is None else _call(e.head, [value(a) for a in e.args])
        return done[id(e)]

    return value(expression)


def _call(head: Any, args: list[Any]) -> Any:
    return head.forward(*args) if isinstance(head, Op) else head(*args)


ELEMENTWISE = {
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.pow, operator.neg,
    operator.abs, operator.invert, operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge,
    operator.and_, operator.or_,
}  # fmt: skip
_LARGE = 10**6  # elements: the shape of what is made of so many isn't found by making it


def _shape_of_result(head: Any, args: tuple[Any, ...]) -> Dims:
    """The shape of `head(*args)`; None where one that it depends on isn't known."""
    operands = [a for a in args if isinstance(a, Symbol)]
    if any(a.dims is None for a in operands):
        return None
    shapes = [a.dims or () for a in operands]
    try:
        if head in ELEMENTWISE or (isinstance(head, Op) and head.elementwise):
            return np.broadcast_shapes(*shapes)
        if head is full:
            return tuple(args[1])
        if head is indicator:
            return shapes[0]
        if head is transposed:
            return (*shapes[0][:-2], shapes[0][-1], shapes[0][-2])
        if isinstance(head, Op) and "*" not in head.shapes and "..." not in head.shapes:
            return _by_signature(head.shapes, shapes)
        if sum(map(math.prod, shapes)) > _LARGE:
            return None
        with np.errstate(all="ignore"):
            return tuple(np.shape(_call(head, [_stand_in(a) for a in args])))
    except Exception:  # whatever it is, it was raised for want of values
        return None


def _stand_in(value: Any, index: bool = False) -> Any:
    """An array of a symbol's shape; zeros for an index."""
    if isinstance(value, Symbol):
        return np.broadcast_to(0 if index else 1.0, value.dims or ())
    return type(value)(_stand_in(v, True) for v in value) if type(value) in (tuple, list) else value


def _by_signature(signature: str, shapes: list[tuple[int, ...]]) -> Dims:
    """The shape that "(n, k), (m, k), (m) -> (n, m)" gives for the operands' ones."""
    inputs, _, output = signature.replace(" ", "").partition("->")
    sizes: dict[str, int] = {}
    for letters, shape in zip(inputs[1:-1].split("),("), shapes, strict=True):
        sizes.update(zip(letters.split(","), shape, strict=True))
    return tuple(sizes[letter] for letter in output[1:-1].split(",") if letter)


def _key(value: Any) -> Hashable:
    if isinstance(value, Symbol):
        return value.key
    if isinstance(value, tuple | list):
        return tuple(map(_key, value))
    if isinstance(value, np.ndarray):
        return ("array", id(value))
    return value if isinstance(value, Hashable) else repr(value)  # a slice is hashable only from Python 3.12 on


def same(a: Any, b: Any) -> bool:
    """Whether two expressions, or two plain values, are the same tree."""
    return _key(a) == _key(b)


def names_in(e: Any) -> set[str]:
    """The names that stand in an expression, or in several."""
    if type(e) in (tuple, list):
        return set().union(*map(names_in, e))
    if not isinstance(e, Symbol):
        return set()
    return {e.name} if e.head is None else names_in(e.args)


def substituted(e: Any, names: Mapping[str, Symbol]) -> Any:
    """The expression with expressions in place of names."""
    if type(e) in (tuple, list):
        return type(e)(substituted(a, names) for a in e)
    if not isinstance(e, Symbol):
        return e
    if e.head is None:
        return names.get(e.name, e)
    return made(e.head, *(substituted(a, names) for a in e.args), plain=e.plain)


def sum_of(terms: Sequence[Symbol]) -> Any:
    """The sum of some terms, minus those that are negative; None of none."""
    total: Any = None
    for term in terms:
        if total is None:
            total = term
        elif term.head is operator.neg:
            total = made(operator.sub, total, term.args[0])
        else:
            total = made(operator.add, total, term)
    return total


_SIGNS: dict[Any, int] = {operator.neg: 2, operator.sub: 1, operator.truediv: 1, operator.pow: -2}


def cost(e: Any) -> int:
    """How much there is to read: 4 for each name, 3 for each number, a little for signs and fractions."""
    if not isinstance(e, Symbol) or e.head is None:
        return (5 if e < 0 else 3) if is_number(e) else 4
    if not e._cost:
        below = e.head is operator.truediv and getattr(e.args[0], "head", None) is operator.neg
        e._cost = sum(cost(a) for a in e.args if isinstance(a, Symbol) or is_number(a)) or 4
        times_ones = e.head is full and e.args[1] and not (is_number(e.args[0]) and e.args[0] in (0, 1))
        e._cost += below + _SIGNS.get(e.head, 0) + (4 if times_ones else 0)
    return e._cost
