"""What sliding windows are given as: kernel sizes, strides, paddings and dilations, checked; unfold and fold."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...op import Array
from ...ops.checks import refuse_integers
from ...ops.window import Slide, fold_windows, unfold_windows
from ...public import public
from ...tensor import Tensor

Ints = int | Sequence[int]


def integers(name: str, what: str, value: Any, n: int) -> tuple[int, ...]:
    """`value` for each of `n` dimensions: one integer for all, or one each.

    Raises:
        TypeError: not integers.
        RuntimeError: not as many.
    """
    given = tuple(value) if isinstance(value, list | tuple) or getattr(value, "ndim", 0) == 1 else (value,)
    try:
        found = tuple(map(operator.index, given))
    except TypeError:
        found = (True,)
    if any(isinstance(v, bool) for v in (*given, *found)):
        raise TypeError(f"{name}: {what} must be an integer or a tuple of {n} integers, not {value!r}")
    if len(found) not in (1, n):
        raise RuntimeError(f"{name}: {what} must be one integer or {n}, one for each dimension; got {value}")
    return found * n if len(found) == 1 else found


def empty(value: Any) -> bool:
    """Whether a window's argument is left open: None, or an empty sequence."""
    return value is None or (isinstance(value, list | tuple) and not value)


def check_dims(name: str, input: Array, spatial: int) -> None:
    """Refuse an input that isn't `spatial` dimensions after channels, with or without a batch before these.

    Only the batch may be empty.

    Raises:
        RuntimeError: that.
    """
    n = input.ndim - spatial
    if n not in (1, 2) or 0 in input.shape[n - 1 :]:
        raise RuntimeError(
            f"{name}: Expected {spatial + 1}D or {spatial + 2}D (batch mode) tensor with optional 0 dim batch size for "
            f"input, whose other dimensions are not empty, but got: {tuple(input.shape)}"
        )


def slides_over(
    name: str,
    input: Array,
    kernel_size: Ints,
    stride: Ints | None,
    padding: Ints,
    dilation: Ints,
    ceil_mode: bool,
    spatial: int,
) -> tuple[Slide, ...]:
    """The pooling windows over the last `spatial` dimensions of `input`.

    Raises:
        TypeError: an argument isn't of integers.
        RuntimeError: the input has other dimensions; a kernel size, stride or dilation isn't positive, a padding is
            negative or more than half of the window; or no window fits.
    """
    kernel = integers(name, "kernel_size", kernel_size, spatial)
    step = kernel if empty(stride) else integers(name, "stride", stride, spatial)
    pad = integers(name, "padding", padding, spatial)
    spread = integers(name, "dilation", dilation, spatial)
    for what, values in (("kernel_size", kernel), ("stride", step), ("dilation", spread)):
        if min(values) <= 0:
            raise RuntimeError(f"{name}: {what} must be greater than zero, but got {values}")
    for p, k, d in zip(pad, kernel, spread):
        if p < 0:
            raise RuntimeError(f"{name}: pad must be non-negative, but got pad: {p}")
        if p > ((k - 1) * d + 1) // 2:
            raise RuntimeError(
                f"{name}: pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and "
                f"dilation={d}"
            )
    check_dims(name, input, spatial)
    sizes = input.shape[input.ndim - spatial :]
    slides = tuple(
        Slide.over(n, k, s, p, d, bool(ceil_mode)) for n, k, s, p, d in zip(sizes, kernel, step, pad, spread)
    )
    if any(s.out < 1 for s in slides):
        raise RuntimeError(
            f"{name}: for input of sizes {tuple(sizes)}, kernel_size={kernel}, padding={pad} and dilation={spread} the "
            f"calculated output size is {tuple(s.out for s in slides)}. Output size is too small"
        )
    return slides


def _blocks(
    name: str, sizes: Sequence[int], kernel_size: Ints, dilation: Ints, padding: Ints, stride: Ints
) -> tuple[Slide, ...]:
    """The windows that `unfold` and `fold` slide over images of `sizes`.

    Raises:
        TypeError: an argument isn't of integers.
        RuntimeError: a kernel size, dilation or stride isn't positive, a padding negative, or no window fits.
    """
    kernel = integers(name, "kernel_size", kernel_size, 2)
    step, spread = integers(name, "stride", stride, 2), integers(name, "dilation", dilation, 2)
    pad = integers(name, "padding", padding, 2)
    for what, values in (("kernel size", kernel), ("stride", step), ("dilation", spread)):
        if min(values) <= 0:
            raise RuntimeError(f"{name}: {what} should be greater than zero, but got {values}")
    if min(pad) < 0:
        raise RuntimeError(f"{name}: padding should be non-negative, but got {pad}")
    slides = tuple(Slide.over(*each) for each in zip(sizes, kernel, step, pad, spread))
    if any(s.out < 1 for s in slides):
        raise RuntimeError(
            f"{name}: a window of {kernel}, with dilation {spread} and padding {pad}, doesn't fit in {tuple(sizes)}: "
            f"the shape of the array of sliding blocks would be {tuple(s.out for s in slides)}, but its "
            "components must be at least one"
        )
    return slides


@public
def unfold(input: Tensor, kernel_size: Ints, dilation: Ints = 1, padding: Ints = 0, stride: Ints = 1) -> Tensor:
    """The blocks that a window sees, as columns: `(n, c, h, w)` gives `(n, c * places, stops)`; also called im2col.

    Without a batch, `(c, h, w)` gives `(c * places, stops)`. Outside the image there are zeros.

    Args:
        kernel_size: of the window; this and the others for both dimensions, or one each.
        dilation: the distance of its places.
        padding: how far it starts before the first place, and may end after the last.
        stride: how far it moves.

    Raises:
        RuntimeError: the input has other dimensions, or no window fits.
        IndexError: it is a matrix.
        NotImplementedError: its elements are integers.
    """
    if input.ndim == 2:
        raise IndexError(f"unfold: a matrix of shape {tuple(input.shape)} has no dimension for the channels")
    check_dims("unfold", input, 2)
    if input.dtype != np.bool_:
        refuse_integers("unfold", input)
    if input.ndim == 3:
        return unfold(input.reshape(1, *input.shape), kernel_size, dilation, padding, stride)[0]
    return unfold_windows(input, _blocks("unfold", input.shape[2:], kernel_size, dilation, padding, stride))


@public
def fold(
    input: Tensor,
    output_size: Ints,
    kernel_size: Ints,
    dilation: Ints = 1,
    padding: Ints = 0,
    stride: Ints = 1,
) -> Tensor:
    """Blocks as columns put back into an image and summed, the adjoint of `unfold`; also called col2im.

    `(n, c * places, stops)` gives `(n, c, *output_size)`, and `(c * places, stops)` gives `(c, *output_size)`.

    Args:
        output_size: of the image; the other arguments are those of `unfold`.

    Raises:
        RuntimeError: the input has other dimensions, or sizes other than `unfold` makes with these arguments.
    """
    sizes = integers("fold", "output_size", output_size, 2)
    if input.ndim not in (2, 3) or 0 in input.shape[-2:]:
        raise RuntimeError(
            "fold: expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions "
            f"for input, but got {tuple(input.shape)}"
        )
    if input.ndim == 2:
        folded = fold(input.reshape(1, *input.shape), sizes, kernel_size, dilation, padding, stride)
        return folded[0]
    if min(sizes) <= 0:
        raise RuntimeError(f"fold: output size should be greater than zero, but got {sizes}")
    slides = _blocks("fold", sizes, kernel_size, dilation, padding, stride)
    places, stops = slides[0].kernel * slides[1].kernel, slides[0].out * slides[1].out
    if input.shape[1] % places or input.shape[2] != stops:
        raise RuntimeError(
            f"fold: expected input of shape (n, a multiple of {places}, {stops}) for output_size={sizes}, "
            f"kernel_size={tuple(s.kernel for s in slides)}, dilation={tuple(s.dilation for s in slides)}, "
            f"padding={tuple(s.padding for s in slides)} and stride={tuple(s.stride for s in slides)}, but got "
            f"{tuple(input.shape)}"
        )
    return fold_windows(input, slides)
