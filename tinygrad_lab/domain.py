"""Where a function is defined and smooth, as data.

Each op declares one domain for each of its parameters. The testing package turns them into hypothesis strategies, the
docs into text; the engine itself never looks at them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Domain:
    """What values a parameter takes. `array`: whether it is an operand, an array or tensor, or a plain value."""

    array: ClassVar[bool] = False


@dataclass(frozen=True)
class Reals(Domain):
    """Real numbers in the open interval (`low`, `high`), smooth but at `kinks`.

    `distinct`: no two elements are equal, across all operands that say so, for maximum, max and
    sorting have their kinks at ties.
    """

    array: ClassVar[bool] = True
    low: float = -3.0
    high: float = 3.0
    kinks: tuple[float, ...] = ()
    distinct: bool = False


@dataclass(frozen=True)
class Labels(Domain):
    """Integers from 0 to the size of dimension `below` of the shape signature, exclusive."""

    array: ClassVar[bool] = True
    below: str


class Booleans(Domain):
    """True and False."""

    array: ClassVar[bool] = True


class Bits(Booleans):
    """Bools or integers, of which an operation changes the bits."""


@dataclass(frozen=True)
class Dim(Domain):
    """One dimension of the first operand, counted from either end.

    `optional`: or None, for all. `filled`: not one of size 0, where there is nothing to choose from.
    """

    optional: bool = False
    filled: bool = False


@dataclass(frozen=True)
class Dims(Domain):
    """None for all dimensions of the first operand, one of them, or a tuple of them.

    `filled`: none of size 0.
    """

    filled: bool = False


@dataclass(frozen=True)
class Choice(Domain):
    """One of `values`."""

    values: tuple[Any, ...]


class NewShape(Domain):
    """A shape with as many elements as the first operand."""


class WiderShape(Domain):
    """A shape to which the first operand broadcasts."""


class Permutation(Domain):
    """An order of the first operand's dimensions."""


class Index(Domain):
    """What stands in brackets: integers, slices, None, Ellipsis, integer and boolean arrays."""


class IndexAlong(Domain):
    """Positions along the dimension that the parameter `dim` names, as many as one likes.

    Along the other dimensions no more than the first operand has.
    """

    array: ClassVar[bool] = True


class Ordinals(Domain):
    """An array of integers that the op's `sample` draws."""

    array: ClassVar[bool] = True


class Given(Domain):
    """A plain value that the op's `sample` draws."""


REALS = Reals()
POSITIVE = Reals(low=0.1)
NONZERO = Reals(kinks=(0.0,))
DISTINCT = Reals(distinct=True)
FLAG = Choice((False, True))
