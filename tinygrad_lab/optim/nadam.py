"""NAdam."""

from __future__ import annotations

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


class NAdam(Optimizer):
    r"""Adam with Nesterov's momentum.

    In step t with :math:`\mu_t = \beta_1 (1 - 0.96^{t\psi} / 2)` and :math:`M_t = \mu_1 \dots \mu_t` the direction is

    .. math:: \left(\frac{\mu_{t+1} m}{1 - M_{t+1}} + \frac{(1 - \mu_t) g}{1 - M_t}\right) \Big/
        (\sqrt{v / (1 - \beta_2^t)} + \varepsilon)

    with the means m and v of `Adam` (Dozat 2016, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ).

    Args:
        params: tensors, or dicts of groups with their own settings.
        lr: the learning rate :math:`\eta`.
        betas: :math:`\beta_1, \beta_2`.
        eps: :math:`\varepsilon`.
        weight_decay: an L2 penalty, :math:`\lambda x` added to the gradient.
        momentum_decay: :math:`\psi`.
        decoupled_weight_decay: shrink x by :math:`\eta\lambda` instead, as AdamW.
        maximize: go up the gradient.

    Raises:
        ValueError: a setting is out of range; or as `Optimizer`.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
        require(momentum_decay >= 0, "momentum_decay value", momentum_decay)
        settings = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
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
        for p, gradient in pairs:
            state = self._stepping(p, "exp_avg", "exp_avg_sq", mu_product=1.0)
            t = state["step"]
            mu, after = (beta1 * (1 - 0.5 * 0.96 ** (s * group["momentum_decay"])) for s in (t, t + 1))
            state["mu_product"] = product = float(state["mu_product"]) * mu
            by_gradient, by_mean = lr * (1 - mu) / (1 - product), lr * after / (1 - product * after)
            correction = 1 - beta2**t
            for x, g, m, v, d in pieces(p.array, gradient, state["exp_avg"].array, state["exp_avg_sq"].array):
                if shrink != 1:
                    x *= shrink
                g = direction(x, g, penalty, maximize)
                average(m, g, beta1, d)
                average_square(v, g, beta2, d)
                np.divide(v, correction, out=d)
                np.sqrt(d, out=d)
                d += eps
                np.divide(by_gradient * g + by_mean * m, d, out=d)
                x -= d
