"""Rprop."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..creation import full_like, zeros_like
from ..op import Array
from ..tensor import Tensor
from .optimizer import Optimizer, Params, pieces, require, require_lr


class Rprop(Optimizer):
    r"""Steps by the gradient's sign, :math:`x \leftarrow x - s \operatorname{sign} g`, for whole batches.

    Each element's step s starts as the learning rate, grows by :math:`\eta^+` where the gradient keeps its sign and
    shrinks by :math:`\eta^-` where it changes; there the element rests once (Riedmiller and Braun 1993,
    https://doi.org/10.1109/ICNN.1993.298623).

    Args:
        params: tensors, or dicts of groups with their own settings.
        lr: the first step.
        etas: :math:`\eta^-, \eta^+`.
        step_sizes: the smallest and the greatest step.
        maximize: go up the gradient.

    Raises:
        ValueError: a setting is out of range; or as `Optimizer`.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        require_lr(lr)
        require(0 < etas[0] < 1 < etas[1], "eta values", f"{etas[0]}, {etas[1]}")
        settings = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, settings)

    def _update(self, group: dict[str, Any], pairs: list[tuple[Tensor, Array]]) -> None:
        less, more = group["etas"]
        least, most = group["step_sizes"]
        for p, gradient in pairs:
            if not self.state[p]:
                self.state[p].update(step=0, prev=zeros_like(p), step_size=full_like(p, float(group["lr"])))
            state = self._stepping(p)
            for x, g, prev, s, d in pieces(p.array, gradient, state["prev"].array, state["step_size"].array):
                np.multiply(g, prev, out=d)
                if group["maximize"]:
                    np.negative(d, out=d)
                turned = d < 0
                np.multiply(s, more, out=s, where=d > 0)
                np.multiply(s, less, out=s, where=turned)
                np.clip(s, least, most, out=s)
                (np.negative if group["maximize"] else np.positive)(g, out=prev)
                np.copyto(prev, 0, where=turned)
                np.sign(prev, out=d)
                d *= s
                x -= d
