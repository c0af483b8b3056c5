"""Adagrad."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..creation import full_like
from ..op import Array
from ..tensor import Tensor
from .optimizer import Optimizer, Params, direction, pieces, require, require_lr


class Adagrad(Optimizer):
    r"""Steps that shrink where gradients were great, :math:`x \leftarrow x - \eta_t\,g / (\sqrt{s} + \varepsilon)`.

    :math:`s \leftarrow s + g^2`, and in step t :math:`\eta_t = \eta / (1 + (t - 1)\delta)`
    (Duchi et al. 2011, https://jmlr.org/papers/v12/duchi11a.html).

    Args:
        params: tensors, or dicts of groups with their own settings.
        lr: the learning rate :math:`\eta`.
        lr_decay: :math:`\delta`.
        weight_decay: an L2 penalty, :math:`\lambda x` added to the gradient.
        initial_accumulator_value: where s starts.
        eps: :math:`\varepsilon`.
        maximize: go up the gradient.

    Raises:
        ValueError: a setting is negative; or as `Optimizer`.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        require_lr(lr)
        require(lr_decay >= 0, "lr_decay value", lr_decay)
        require(weight_decay >= 0, "weight_decay value", weight_decay)
        require(initial_accumulator_value >= 0, "initial_accumulator_value value", initial_accumulator_value)
        require(eps >= 0, "epsilon value", eps)
        settings = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, settings)

    def _update(self, group: dict[str, Any], pairs: list[tuple[Tensor, Array]]) -> None:
        lr, eps, decay, maximize = float(group["lr"]), group["eps"], group["weight_decay"], group["maximize"]
        for p, gradient in pairs:
            if not self.state[p]:
                self.state[p].update(step=0, sum=full_like(p, group["initial_accumulator_value"]))
            state = self._stepping(p)
            size = lr / (1 + (state["step"] - 1) * group["lr_decay"])
            for x, g, s, d in pieces(p.array, gradient, state["sum"].array):
                g = direction(x, g, decay, maximize)
                s += np.multiply(g, g, out=d)
                np.sqrt(s, out=d)
                d += eps
                np.divide(g, d, out=d)
                d *= size
                x -= d
