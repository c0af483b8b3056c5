"""Normalisation over a batch, a layer, groups of channels or an instance: all by one op, `ops.norm.normalize`.

The result has the dtype of the input. Weights, biases and statistics have it, too; those of float16 may be of float32.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...graph import no_grad
from ...inplace import replaced, store
from ...op import Array, wrap
from ...ops.cast import cast, clone
from ...ops.checks import refuse_integers
from ...ops.norm import Moments, _normalize, moments
from ...public import public
from ...tensor import Tensor


@public
def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    r"""Each channel normalised over the batch, :math:`w (x - \mu) / \sqrt{\sigma^2 + \varepsilon} + b`.

    Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167.

    Args:
        input: `(n, c, *)`.
        running_mean: `(c,)`, and `running_var`: used as they are, if not `training`; else moved towards the batch's
            mean and unbiased variance, in place: new = (1 - `momentum`) * old + `momentum` * batch's.
        weight: `(c,)`, and `bias`, or None.

    Raises:
        ValueError: in training, one value for each channel; or `eps` is negative, or 0 in training.
        RuntimeError: a vector doesn't have one element for each channel, or another dtype; or there are no running
            statistics to use.
    """
    refuse_integers("batch_norm", input)
    shape = input.shape
    if training and shape and shape[0] * math.prod(shape[2:]) == 1:
        raise ValueError(f"batch_norm: Expected more than 1 value per channel when training, got input size {shape}")
    if eps < 0 or (training and eps == 0):
        what = "positive during training" if training else "non-negative"
        raise ValueError(f"batch_norm: eps must be {what}, but got {eps}")
    if input.numel() == 0:  # as in PyTorch, whatever the shape
        y: Tensor = clone(input) if weight is None or weight.numel() == 0 else input * weight[0]
        return y if bias is None or bias.numel() == 0 else y + bias[0]
    if input.ndim < 2:
        raise IndexError(f"batch_norm: input must be of shape (n, c, *), not {shape}")
    _check_channels("batch_norm", input, running_mean, running_var, weight, bias)
    if not training:
        return _by_running("batch_norm", input, running_mean, running_var, weight, bias, eps)
    dims = (0, *range(2, input.ndim))
    known = moments(input.array, dims)
    n = input.array.size // max(shape[1], 1)
    _update("batch_norm", running_mean, known.mean, momentum)
    _update("batch_norm", running_var, known.var * (n / max(n - 1, 1)), momentum)
    y = _normalize(input, _by_channel(weight, 1.0, input), _by_channel(bias, 0.0, input), dims, eps, True, known)
    return cast(y, input.dtype)


@public
def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Each channel of each sample normalised over its places (Ulyanov et al. 2017, https://arxiv.org/abs/1607.08022).

    Args:
        input: `(n, c, *)`.
        running_mean: `(c,)`, and `running_var`: used as they are, if not `use_input_stats`; else moved towards the
            means over the batch of the samples' means and unbiased variances, in place.
        weight: `(c,)`, and `bias`, or None.

    Raises:
        ValueError: with `use_input_stats`, one place only.
        RuntimeError: a vector doesn't have one element for each channel, or another dtype; or there are no running
            statistics to use.
    """
    refuse_integers("instance_norm", input)
    shape = input.shape
    places = math.prod(shape[2:])
    if use_input_stats and places == 1:
        raise ValueError(f"instance_norm: Expected more than 1 spatial element when training, got input size {shape}")
    if input.ndim < 3 and (use_input_stats or input.ndim < 2):
        raise IndexError(f"instance_norm: input must be of shape (n, c, *), not {shape}")
    _check_channels("instance_norm", input, running_mean, running_var, weight, bias)
    if not use_input_stats:
        return _by_running("instance_norm", input, running_mean, running_var, weight, bias, eps)
    dims = tuple(range(2, input.ndim))
    known: Moments | None = None
    if running_mean is not None or running_var is not None:
        known = moments(input.array, dims)
        mean, var = (known.layout.tensor(v).reshape(shape[:2]).mean(0) for v in (known.mean, known.var))
        _update("instance_norm", running_mean, mean, momentum)
        _update("instance_norm", running_var, var * (places / max(places - 1, 1)), momentum)
    y = _normalize(input, _by_channel(weight, 1.0, input), _by_channel(bias, 0.0, input), dims, eps, True, known)
    return cast(y, input.dtype)


@public
def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """The last dimensions, of sizes `normalized_shape`, normalised together (Ba et al. 2016).

    https://arxiv.org/abs/1607.06450.

    Args:
        weight: of shape `normalized_shape`, and `bias`, or None.

    Raises:
        RuntimeError: `normalized_shape` is empty, input, weight or bias don't have it, or they differ in dtype.
    """
    dims = _last("layer_norm", input, normalized_shape, weight, bias)
    _check_dtypes("layer_norm", input, weight, bias)
    y = _normalize(input, 1.0 if weight is None else weight, 0.0 if bias is None else bias, dims, eps)
    return cast(y, input.dtype)


@public
def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """The last dimensions, of sizes `normalized_shape`, divided by their root mean square (Zhang and Sennrich 2019).

    https://arxiv.org/abs/1910.07467.

    Args:
        weight: of shape `normalized_shape`, or None.
        eps: by default the dtype's, that of float32 for float16.

    Raises:
        RuntimeError: `normalized_shape` is empty, or input or weight don't have it.
    """
    dims = _last("rms_norm", input, normalized_shape, weight)
    eps = float(np.finfo(np.promote_types(input.dtype, np.float32)).eps) if eps is None else eps
    return cast(_normalize(input, 1.0 if weight is None else weight, 0.0, dims, eps, False), input.dtype)


@public
def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Each of `num_groups` groups of channels of each sample normalised (Wu and He 2018).

    https://arxiv.org/abs/1803.08494.

    Args:
        input: `(n, c, *)`.
        weight: `(c,)`, and `bias`, or None.

    Raises:
        ValueError: one value for each group.
        RuntimeError: the channels can't be grouped so, or a vector doesn't have one element for each channel, or
            another dtype.
    """
    refuse_integers("group_norm", input)
    shape = input.shape
    if input.ndim < 2:
        raise RuntimeError(f"group_norm: Expected at least 2 dimensions for input tensor but received {input.ndim}")
    if num_groups <= 0 or shape[1] % num_groups:
        raise RuntimeError(
            f"group_norm: Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{shape} and num_groups={num_groups}"
        )
    if shape[0] * (shape[1] // num_groups) * math.prod(shape[2:]) == 1:
        raise ValueError(f"group_norm: Expected more than 1 value per channel when training, got input size {shape}")
    _check_channels("group_norm", input, weight=weight, bias=bias)
    grouped = (num_groups, shape[1] // num_groups)
    of_channels = (*grouped, *[1] * (input.ndim - 2))
    y = _normalize(
        input.reshape(shape[0], *grouped, *shape[2:]),
        1.0 if weight is None else weight.reshape(of_channels),
        0.0 if bias is None else bias.reshape(of_channels),
        tuple(range(2, input.ndim + 1)),
        eps,
    )
    return cast(y, input.dtype).reshape(shape)


def _check_dtypes(name: str, input: Tensor, *vectors: Tensor | None) -> None:
    """Refuse a vector that isn't of the input's dtype, nor of float32 beside float16."""
    dtype = input.dtype
    for vector in vectors:
        if vector is None or vector.dtype == dtype:
            continue
        if dtype != np.float16 or vector.dtype != np.float32:
            raise RuntimeError(
                f"{name}: a weight, a bias or statistics of {vector.dtype} don't go with an input of {dtype}; convert "
                "one with .to(...)"
            )


def _check_channels(
    name: str,
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
) -> None:
    """Refuse a vector that doesn't have one element for each channel of the input, or is of another dtype."""
    channels = input.shape[1]
    vectors = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    _check_dtypes(name, input, *vectors.values())
    for what, vector in vectors.items():
        if vector is not None and vector.shape != (channels,):
            raise RuntimeError(
                f"{name}: {what} should contain {channels} elements, one for each channel, not shape {vector.shape}"
            )


def _by_running(
    name: str,
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
    eps: float,
) -> Tensor:
    """Each channel shifted and scaled by the running statistics, in one affine map."""
    if running_mean is None or running_var is None:
        missing = "running_mean" if running_mean is None else "running_var"
        raise RuntimeError(f"{name}: {missing} must be defined in evaluation mode")
    wide = np.promote_types(input.dtype, np.float32)
    scale: Any = wrap(np.asarray(1 / np.sqrt(running_var.array.astype(wide, copy=False) + eps), wide))
    scale = scale if weight is None else weight * scale
    shift = -running_mean.detach() * scale
    shift = shift if bias is None else shift + bias
    return cast(cast(input, wide) * _by_channel(scale, 1.0, input) + _by_channel(shift, 0.0, input), input.dtype)


def _by_channel(vector: Tensor | None, absent: float, input: Tensor) -> Any:
    """A vector of channels so that it broadcasts to the input; the number `absent` if there is none."""
    return absent if vector is None else vector.reshape(-1, *[1] * (input.ndim - 2))


def _update(name: str, running: Tensor | None, value: Array, momentum: float) -> None:
    """Move a running statistic towards `value`, in place."""
    if running is not None:
        moved = running.array * (1 - momentum) + value * momentum
        with no_grad():
            store(running, name, replaced, wrap(moved.astype(running.dtype)))


def _last(
    name: str, input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None, bias: Tensor | None = None
) -> tuple[int, ...]:
    """The dimensions that `normalized_shape` means, checked."""
    refuse_integers(name, input)
    if isinstance(normalized_shape, int):
        raise TypeError(f"{name}: normalized_shape must be a tuple of ints, not {normalized_shape}")
    sizes = tuple(normalized_shape)
    if not sizes:
        raise RuntimeError(f"{name}: Expected normalized_shape to be at least 1-dimensional, but got {sizes}")
    if input.shape[-len(sizes) :] != sizes:
        raise RuntimeError(
            f"{name}: normalized_shape={sizes} must be the last sizes of the input of shape {input.shape}"
        )
    for what, x in (("weight", weight), ("bias", bias)):
        if x is not None and x.shape != sizes:
            raise RuntimeError(
                f"{name}: Expected {what} to be of same shape as normalized_shape={sizes}, not {x.shape}"
            )
    return tuple(range(input.ndim - len(sizes), input.ndim))
