"""Padding: an image continued beyond its borders."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from ...ops.pad import pad as pad_with
from ...ops.resample import padding, resample
from ...public import public
from ...tensor import Tensor

MODES = ("constant", "reflect", "replicate", "circular")


@public
def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """More places before and after, dimension by dimension from the last one on; fewer where a number is negative.

    Args:
        pad: how many places before and after in the last dimension, then in the last but one, and so on.
        mode: what stands there. "constant": `value`, in any number of dimensions. "reflect": the image mirrored at its
            border places; "replicate": these places repeated; "circular": the image again: for the last 1 to 3
            dimensions of an image with channels, with or without a batch.
        value: for "constant", by default 0.

    Raises:
        RuntimeError: an odd number of places, or for more dimensions than there are, or than can be mirrored; nothing
            is left; `value` is given with another mode.
        NotImplementedError: the mode is unknown, or isn't for that many dimensions.
        TypeError: `pad` isn't a sequence of integers.
    """
    margins = _margins(pad)
    n = input.ndim
    if len(margins) % 2:
        raise RuntimeError(f"pad: Padding length must be divisible by 2, not {len(margins)}")
    if len(margins) > 2 * n:
        raise RuntimeError(
            f"pad: Padding length should be less than or equal to two times the input dimension {n} but got padding "
            f"length {len(margins)}"
        )
    pairs = list(zip(margins[0::2], margins[1::2], strict=True))[::-1]
    if mode not in MODES:
        raise NotImplementedError(f"pad: Unrecognised padding mode {mode!r}; choose one of {', '.join(MODES)}")
    if mode == "constant":
        _check_left(input, pairs, n - len(pairs))
        return pad_with(input, [(0, 0)] * (n - len(pairs)) + pairs, 0.0 if value is None else value)
    if value is not None and value != 0:
        raise RuntimeError(f'pad: Padding mode "{mode}" doesn\'t take in value argument')
    if not (len(pairs) in (1, 2, 3) and n - len(pairs) in (1, 2)):
        raise NotImplementedError(
            f"pad: {mode} padding is for the last 1 to 3 dimensions after channels, with or without a batch; got "
            f"{len(pairs)} dimensions of shape {tuple(input.shape)}"
        )
    first = n - len(pairs)
    if 0 in input.shape[first - (mode != "circular") :]:
        raise RuntimeError(f"pad: only the batch may be empty for {mode} padding; got shape {tuple(input.shape)}")
    for d, (before, after) in enumerate(pairs, first):
        _check_fits(mode, input.shape[d], before, after)
    y = input
    for d, (before, after) in enumerate(pairs, first):
        if before or after:
            y = resample(y, d, padding(input.shape[d], before, after, mode))
    return y if y is not input else pad_with(input, [(0, 0)] * n, 0.0)


def _margins(pad: Any) -> tuple[int, ...]:
    """`pad` as integers."""
    if isinstance(pad, list | tuple) and not any(isinstance(p, bool) for p in pad):
        try:
            return tuple(map(operator.index, pad))
        except TypeError:
            pass
    raise TypeError(f"pad: argument 'pad' must be a tuple of integers, not {pad!r}")


def _check_left(input: Tensor, pairs: Sequence[tuple[int, int]], first: int) -> None:
    for d, (before, after) in enumerate(pairs, first):
        n = input.shape[d]
        if n + before + after < 0 or n + min(before, 0) + min(after, 0) < 0:
            raise RuntimeError(
                f"pad: The input size {n}, plus negative padding {before} and {after} resulted in a negative output "
                f"size, which is invalid. Check dimension {d} of your input."
            )


def _check_fits(mode: str, n: int, before: int, after: int) -> None:
    """Refuse more places than the mode can make of `n`, and less than 1."""
    if mode == "reflect" and not (before < n and after < n):
        raise RuntimeError(
            f"pad: Padding size should be less than the corresponding input dimension, but got: padding "
            f"({before}, {after}) at a dimension of size {n}"
        )
    if mode == "circular" and not (before <= n and after <= n):
        raise RuntimeError(
            f"pad: Padding value causes wrapping around more than once: ({before}, {after}) at a dimension of size {n}"
        )
    if n + before + after < 1 or (mode == "circular" and n + min(before, 0) + min(after, 0) < 1):
        raise RuntimeError(
            f"pad: padding ({before}, {after}) leaves nothing of a dimension of size {n}: the result is too small"
        )
