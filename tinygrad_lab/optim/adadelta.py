"""Adadelta."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import Array
from ..tensor import Tensor
from .optimizer import Optimizer, Params, average_square, direction, pieces, require, require_lr


class Adadelta(Optimizer):
    r"""Steps in the parameter's own unit, :math:`x \leftarrow x - \eta\,d`.

    .. math:: v \leftarrow \rho v + (1 - \rho) g^2,\quad
        d = g \sqrt{a + \varepsilon} / \sqrt{v + \varepsilon},\quad a \leftarrow \rho a + (1 - \rho) d^2

    (Zeiler 2012, https://arxiv.org/abs/1212.5701).

    Args:
        params: tensors, or dicts of groups with their own settings.
        lr: the learning rate :math:`\eta`.
        rho: :math:`\rho`.
        eps: :math:`\varepsilon`.
        weight_decay: an L2 penalty, :math:`\lambda x` added to the gradient.
        maximize: go up the gradient.

    Raises:
        ValueError: a setting is out of range; or as `Optimizer`.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        require_lr(lr)
        require(0 <= rho <= 1, "rho value", rho)
        require(eps >= 0, "epsilon value", eps)
        require(weight_decay >= 0, "weight_decay value", weight_decay)
        settings = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, settings)

    def _update(self, group: dict[str, Any], pairs: list[tuple[Tensor, Array]]) -> None:
        lr, rho, eps = float(group["lr"]), float(group["rho"]), group["eps"]
        for p, gradient in pairs:
            state = self._stepping(p, "square_avg", "acc_delta")
            for x, g, v, a, d in pieces(p.array, gradient, state["square_avg"].array, state["acc_delta"].array):
                g = direction(x, g, group["weight_decay"], group["maximize"])
                average_square(v, g, rho, d)
                np.add(a, eps, out=d)
                d /= v + eps
                np.sqrt(d, out=d)
                d *= g
                a *= rho
                a += (1 - rho) * d * d
                d *= lr
                x -= d
