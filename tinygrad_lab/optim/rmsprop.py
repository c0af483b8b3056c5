"""RMSprop."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import Array
from ..tensor import Tensor
from .optimizer import Optimizer, Params, average, average_square, direction, pieces, require, require_lr


class RMSprop(Optimizer):
    r"""Steps of the gradient's own size, :math:`x \leftarrow x - \eta g / (\sqrt{v} + \varepsilon)`.

    :math:`v \leftarrow \alpha v + (1 - \alpha) g^2`; centred, the square of the gradient's running mean is taken from
    v; with momentum the steps are summed, :math:`b \leftarrow \mu b + g / (\sqrt{v} + \varepsilon)`
    (Hinton's lecture 6, https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf; centred: Graves 2013,
    https://arxiv.org/abs/1308.0850).

    Args:
        params: tensors, or dicts of groups with their own settings.
        lr: the learning rate :math:`\eta`.
        alpha: :math:`\alpha`.
        eps: :math:`\varepsilon`.
        weight_decay: an L2 penalty, :math:`\lambda x` added to the gradient.
        momentum: :math:`\mu`.
        centered: divide by the deviation instead of the mean square.
        maximize: go up the gradient.

    Raises:
        ValueError: a setting is negative; or as `Optimizer`.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        require_lr(lr)
        require(eps >= 0, "epsilon value", eps)
        require(momentum >= 0, "momentum value", momentum)
        require(weight_decay >= 0, "weight_decay value", weight_decay)
        require(alpha >= 0, "alpha value", alpha)
        settings = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, settings)

    def _update(self, group: dict[str, Any], pairs: list[tuple[Tensor, Array]]) -> None:
        lr, alpha, eps, decay = float(group["lr"]), float(group["alpha"]), group["eps"], group["weight_decay"]
        momentum, centered, maximize = float(group["momentum"]), group["centered"], group["maximize"]
        names = ["square_avg"] + ["momentum_buffer"] * (momentum > 0) + ["grad_avg"] * centered
        for p, gradient in pairs:
            state = self._stepping(p, *names)
            for x, g, v, *more, d in pieces(p.array, gradient, *(state[name].array for name in names)):
                g = direction(x, g, decay, maximize)
                average_square(v, g, alpha, d)
                if centered:
                    m = more[-1]
                    average(m, g, alpha, d)
                    np.multiply(m, m, out=d)
                    np.subtract(v, d, out=d)
                    np.sqrt(d, out=d)
                else:
                    np.sqrt(v, out=d)
                d += eps
                np.divide(g, d, out=d)
                if momentum > 0:
                    b = more[0]
                    b *= momentum
                    b += d
                    np.multiply(b, lr, out=d)
                else:
                    d *= lr
                x -= d
