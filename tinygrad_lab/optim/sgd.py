"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..creation import empty_like
from ..op import Array
from ..tensor import Tensor
from .optimizer import Optimizer, Params, pieces, require_lr


class SGD(Optimizer):
    r"""Gradient descent, :math:`x \leftarrow x - \eta d`, with momentum.

    The direction d is the gradient plus :math:`\lambda x`; with momentum :math:`\mu` and dampening :math:`\tau` it is
    the buffer :math:`b \leftarrow \mu b + (1 - \tau) d`, which starts as the first d; with Nesterov :math:`d + \mu b`
    (Sutskever et al. 2013, https://proceedings.mlr.press/v28/sutskever13.html, in PyTorch's form).

    Args:
        params: tensors, or dicts of groups with their own settings.
        lr: the learning rate :math:`\eta`.
        momentum: :math:`\mu`.
        dampening: :math:`\tau`.
        weight_decay: :math:`\lambda`, an L2 penalty.
        nesterov: needs momentum, and no dampening.
        maximize: go up the gradient.

    Raises:
        ValueError: a setting is negative, or Nesterov's needs aren't met; or as `Optimizer`.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        require_lr(lr)
        if momentum < 0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if weight_decay < 0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        settings = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, settings)

    def _update(self, group: dict[str, Any], pairs: list[tuple[Tensor, Array]]) -> None:
        lr, momentum, dampening = float(group["lr"]), float(group["momentum"]), float(group["dampening"])
        decay, nesterov, maximize = float(group["weight_decay"]), group["nesterov"], group["maximize"]
        for p, g in pairs:
            arrays, first = [p.array, g], False
            if momentum:
                state = self.state[p]
                first = state.get("momentum_buffer") is None
                if first:
                    state["momentum_buffer"] = empty_like(p)
                arrays.append(state["momentum_buffer"].array)
            for x, d, *buffer, free in pieces(*arrays):
                if decay:
                    d = (np.subtract if maximize else np.add)(np.multiply(x, decay, out=free), d, out=free)
                elif maximize:
                    d = np.negative(d, out=free)
                if momentum:
                    (b,) = buffer
                    if first:
                        b[...] = d
                    else:
                        b *= momentum
                        b += np.multiply(d, 1 - dampening, out=free) if dampening else d
                    d = d + momentum * b if nesterov else b
                np.multiply(d, lr, free)
                x -= free
