"""Activations that need a rule of their own; the others are compositions, in `nn.functional`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..domain import REALS, Given, Reals
from ..op import Array, Fused, op
from ..public import public
from ..threads import in_parts
from .arithmetic import _product
from .checks import refuse_integers
from .compare import where
from .elementwise import exp, tanh
from .layout import alike, memory_order
from .special import SINGLE, erf

if TYPE_CHECKING:
    from ..tensor import Tensor


def _meets(slope: Array) -> bool:
    """Whether the two lines of a leaky rectifier are a maximum, which is five times as fast as a choice."""
    return isinstance(slope, float) and 0 <= slope <= 1


def _leaky_rule(g: Array, y: Array, x: Array, a: Array) -> Array:
    if not _meets(a):
        return np.where(x > 0, g, g * a)
    d = np.asarray(np.greater(x, 0), g.dtype)
    np.maximum(d, a, out=d)
    d *= g
    return d


@op(
    lambda g, y, x, a: where(x > 0, g, g * a),
    lambda g, y, x, a: where(x > 0, 0, g * x),
    domain=(Reals(kinks=(0.0,)), REALS),
    tex=r"\max(0, {input}) + {slope} \min(0, {input})",
    wide=True,
    fused=Fused(None, (_leaky_rule, lambda g, y, x, a: where(x > 0, 0, g * x))),
)
def _leaky(input: Array, slope: Array) -> Array:
    r"""Rectifier that leaks, :math:`y = x` where x > 0 and :math:`a x` elsewhere.

    :math:`dy = [x > 0]\,dx + [x \le 0] (a\,dx + x\,da)`; at 0 the slope of the left side, the derivative of smaller
    norm for a slope within 1.
    """
    if _meets(slope):
        y = input * slope
        return np.maximum(input, y, out=y) if type(y) is np.ndarray else np.maximum(input, y)
    return np.where(np.greater(input, 0), input, input * slope)


def _with_coefficients(draw: Array) -> tuple[Array, ...]:
    """Arguments of `_elu`."""
    coefficients = (draw.choice((1.0, 0.5, 2.0, -0.5)) for _ in range(3))
    return draw.reals(draw.shape(), Reals(kinks=(0.0,))), *coefficients


def _elu_rule(g: Array, y: Array, x: Array, a: float, c: float, s: float) -> Array:
    left = a * c * s
    if left <= 0 or s <= 0 or c <= 0:
        return np.where(x > 0, g * c, g * ((y + a * c) * s))
    d = np.asarray(np.minimum(y, 0))
    d *= s
    d += left
    if left != c:
        d += np.greater(x, 0).astype(g.dtype) * (c - left)
    d *= g
    return d


@op(
    lambda g, y, x, a, c, s: where(x >= 0, where(x > 0, g * c, g * (a * c * s)), g * ((y + a * c) * s)),
    domain=(Reals(kinks=(0.0,)), Given(), Given(), Given()),
    shapes="(*) -> (*)",
    wide=True,
    sample=_with_coefficients,
    tex=r"\begin{{cases}} {scale}\,{input} & {input} > 0 \\ {scale}\,{alpha} (e^{{{inner}\,{input}}} - 1)"
    r" & \text{{else}} \end{{cases}}",
    fused=Fused(None, (_elu_rule,)),
)
def _elu(input: Array, alpha: float, scale: float, inner: float) -> Array:
    r"""Exponential linear unit, :math:`y = c x` where x > 0 and :math:`y = c a (e^{s x} - 1)` elsewhere.

    Right of 0 :math:`dy = c\,dx`, left of it :math:`dy = c a s\,e^{s x}\,dx = s (y + c a)\,dx`, which holds at 0, too;
    but the second derivative is 0 there, which it is on the right.
    The exponent is cut off at 0, so that nothing overflows. The fast reading adds the two sides instead of choosing
    one.
    """
    z = np.asarray(np.minimum(input, 0))
    if inner > 0:  # e^z - 1 = 2 t / (1 - t) with t = tanh(z / 2), which NumPy computes in vectors
        z *= inner / 2
        np.tanh(z, out=z)
        rest = 1 - z
        z /= rest
        z *= 2 * alpha * scale
    else:
        z *= inner
        np.expm1(z, out=z)
        z *= alpha * scale
    above = np.asarray(np.maximum(input, np.zeros(input.shape, input.dtype)))
    above *= scale
    z += above
    return z


# erf(x / sqrt 2) in float32 as tanh(x p(x^2)), from the polynomial of `special.erf`
_NORMAL = [c / 2 ** (len(SINGLE) - i - 0.5) for i, c in enumerate(SINGLE)]
_DENSITY = 1 / math.sqrt(2 * math.pi)


def _gelu_block(x: Array, y: Array, slope: Array) -> None:
    """`gelu` of a block, and its derivative."""
    if x.dtype == np.float32:
        np.multiply(x, x, out=slope)
        np.multiply(slope, _NORMAL[0], out=y)
        for c in _NORMAL[1:-1]:
            y += c
            y *= slope
        y += _NORMAL[-1]
        y *= x
        np.tanh(y, out=y)
    else:
        np.square(x, out=slope)
        y[...] = erf(x * math.sqrt(0.5))
    y += 1
    y *= 0.5
    slope *= -0.5
    np.exp(slope, out=slope)
    slope *= x
    slope *= _DENSITY
    slope += y
    y *= x


@op(
    lambda g, y, x: g * _gelu_slope(x),
    tex=r"{input}\,\Phi({input})",
    wide=True,
    fused=Fused(lambda x: _with_slope(_gelu_block, x), (lambda g, slope, x: _product(g, slope),)),
)
def _gelu(input: Array) -> Array:
    r"""Gaussian error linear unit, :math:`y = x \Phi(x)` with the normal distribution :math:`\Phi`.

    :math:`\Phi(x) = \tfrac12 (1 + \operatorname{erf}(x / \sqrt 2))`, and :math:`dy = (\Phi(x) + x \varphi(x))\,dx` with
    its density :math:`\varphi` (Hendrycks and Gimpel 2016). The derivative shares most of its terms with the value, so
    both are computed at once, block by block in the cache.
    """
    return _with_slope(_gelu_block, input)[0]


def _gelu_slope(x: Array) -> Array:
    """The derivative of `_gelu`."""
    return (1 + erf(x * math.sqrt(0.5))) * 0.5 + x * exp(x * x * -0.5) * _DENSITY


_BLOCK = 2**17  # elements: more leave the cache, and with fewer, two threads get in each other's way


def _with_slope(kernel: Callable[[Array, Array, Array], None], input: Array) -> tuple[Array, Array]:
    """A function and its derivative, which `kernel` writes for each block."""
    order = memory_order(input)
    x = np.ascontiguousarray(input.transpose(order)).reshape(-1)
    (y, ys), (slope, slopes) = (alike(input.shape, order, input.dtype) for _ in range(2))
    ys, slopes = ys.reshape(-1), slopes.reshape(-1)

    def work(start: int, stop: int) -> None:
        for i in range(start, stop, _BLOCK):
            block = slice(i, min(i + _BLOCK, stop))
            kernel(x[block], ys[block], slopes[block])

    with np.errstate(over="ignore", invalid="ignore"):
        in_parts(work, x.size, x.size)
    return y, slope


_LINEAR, _CUBIC = math.sqrt(2 / math.pi), 0.044715 * math.sqrt(2 / math.pi)


def _gelu_tanh_block(x: Array, y: Array, slope: Array) -> None:
    """`gelu` by tanh of a block, and its derivative: (1 + t) (1 + (1 - t) x u') / 2."""
    np.multiply(x, x, out=slope)
    np.multiply(slope, _CUBIC, out=y)
    y += _LINEAR
    y *= x
    np.tanh(y, out=y)
    slope *= 3 * _CUBIC
    slope += _LINEAR
    slope *= x
    slope *= 1 - y
    slope += 1
    y += 1
    y *= 0.5
    slope *= y
    y *= x


@op(
    lambda g, y, x: g * _gelu_tanh_slope(x),
    tex=r"\tfrac12 {input} (1 + \tanh(\sqrt{{2/\pi}} ({input} + 0.044715\,{input}^3)))",
    wide=True,
    fused=Fused(lambda x: _with_slope(_gelu_tanh_block, x), (lambda g, slope, x: _product(g, slope),)),
)
def _gelu_tanh(input: Array) -> Array:
    r"""Gaussian error linear unit by a hyperbolic tangent, :math:`y = \tfrac12 x (1 + \tanh u)`.

    With :math:`u = \sqrt{2/\pi}\,(x + 0.044715\,x^3)`,
    :math:`dy = \tfrac12 (1 + \tanh u)\,dx + \tfrac12 x (1 - \tanh^2 u)\,du` (Hendrycks and Gimpel 2016).
    """
    return _with_slope(_gelu_tanh_block, input)[0]


def _gelu_tanh_slope(x: Array) -> Array:
    """The derivative of `_gelu_tanh`."""
    square = x * x
    t = tanh(x * (square * _CUBIC + _LINEAR))
    return (t + 1) * 0.5 * ((1 - t) * x * (square * (3 * _CUBIC) + _LINEAR) + 1)


# ------------------------------------------------------------------------------------------------- compositions


@public
def prelu(input: Array, weight: Array) -> Tensor:
    """`input` where it is positive, `weight * input` elsewhere: a leaky rectifier whose slope is learned.

    Args:
        weight: one slope, or one for each channel, dimension 1 of the input.

    Raises:
        RuntimeError: the weight has another number of elements, more than 1 dimension, or another dtype.
    """
    refuse_integers("prelu", input, weight)
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}")
    if weight.dtype != input.dtype:
        raise RuntimeError(f"prelu: Type promoting not supported. Got {input.dtype} and {weight.dtype}")
    size = math.prod(weight.shape)
    if size != 1 and input.ndim == 0:
        raise RuntimeError("prelu: Not allow zero-dim input tensor with more than one weight.")
    if size not in (1, channels):
        raise RuntimeError(
            "prelu: Mismatch of parameter numbers and input channel size. Found parameter numbers = "
            f"{size} and channel size = {channels}."
        )
    shape = (1, size, *[1] * (input.ndim - 2)) if input.ndim > 1 else (1,) * input.ndim
    return _leaky(input, weight.reshape(shape))


@public
def hardshrink(input: Array, lambd: float = 0.5) -> Tensor:
    """`input` outside of [-`lambd`, `lambd`], 0 inside; its gradient at the bounds is 0.

    Raises:
        RuntimeError: the elements aren't floating.
    """
    refuse_integers("hardshrink", input)
    return where((input >= -lambd) & (input <= lambd), 0, input)
