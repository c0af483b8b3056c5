"""What PyTorch has at its top level too, with other arguments there: `torch.batch_norm`, `torch.dropout`, ..."""

from __future__ import annotations

from ...public import public
from ...tensor import Tensor
from .dropout import (
    alpha_dropout as _alpha_dropout,
    dropout as _dropout,
    feature_alpha_dropout as _feature_alpha_dropout,
    feature_dropout as _feature_dropout,
)
from .normalization import batch_norm as _batch_norm, instance_norm as _instance_norm


@public
def batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool = False,
) -> Tensor:
    """`nn.functional.batch_norm`; `cudnn_enabled` has no meaning here."""
    return _batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


@public
def instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool = False,
) -> Tensor:
    """`nn.functional.instance_norm`; `cudnn_enabled` has no meaning here."""
    return _instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)


@public
def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """`nn.functional.dropout`."""
    return _dropout(input, p, train)


@public
def dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`dropout` in place."""
    return _dropout(input, p, train, True)


@public
def alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """`nn.functional.alpha_dropout`."""
    return _alpha_dropout(input, p, train)


@public
def alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`alpha_dropout` in place."""
    return _alpha_dropout(input, p, train, True)


@public
def feature_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """`dropout` of whole channels, of `(n, c, *)`."""
    return _feature_dropout(input, p, train)


@public
def feature_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`feature_dropout` in place."""
    return _feature_dropout(input, p, train, True)


@public
def feature_alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """`nn.functional.feature_alpha_dropout`."""
    return _feature_alpha_dropout(input, p, train)


@public
def feature_alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`feature_alpha_dropout` in place."""
    return _feature_alpha_dropout(input, p, train, True)
