"""Convolution: three ops, each the gradients of the other two.

The product is bilinear in input and weight, so it is one trilinear form of input, weight and the output's cotangent:
each op contracts two of them, and its rules contract the other pairs.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..domain import Given, Reals
from ..op import Array, op
from ..public import public
from . import conv_kernels as kernels
from .conv_kernels import Window

if TYPE_CHECKING:
    from ..tensor import Tensor

Sizes = int | Sequence[int]


def _arguments(draw: Any, *operands: str) -> tuple[Any, ...]:
    """Input x, weight w, bias b, output y, whichever is asked for, that fit each other and the window."""
    n, ndim, groups = draw.choice((1, 2, 1, 0)), draw.choice((1, 1, 2, 1, 3)), draw.choice((1, 1, 2))
    c, m = (1, draw.integers(1, 2)) if groups > 1 else (draw.integers(1, 2), draw.integers(1, 2))
    sides = [_side(draw, most=3 if ndim == 1 else 2) for _ in range(ndim)]
    size, kernel, places, stride, before, after, dilation = zip(*sides, strict=True)
    shapes = {
        "x": (n, c * groups, *size),
        "w": (m * groups, c, *kernel),
        "b": (m * groups,),
        "y": (n, m * groups, *places),
    }
    drawn = [draw.reals(shapes[o]) if o != "b" or draw.integers(0, 1) else None for o in operands]
    return *drawn, Window(stride, before, after, dilation, groups)


def _side(draw: Any, most: int) -> tuple[int, ...]:
    """Along one dimension: size, kernel, places, stride, before, after, dilation."""
    places, kernel = draw.integers(1, most), draw.integers(1, most)
    stride, dilation = draw.choice((1, 2, 1)), draw.choice((1, 1, 2))
    extent = (places - 1) * stride + dilation * (kernel - 1) + 1
    before = draw.choice((0, 1, 0, 2))
    after = draw.choice((0, 1, 0, 2, -1))
    draw.assume(1 <= extent - before - after <= 4)
    return extent - before - after, kernel, places, stride, before, after, dilation


@op(
    lambda g, y, x, w, b, how: conv_input(g, w, how),
    lambda g, y, x, w, b, how: conv_weight(g, x, how),
    lambda g, y, x, w, b, how: g.sum(axis=(0, *range(2, g.ndim))),
    domain=(Reals(), Reals(), Reals(), Given()),
    shapes="(n, c, *), (m, d, *), (m) -> (n, m, ...)",
    broadcasts=False,
    wide=True,
    sample=lambda draw: _arguments(draw, "x", "w", "b"),
    tex=r"{input} \star {weight} + {bias}",
    analytic=True,
)
def _conv(input: Array, weight: Array, bias: Array | None, window: Window) -> Array:
    r"""Convolution, in truth correlation: :math:`y_{nmo} = b_m + \sum_{ck} w_{mck}\, x_{n,c,s o + d k - p}`.

    :math:`y` is linear in x, in w and in b, so each cotangent is the adjoint of that linear map: it goes over the
    same pairs of input and output that a weight connects, :math:`\bar x_{nci} = \sum w_{mck}\,g_{nmo}` over all m, k
    and o with :math:`s o + d k - p = i`, and :math:`\bar w_{mck} = \sum_{no} g_{nmo}\,x_{n,c,s o + d k - p}`.
    """
    y = kernels.conv(input, weight, window)
    if bias is not None:
        y += bias.reshape(-1, *[1] * (y.ndim - 2))
    return y


@op(
    lambda h, y, g, w, how: _conv(h, w, None, how),
    lambda h, y, g, w, how: conv_weight(g, h, how),
    domain=(Reals(), Reals(), Given()),
    shapes="(n, m, *), (m, d, *) -> (n, ...)",
    broadcasts=False,
    wide=True,
    sample=lambda draw: _arguments(draw, "y", "w"),
    tex=r"{input} \star^T {weight}",
    analytic=True,
)
def conv_input(input: Array, weight: Array, window: Window) -> Array:
    r"""The input gradient of `conv` at an output's cotangent: transposed convolution.

    As :math:`\langle h, \bar x(g, w) \rangle = \langle g, \operatorname{conv}(h, w) \rangle`, its derivative by g has
    the adjoint conv(h, w), and that by w the weight gradient of conv at the input h.
    """
    return kernels.conv_input(input, weight, window)


@op(
    lambda h, y, g, x, how: _conv(x, h, None, how),
    lambda h, y, g, x, how: conv_input(g, h, how),
    domain=(Reals(), Reals(), Given()),
    shapes="(n, m, *), (n, c, *) -> (m, ...)",
    broadcasts=False,
    wide=True,
    sample=lambda draw: _arguments(draw, "y", "x"),
    tex=r"{output} \star_w {input}",
    analytic=True,
)
def conv_weight(output: Array, input: Array, window: Window) -> Array:
    r"""The weight gradient of `conv` at an output's cotangent.

    As :math:`\langle h, \bar w(g, x) \rangle = \langle g, \operatorname{conv}(x, h) \rangle`, its derivative by g has
    the adjoint conv(x, h), and that by x the input gradient of conv with the weight h.
    """
    return kernels.conv_weight(output, input, window)


# ------------------------------------------------------------------------------------------------- compositions


@public
def conv1d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution over one dimension of space: `(n, c, l)` or `(c, l)`; see `conv2d`."""
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


@public
def conv2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution over two dimensions of space: in truth correlation, since the kernel isn't turned around.

    Args:
        input: `(n, c, h, w)`, or `(c, h, w)` for one sample.
        weight: `(m, c / groups, kh, kw)`.
        bias: `(m,)`.
        stride: of the window, a number or one for each dimension of space, as are the next two.
        padding: zeros on both sides; "valid" for none, "same" for as many as keep the size.
        dilation: the distance between the elements of the kernel.
        groups: into how many parts the channels are split, each with outputs of its own.

    Returns:
        `(n, m, oh, ow)` with `oh = (h + 2 padding - dilation (kh - 1) - 1) // stride + 1`, or without n.

    Raises:
        RuntimeError: shapes, dtypes or sizes don't fit.
        TypeError: an operand isn't a tensor, a size isn't an integer.
    """
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


@public
def conv3d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution over three dimensions of space: `(n, c, d, h, w)` or `(c, d, h, w)`; see `conv2d`."""
    return _convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


@public
def conv_transpose1d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """Transposed convolution over one dimension of space: `(n, m, l)` or `(m, l)`; see `conv_transpose2d`."""
    return _transposed("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation)


@public
def conv_transpose2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """Transposed convolution over two dimensions of space: what sends the gradient back through `conv2d`.

    Args:
        input: `(n, m, h, w)`, or `(m, h, w)` for one sample.
        weight: `(m, c / groups, kh, kw)`, as that convolution has it.
        bias: `(c,)`.
        stride: of that convolution, a number or one for each dimension of space, as are the others.
        padding: of that convolution.
        output_padding: how much greater the result is at its end, since several sizes are convolved to one.
        groups: of that convolution.
        dilation: of that convolution.

    Returns:
        `(n, c, oh, ow)` with `oh = (h - 1) stride - 2 padding + dilation (kh - 1) + output_padding + 1`, or without n.

    Raises:
        RuntimeError: shapes, dtypes or sizes don't fit.
        TypeError: an operand isn't a tensor, a size isn't an integer.
    """
    return _transposed("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation)


@public
def conv_transpose3d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """Transposed convolution over three dimensions of space; see `conv_transpose2d`."""
    return _transposed("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def _convolve(
    name: str,
    ndim: int,
    input: Array,
    weight: Array,
    bias: Array | None,
    stride: Sizes,
    padding: Sizes | str,
    dilation: Sizes,
    groups: int,
) -> Tensor:
    steps, gaps = _sizes(name, "stride", stride, ndim, 1), _sizes(name, "dilation", dilation, ndim, 1)
    _check(name, ndim, input, weight, bias, groups, transposed=False)
    size, kernel = input.shape[-ndim:], weight.shape[2:]
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise RuntimeError(f"{name}: padding is 'same', 'valid' or numbers, not {padding!r}")
        if padding == "same" and set(steps) != {1}:
            raise RuntimeError(f"{name}: padding='same' is not supported for strided convolutions, stride={stride}")
        zeros = tuple(d * (k - 1) if padding == "same" else 0 for k, d in zip(kernel, gaps, strict=True))
        before = tuple(z // 2 for z in zeros)
    else:
        before = _sizes(name, "padding", padding, ndim, 0)
        zeros = tuple(2 * b for b in before)
    padded = [n + z for n, z in zip(size, zeros, strict=True)]
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, gaps, strict=True)]
    if any(n < span for n, span in zip(padded, spans, strict=True)):
        raise RuntimeError(f"{name}: a kernel of extent {spans} doesn't fit into a padded input of size {padded}")
    unseen = [(n - span) % s for n, span, s in zip(padded, spans, steps, strict=True)]
    after = tuple(z - b - u for z, b, u in zip(zeros, before, unseen, strict=True))
    x = input if input.ndim == ndim + 2 else input.reshape(1, *input.shape)
    y = _conv(x, weight, bias, Window(steps, before, after, gaps, groups))
    return y if x is input else y.reshape(y.shape[1:])


def _transposed(
    name: str,
    ndim: int,
    input: Array,
    weight: Array,
    bias: Array | None,
    stride: Sizes,
    padding: Sizes,
    output_padding: Sizes,
    groups: int,
    dilation: Sizes,
) -> Tensor:
    steps, gaps = _sizes(name, "stride", stride, ndim, 1), _sizes(name, "dilation", dilation, ndim, 1)
    before, longer = _sizes(name, "padding", padding, ndim, 0), _sizes(name, "output_padding", output_padding, ndim, 0)
    if any(more >= max(s, d) for more, s, d in zip(longer, steps, gaps, strict=True)):
        raise RuntimeError(
            f"{name}: output_padding {longer} must be smaller than either stride {steps} or dilation {gaps}"
        )
    _check(name, ndim, input, weight, bias, groups, transposed=True)
    how = Window(steps, before, tuple(b - more for b, more in zip(before, longer, strict=True)), gaps, groups)
    size = how.inputs(input.shape[-ndim:], weight.shape[2:])
    if min(size) < 1:
        raise RuntimeError(f"{name}: padding {before} leaves an output of size {size}; it must be positive")
    g = input if input.ndim == ndim + 2 else input.reshape(1, *input.shape)
    y = conv_input(g, weight, how)
    if bias is not None:
        y = y + bias.reshape(-1, *[1] * ndim)
    return y if g is input else y.reshape(y.shape[1:])


def _sizes(name: str, what: str, value: Sizes, ndim: int, least: int) -> tuple[int, ...]:
    """`value` for each of `ndim` dimensions of space.

    Raises:
        TypeError: it isn't an integer, nor a sequence of integers.
        RuntimeError: there are too few or too many, or one is less than `least`.
    """
    given = tuple(value) if isinstance(value, list | tuple) else (value,)
    if any(isinstance(v, bool) for v in given):
        raise TypeError(f"{name}: {what} must be an integer or a sequence of integers, not {value!r}")
    try:
        numbers = tuple(operator.index(v) for v in given)
    except TypeError:
        raise TypeError(f"{name}: {what} must be an integer or a sequence of integers, not {value!r}") from None
    if len(numbers) not in (1, ndim):
        raise RuntimeError(f"{name}: expected {what} to be an integer or {ndim} of them, got {value}")
    if min(numbers) < least:
        raise RuntimeError(f"{name}: {what} must be at least {least}, got {value}")
    return numbers if len(numbers) == ndim else numbers * ndim


def _check(
    name: str, ndim: int, input: Array, weight: Array, bias: Array | None, groups: int, transposed: bool
) -> None:
    """Refuse operands that don't fit each other.

    Raises:
        TypeError: one isn't a tensor or an array.
        RuntimeError: shapes or dtypes don't fit.
    """
    for what, operand in (("input", input), ("weight", weight), ("bias", bias)):
        if not hasattr(operand, "ndim") and not (operand is None and what == "bias"):
            raise TypeError(f"{name}: {what} must be a tensor or an array, not {type(operand).__name__}")
    shape, of_weight = tuple(input.shape), tuple(weight.shape)
    if weight.ndim != ndim + 2:
        raise RuntimeError(f"{name}: expected a weight of {ndim + 2} dimensions, got shape {of_weight}")
    if input.ndim not in (ndim + 1, ndim + 2):
        raise RuntimeError(
            f"{name}: expected an input of {ndim + 1} (unbatched) or {ndim + 2} (batched) dimensions, got shape {shape}"
        )
    if operator.index(groups) < 1:
        raise RuntimeError(f"{name}: groups must be positive, got {groups}")
    if of_weight[0] < groups or of_weight[0] % groups or 0 in of_weight[2:]:
        raise RuntimeError(
            f"{name}: a weight of shape {of_weight} needs a first size that is a multiple of groups={groups}, and a "
            "kernel that isn't empty"
        )
    channels = of_weight[0] if transposed else of_weight[1] * groups
    features = of_weight[1] * groups if transposed else of_weight[0]
    if shape[-ndim - 1] != channels:
        raise RuntimeError(
            f"{name}: a weight of shape {of_weight} with groups={groups} takes an input of {channels} channels; it has "
            f"shape {shape}"
        )
    if 0 in shape[-ndim:]:
        raise RuntimeError(f"{name}: only the batch and the channels may be empty, not an input of shape {shape}")
    if bias is not None and tuple(bias.shape) != (features,):
        raise RuntimeError(f"{name}: expected a bias of shape {(features,)}, got {tuple(bias.shape)}")
    if input.dtype != weight.dtype or (bias is not None and bias.dtype != input.dtype):
        raise RuntimeError(
            f"{name}: input, weight and bias should be the same dtype, but they are "
            f"{', '.join(str(x.dtype) for x in (input, weight, bias) if x is not None)}"
        )
    if input.dtype.kind == "b":
        raise NotImplementedError(f"{name}: not implemented for booleans; convert them with .float()")
