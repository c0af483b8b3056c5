"""An op's domains and shape signature as hypothesis strategies: `arguments(op)` draws what the op can be called with.

Operands are float64 arrays of a few elements: 0-d, empty, one-element and broadcast ones, the same array twice, Python
numbers and integers beside arrays, and every memory layout. Their values are multiples of a power of two, exact in
float32 too and short to read, inside the open domain and off its kinks.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from hypothesis import assume, strategies as st
from hypothesis.extra import numpy as hnp

from ..domain import (
    REALS,
    Booleans,
    Choice,
    Dim,
    Dims,
    Domain,
    Index,
    IndexAlong,
    Labels,
    NewShape,
    Permutation,
    Reals,
    WiderShape,
)
from ..op import Op
from .signature import Shape, parse

Array = np.ndarray[Any, Any]
T = TypeVar("T")

MAX_SIZE = 12  # elements of an operand: a full Jacobian, differentiated again, stays cheap
LAYOUTS = ("C", "C", "F", "reversed", "strided", "expanded")


def arguments(op: Op) -> st.SearchStrategy[tuple[Any, ...]]:
    """The arguments that `op` can be called with: float64 arrays for its operands, and plain values."""
    return _drawn(lambda draw: draw.arguments(op))


@st.composite
def _drawn(draw: st.DrawFn, make: Callable[[Draw], tuple[Any, ...]]) -> tuple[Any, ...]:
    return make(Draw(draw))


@functools.cache
def numbers(domain: Reals) -> tuple[float, ...]:
    """The numbers that stand for `domain`, whole ones first: multiples of a power of two, strictly inside."""
    step = min(2.0**-4, 2.0 ** math.floor(math.log2((domain.high - domain.low) / 32)))
    ticks = np.arange(math.floor(domain.low / step) + 1, math.ceil(domain.high / step)) * step
    free = [t for t in ticks.tolist() if all(abs(t - kink) >= step for kink in domain.kinks)]
    return tuple(sorted(free, key=lambda t: (t.as_integer_ratio()[1], abs(t))))


class Draw:
    """Draws the arguments for one call of an op. An op's `sample` is given one.

    Hypothesis chooses, and shrinks, the structure: shapes, layouts, dimensions, indices. The elements come from NumPy's
    generator with a seed that hypothesis chose, so that it doesn't spend its examples on them.
    """

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        self._taken: set[float] = set()  # elements of the operands that must be distinct

    # ------------------------------------------------------------------------------------------ plain values

    def integers(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        return self._draw(st.integers(low, high))

    def choice(self, values: Sequence[T]) -> T:
        """One of `values`."""
        return self._draw(st.sampled_from(values))

    def assume(self, condition: Any) -> None:
        """Give this draw up, and start another, unless `condition` holds."""
        assume(condition)

    def shape(self, min_dims: int = 0, max_dims: int = 3, max_size: int = MAX_SIZE) -> Shape:
        """A shape; its sizes may be 0 and 1."""
        ndim = self.choice([n for n in (1, 0, 2, 3, 2) if min_dims <= n <= max_dims])
        sides = [self.side() for _ in range(ndim)]
        while math.prod(n for n in sides if n) > max_size:
            sides[sides.index(max(sides))] = 1
        return tuple(sides)

    def side(self) -> int:
        """The size of a dimension: seldom 0."""
        return self.choice((1, 2, 3, 2, 3, 2, 3, 0))

    def narrower(self, shape: Shape) -> Shape:
        """A shape that broadcasts to `shape`."""
        kept = shape[self.integers(0, len(shape)) if self.integers(0, 2) == 2 else 0 :]
        return tuple(1 if n != 1 and self.integers(0, 3) == 3 else n for n in kept)

    def wider(self, shape: Shape) -> Shape:
        """A shape that `shape` broadcasts to."""
        sides = [self.side() if n == 1 else n for n in shape]
        return (*(self.integers(0, 2) for _ in range(self.integers(0, 2))), *sides)

    def rearranged(self, size: int) -> Shape:
        """A shape of `size` elements."""
        if size == 0:
            return (*self.shape(max_dims=2), 0)
        sides = []
        while size > 1:
            sides.append(self.choice([n for n in range(2, size + 1) if size % n == 0]))
            size //= sides[-1]
        return tuple(self._draw(st.permutations(sides + [1] * self.integers(0, 1))))

    def permutation(self, ndim: int) -> tuple[int, ...]:
        """An order of `ndim` dimensions, some counted from the end."""
        order = self._draw(st.permutations(range(ndim)))
        return tuple(d - ndim * self.integers(0, 1) for d in order)

    def dim(self, shape: Shape, filled: bool = False, optional: bool = False) -> int | None:
        """A dimension of `shape`, counted from either end, 0 and -1 if it is 0-d. `filled`, `optional`: see `Dim`."""
        if optional and self.integers(0, 2) == 0 and not (filled and 0 in shape):
            return None
        free = [d for d, n in enumerate(shape or (1,)) if n or not filled]
        assume(free)
        return self.choice(free) - max(len(shape), 1) * self.integers(0, 1)

    def dims(self, shape: Shape, filled: bool = False) -> int | tuple[int, ...] | None:
        """None or () for all dimensions, one of them, or some."""
        kind = self.integers(0, 3)
        if kind <= 1 and (0 not in shape or not filled):
            return self.choice((None, None, ()))
        if kind <= 2 or not shape:
            return self.dim(shape, filled)
        free = [d - len(shape) * self.integers(0, 1) for d, n in enumerate(shape) if n or not filled]
        assume(free)
        return tuple(self._draw(st.permutations(free))[: self.integers(1, len(free))])

    def index(self, shape: Shape) -> Any:
        """What stands in brackets after an array of `shape`; boolean masks and repeated integers too."""
        kind = self.integers(0, 5) if shape else self.integers(0, 2)
        if kind <= 2:
            return self._draw(hnp.basic_indices(shape, allow_newaxis=True, max_dims=4))
        if kind == 3:
            masked = self.integers(1, len(shape))
            return self.booleans(shape[:masked])
        if kind == 4:  # a tensor of integers in brackets alone
            assume(shape[0])
            return self._places((self.integers(0, 3),), shape[0])
        picked = self.narrower(self.shape(max_dims=2, max_size=4))
        parts: list[Any] = []
        for n in shape:
            advanced = n and self.integers(0, 2)
            parts.append(self._places(self.narrower(picked), n) if advanced else self._slice(n))
        return tuple(parts)

    def _slice(self, n: int) -> Any:
        kind = self.integers(0, 3) if n else 0
        if kind < 2:
            return slice(None)
        return self.integers(-n, n - 1) if kind == 2 else self._draw(st.slices(n))

    def _places(self, shape: Shape, n: int) -> Array:
        """Positions on a dimension of size `n`, some counted from its end; they may repeat."""
        return np.asarray(self._random.integers(-n, n, shape))

    # ---------------------------------------------------------------------------------------------- operands

    def reals(self, shape: Shape, domain: Reals = REALS) -> Array:
        """A float64 array with elements of `domain`, in any memory layout."""
        layout = self.choice(LAYOUTS)
        if layout == "expanded" and not domain.distinct:
            return np.broadcast_to(self._elements(self.narrower(shape), domain), shape)
        return laid_out(self._elements(shape, domain), layout)

    def _elements(self, shape: Shape, domain: Reals) -> Array:
        """Elements of `domain`; one in four is among the simplest."""
        size = math.prod(shape)
        if domain.distinct:
            chosen = self._random.permutation([v for v in numbers(domain) if v not in self._taken])[:size]
            self._taken.update(chosen.tolist())
        else:
            free = np.array(numbers(domain))
            chosen = self._random.choice(free, size)
            simple = self._random.random(size) < 0.25
            chosen[simple] = self._random.choice(free[:5], simple.sum())
        return np.array(chosen, np.float64).reshape(shape)

    def booleans(self, shape: Shape) -> Array:
        """True and False."""
        return np.asarray(self._random.random(shape) < 0.5)

    def labels(self, shape: Shape, below: int) -> Array:
        """Integers from 0 to `below`, exclusive."""
        assume(below or not math.prod(shape))
        return np.asarray(self._random.integers(0, max(below, 1), shape))

    def index_along(self, shape: Shape, dim: int) -> Array:
        """Positions along dimension `dim` of an array of `shape`; they may repeat."""
        sides = [n if self.integers(0, 1) else self.integers(0, n) for n in shape]
        if shape:
            sides[dim] = self.side()
        return self.labels(tuple(sides), shape[dim] if shape else 1)

    # ------------------------------------------------------------------------------------------- whole calls

    def arguments(self, op: Op) -> tuple[Any, ...]:
        """Arguments for `op`: from its `sample` if it has one, else from its domains and shape signature."""
        if op.sample is not None:
            return op.sample(self)
        sizes = {name: self.side() for names in parse(op.shapes)[0] for name in names if name.isalpha()}
        shapes = self._shapes(op, sizes)
        args: list[Any] = []
        for name, domain in zip(op.params, op.domain, strict=True):
            args.append(self._value(op, name, domain, args, shapes, sizes))
        if op.elementwise and len(args) > 1:
            self._mix(op, args)
        return tuple(args)

    def adjoint(self, op: Op) -> tuple[Any, ...]:
        """Arguments for the adjoint of `op`: a cotangent, the plain arguments of `op`, its first operand's shape."""
        x, *rest = self.arguments(op)
        return self.reals(np.shape(op.forward(x, *rest))), *rest, x.shape

    def _shapes(self, op: Op, sizes: dict[str, int]) -> Iterator[Shape]:
        """The operands' shapes: one size for each letter, and for all `*` one shape, or shapes that broadcast to it."""
        biggest = max(math.prod(sizes.get(name) or 1 for name in names) for names in parse(op.shapes)[0])
        star = self.shape(max_size=max(MAX_SIZE // biggest, 1))
        for names in parse(op.shapes)[0]:
            shape: Shape = ()
            for name in names:
                if name == "*":
                    shape += self.narrower(star) if op.broadcasts else star
                elif name.isalpha():
                    shape += (sizes[name],)
            yield shape

    def _value(
        self, op: Op, name: str, domain: Domain, args: list[Any], shapes: Iterator[Shape], sizes: dict[str, int]
    ) -> Any:
        shape = next(shapes) if domain.array else args[0].shape if args else ()
        match domain:
            case Reals():
                return self.reals(shape, domain)
            case Booleans():
                return self.booleans(shape)
            case Labels(below):
                return self.labels(shape, sizes[below])
            case IndexAlong():
                return self.index_along(args[0].shape, args[op.params.index("dim")])
            case Dim():
                return self.dim(shape, domain.filled, domain.optional)
            case Dims():
                return self.dims(shape, domain.filled)
            case Choice(values):
                return self.choice(values)
            case NewShape():
                return self.rearranged(math.prod(shape))
            case WiderShape():
                return self.wider(shape)
            case Permutation():
                return self.permutation(len(shape))
            case Index():
                return self.index(shape)
        raise TypeError(f"{op.name}: nothing says how to draw {name} from {domain}; give the op a sample=")

    def _mix(self, op: Op, args: list[Any]) -> None:
        """Sometimes a Python number or integers for one operand, or the same array for two."""
        reals = [i for i, domain in enumerate(op.domain) if isinstance(domain, Reals)]
        kind = self.integers(0, 7)
        if len(reals) < 2 or kind < 5:
            return
        i = self.choice(reals)
        domain = op.domain[i]
        assert isinstance(domain, Reals)
        j = next(k for k in reals if k != i)
        if kind == 5:
            args[i] = self._elements((), domain).item()
        elif kind == 6:
            whole = [v for v in numbers(domain) if v.is_integer()]
            if whole and not domain.distinct:
                args[i] = self._random.choice(whole, args[i].shape).astype(np.int64)
        elif domain == op.domain[j] and not domain.distinct:
            args[i] = args[j]


def laid_out(array: Array, layout: str) -> Array:
    """A copy of `array` with its elements in Fortran order, in reverse, or in every other place of a longer memory."""
    if layout == "F":
        return np.array(array, order="F")
    if layout == "reversed" and array.ndim:
        back = (slice(None, None, -1),) * array.ndim
        return np.array(array[back], order="C")[back]
    if layout == "strided":
        wide = np.zeros((*array.shape, 2), array.dtype)
        wide[..., 0] = array
        return wide[..., 0]
    return np.array(array, order="C")
