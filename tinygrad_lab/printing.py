"""Tensors as text, as PyTorch writes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class _Options:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {
    "default": _Options(),
    "short": _Options(precision=2, edgeitems=2),
    "full": _Options(threshold=math.inf),
}
_options = _Options()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors are printed; what isn't given stays as it is.

    Args:
        precision: digits after the point, 4 at first.
        threshold: tensors of more elements are shown in part, 1000 at first.
        edgeitems: how many elements are shown of each end then, 3 at first.
        linewidth: characters in a line, 80 at first.
        profile: "default", "short" or "full", for all of these.
        sci_mode: whether floating numbers have exponents; None: if they are very large, very small, or both.

    Raises:
        ValueError: the profile is unknown.
    """
    global _options
    if profile is not None and profile not in _PROFILES:
        raise ValueError(f"set_printoptions: a profile is 'default', 'short' or 'full', not {profile!r}")
    given: dict[str, Any] = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    found = _options if profile is None else _PROFILES[profile]
    _options = replace(found, sci_mode=sci_mode, **{k: v for k, v in given.items() if v is not None})


def printed(x: Array, notes: Sequence[str]) -> str:
    """`tensor(...)` with the elements of `x` and the notes behind them, in lines of the width that is set."""
    indent = len("tensor(")
    if x.size == 0:
        text = "[]"
        notes = [*([] if x.ndim == 1 else [f"size={x.shape}"]), *notes]
    else:
        partly = x.size > _options.threshold
        text = _block(x, _writer(_ends(x) if partly else x), indent, partly)
    text = f"tensor({text}"
    length = len(text) - text.rfind("\n") + 1  # of the last line
    for note in notes:
        if length + len(note) + 2 > _options.linewidth:
            text += f",\n{' ' * indent}{note}"
            length = indent + len(note)
        else:
            text += f", {note}"
            length += len(note) + 2
    return f"{text})"


def _ends(x: Array) -> Array:
    """What is shown of a large tensor: the first and last few along each dimension."""
    n = _options.edgeitems
    for dim, size in enumerate(x.shape):
        if size > 2 * n:
            x = x[(slice(None),) * dim + ([*range(n), *range(size - n, size)],)]  # np.take would copy all of it
    return x


def _writer(x: Array) -> Callable[[Any], str]:
    """What writes an element, as wide as the widest of `x`."""
    if x.dtype.kind != "f":
        width = max(len(str(v)) for v in x.ravel().tolist())
        return lambda v: str(v).rjust(width)
    finite = x[np.isfinite(x) & (x != 0)].astype(np.float64)
    whole = bool((finite == np.ceil(finite)).all())
    exponents = finite.size > 0 and _options.sci_mode
    if exponents is None:
        size = np.abs(finite)
        exponents = size.max() / size.min() > 1000 or size.max() > 1e8 or size.min() < 1e-4
    form = f".{_options.precision}e" if exponents else ".0f" if whole else f".{_options.precision}f"

    def write(v: float) -> str:
        return format(v, form) + "." * (form == ".0f" and math.isfinite(v))

    widest = max((len(write(v)) for v in finite.tolist()), default=1)
    return lambda v: write(v).rjust(widest)


def _block(x: Array, write: Callable[[Any], str], indent: int, partly: bool) -> str:
    """The elements of `x` in brackets, its first line behind `indent` characters; the ends only, if `partly`."""
    if x.ndim == 0:
        return write(x.item())
    n = _options.edgeitems
    cut = partly and len(x) > 2 * n
    shown = [*x[:n], *x[-n:]] if cut else list(x)
    if x.ndim == 1:
        words = [write(v.item()) for v in shown]
        if cut:
            words.insert(n, " ...")
        a_line = max(1, (_options.linewidth - indent) // (len(words[0]) + 2))
        lines = [", ".join(words[i : i + a_line]) for i in range(0, len(words), a_line)]
        return f"[{(',' + chr(10) + ' ' * (indent + 1)).join(lines)}]"
    blocks = [_block(row, write, indent + 1, partly) for row in shown]
    if cut:
        blocks.insert(n, "...")
    return f"[{(',' + chr(10) * (x.ndim - 1) + ' ' * (indent + 1)).join(blocks)}]"
