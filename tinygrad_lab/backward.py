"""Backward from tensors: where a walk over the graph starts, and what becomes of the gradients that arrive."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import memory
from .graph import Leaf, Node, Retain, _GradMode, walk
from .op import wrap
from .ops.cast import clone
from .ops.compare import where

if TYPE_CHECKING:
    from .tensor import Tensor


def receiver(tensor: Tensor) -> Callable[[Any, bool], None]:
    """What stores a gradient in `tensor.grad`, without keeping the tensor alive."""
    ref = weakref.ref(tensor)

    def receive(g: Any, shared: bool) -> None:
        t = ref()
        if t is None or t._node is None:
            return
        if g.shape != t.array.shape:
            raise RuntimeError(
                f"backward: a rule or hook gave a tensor of shape {t.shape} a gradient of shape {g.shape}"
            )
        before = getattr(t, "_grad", None)
        if not isinstance(g, _ARRAYS):
            t._grad = clone(g) if before is None else before + g
        elif before is None:
            t._grad = wrap(_own(g, shared, t.array))
        elif before._node is None:
            before.array += g
            memory.touch("backward", before.array)
        else:
            t._grad = before + wrap(np.asarray(g))
        if isinstance(t._node, Leaf):
            for call in tuple(t._node.after):
                call()

    return receive


_ARRAYS = (np.ndarray, np.generic)


def _own(g: Any, shared: bool, like: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """`g` in the dtype and the layout of `like`, in memory that nobody else has."""
    if type(g) is np.ndarray and not shared and g.dtype == like.dtype:
        if g.strides == like.strides or (g.flags.c_contiguous and like.flags.c_contiguous):
            return g
    if g.shape != like.shape:  # a wrong rule's, which a check of gradients is to see as it is
        return np.array(g, like.dtype)
    own = np.empty_like(like)
    own[...] = g
    return own


def _lift(value: Any, node: Node | None) -> Any:
    return wrap(value, node) if isinstance(value, np.ndarray) else value


def run_backward(
    outputs: Sequence[Tensor],
    gradients: Sequence[Tensor | None],
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Sequence[Tensor] | None = None,
) -> list[Tensor | None]:
    """The walk behind `accumulate` and `autograd.grad`: with `inputs`, their gradients; else leaves accumulate."""
    roots = [_root(y, g, create_graph) for y, g in zip(outputs, gradients, strict=True)]
    wanted = None if inputs is None else [x._recorded("grad") for x in inputs]
    with np.errstate(all="ignore"), _GradMode(bool(create_graph)):
        found = walk(
            roots,
            retain=create_graph if retain_graph is None else retain_graph,
            where=where,
            lift=_lift if create_graph else None,
            wanted=wanted,
        )
    return [_found(x, *found[x._node]) if x._node in found else None for x in inputs or ()]


def accumulate(
    outputs: Sequence[Tensor],
    gradients: Sequence[Tensor | None],
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Any,
) -> None:
    """Add the gradients to the `.grad` of `inputs`, by default of all leaves: `Tensor.backward`.

    Raises:
        RuntimeError: `inputs` is empty; or as `Tensor.backward`.
    """
    if inputs is None:
        run_backward(outputs, gradients, retain_graph, create_graph)
        return
    xs = list({id(x): x for x in ([inputs] if hasattr(inputs, "array") else inputs)}.values())
    if not xs:
        raise RuntimeError("backward: inputs is empty; leave it out to accumulate in all leaves")
    for x, g in zip(xs, run_backward(outputs, gradients, retain_graph, create_graph, xs), strict=True):
        if g is not None and not Retain.of(x._node):  # which got it in the walk
            receiver(x)(g if create_graph else g.array, False)


def _found(x: Tensor, g: Any, shared: bool) -> Tensor:
    return g if not isinstance(g, _ARRAYS) else wrap(_own(g, shared, x.array))


def _root(y: Tensor, gradient: Tensor | None, create_graph: bool) -> tuple[Node, Any]:
    """Where a walk starts: a tensor's node and its cotangent, checked."""
    if y._node is None:
        raise RuntimeError(
            f"backward: this tensor of shape {y.shape} doesn't require grad and has no graph: no operand "
            "required grad, or it was computed under no_grad()"
        )
    if gradient is None:
        if y.array.size != 1:
            raise RuntimeError(
                f"backward: a gradient can be left out only for a tensor of one element, not of shape {y.shape}; "
                "reduce it, as with .sum(), or pass gradient="
            )
        gradient = wrap(np.ones(y.array.shape, y.array.dtype))
    elif not hasattr(gradient, "array"):
        raise TypeError(f"backward: the gradient must be a tensor, not {type(gradient).__name__}")
    if gradient.shape != y.shape:
        raise RuntimeError(f"backward: a gradient of shape {gradient.shape} doesn't fit the tensor's shape {y.shape}")
    return y._node, gradient if create_graph else gradient.array
