"""Adamax."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import Array
from ..tensor import Tensor
from .optimizer import Optimizer, Params, average, direction, pieces, require, require_betas, require_lr


class Adamax(Optimizer):
    r"""Adam with the greatest gradient for the root of the mean square, :math:`x \leftarrow x - \eta\,\hat m / u`.

    :math:`m \leftarrow \beta_1 m + (1 - \beta_1) g`, corrected as Adam's in step t to :math:`\hat m = m / (1 -
    \beta_1^t)`, and :math:`u \leftarrow \max(\beta_2 u, |g| + \varepsilon)` (Kingma and Ba 2015, section 7.1,
    https://arxiv.org/abs/1412.6980).

    Args:
        params: tensors, or dicts of groups with their own settings.
        lr: the learning rate :math:`\eta`.
        betas: :math:`\beta_1, \beta_2`.
        eps: :math:`\varepsilon`.
        weight_decay: an L2 penalty, :math:`\lambda x` added to the gradient.
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
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
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
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, settings)

    def _update(self, group: dict[str, Any], pairs: list[tuple[Tensor, Array]]) -> None:
        lr, eps, decay, maximize = float(group["lr"]), group["eps"], group["weight_decay"], group["maximize"]
        beta1, beta2 = map(float, group["betas"])
        for p, gradient in pairs:
            state = self._stepping(p, "exp_avg", "exp_inf")
            size = lr / (1 - beta1 ** state["step"])
            for x, g, m, u, d in pieces(p.array, gradient, state["exp_avg"].array, state["exp_inf"].array):
                g = direction(x, g, decay, maximize)
                average(m, g, beta1, d)
                np.abs(g, out=d)
                d += eps
                u *= beta2
                np.maximum(u, d, out=u)
                np.divide(m, u, out=d)
                d *= size
                x -= d
