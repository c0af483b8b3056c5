"""Gradients as functions: PyTorch's `torch.autograd`."""

from __future__ import annotations

from collections.abc import Sequence

from ..backward import run_backward
from ..graph import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from ..tensor import Tensor
from . import functional
from .anomaly import NonFiniteError, detect_anomaly
from .function import Function, FunctionCtx

__all__ = [
    "Function",
    "FunctionCtx",
    "NonFiniteError",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "functional",
    "grad",
    "is_grad_enabled",
    "no_grad",
    "set_grad_enabled",
]

Tensors = Tensor | Sequence[Tensor]


def _listed(value: Tensors) -> list[Tensor]:
    return [value] if isinstance(value, Tensor) else list(value)


def _cotangents(outputs: Sequence[Tensor], given: Tensor | Sequence[Tensor | None] | None) -> list[Tensor | None]:
    listed: list[Tensor | None] = [None] * len(outputs)
    if given is not None:
        listed = [given] if isinstance(given, Tensor) else list(given)
    if len(listed) != len(outputs):
        raise RuntimeError(f"grad: {len(outputs)} outputs need as many gradients, not {len(listed)}")
    return listed


def backward(
    tensors: Tensors,
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Sequence[Tensor] | None = None,
) -> None:
    """Add to each leaf's `.grad` the gradient of the sum of `tensors`, each contracted with its `grad_tensors`.

    Raises:
        RuntimeError: as `Tensor.backward`.
    """
    outputs = _listed(tensors)
    if inputs is None:
        run_backward(outputs, _cotangents(outputs, grad_tensors), retain_graph, create_graph)
        return
    found = run_backward(outputs, _cotangents(outputs, grad_tensors), retain_graph, create_graph, inputs)
    for x, g in zip(inputs, found, strict=True):
        if g is not None:
            x.grad = g if x.grad is None else x.grad + g


def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
) -> tuple[Tensor | None, ...]:
    """The gradients of the sum of `outputs`, each contracted with its `grad_outputs`, for `inputs`; not put in `.grad`.

    Args:
        outputs: what to differentiate; tensors of one element unless `grad_outputs` are given.
        inputs: leaves or results, in the graph of the outputs.
        grad_outputs: of the outputs' shapes; None stands for 1.
        retain_graph: keep the saved values for another walk; by default only with `create_graph`.
        create_graph: record the walk itself, so that the gradients can be differentiated again.
        allow_unused: give None for an input that no output depends on, instead of an error.

    Raises:
        RuntimeError: an input doesn't require grad or isn't used; or as `Tensor.backward`.
    """
    ys, xs = _listed(outputs), _listed(inputs)
    found = run_backward(ys, _cotangents(ys, grad_outputs), retain_graph, create_graph, xs)
    for i, g in enumerate(found):
        if g is None and not allow_unused:
            raise RuntimeError(
                f"grad: no output depends on input {i}, of shape {xs[i].shape}; with allow_unused=True it gets None"
            )
    return tuple(found)
