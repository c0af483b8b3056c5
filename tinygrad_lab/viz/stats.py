"""Numbers about an array: what a drawing says of a value or a gradient."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

_FEW = 16  # elements: so few are shown themselves


class Stats(NamedTuple):
    """Statistics of an array; minimum, mean, maximum and norm are of its finite elements, None if there are none.

    Attributes:
        min, mean, max: of the elements.
        norm: the square root of the sum of squares.
        zeros, nan, inf: how many elements are that.
        data: the elements in nested lists, if there are at most 16.
    """

    min: float | None
    mean: float | None
    max: float | None
    norm: float | None
    zeros: int
    nan: int = 0
    inf: int = 0
    data: Any = None

    @property
    def bad(self) -> bool:
        """Whether there is a NaN or an infinity."""
        return bool(self.nan or self.inf)


def stats(value: Any) -> Stats | None:
    """The statistics of an array or number; None of what isn't one."""
    if not isinstance(value, np.ndarray | np.generic | float | int):
        return None
    a = np.asarray(value)
    if a.dtype.kind not in "fiub":
        return None
    data = a.tolist() if a.size <= _FEW else None
    zeros = a.size - int(np.count_nonzero(a))
    numbers = a if a.dtype.kind == "f" else a.astype(np.float64)
    nan = inf = 0
    if a.size == 0:
        return Stats(None, None, None, None, 0, data=data)
    with np.errstate(all="ignore"):
        low, high = float(numbers.min()), float(numbers.max())
        if not (np.isfinite(low) and np.isfinite(high)):
            nan, inf = int(np.isnan(numbers).sum()), int(np.isinf(numbers).sum())
            numbers = numbers[np.isfinite(numbers)]
            if numbers.size == 0:
                return Stats(None, None, None, None, zeros, nan, inf, data)
            low, high = float(numbers.min()), float(numbers.max())
        scale = max(abs(low), abs(high))
        norm = scale * float(np.sqrt(np.square(numbers / scale).sum(dtype=np.float64))) if scale else 0.0
        return Stats(low, float(numbers.mean(dtype=np.float64)), high, norm, zeros, nan, inf, data)


def digits(number: float) -> str:
    """A number with three digits that matter."""
    return f"{number:.3g}".replace("e-0", "e-").replace("e+0", "e")


def told(s: Stats | None, shape: tuple[int, ...] | None = None) -> str:
    """A value in a few words: a number itself, a short vector, else range and mean."""
    if s is None:
        return ""
    if s.data is not None and not isinstance(s.data, list):
        return digits(float(s.data))
    if isinstance(s.data, list) and len(s.data) <= 4 and not any(isinstance(v, list) for v in s.data):
        return f"[{', '.join(digits(float(v)) for v in s.data)}]"
    bad = [f"{n} {what}" for n, what in ((s.nan, "NaN"), (s.inf, "inf")) if n]
    if s.min is None or s.max is None or s.mean is None:
        return ", ".join(bad)
    return ", ".join([f"{digits(s.min)} … {digits(s.max)}, mean {digits(s.mean)}", *bad])
