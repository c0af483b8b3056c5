"""Products with Jacobians and Hessians, and these themselves, at given inputs: PyTorch's `torch.autograd.functional`.

`inputs` are a tensor or a tuple of tensors; `func` is called on them and returns a tensor or a tuple of them. Results
have these forms. With `create_graph` they can be differentiated again, by the inputs and what `func` captures. `strict`
refuses, with a RuntimeError, what doesn't depend on an input, for which there are zeros otherwise. `func`'s transforms
in `tinygrad_lab.func` take functions of any form and nest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..backward import run_backward
from ..creation import ones_like, zeros, zeros_like
from ..graph import enable_grad
from ..op import wrap
from ..ops.cast import clone
from ..ops.shape import reshape, stack
from ..tensor import Tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = Tensor | tuple[Tensor, ...]
Found = Sequence[Tensor | None]


def _listed(name: str, what: str, value: Any) -> list[Tensor]:
    found = list(value) if isinstance(value, tuple) else [value]
    for t in found:
        if not isinstance(t, Tensor):
            raise TypeError(f"{name}: the {what} must be either a Tensor or a tuple of Tensors but got {type(t)}")
    return found


def _like(form: Any, found: Sequence[Any]) -> Any:
    """What was found in the form of `form`, which is one or a tuple."""
    return tuple(found) if isinstance(form, tuple) else found[0]


def _left(found: Sequence[Tensor], create_graph: bool) -> list[Tensor]:
    """The tensors, off the graph unless it is to go on."""
    return [t if create_graph else t.detach() for t in found]


class _Call:
    """A call of `func`: its inputs as variables, its outputs, and the walks back."""

    def __init__(self, name: str, func: Callable[..., Any], inputs: Any, create_graph: bool, strict: bool) -> None:
        given = _listed(name, "inputs", inputs)
        self.xs = [clone(x) if create_graph and x.requires_grad else x.detach().requires_grad_() for x in given]
        self.result = func(*self.xs)
        self.ys = _listed(name, "outputs of the user-provided function", self.result)
        self.strict = strict
        for i, y in enumerate(self.ys if strict else ()):
            if not y.requires_grad:
                raise RuntimeError(
                    f"{name}: output {i} of the user-provided function does not require gradients, which strict mode "
                    "refuses: compute it from the inputs in a differentiable manner"
                )
        self.name = name

    def gradients(self, ys: Sequence[Tensor], gs: Found, xs: Sequence[Tensor], create_graph: bool) -> list[Tensor]:
        """The gradients of `ys` by `xs` with cotangents `gs`; zeros where there are none, or an error."""
        pairs = [(y, g) for y, g in zip(ys, gs, strict=True) if y.requires_grad]
        found: Found = [None] * len(xs)
        if pairs:
            outputs, cotangents = zip(*pairs)
            found = run_backward(outputs, cotangents, True, create_graph, xs)
        for i, g in enumerate(found if self.strict else ()):
            if g is None or (create_graph and not g.requires_grad):
                raise RuntimeError(
                    f"{self.name}: the output of the user-provided function, or its gradient, is independent of input "
                    f"{i}, which strict mode refuses"
                )
        return [zeros_like(x) if g is None else g for x, g in zip(xs, found)]

    def scalar(self) -> Tensor:
        """The output, if it is a single tensor of a single element.

        Raises:
            RuntimeError: it isn't.
        """
        if isinstance(self.result, tuple) or self.ys[0].numel() != 1:
            raise RuntimeError(
                f"{self.name}: the user-provided function should return a single Tensor of a single element, not "
                f"{self.result}"
            )
        return self.ys[0]

    def vector(self, v: Any, like: Sequence[Tensor], what: str) -> list[Tensor]:
        """The vectors to multiply by, of the shapes of `like`; by default 1 of a single element.

        Raises:
            RuntimeError: they don't fit, or are needed.
        """
        if v is None:
            if len(like) != 1 or like[0].numel() != 1:
                raise RuntimeError(
                    f"{self.name}: the vector v can only be None if the {what} of the user-provided function is a "
                    "single Tensor with a single element."
                )
            return [ones_like(like[0])]
        found = _listed(self.name, "v", v)
        if [t.shape for t in found] != [t.shape for t in like]:
            raise RuntimeError(
                f"{self.name}: v has invalid sizes: should be {[t.shape for t in like]} but got "
                f"{[t.shape for t in found]}"
            )
        return found


def vjp(
    func: Callable[..., Any],
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    r"""The outputs of `func`, and :math:`v^T J`, in the form of the inputs.

    Args:
        v: in the form of the outputs; by default 1 for a single output of one element.

    Raises:
        RuntimeError: `v` doesn't fit, or as `strict` says.
        TypeError: inputs, outputs or `v` aren't tensors.
    """
    with enable_grad():
        call = _Call("vjp", func, inputs, create_graph, strict)
        vs = call.vector(v, call.ys, "output")
        found = call.gradients(call.ys, vs, call.xs, create_graph)
    return _like(call.result, _left(call.ys, create_graph)), _like(inputs, _left(found, create_graph))


def _pushed(call: _Call, ys: Sequence[Tensor], vs: Sequence[Tensor], create_graph: bool) -> list[Tensor]:
    """J v of outputs `ys`: the derivative along v of u J, which is linear in u."""
    us = [zeros_like(y).requires_grad_() for y in ys]
    pulled = call.gradients(ys, us, call.xs, True)
    return call.gradients(pulled, vs, us, create_graph)


def jvp(
    func: Callable[..., Any],
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    r"""The outputs of `func`, and :math:`J v`, in the form of the outputs, by two walks back.

    Args:
        v: in the form of the inputs; by default 1 for a single input of one element.

    Raises:
        RuntimeError: `v` doesn't fit, or as `strict` says.
        TypeError: inputs, outputs or `v` aren't tensors.
    """
    with enable_grad():
        call = _Call("jvp", func, inputs, create_graph, strict)
        found = _pushed(call, call.ys, call.vector(v, call.xs, "input"), create_graph)
    return _like(call.result, _left(call.ys, create_graph)), _like(call.result, _left(found, create_graph))


def jacobian(
    func: Callable[..., Any],
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian: for each output, and in it for each input, a tensor of shape `(*output, *input)`.

    Args:
        vectorize: has no effect.
        strategy: "reverse-mode", a walk back for each element of the output; "forward-mode", one for each of the input.

    Raises:
        AssertionError: the strategy is unknown.
        RuntimeError: as `strict` says.
        TypeError: inputs or outputs aren't tensors.
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(f'jacobian: expected strategy to be "forward-mode" or "reverse-mode", not {strategy!r}')
    with enable_grad():
        call = _Call("jacobian", func, inputs, create_graph, strict)
        blocks = (_columns if strategy == "forward-mode" else _rows)(call, create_graph)
    return _like(call.result, [_like(inputs, _left(block, create_graph)) for block in blocks])


def _units(like: Tensor) -> list[Tensor]:
    """The tensors like `like` with a single 1."""
    return [wrap(unit.reshape(like.shape)) for unit in np.eye(like.numel(), dtype=like.dtype)]


def _block(parts: list[Tensor], y: Tensor, x: Tensor, dim: int) -> Tensor:
    """The rows (`dim` 0) or columns (-1) of a Jacobian in one tensor."""
    shape = y.shape + x.shape
    return reshape(stack(parts, dim), shape) if parts else zeros(*shape, dtype=x.dtype)


def _rows(call: _Call, create_graph: bool) -> list[list[Tensor]]:
    """The Jacobian of each output, by each input, a walk for each element of the output."""
    blocks = []
    for y in call.ys:
        rows = [call.gradients([y], [unit], call.xs, create_graph) for unit in _units(y)]
        blocks.append([_block([row[j] for row in rows], y, x, 0) for j, x in enumerate(call.xs)])
    return blocks


def _columns(call: _Call, create_graph: bool) -> list[list[Tensor]]:
    """The same, a walk for each element of the input."""
    us = [zeros_like(y).requires_grad_() for y in call.ys]
    pulled = call.gradients(call.ys, us, call.xs, True)
    blocks: list[list[Tensor]] = [[] for _ in call.ys]
    for g, x in zip(pulled, call.xs):
        columns = [call.gradients([g], [unit], us, create_graph) for unit in _units(x)]
        for i, y in enumerate(call.ys):
            blocks[i].append(_block([column[i] for column in columns], y, x, -1))
    return blocks


def hessian(
    func: Callable[..., Any],
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of a single output of one element: for each pair of inputs, `(*first, *second)`.

    Args:
        vectorize: has no effect.
        outer_jacobian_strategy: how the gradient is differentiated, as `jacobian`'s `strategy`.

    Raises:
        RuntimeError: `func` returns something else, or as `strict` says.
        AssertionError, TypeError: as `jacobian`.
    """

    def gradient(*xs: Tensor) -> tuple[Tensor, ...]:
        call = _Call("hessian", func, tuple(xs), True, strict)
        return tuple(call.gradients([call.scalar()], [ones_like(call.ys[0])], call.xs, True))

    given = inputs if isinstance(inputs, tuple) else (inputs,)
    found = jacobian(gradient, given, create_graph, strict, vectorize, outer_jacobian_strategy)
    return _like(inputs, [_like(inputs, row) for row in found])


def vhp(
    func: Callable[..., Any],
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    r"""The output of `func`, of one element, and :math:`v^T H`, in the form of the inputs.

    Args:
        v: in the form of the inputs; by default 1 for a single input of one element.

    Raises:
        RuntimeError: `func` returns something else, `v` doesn't fit, or as `strict` says.
        TypeError: inputs, outputs or `v` aren't tensors.
    """
    with enable_grad():
        call = _Call("vhp", func, inputs, create_graph, strict)
        vs = call.vector(v, call.xs, "input")
        gradient = call.gradients([call.scalar()], [ones_like(call.ys[0])], call.xs, True)
        found = call.gradients(gradient, vs, call.xs, create_graph)
    return _like(call.result, _left(call.ys, create_graph)), _like(inputs, _left(found, create_graph))


def hvp(
    func: Callable[..., Any],
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    r"""The output of `func`, of one element, and :math:`H v`, in the form of the inputs.

    By one walk more than `vhp`, whose result is the same where H is symmetric. Arguments and errors are those of `vhp`.
    """
    with enable_grad():
        call = _Call("hvp", func, inputs, create_graph, strict)
        vs = call.vector(v, call.xs, "input")
        gradient = call.gradients([call.scalar()], [ones_like(call.ys[0])], call.xs, True)
        found = _pushed(call, gradient, vs, create_graph)
    return _like(call.result, _left(call.ys, create_graph)), _like(inputs, _left(found, create_graph))
