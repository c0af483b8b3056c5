"""Muon."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..creation import zeros_like
from ..op import Array
from ..tensor import Tensor
from .optimizer import Optimizer, Params, require_lr

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the polynomial whose iteration takes singular values near 1 fastest


class Muon(Optimizer):
    r"""Momentum, made orthogonal, for the weights of hidden layers: matrices only.

    The momentum :math:`b \leftarrow \mu b + (1 - \mu) g` (with Nesterov :math:`(1 - \mu) g + \mu b`), divided by its
    norm, goes through some iterations of :math:`X \leftarrow a X + (b A + c A^2) X`, :math:`A = X X^T`, which take
    all its singular values near 1; then :math:`x \leftarrow (1 - \eta\lambda) x - \eta' X`
    (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon). The iteration runs in the parameter's dtype, where
    PyTorch's runs in bfloat16, so that its X differs from this one by about a hundredth.

    Args:
        params: matrices, or dicts of groups with their own settings.
        lr: the learning rate :math:`\eta`.
        weight_decay: :math:`\lambda`.
        momentum: :math:`\mu`.
        nesterov: Nesterov's momentum.
        ns_coefficients: a, b and c.
        eps: the least norm to divide by.
        ns_steps: how many iterations.
        adjust_lr_fn: what :math:`\eta'` is for n rows and m columns: "original" or None,
            :math:`\eta\sqrt{\max(1, n / m)}`; "match_rms_adamw", :math:`0.2\,\eta\sqrt{\max(n, m)}`
            (Liu et al. 2025, https://arxiv.org/abs/2502.16982).

    Raises:
        ValueError: a setting is out of range, or a parameter isn't a matrix; or as `Optimizer`.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = COEFFICIENTS,
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        require_lr(lr, "Learning rate should be >= 0 but is")
        if not momentum >= 0:
            raise ValueError(f"momentum should be >= 0 but is: {momentum}")
        if not weight_decay >= 0:
            raise ValueError(f"weight decay should be >= 0 but is: {weight_decay}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(
                f"Adjust learning rate function {adjust_lr_fn} is not supported; take 'original' or 'match_rms_adamw'"
            )
        settings = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, settings)
        for group in self.param_groups:
            for p in group["params"]:
                if p.ndim != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {tuple(p.shape)}; "
                        "give the others to AdamW"
                    )

    def _update(self, group: dict[str, Any], pairs: list[tuple[Tensor, Array]]) -> None:
        lr, momentum, adjust = float(group["lr"]), float(group["momentum"]), group["adjust_lr_fn"]
        for p, g in pairs:
            state = self.state[p]
            if "momentum_buffer" not in state:
                state["momentum_buffer"] = zeros_like(p)
            b, x = state["momentum_buffer"].array, p.array
            b *= momentum
            b += (1 - momentum) * g
            update = (1 - momentum) * g + momentum * b if group["nesterov"] else b
            update = orthogonalised(update, group["ns_coefficients"], group["ns_steps"], group["eps"])
            n, m = x.shape
            ratio = 0.2 * math.sqrt(max(n, m)) if adjust == "match_rms_adamw" else math.sqrt(max(1, n / m))
            x *= 1 - lr * group["weight_decay"]
            update *= lr * ratio
            x -= update


def orthogonalised(g: Array, coefficients: tuple[float, float, float], steps: int, eps: float) -> Array:
    """A matrix of g's singular vectors with singular values near 1, by Newton and Schulz's iteration.

    Raises:
        ValueError: 100 steps or more, or not three coefficients.
    """
    if steps >= 100:
        raise ValueError(f"Number of steps must be less than 100 for computational efficiency, not {steps}")
    if len(coefficients) != 3:
        raise ValueError(f"Coefficients must be a tuple of exactly 3 values, not {coefficients}")
    a, b, c = coefficients
    wide = g if g.shape[0] <= g.shape[1] else g.T
    x = wide / max(float(np.linalg.norm(wide)), eps)
    for _ in range(steps):
        gram = x @ x.T
        inner = gram @ gram
        inner *= c
        gram *= b
        inner += gram
        step = inner @ x
        x *= a
        x += step
    return x if wide is g else x.T
