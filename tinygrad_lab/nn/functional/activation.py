"""Activations as functions: compositions of ops, so that no gradient is written here.

`inplace=True` writes the result into the input; a function whose name ends in `_` does so always. A gradient at a kink
is that of `docs/conventions.md`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ...convention import convention
from ...half import wide
from ...inplace import store
from ...op import wrap
from ...ops import elementwise, softmax as softmaxes
from ...ops.activation import _elu, _gelu, _gelu_tanh, _leaky
from ...ops.arithmetic import abs as absolute, clamp
from ...ops.checks import refuse_integers
from ...ops.compare import _sign, where
from ...ops.shape import chunk, dims_of
from ...public import public
from ...random import numpy_generator
from ...tensor import Tensor


def _apply(name: str, function: Callable[..., Tensor], inplace: bool, input: Tensor, *args: Any) -> Tensor:
    """`function(input, *args)`, written into `input` by the operation `name` if that is wanted."""
    return store(input, name, function, *args) if inplace else function(input, *args)


def _check(name: str, input: Tensor, kinds: str) -> None:
    """Refuse a dtype that isn't of one of `kinds`, as an error of `floating`."""
    if not hasattr(input, "dtype") or input.dtype.kind not in kinds:
        refuse_integers(name, input)


# ----------------------------------------------------------------------------------------------------- rectifiers


@public
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """Rectifier, max(0, x); its gradient at 0 is 0.

    Raises:
        RuntimeError: the elements are bools.
    """
    _check("relu", input, "fiu")
    return _apply("relu_", elementwise.relu, inplace, input)


@public
def relu_(input: Tensor) -> Tensor:
    """`relu` in place."""
    return relu(input, True)


@convention("relu6 at a bound", [0.0, 6.0, 3.0, 7.0], gives=[0, 0, 1, 0])
@public
def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """Rectifier cut off at 6, min(max(0, x), 6); its gradient at 0 and 6 is 0."""
    return _apply("relu6_", _cut, inplace, input, "relu6", 0, 6)


@convention("hardtanh at a bound", [-1.0, 1.0, 0.0, -2.0], gives=[0, 0, 1, 0])
@public
def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """Elements limited to [`min_val`, `max_val`]; the gradient at a bound is 0.

    Raises:
        ValueError: `min_val` is greater than `max_val`.
        RuntimeError: the elements are bools, or unsigned and `min_val` is negative.
    """
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val cannot be greater than max_val: {min_val} > {max_val}")
    return _apply("hardtanh_", _cut, inplace, input, "hardtanh", min_val, max_val)


@public
def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """`hardtanh` in place."""
    return hardtanh(input, min_val, max_val, True)


def _cut(input: Tensor, name: str, low: float, high: float) -> Tensor:
    """`clamp`, of integers by integers."""
    _check(name, input, "fi" if low < 0 else "fiu")
    return clamp(input, low, high) if input.dtype.kind == "f" else clamp(input, int(low), int(high))


@convention("leaky_relu(.1) at 0", [0.0, 1.0, -1.0], gives=[0.1, 1, 0.1], of=lambda x: _leaky(x, 0.1))
@public
def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where it is positive, `negative_slope` x elsewhere; its gradient at 0 is `negative_slope`."""
    refuse_integers("leaky_relu", input)
    return _apply("leaky_relu_", _leaky, inplace, input, float(negative_slope))


@public
def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`leaky_relu` in place."""
    return leaky_relu(input, negative_slope, True)


@public
def rrelu(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """A leaky rectifier with slopes drawn from [`lower`, `upper`] in training, else with their mean (Xu et al. 2015).

    Args:
        training: whether to draw, from the default generator.

    Raises:
        RuntimeError: the bounds are infinite or in the wrong order.
    """
    if not -np.inf < lower <= upper < np.inf:
        raise RuntimeError(
            f"rrelu: Lower bound should be less than or equal to the upper bound, and both finite: {lower}, {upper}"
        )
    refuse_integers("rrelu", input)
    slope: Any = (lower + upper) / 2
    if training:
        slope = wrap(numpy_generator(None).uniform(lower, upper, input.shape).astype(input.dtype))
    return _apply("rrelu_", _leaky, inplace, input, slope)


@public
def rrelu_(input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Tensor:
    """`rrelu` in place."""
    return rrelu(input, lower, upper, training, True)


@public
def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where it is above `threshold`, `value` elsewhere; a NaN stays."""
    return _apply("threshold_", _threshold, inplace, input, threshold, value)


@public
def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """`threshold` in place."""
    return _apply("threshold_", _threshold, True, input, threshold, value)


def _threshold(input: Tensor, threshold: float, value: float) -> Tensor:
    _check("threshold", input, "fiu")
    if input.dtype.kind != "f":
        threshold, value = int(threshold), int(value)
    return where(input <= threshold, value, input)


# ---------------------------------------------------------------------------------------------- exponential units


@convention("elu at 0", [0.0, 1.0, -1000.0], gives=[1, 1, 0])
@public
def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    r"""x where it is positive, :math:`\alpha (e^x - 1)` elsewhere (Clevert et al. 2016)."""
    refuse_integers("elu", input)
    return _apply("elu_", _elu, inplace, input, alpha, 1.0, 1.0)


@public
def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`elu` in place."""
    return elu(input, alpha, True)


@public
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Scaled `elu`, whose :math:`\alpha` and scale keep mean 0 and variance 1 (Klambauer et al. 2017)."""
    refuse_integers("selu", input)
    return _apply("selu_", _elu, inplace, input, SELU_ALPHA, SELU_SCALE, 1.0)


SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


@public
def selu_(input: Tensor) -> Tensor:
    """`selu` in place."""
    return selu(input, True)


@public
def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    r"""x where it is positive, :math:`\alpha (e^{x / \alpha} - 1)` elsewhere: smooth at 0 (Barron 2017).

    Raises:
        RuntimeError: `alpha` is 0.
    """
    refuse_integers("celu", input)
    if alpha == 0:
        raise RuntimeError("celu: ZeroDivisionError: alpha cannot be 0 for CELU")
    return _apply("celu_", _elu, inplace, input, alpha, 1.0, 1.0 / alpha)


@public
def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`celu` in place."""
    return celu(input, alpha, True)


# --------------------------------------------------------------------------------------------------- smooth units


@public
def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    r"""Gaussian error linear unit, :math:`x \Phi(x)` with the normal distribution :math:`\Phi`.

    Args:
        approximate: "none", by the error function, or "tanh",
            :math:`\tfrac12 x (1 + \tanh(\sqrt{2/\pi} (x + 0.044715\,x^3)))` (Hendrycks and Gimpel 2016).

    Raises:
        RuntimeError: another approximation, or the elements aren't floating.
    """
    refuse_integers("gelu", input)
    if approximate == "none":
        return _gelu(input)
    if approximate == "tanh":
        return _gelu_tanh(input)
    raise RuntimeError(f"gelu: approximate argument must be either none or tanh, not {approximate!r}")


@public
def silu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Sigmoid linear unit, or swish, :math:`x \sigma(x)`."""
    refuse_integers("silu", input)
    return _apply("silu_", _silu, inplace, input)


@wide
def _silu(x: Tensor) -> Tensor:
    return x * elementwise.sigmoid(x)


@public
def mish(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Self-regularised unit, :math:`x \tanh(\ln(1 + e^x))` (Misra 2019)."""
    refuse_integers("mish", input)
    return _apply("mish_", _mish, inplace, input)


@wide
def _mish(x: Tensor) -> Tensor:
    return x * elementwise.tanh(elementwise.softplus(x))


@convention("softplus at +-1000", [-1000.0, 1000.0], gives=[0, 1], value=[0, 1000])
@public
def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    r"""Smooth rectifier, :math:`\ln(1 + e^{\beta x}) / \beta`; x itself where :math:`\beta x` is above `threshold`."""
    refuse_integers("softplus", input)
    scaled = input if beta == 1 else input * beta
    y = elementwise.softplus(scaled)
    y = y if beta == 1 else y / beta
    exact = input.dtype == np.float32 and threshold >= 20  # beyond 17 there is no difference in float32
    return y if exact else where(scaled > threshold, input, y)


@convention("logsigmoid at +-1000", [-1000.0, 1000.0], gives=[1, 0], value=[-1000, 0])
@public
def logsigmoid(input: Tensor) -> Tensor:
    r"""Logarithm of the sigmoid, :math:`-\ln(1 + e^{-x})`, finite for any finite x."""
    refuse_integers("logsigmoid", input)
    return -elementwise.softplus(-input)


@public
def softsign(input: Tensor) -> Tensor:
    r""":math:`x / (1 + |x|)`."""
    _check("softsign", input, "fiub")
    return input / (absolute(input) + 1)


@public
def tanhshrink(input: Tensor) -> Tensor:
    r""":math:`x - \tanh x`."""
    _check("tanhshrink", input, "fiub")
    return input - elementwise.tanh(input)


@public
def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved towards 0 by `lambd`, 0 within that distance of it; the gradient at the bounds is 0, and a NaN stays.

    Raises:
        RuntimeError: `lambd` is negative or infinite, or the elements aren't floating.
    """
    refuse_integers("softshrink", input)
    if not 0 <= lambd < math.inf:
        raise RuntimeError(f"softshrink: lambda must be finite and greater or equal to 0, but found to be {lambd}")
    return where(absolute(input) <= lambd, 0, input - _sign(input) * lambd)


@public
def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """A sigmoid of straight lines, min(max(x / 6 + 1/2, 0), 1); the gradient at -3 and 3 is 0."""
    refuse_integers("hardsigmoid", input)
    return _apply("hardsigmoid_", _hardsigmoid, inplace, input)


def _hardsigmoid(x: Tensor) -> Tensor:
    return clamp(x + 3, 0, 6) / 6


@public
def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x times `hardsigmoid` (Howard et al. 2019)."""
    refuse_integers("hardswish", input)
    return _apply("hardswish_", lambda x: x * _hardsigmoid(x), inplace, input)


@public
def glu(input: Tensor, dim: int = -1) -> Tensor:
    r"""Gated linear unit, :math:`a\,\sigma(b)` of the first half a and the second half b along `dim`.

    Raises:
        RuntimeError: the size along `dim` is odd, or there is no dimension.
        IndexError: there is no such dimension.
    """
    refuse_integers("glu", input)
    if input.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    (dim,) = dims_of("glu", input.ndim, dim)
    if input.shape[dim] % 2:
        raise RuntimeError(f"glu: Halving dimension must be even, but dimension {dim} is size {input.shape[dim]}")
    a, b = chunk(input, 2, dim)
    return a * elementwise.sigmoid(b)


# -------------------------------------------------------------------------------------------------------- softmax


@public
def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    r"""Softmax along `dim`, :math:`e^{s_k} / \sum_c e^{s_c}`; a row of -inf gives NaN.

    Args:
        dim: without it, dimension 0 of a tensor of 0, 1 or 3 dimensions, else 1, with a warning as in PyTorch.
        dtype: to cast the input to, first.

    Raises:
        RuntimeError: the elements are integers or bools.
    """
    return softmaxes.softmax(input, _softmax_dim("softmax", input, dim, _stacklevel), dtype=dtype)


@public
def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    r"""Logarithm of the softmax along `dim`, :math:`s_k - \ln \sum_c e^{s_c}`; arguments as of `softmax`."""
    return softmaxes.log_softmax(input, _softmax_dim("log_softmax", input, dim, _stacklevel), dtype=dtype)


@public
def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """Softmax of the negative; arguments as of `softmax`."""
    return softmaxes.softmax(-input, _softmax_dim("softmin", input, dim, _stacklevel), dtype=dtype)


def _softmax_dim(name: str, input: Tensor, dim: int | None, stacklevel: int) -> int:
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel + 1,
    )
    return 0 if input.ndim in (0, 1, 3) else 1


@public
def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    r"""A sample of classes, softened: the softmax of (logits + Gumbel noise) / `tau` (Jang et al. 2017).

    Args:
        tau: the temperature; the lower, the nearer to one class.
        hard: give the class itself, one-hot, with the gradient of the softened sample.
        eps: has no effect.
    """
    refuse_integers("gumbel_softmax", logits)
    noise = -np.log(numpy_generator(None).standard_exponential(logits.shape, np.float32))
    soft = softmaxes.softmax((logits + wrap(noise.astype(logits.dtype, copy=False))) / tau, dim)
    if not hard:
        return soft
    one = wrap(np.zeros_like(soft.array)).scatter(dim, soft.argmax(dim, True), 1)
    return one - soft.detach() + soft
