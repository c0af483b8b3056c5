"""RAdam."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import Array
from ..tensor import Tensor
from .optimizer import (
    Optimizer,
    Params,
    average,
    average_square,
    direction,
    pieces,
    require,
    require_betas,
    require_lr,
)


class RAdam(Optimizer):
    r"""Adam whose adaptive step waits until it is worth something, :math:`x \leftarrow x - \eta\,r\,\hat m / \hat v`.

    The mean square of t gradients is as good as that of :math:`\rho_t = \rho_\infty - 2 t \beta_2^t / (1 - \beta_2^t)`
    independent ones, :math:`\rho_\infty = 2 / (1 - \beta_2) - 1`. While :math:`\rho_t \le 5` the step is
    :math:`\eta \hat m`; then it is Adam's times

    .. math:: r = \sqrt{\frac{(\rho_t - 4)(\rho_t - 2)\rho_\infty}{(\rho_\infty - 4)(\rho_\infty - 2)\rho_t}}

    (Liu et al. 2020, https://arxiv.org/abs/1908.03265).

    Args:
        params: tensors, or dicts of groups with their own settings.
        lr: the learning rate :math:`\eta`.
        betas: :math:`\beta_1, \beta_2`.
        eps: added to the root of the mean square.
        weight_decay: an L2 penalty, :math:`\lambda x` added to the gradient.
        decoupled_weight_decay: shrink x by :math:`\eta\lambda` instead, as AdamW.
        maximize: go up the gradient.

    Raises:
        ValueError: a setting is out of range; or as `Optimizer`.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        require_lr(lr)
        require(eps >= 0, "epsilon value", eps)
        require_betas(betas)
        require(weight_decay >= 0, "weight_decay value", weight_decay)
        settings = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, settings)

    def _update(self, group: dict[str, Any], pairs: list[tuple[Tensor, Array]]) -> None:
        lr, eps, decay, maximize = float(group["lr"]), group["eps"], group["weight_decay"], group["maximize"]
        beta1, beta2 = map(float, group["betas"])
        shrink = 1 - lr * decay if group["decoupled_weight_decay"] else 1
        penalty = 0 if group["decoupled_weight_decay"] else decay
        longest = 2 / (1 - beta2) - 1
        for p, gradient in pairs:
            state = self._stepping(p, "exp_avg", "exp_avg_sq")
            t = state["step"]
            correction = 1 - beta2**t
            rho = longest - 2 * t * beta2**t / correction
            size = lr / (1 - beta1**t)
            if rho > 5:
                rectified = (rho - 4) * (rho - 2) * longest / ((longest - 4) * (longest - 2) * rho)
                size *= math.sqrt(rectified * correction)
            for x, g, m, v, d in pieces(p.array, gradient, state["exp_avg"].array, state["exp_avg_sq"].array):
                if shrink != 1:
                    x *= shrink
                g = direction(x, g, penalty, maximize)
                average(m, g, beta1, d)
                average_square(v, g, beta2, d)
                if rho > 5:
                    np.sqrt(v, out=d)
                    d += eps
                    np.divide(m, d, out=d)
                    d *= size
                else:
                    np.multiply(m, size, out=d)
                x -= d
