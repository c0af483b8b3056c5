"""Adafactor."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..creation import zeros
from ..op import Array
from ..tensor import Tensor
from .optimizer import CHUNK, Optimizer, Params, require_lr


class Adafactor(Optimizer):
    r"""Adaptive steps with memory for a matrix's rows and columns only.

    Of the squared gradient of a matrix (of the last two dimensions) only the running means R of the rows and C of the
    columns are kept, and :math:`V = R C / \operatorname{mean} R`; of a vector V itself. With :math:`1 - \beta_t =
    t^\tau`, :math:`U = g / \sqrt{V}` and :math:`\rho_t = \min(\eta, 1 / \sqrt{t})`

    .. math:: x \leftarrow x - \rho_t \max(\varepsilon_2, \operatorname{RMS} x)\,U / \max(1, \operatorname{RMS} U / d)

    (Shazeer and Stern 2018, https://arxiv.org/abs/1804.04235, in PyTorch's form).

    Args:
        params: tensors, or dicts of groups with their own settings.
        lr: the greatest relative step :math:`\eta`.
        beta2_decay: :math:`\tau`.
        eps: :math:`\varepsilon_1`, below which neither mean R nor :math:`\sqrt{V}` falls, None for the dtype's; and
            :math:`\varepsilon_2`.
        d: the clipping threshold.
        weight_decay: shrink x by :math:`\eta\lambda` before each step.
        maximize: go up the gradient.

    Raises:
        ValueError: a setting is out of range; or as `Optimizer`.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        require_lr(lr, "Learning rate should be >= 0 but is")
        if not beta2_decay <= 0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        for i, epsilon in enumerate(eps, start=1):
            if epsilon is not None and not epsilon >= 0:
                raise ValueError(f"epsilon{i} should be >= 0 but is: {epsilon}")
        if not d >= 1:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not weight_decay >= 0:
            raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        settings = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, settings)

    def _update(self, group: dict[str, Any], pairs: list[tuple[Tensor, Array]]) -> None:
        lr, decay = float(group["lr"]), group["weight_decay"]
        for p, g in pairs:
            x = p.array
            if x.size:
                eps1 = group["eps"][0]
                least = float(np.finfo(x.dtype).eps if eps1 is None else eps1)
                factors, t = self._means(p, g, group["beta2_decay"], least)
                alpha = max(group["eps"][1], _rms(x, _blocks(x.shape))) * min(lr, 1 / math.sqrt(t))
                if decay:
                    x *= 1 - lr * decay
                square = sum(
                    float(np.vdot(u, u)) for block in _blocks(x.shape) if (u := _scaled(g, factors, block, least)).size
                )
                alpha /= max(1.0, math.sqrt(square / x.size) / group["d"])
                for block in _blocks(x.shape):
                    u = _scaled(g, factors, block, least)
                    u *= alpha if group["maximize"] else -alpha
                    x[block] += u

    def _means(self, p: Tensor, g: Array, power: float, least: float) -> tuple[list[Array], int]:
        """Carry the running means on by `g`: factors whose product is V, and the number of the step."""
        state, factored = self.state[p], g.ndim > 1
        if not state and factored:
            state.update(
                step=0,
                row_var=zeros(*g.shape[:-1], 1, dtype=g.dtype),
                col_var=zeros(*g.shape[:-2], 1, g.shape[-1], dtype=g.dtype),
            )
        state = self._stepping(p, *[] if factored else ["variance"])
        new = state["step"] ** power
        if not factored:
            v = state["variance"].array
            for block in _blocks(v.shape):
                d = np.multiply(g[block], g[block])
                d -= v[block]
                d *= new
                v[block] += d
            return [v], state["step"]
        row, column = state["row_var"].array, state["col_var"].array
        for mean, axis in ((row, -1), (column, -2)):
            lines = g if axis == -1 else g.swapaxes(-1, -2)
            mean += new * (np.expand_dims(np.vecdot(lines, lines), axis) / g.shape[axis] - mean)
        return [row / np.maximum(row.mean(-2, keepdims=True), least), column], state["step"]


def _blocks(shape: Sequence[int]) -> Iterator[tuple[slice, ...]]:
    """The indices of blocks of an array that are no greater than a piece, together all of it."""
    if math.prod(shape) <= CHUNK:
        yield (...,)  # type: ignore[misc]
        return
    first, *rest = shape
    rows = CHUNK // max(1, math.prod(rest))
    if rows:
        yield from ((slice(i, i + rows),) for i in range(0, first, rows))
    else:
        yield from ((slice(i, i + 1), *inner) for i in range(first) for inner in _blocks(rest))


def _part(a: Array, block: tuple[slice, ...]) -> Array:
    """What broadcasts to `block` of an array that `a` broadcasts to."""
    return a[tuple(slice(None) if n == 1 and isinstance(s, slice) else s for s, n in zip(block, a.shape))]


def _scaled(g: Array, factors: list[Array], block: tuple[slice, ...], least: float) -> Array:
    """A block of :math:`U = g / \\sqrt{V}`, V the product of `factors`."""
    first, *more = (_part(f, block) for f in factors)
    v = np.multiply(first, *more) if more else np.array(first)
    np.maximum(v, least * least, out=v)
    np.sqrt(v, out=v)
    return np.divide(g[block], v, out=v)


def _rms(x: Array, blocks: Iterator[tuple[slice, ...]]) -> float:
    """The root of the mean square."""
    return math.sqrt(sum(float(np.vdot(x[block], x[block])) for block in blocks) / x.size)
