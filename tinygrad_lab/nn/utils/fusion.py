"""A batch norm in evaluation is an affine map: so it can be taken into the layer before it."""

from __future__ import annotations

import copy
from typing import Any

from ...creation import ones_like, zeros_like
from ...tensor import Tensor
from ..module import Module
from ..parameter import Parameter


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """A copy of the convolution `conv` that computes `bn(conv(x))`.

    Args:
        conv, bn: layers in evaluation mode.
        transpose: `conv` is a transposed convolution, whose weight has its output channels second.

    Raises:
        AssertionError: a layer is in training mode, or `bn` has no running statistics.
    """
    fused = _copied(conv, bn)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, transpose
    )
    return fused


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    r"""Weight :math:`W s` and bias :math:`(b - m) s + \beta`, :math:`s = \gamma / \sqrt{v + \varepsilon}`.

    Args:
        conv_w, conv_b: W and b of the convolution; b is 0 by default.
        bn_rm, bn_rv, bn_eps: the running mean m and variance v, and :math:`\varepsilon`.
        bn_w, bn_b: :math:`\gamma` and :math:`\beta`, 1 and 0 by default.
        transpose: as `fuse_conv_bn_eval`.
    """
    b = zeros_like(bn_rm) if conv_b is None else conv_b.detach()
    scale = (ones_like(bn_rm) if bn_w is None else bn_w.detach()) / (bn_rv + bn_eps).sqrt()
    shift = zeros_like(bn_rm) if bn_b is None else bn_b.detach()
    across = [1, -1] if transpose else [-1, 1]
    weight = conv_w.detach() * scale.reshape(*across, *[1] * (conv_w.ndim - 2))
    asks = conv_b.requires_grad if conv_b is not None else False
    return Parameter(weight.to(conv_w.dtype), conv_w.requires_grad), Parameter(
        ((b - bn_rm) * scale + shift).to(conv_w.dtype if conv_b is None else conv_b.dtype), asks
    )


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """A copy of the layer `linear` that computes `bn(linear(x))`.

    Raises:
        AssertionError: a layer is in training mode, `bn` has no running statistics, or as many features as neither
            the layer's output nor 1.
    """
    fused = _copied(linear, bn)
    if linear.out_features != bn.num_features and bn.num_features != 1:
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got "
            f"linear.out_features={linear.out_features} and bn.num_features={bn.num_features}"
        )
    fused.weight, fused.bias = fuse_linear_bn_weights(
        linear.weight, linear.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return fused


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
) -> tuple[Parameter, Parameter]:
    """As `fuse_conv_bn_weights`, for a linear layer."""
    return fuse_conv_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)


def _copied(layer: Module, bn: Any) -> Any:
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval! Call .eval() on both layers first")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")
    return copy.deepcopy(layer)
