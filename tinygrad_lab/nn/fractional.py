"""Fractional max pooling as modules; those of `functional` say what they compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ..tensor import Tensor
from . import functional as F
from .functional.fractional import Ratios
from .functional.windows import Ints, integers
from .module import Module


class _FractionalMaxPool(Module):
    """Fractional max pooling; its subclasses say of how many dimensions."""

    spatial: ClassVar[int]
    _function: ClassVar[Callable[..., Any]]
    _random_samples: Tensor | None

    def __init__(
        self,
        kernel_size: Ints,
        output_size: Ints | None = None,
        output_ratio: Ratios | None = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        name, n = type(self).__name__, self.spatial
        if (output_size is None) == (output_ratio is None):
            known = "neither" if output_size is None else "both"
            raise ValueError(f"{name} requires specifying either an output size, or a pooling ratio; got {known}")
        self.kernel_size = integers(name, "kernel_size", kernel_size, n)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else integers(name, "output_size", output_size, n)
        self.output_ratio = output_ratio
        if output_ratio is not None:
            self.output_ratio = tuple(output_ratio) if isinstance(output_ratio, Sequence) else (output_ratio,) * n
            if not all(0 < r < 1 for r in self.output_ratio):
                raise ValueError(f"{name}: output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input: Tensor) -> Any:
        """`([n,] c, *)` to one place for each window, with the indices if `return_indices`.

        Raises:
            RuntimeError: the input has other dimensions, or the windows don't fit.
        """
        return type(self)._function(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices, self._random_samples
        )


class FractionalMaxPool2d(_FractionalMaxPool):
    """`functional.fractional_max_pool2d`: the greatest element of windows that lie at random.

    Args:
        kernel_size: of the windows; the arguments are for both dimensions, or one each.
        output_size: how many windows there are.
        output_ratio: or how many, as a part of the input's size.
        return_indices: return the places of the elements, too.

    Raises:
        ValueError: neither or both of `output_size` and `output_ratio` are given, or a ratio isn't in (0, 1).
    """

    spatial = 2
    _function = staticmethod(F.fractional_max_pool2d)


class FractionalMaxPool3d(_FractionalMaxPool):
    """`functional.fractional_max_pool3d`; arguments as of `FractionalMaxPool2d`."""

    spatial = 3
    _function = staticmethod(F.fractional_max_pool3d)
