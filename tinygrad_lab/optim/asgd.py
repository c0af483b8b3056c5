"""ASGD: averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import Array
from ..tensor import Tensor
from .optimizer import Optimizer, Params, direction, pieces, require, require_lr


class ASGD(Optimizer):
    r"""Gradient descent, :math:`x \leftarrow (1 - \lambda\eta_t) x - \eta_t g`, that keeps the mean of its points.

    The step is :math:`\eta` first and :math:`\eta / (1 + \lambda\eta t)^\alpha` after step t; the
    mean, `state[p]["ax"]`, starts anew in every step until :math:`t_0`
    (Polyak and Juditsky 1992, https://doi.org/10.1137/0330046).

    Args:
        params: tensors, or dicts of groups with their own settings.
        lr: the learning rate :math:`\eta`.
        lambd: :math:`\lambda`.
        alpha: :math:`\alpha`.
        t0: :math:`t_0`.
        weight_decay: an L2 penalty added to the gradient.
        maximize: go up the gradient.

    Raises:
        ValueError: a setting is negative; or as `Optimizer`.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        require_lr(lr)
        require(weight_decay >= 0, "weight_decay value", weight_decay)
        settings = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, settings)

    def _update(self, group: dict[str, Any], pairs: list[tuple[Tensor, Array]]) -> None:
        lr, lambd = float(group["lr"]), float(group["lambd"])
        for p, gradient in pairs:
            state = self._stepping(p, "ax", eta=lr, mu=1.0)
            eta, mu = float(state["eta"]), float(state["mu"])
            for x, g, mean, d in pieces(p.array, gradient, state["ax"].array):
                np.multiply(direction(x, g, group["weight_decay"], group["maximize"]), eta, out=d)
                x *= 1 - lambd * eta
                x -= d
                if mu == 1:
                    mean[...] = x
                else:
                    np.subtract(x, mean, out=d)
                    d *= mu
                    mean += d
            state["eta"] = lr / (1 + lambd * lr * state["step"]) ** group["alpha"]
            state["mu"] = 1 / max(1, state["step"] - group["t0"])
