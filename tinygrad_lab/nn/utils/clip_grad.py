"""Clipping gradients, in place."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from types import GeneratorType
from typing import Any

import numpy as np

from ... import memory
from ...op import wrap
from ...tensor import Tensor

Tensors = Tensor | Iterable[Tensor]


def get_total_norm(tensors: Tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False) -> Tensor:
    """The norm of all elements of all tensors, as if they were one vector.

    Args:
        tensors: one or more.
        norm_type: p of the p-norm; `inf` is the greatest magnitude.
        error_if_nonfinite: raise where the norm is infinite or NaN.

    Returns:
        a 0-d tensor; 0 of no tensors.

    Raises:
        RuntimeError: the norm isn't finite, and `error_if_nonfinite`.
    """
    arrays = [t.array for t in _listed(tensors)]
    if not arrays:
        return wrap(np.zeros((), np.float32))
    norm_type = float(norm_type)
    with np.errstate(over="ignore", invalid="ignore"):
        norms = [np.linalg.norm(a.reshape(-1), norm_type).astype(a.dtype) for a in arrays]
        total = np.asarray(np.linalg.norm(np.stack(norms), norm_type), np.result_type(*arrays))
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
            "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return wrap(total)


def clip_grads_with_norm_(parameters: Tensors, max_norm: float, total_norm: Any) -> None:
    """Scale the gradients of `parameters` by `max_norm / (total_norm + 1e-6)`, in place, if that is below 1.

    Args:
        parameters: one or more tensors; those without a gradient don't count.
        max_norm: the greatest norm to let be.
        total_norm: the norm, as `get_total_norm` gives it.
    """
    total = np.asarray(total_norm.array if isinstance(total_norm, Tensor) else total_norm)
    factor = np.minimum(float(max_norm) / (total + 1e-6), 1)
    gradients = _gradients(_listed(parameters))
    if factor != 1:
        for g in gradients:
            g *= factor
        memory.touch("clip_grads_with_norm_", *gradients)


def clip_grad_norm_(
    parameters: Tensors, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Scale the gradients of `parameters`, in place, so that their norm together is at most `max_norm`.

    Pascanu et al. 2013, https://arxiv.org/abs/1211.5063.

    Args:
        parameters: one or more tensors; those without a gradient don't count.
        max_norm: the greatest norm to let be.
        norm_type, error_if_nonfinite: as `get_total_norm`.

    Returns:
        the norm before.

    Raises:
        RuntimeError: the norm isn't finite, and `error_if_nonfinite`; no gradient is changed then.
    """
    listed = _listed(parameters)
    if isinstance(parameters, GeneratorType) and not listed:
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", UserWarning, stacklevel=2)
    total = get_total_norm([p.grad for p in listed if p.grad is not None], norm_type, error_if_nonfinite)
    clip_grads_with_norm_(listed, max_norm, total)
    return total


def clip_grad_value_(parameters: Tensors, clip_value: float) -> None:
    """Clamp every element of the gradients of `parameters` between -`clip_value` and `clip_value`, in place."""
    gradients = _gradients(_listed(parameters))
    for g in gradients:
        np.clip(g, -float(clip_value), float(clip_value), out=g)
    memory.touch("clip_grad_value_", *gradients)


def _listed(tensors: Tensors) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _gradients(parameters: list[Tensor]) -> list[Any]:
    return [p.grad.array for p in parameters if p.grad is not None]
