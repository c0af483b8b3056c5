"""Gradients as functions: into `.grad`, or as results."""

from __future__ import annotations

from collections.abc import Sequence

from ..backward import accumulate, run_backward
from ..creation import zeros_like
from ..ops.shape import stack
from ..tensor import Tensor

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
    inputs: Tensors | None = None,
) -> None:
    """Add to each leaf's `.grad`, or to those of `inputs`, the gradient of the sum of `tensors`.

    Each of `tensors` is contracted with its one of `grad_tensors`.

    Raises:
        RuntimeError: as `Tensor.backward`.
    """
    outputs = _listed(tensors)
    accumulate(outputs, _cotangents(outputs, grad_tensors), retain_graph, create_graph, inputs)


def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of the sum of `outputs`, each contracted with its `grad_outputs`, for `inputs`; not put in `.grad`.

    Args:
        outputs: what to differentiate; tensors of one element unless `grad_outputs` are given.
        inputs: leaves or results, in the graph of the outputs.
        grad_outputs: of the outputs' shapes; None stands for 1.
        retain_graph: keep the saved values for another walk; by default only with `create_graph`.
        create_graph: record the walk itself, so that the gradients can be differentiated again.
        only_inputs: has no effect: other leaves never get a gradient here.
        allow_unused: give None for an input that no output depends on, instead of an error.
        is_grads_batched: each of `grad_outputs` has a batch dimension before the output's own, and so have the results:
            one walk for each element of the batch.
        materialize_grads: give zeros for an input that no output depends on.

    Raises:
        RuntimeError: there are no inputs, one doesn't require grad or isn't used; or as `Tensor.backward`.
        ValueError: `allow_unused=False` beside `materialize_grads`.
    """
    if materialize_grads and allow_unused is False:
        raise ValueError("grad: materialize_grads gives zeros where allow_unused=False raises; leave one out")
    ys, xs = _listed(outputs), _listed(inputs)
    if not xs:
        raise RuntimeError("grad: inputs is empty; name the tensors whose gradients you want")
    if is_grads_batched:
        batch = list(zip(*_cotangents(ys, grad_outputs), strict=True))
        retain = [True] * (len(batch) - 1) + [create_graph if retain_graph is None else retain_graph]
        rows = [
            grad(ys, xs, g, keep, create_graph, True, allow_unused, materialize_grads=materialize_grads)
            for g, keep in zip(batch, retain, strict=True)
        ]
        return tuple(None if column[0] is None else stack(column) for column in zip(*rows, strict=True))
    found = run_backward(ys, _cotangents(ys, grad_outputs), retain_graph, create_graph, xs)
    for i, g in enumerate(found):
        if g is None and materialize_grads:
            found[i] = zeros_like(xs[i])
        elif g is None and not allow_unused:
            raise RuntimeError(
                f"grad: no output depends on input {i}, of shape {xs[i].shape}; with allow_unused=True it gets None"
            )
    return tuple(found)
