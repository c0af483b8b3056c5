"""Functions that zero what chance picks. Their numbers come from the default generator."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np

from ...inplace import store
from ...op import wrap
from ...ops.checks import refuse_integers
from ...public import public
from ...random import numpy_generator
from ...tensor import Tensor


def check_probability(p: float) -> None:
    """Refuse a dropout probability outside [0, 1].

    Raises:
        ValueError: that.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _check(name: str, input: Tensor, p: float) -> None:
    check_probability(p)
    if not hasattr(input, "ndim"):
        refuse_integers(name, input)


@public
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, zero each element with probability `p` and scale the others by 1 / (1 - p); else the input.

    So the expectation stays (Srivastava et al. 2014).

    Args:
        inplace: write the result into the input.

    Raises:
        ValueError: `p` isn't between 0 and 1.
        RuntimeError: the elements aren't floating.
    """
    _check("dropout", input, p)
    return _dropped("dropout", input, p, training, inplace, None)


@public
def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """`dropout` of whole channels, of `(n, c, l)` or `(c, l)`.

    Raises:
        ValueError: `p` isn't between 0 and 1.
        RuntimeError: the input has another number of dimensions.
    """
    _check("dropout1d", input, p)
    if input.ndim not in (2, 3):
        raise RuntimeError(f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input")
    return _dropped("dropout1d", input, p, training, inplace, input.ndim - 1)


@public
def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """`dropout` of whole channels, of `(n, c, h, w)`.

    As in PyTorch, three dimensions are read as `(n, c, l)`, with a warning; so are others, of at least 2.

    Raises:
        ValueError: `p` isn't between 0 and 1.
        RuntimeError: the input has less than 2 dimensions.
    """
    _check("dropout2d", input, p)
    _warn_of_dims("dropout2d", input, (3, 4))
    if input.ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired "
            "- input is interpreted as shape (N, C, L), where C is the channel dim; dropout1d says so clearly",
            stacklevel=3,
        )
    return _dropped("dropout2d", input, p, training, inplace, 2)


@public
def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """`dropout` of whole channels, of `(n, c, d, h, w)` or `(c, d, h, w)`; of others, with a warning as in PyTorch.

    Raises:
        ValueError: `p` isn't between 0 and 1.
    """
    _check("dropout3d", input, p)
    _warn_of_dims("dropout3d", input, (4, 5))
    return _dropped("dropout3d", input, p, training, inplace, 2 if input.ndim == 5 else 1)


def feature_dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """`dropout` of whole channels, of `(n, c, *)`.

    Raises:
        ValueError: `p` isn't between 0 and 1.
        RuntimeError: the input has less than 2 dimensions.
    """
    _check("feature_dropout", input, p)
    return _dropped("feature_dropout", input, p, training, inplace, 2)


@public
def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """In training, replace each element with probability `p` by the limit of `selu`; mean 0 and variance 1 stay so.

    Klambauer et al. 2017, https://arxiv.org/abs/1706.02515.

    Raises:
        ValueError: `p` isn't between 0 and 1.
        RuntimeError: the elements aren't floating.
    """
    _check("alpha_dropout", input, p)
    return _alpha_dropped("alpha_dropout", input, p, training, inplace, None)


@public
def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`alpha_dropout` of whole channels, of `(n, c, *)`.

    Raises:
        ValueError: `p` isn't between 0 and 1.
        RuntimeError: the input has less than 2 dimensions.
    """
    _check("feature_alpha_dropout", input, p)
    return _alpha_dropped("feature_alpha_dropout", input, p, training, inplace, 2)


def _kept(shape: Sequence[int], p: float) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """True with probability 1 - p: random bits are compared, which is four times as fast as random floats."""
    n = math.prod(shape)
    bits = numpy_generator(None).bit_generator.random_raw((n + 1) // 2).view(np.uint32)[:n]
    return np.greater_equal(bits, min(round(p * 2**32), 2**32 - 1)).reshape(shape)


def _dropped(name: str, input: Tensor, p: float, training: bool, inplace: bool, lead: int | None) -> Tensor:
    """`input` times random numbers 0 and 1 / (1 - p), one for each place of the first `lead` dimensions, or of all."""
    if not training or p == 0:
        return input
    shape = _noise_shape(name, input, lead)
    if p == 1:
        scale = wrap(np.zeros(shape, input.dtype))
    else:
        scale = wrap(np.asarray(np.multiply(_kept(shape, p), 1 / (1 - p), dtype=input.dtype)))
    return input.mul_(scale) if inplace else input * scale


def _noise_shape(name: str, input: Tensor, lead: int | None) -> tuple[int, ...]:
    refuse_integers(name, input)
    if lead is None:
        return input.shape
    if input.ndim < lead:
        raise RuntimeError(f"{name}: Feature dropout requires at least 2 dimensions in the input, not {input.ndim}")
    return input.shape[:lead] + (1,) * (input.ndim - lead)


_SATURATION = 1.7580993408473766  # minus the limit of selu at -inf


def _alpha_dropped(name: str, input: Tensor, p: float, training: bool, inplace: bool, lead: int | None) -> Tensor:
    """An affine function of `input` times random numbers 0 and 1, as many as of `_dropped`."""
    if not training or p == 0 or input.numel() == 0:
        return input
    if p == 1:
        return _dropped(name, input, p, training, inplace, lead)
    shape = _noise_shape(name, input, lead)
    a = 1 / math.sqrt((_SATURATION**2 * p + 1) * (1 - p))
    kept = _kept(shape, p)
    scale = wrap(np.asarray(np.multiply(kept, a, dtype=input.dtype)))
    shift = wrap(np.where(kept, _SATURATION * a * p, _SATURATION * a * (p - 1)).astype(input.dtype))
    return store(input, f"{name}_", lambda x: x * scale + shift) if inplace else input * scale + shift


def _warn_of_dims(name: str, input: Tensor, expected: tuple[int, int]) -> None:
    if input.ndim not in expected:
        warnings.warn(
            f"{name}: Received a {input.ndim}-D input to {name}, which is deprecated and will result in an error in a "
            "future release. To retain the behavior and silence this warning, please use dropout instead.",
            stacklevel=4,
        )
