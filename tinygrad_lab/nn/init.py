"""Initial values of parameters, in place: PyTorch's `torch.nn.init`.

Every function returns its tensor, records nothing and draws from `generator`, by default the package's.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .. import memory
from ..public import public
from ..random import Generator, numpy_generator
from ..tensor import Tensor

Array = np.ndarray[Any, Any]

_GAINS = {
    "linear": 1.0,
    "conv1d": 1.0,
    "conv2d": 1.0,
    "conv3d": 1.0,
    "conv_transpose1d": 1.0,
    "conv_transpose2d": 1.0,
    "conv_transpose3d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}


@public
def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    r"""The factor by which weights must grow for the signal to keep its variance through `nonlinearity`.

    1 for linear maps and "sigmoid", 5/3 for "tanh", :math:`\sqrt 2` for "relu", 3/4 for "selu" and
    :math:`\sqrt{2 / (1 + a^2)}` for "leaky_relu" with the slope a.

    Args:
        param: the slope a, 0.01 by default.

    Raises:
        ValueError: `nonlinearity` is unknown, or the slope isn't a number.
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope {slope} not a valid number")
        return math.sqrt(2 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}; choose one of {', '.join(_GAINS)}, leaky_relu")
    return _GAINS[nonlinearity]


def _fill(tensor: Tensor, values: Any, name: str) -> Tensor:
    """Copy `values` into the tensor's memory, unrecorded."""
    np.copyto(tensor.array, values, casting="same_kind")
    memory.touch(f"init.{name}", tensor.array)
    return tensor


def _uniform(tensor: Tensor, a: float, b: float, generator: Generator | None) -> Array:
    return numpy_generator(generator).random(tensor.shape, _drawn(tensor)) * (b - a) + a


def _normal(tensor: Tensor, mean: float, std: float, generator: Generator | None) -> Array:
    return numpy_generator(generator).standard_normal(tensor.shape, _drawn(tensor)) * std + mean


def _drawn(tensor: Tensor) -> Any:
    """The dtype that NumPy draws for a tensor: float64 for that, else float32."""
    return np.float64 if tensor.dtype == np.float64 else np.float32


@public
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform numbers in [`a`, `b`).

    Raises:
        RuntimeError: `a` is above `b`.
    """
    if a > b:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={a} > to={b}")
    return _fill(tensor, _uniform(tensor, a, b, generator), "uniform_")


@public
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal numbers.

    Raises:
        RuntimeError: `std` is negative.
    """
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    return _fill(tensor, _normal(tensor, mean, std, generator), "normal_")


@public
def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Normal numbers, drawn again until they are within [`a`, `b`].

    Raises:
        RuntimeError: `a` is above `b`, or hardly any normal number is between them.
    """
    within = (math.erf((b - mean) / std / math.sqrt(2)) - math.erf((a - mean) / std / math.sqrt(2))) / 2
    if within < 1e-3:
        raise RuntimeError(
            f"trunc_normal_: of normal numbers of mean {mean} and std {std} a share of {within:.1g} is within [{a}, "
            f"{b}]; widen the bounds or move the mean"
        )
    values = np.full(tensor.shape, np.inf, _drawn(tensor))
    while len(outside := np.flatnonzero((values < a) | (values > b))):
        values.flat[outside] = numpy_generator(generator).standard_normal(len(outside), values.dtype) * std + mean
    return _fill(tensor, values, "trunc_normal_")


@public
def constant_(tensor: Tensor, val: float) -> Tensor:
    """`val` everywhere."""
    return _fill(tensor, val, "constant_")


@public
def ones_(tensor: Tensor) -> Tensor:
    """1 everywhere."""
    return _fill(tensor, 1, "ones_")


@public
def zeros_(tensor: Tensor) -> Tensor:
    """0 everywhere."""
    return _fill(tensor, 0, "zeros_")


@public
def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix, or as much of it as fits.

    Raises:
        ValueError: the tensor isn't a matrix.
    """
    _matrix(tensor)
    return _fill(tensor, np.eye(tensor.shape[0], tensor.shape[1]), "eye_")


@public
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """The weight `(c_out, c_in / groups, *)` of a convolution that keeps as many channels as there are, of each group.

    Raises:
        ValueError: the tensor isn't of 3, 4 or 5 dimensions, or `groups` doesn't divide the first.
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError(f"Only tensors with 3, 4, or 5 dimensions are supported, not of shape {tensor.shape}")
    if tensor.shape[0] % groups:
        raise ValueError(f"dim 0, of size {tensor.shape[0]}, must be divisible by groups, {groups}")
    values = np.zeros(tensor.shape, tensor.dtype)
    each = tensor.shape[0] // groups
    kept = np.arange(min(each, tensor.shape[1]))
    middle: Any = tuple(size // 2 for size in tensor.shape[2:])
    for g in range(groups):
        values[(g * each + kept, kept, *middle)] = 1
    return _fill(tensor, values, "dirac_")


def _matrix(tensor: Tensor) -> None:
    if tensor.ndim != 2:
        raise ValueError(f"Only tensors with 2 dimensions are supported, not of shape {tensor.shape}")


def _fans(tensor: Tensor) -> tuple[int, int]:
    """Inputs and outputs of a unit: of a linear layer's `(out, in)`, of a convolution's `(out, in, *kernel)`."""
    if tensor.ndim < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, of shape "
            f"{tensor.shape}; a bias is usually set by zeros_ or uniform_"
        )
    kernel = math.prod(tensor.shape[2:])
    return tensor.shape[1] * kernel, tensor.shape[0] * kernel


@public
def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    r"""Uniform numbers of standard deviation :math:`g \sqrt{2 / (\text{fan}_{in} + \text{fan}_{out})}`.

    Glorot and Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html.

    Raises:
        ValueError: the tensor has fewer than 2 dimensions.
    """
    bound = gain * math.sqrt(6 / sum(_fans(tensor)))
    return _fill(tensor, _uniform(tensor, -bound, bound, generator), "xavier_uniform_")


@public
def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    r"""Normal numbers of standard deviation :math:`g \sqrt{2 / (\text{fan}_{in} + \text{fan}_{out})}`.

    Glorot and Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html.

    Raises:
        ValueError: the tensor has fewer than 2 dimensions.
    """
    std = gain * math.sqrt(2 / sum(_fans(tensor)))
    return _fill(tensor, _normal(tensor, 0, std, generator), "xavier_normal_")


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    fans = dict(zip(("fan_in", "fan_out"), _fans(tensor)))
    if mode not in fans:
        raise ValueError(f"Mode {mode} not supported, please use one of {list(fans)}")
    return calculate_gain(nonlinearity, a) / math.sqrt(fans[mode])


@public
def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    r"""Uniform numbers of standard deviation :math:`g / \sqrt{\text{fan}}`, with the gain of `nonlinearity`.

    He et al. 2015, https://arxiv.org/abs/1502.01852.

    Args:
        a: the slope of the leaky ReLU.
        mode: "fan_in" keeps the variance going forward, "fan_out" going backward.

    Raises:
        ValueError: the tensor has fewer than 2 dimensions, or the mode or nonlinearity is unknown.
    """
    if _is_empty(tensor):
        return tensor
    bound = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return _fill(tensor, _uniform(tensor, -bound, bound, generator), "kaiming_uniform_")


@public
def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    r"""Normal numbers of standard deviation :math:`g / \sqrt{\text{fan}}`; arguments as `kaiming_uniform_`.

    He et al. 2015, https://arxiv.org/abs/1502.01852.

    Raises:
        ValueError: the tensor has fewer than 2 dimensions, or the mode or nonlinearity is unknown.
    """
    if _is_empty(tensor):
        return tensor
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    return _fill(tensor, _normal(tensor, 0, std, generator), "kaiming_normal_")


def _is_empty(tensor: Tensor) -> bool:
    if not tensor.numel():
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=4)
    return not tensor.numel()


@public
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """A matrix with orthonormal rows or columns, whichever are fewer, times `gain`; uniform among all such.

    Dimensions after the first are taken as one. Saxe et al. 2013, https://arxiv.org/abs/1312.6120.

    Raises:
        ValueError: the tensor has fewer than 2 dimensions.
    """
    if tensor.ndim < 2:
        raise ValueError(f"Only tensors with 2 or more dimensions are supported, not of shape {tensor.shape}")
    if not tensor.numel():
        return tensor
    rows, columns = tensor.shape[0], tensor.numel() // tensor.shape[0]
    drawn = numpy_generator(generator).standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(drawn)
    q *= np.sign(np.diag(r))  # makes it uniform: Mezzadri 2006, https://arxiv.org/abs/math-ph/0609050
    return _fill(tensor, gain * (q if rows >= columns else q.T).reshape(tensor.shape), "orthogonal_")


@public
def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Normal numbers with a share `sparsity` of each column, rounded up, set to 0.

    Martens 2010, https://www.cs.toronto.edu/~jmartens/docs/Deep_HessianFree.pdf.

    Raises:
        ValueError: the tensor isn't a matrix.
    """
    _matrix(tensor)
    values = _normal(tensor, 0, std, generator)
    zeros = math.ceil(sparsity * len(values))
    order = np.argsort(numpy_generator(generator).random(values.shape), axis=0)
    np.put_along_axis(values, order[:zeros], 0, axis=0)
    return _fill(tensor, values, "sparse_")
