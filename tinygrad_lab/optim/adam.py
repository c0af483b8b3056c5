"""Adam and AdamW."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..creation import zeros_like
from ..op import Array
from ..tensor import Tensor
from .optimizer import Optimizer, Params, pieces, require_lr


class Adam(Optimizer):
    r"""Adam, :math:`x \leftarrow x - \eta\,\hat m / (\sqrt{\hat v} + \varepsilon)`.

    The means of gradient and squared gradient, :math:`m \leftarrow \beta_1 m + (1 - \beta_1) g` and
    :math:`v \leftarrow \beta_2 v + (1 - \beta_2) g^2`, start at 0, and in step t are corrected for it,
    :math:`\hat m = m / (1 - \beta_1^t)` and :math:`\hat v = v / (1 - \beta_2^t)`
    (Kingma and Ba 2015, https://arxiv.org/abs/1412.6980).

    Args:
        params: tensors, or dicts of groups with their own settings.
        lr: the learning rate :math:`\eta`.
        betas: :math:`\beta_1, \beta_2`.
        eps: :math:`\varepsilon`.
        weight_decay: an L2 penalty, :math:`\lambda x` added to the gradient.
        amsgrad: divide by the greatest v so far (Reddi et al. 2018, https://arxiv.org/abs/1904.09237).
        maximize: go up the gradient.
        decoupled_weight_decay: shrink x by :math:`\eta\lambda` instead, as AdamW.

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
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        require_lr(lr)
        if eps < 0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        for i, beta in enumerate(betas):
            if not 0 <= beta < 1:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
        if weight_decay < 0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        settings = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, settings)

    def _update(self, group: dict[str, Any], pairs: list[tuple[Tensor, Array]]) -> None:
        lr, eps, decay = float(group["lr"]), float(group["eps"]), float(group["weight_decay"])
        beta1, beta2 = map(float, group["betas"])
        amsgrad, maximize, decoupled = group["amsgrad"], group["maximize"], group["decoupled_weight_decay"]
        means = ["exp_avg", "exp_avg_sq"] + ["max_exp_avg_sq"] * amsgrad
        for p, gradient in pairs:
            state = self.state[p]
            if not state:
                state.update(step=0, **{name: zeros_like(p) for name in means})
            state["step"] += 1
            size = lr / (1 - beta1 ** state["step"])
            root = math.sqrt(1 - beta2 ** state["step"])
            for x, g, m, v, *top, d in pieces(p.array, gradient, *(state[name].array for name in means)):
                if maximize:
                    g = -g
                if decay and decoupled:
                    x *= 1 - lr * decay
                elif decay:
                    g = g + decay * x
                np.multiply(g, 1 - beta1, out=d)
                m *= beta1
                m += d
                np.multiply(g, 1 - beta2, out=d)
                d *= g
                v *= beta2
                v += d
                if amsgrad:
                    v = np.maximum(top[0], v, out=top[0])
                np.sqrt(v, out=d)
                d += eps * root
                np.divide(m, d, out=d)
                d *= size * root  # root and lr in one pass
                x -= d


class AdamW(Adam):
    r"""Adam with decoupled weight decay, :math:`x \leftarrow (1 - \eta\lambda) x` before each step.

    Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101. Arguments and errors are those of `Adam`, with a
    `weight_decay` :math:`\lambda` of 0.01 by default.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )
