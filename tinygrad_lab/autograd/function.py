"""A function with a gradient of one's own, PyTorch's way: a class with a forward and a backward."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import inplace, memory
from ..graph import Node, enable_grad, is_grad_enabled, no_grad
from ..op import wrap
from ..ops.index import getitem
from ..ops.shape import reshape
from ..tensor import Tensor


class FunctionCtx:
    """What a forward leaves for its backward. Any attribute may be set, too.

    Attributes:
        needs_input_grad: for each argument of the forward, whether its gradient is asked for.
    """

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._saved: tuple[Tensor | None, ...] = ()
        self._fixed: list[Tensor] = []
        self._dirty: list[Tensor] = []
        self._materialize = True

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep arguments or results of the forward for `saved_tensors`; anything else can be set as an attribute.

        Raises:
            TypeError: one is neither a tensor nor None.
        """
        for t in tensors:
            if not (t is None or isinstance(t, Tensor)):
                raise TypeError(f"save_for_backward: only tensors and None, not {type(t).__name__}; set an attribute")
        self._saved = tensors

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What `save_for_backward` kept."""
        return self._saved

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say that these results have no gradient."""
        self._fixed.extend(tensors)

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say that these arguments are changed in place and returned: they become results of the function."""
        self._dirty.extend(tensors)

    def set_materialize_grads(self, value: bool) -> None:
        """Whether a backward of several results gets zeros for those without a gradient, or None.

        None stands for any zeros then; a backward that is recorded gets zeros.
        """
        self._materialize = value


class Function:
    """The base of functions with their own gradient. A subclass defines two static methods, and is called by `apply`.

    `forward(ctx, *args)` computes the result from tensors, unrecorded, and may save some with
    `ctx.save_for_backward`; or `forward(*args)` with `setup_context(ctx, inputs, output)` beside it.
    `backward(ctx, *grad_outputs)` gives a gradient, or None, for each argument of the forward. Written with
    operations on tensors it can be differentiated again.
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the result.

        Raises:
            NotImplementedError: the subclass doesn't define it.
        """
        raise NotImplementedError("Function: a subclass must define a static forward(ctx, *args)")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Compute the gradients of the forward's arguments.

        Raises:
            NotImplementedError: the subclass doesn't define it.
        """
        raise NotImplementedError("Function: a subclass must define a static backward(ctx, *grad_outputs)")

    setup_context: Callable[..., None] | None = None

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Call the function.

        Returns:
            what the forward returns: a tensor, or a tuple of tensors and whatever else.

        Raises:
            TypeError: the forward returns no tensor.
            RuntimeError: an argument that was marked as dirty is a leaf that requires grad, or a view of one.
        """
        inputs = [a._node if isinstance(a, Tensor) else None for a in args]
        recorded = is_grad_enabled() and any(node is not None for node in inputs)
        ctx = FunctionCtx(tuple(node is not None for node in inputs))
        with no_grad():
            if cls.setup_context is None:
                result = cls.forward(ctx, *args)
            else:
                result = cls.forward(*args)
                cls.setup_context(ctx, args, result)
        several = isinstance(result, tuple)
        outputs = list(result) if several else [result]
        if not any(isinstance(y, Tensor) for y in outputs):
            raise TypeError(f"{cls.__name__}: forward must return tensors, not {result!r:.60}; is a return missing?")
        if not recorded:
            return result
        fixed = set(map(id, ctx._fixed))
        live = [
            i for i, y in enumerate(outputs) if isinstance(y, Tensor) and y.dtype.kind == "f" and id(y) not in fixed
        ]
        if not live:
            return result
        arrays = [outputs[i].array for i in live]
        packed = arrays[0] if len(outputs) == 1 else np.concatenate([a.reshape(-1) for a in arrays])
        record = _Record(cls, ctx, outputs, live, args)
        node = Node()
        node.op, node.inputs = record, inputs
        node.args = [a.array if isinstance(a, Tensor) else a for a in args]
        node.y = packed if record.own else None
        node.time, node.hooks = memory.tick(), None
        whole = wrap(packed.view() if packed is arrays[0] else packed, node)
        parts = record.unpacked(whole) if several else {0: whole}
        for i in live:
            if any(outputs[i] is x for x in ctx._dirty):
                parts[i] = inplace.become(outputs[i], record.name, parts[i]._node)
        return tuple(parts.get(i, y) for i, y in enumerate(outputs)) if several else parts[0]


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """A `backward` that can't be differentiated, as it computes with arrays: a second derivative is an error.

    Used below `@staticmethod`. The decorated function raises a RuntimeError when its result is differentiated.
    """

    @functools.wraps(backward)
    def call(ctx: FunctionCtx, *grad_outputs: Any) -> Any:
        with no_grad():
            found = backward(ctx, *grad_outputs)
        listed = found if isinstance(found, tuple) else (found,)
        return tuple(_Last.apply(g, *grad_outputs) if isinstance(g, Tensor) else g for g in listed)

    return call


class _Last(Function):
    """A gradient that has none, though it depends on others."""

    @staticmethod
    def forward(ctx: FunctionCtx, g: Tensor, *others: Tensor) -> Tensor:
        return g

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise RuntimeError(
            "trying to differentiate twice a function whose backward is marked with @once_differentiable; write it "
            "with operations on tensors and take the mark away"
        )


class _Record:
    """What a graph needs to know of one call: it stands where the record of an op does."""

    fused, adds, broadcasts, selects, elementwise, variadic = None, None, False, False, False, False
    tex = ""

    def __init__(
        self, function: type[Function], ctx: FunctionCtx, outputs: list[Any], live: list[int], args: tuple[Any, ...]
    ) -> None:
        self.name = function.__name__
        self.function, self.ctx, self.live = function, ctx, live
        self.likes = [(y.shape, y.dtype) if isinstance(y, Tensor) else None for y in outputs]
        self.params = tuple(f"argument {i}" for i in range(len(args)))
        self.operands = tuple(isinstance(a, Tensor) for a in args)
        self._last: tuple[Any, Sequence[Any]] | None = None
        # results that were saved are made anew from the node's output: kept as tensors they would keep this record
        number = {id(outputs[i]): i for i in live}
        self.own = {k: number[id(t)] for k, t in enumerate(ctx._saved) if id(t) in number}
        ctx._saved = tuple(None if k in self.own else t for k, t in enumerate(ctx._saved))

    @property
    def rules(self) -> list[Callable[..., Any]]:
        """A rule for each argument; made when it is asked for, as a record that holds its own methods is a cycle."""
        return [functools.partial(self.rule, i) for i in range(len(self.params))]

    def operand(self, i: int) -> bool:
        """Whether argument `i` is a tensor."""
        return self.operands[i]

    def check_unchanged(self, node: Node) -> None:
        """Refuse saved tensors that were changed in place since the forward.

        Raises:
            RuntimeError: names the function, the operation that changed the tensor and its line.
        """
        saved = [t.array for t in self.ctx._saved if t is not None] + ([node.y] if self.own else [])
        for array in saved:
            change = memory.changed_since(array, node.time)
            if change is not None:
                raise RuntimeError(
                    f"{self.name}: its backward needs a saved tensor of shape {array.shape}, which was changed in "
                    f"place by {change.op} at {change.site}; change a clone() instead"
                )

    def rule(self, i: int, g: Any, y: Any, *args: Any) -> Any:
        """The gradient of argument `i`: one call of the backward serves all arguments of a walk's step."""
        if self._last is None or self._last[0] is not g:
            self._last = g, self.gradients(g, y)
        found = self._last[1][i]
        if not (found is None or isinstance(found, Tensor)):
            raise RuntimeError(
                f"{self.name}: backward gave argument {i} a {type(found).__name__}; it must be a tensor or None"
            )
        if all(not needed for needed in self.ctx.needs_input_grad[i + 1 :]):
            self._last = None
        x = args[i]
        if found is None:
            return np.zeros_like(x) if isinstance(g, np.ndarray) else wrap(np.zeros(x.shape, x.dtype))
        if tuple(found.shape) != tuple(x.shape):
            raise RuntimeError(
                f"{self.name}: backward gave argument {i}, of shape {tuple(x.shape)}, a gradient of shape "
                f"{tuple(found.shape)}"
            )
        return found.array if isinstance(g, np.ndarray | np.generic) else found

    def gradients(self, g: Any, y: Any) -> Sequence[Any]:
        """What the backward returns for the cotangent of all live results, packed as they are in `y`."""
        on_arrays = not isinstance(g, Tensor)
        if on_arrays:
            g, y = wrap(np.asarray(g)), None if y is None else wrap(y)
        parts = self.unpacked(g)
        if on_arrays and not self.ctx._materialize and len(parts) > 1:
            parts = {i: part for i, part in parts.items() if part.array.any()}
        nothing = [None if like is None or not self.ctx._materialize else wrap(np.zeros(*like)) for like in self.likes]
        cotangents = [parts.get(i, zeros) for i, zeros in enumerate(nothing)]
        saved = self.ctx._saved
        if self.own:
            results = self.unpacked(y)
            self.ctx._saved = tuple(results[self.own[k]] if k in self.own else t for k, t in enumerate(saved))
        try:
            with no_grad() if on_arrays else enable_grad():
                found = self.function.backward(self.ctx, *cotangents)
        finally:
            self.ctx._saved = saved
        listed = found if isinstance(found, tuple) else (found,)
        if all(g is None for g in listed[len(self.params) :]):  # of arguments that have defaults and weren't given
            listed = listed[: len(self.params)]
        if len(listed) != len(self.params):
            raise RuntimeError(
                f"{self.name}: backward returned {len(listed)} gradients for {len(self.params)} arguments of forward; "
                "return None for one without"
            )
        return listed

    def unpacked(self, whole: Tensor) -> dict[int, Tensor]:
        """The live results, by their numbers, that are packed in one tensor."""
        if len(self.likes) == 1:
            return {0: whole}
        parts, start = {}, 0
        for i in self.live:
            shape, dtype = self.likes[i]  # type: ignore[misc]  # what is live is a tensor
            size = math.prod(shape)
            parts[i] = reshape(getitem(whole, slice(start, start + size)), shape).to(dtype)
            start += size
        return parts
