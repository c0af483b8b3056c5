"""A module's hooks: what is called around its forward, and with the gradients that pass through it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..autograd import Function
from ..graph import RemovableHandle
from ..tensor import Tensor

if TYPE_CHECKING:
    from .module import Module


class Hook:
    """A function to call around `forward`.

    Attributes:
        with_kwargs: whether it is given the keyword arguments, too.
        always: whether it is called when `forward` raises.
    """

    def __init__(self, function: Callable[..., Any], with_kwargs: bool = False, always: bool = False) -> None:
        self.function = function
        self.with_kwargs = with_kwargs
        self.always = always


class Hooks:
    """A module's hooks: those that see the arguments, the result, the result's gradients and the arguments'."""

    def __init__(self) -> None:
        self.before: list[Hook] = []
        self.after: list[Hook] = []
        self.outer: list[Hook] = []
        self.inner: list[Hook] = []

    def call(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """`module.forward` of the arguments, with the hooks around it."""
        for hook in tuple(self.before):
            if hook.with_kwargs:
                both = hook.function(module, args, kwargs)
                if both is not None:
                    if not (isinstance(both, tuple) and len(both) == 2):
                        raise RuntimeError(
                            f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {both}."
                        )
                    args, kwargs = both
            else:
                new = hook.function(module, args)
                if new is not None:
                    args = new if isinstance(new, tuple) else (new,)
        watch = _Passage(module, self) if self.outer or self.inner else None
        waiting = list(self.after)
        output = None
        try:
            output = module.forward(*(args if watch is None else watch.enter(args)), **kwargs)
            while waiting:
                hook = waiting.pop(0)
                new = hook.function(module, args, *([kwargs] if hook.with_kwargs else ()), output)
                if new is not None:
                    output = new
        except Exception:
            for hook in waiting:
                if hook.always:
                    hook.function(module, args, *([kwargs] if hook.with_kwargs else ()), output)
            raise
        return output if watch is None else watch.leave(output)


def hooked(hooks: list[Hook], hook: Hook, prepend: bool) -> RemovableHandle:
    """Put `hook` to the others. Returns what takes it away again."""
    hooks.insert(0 if prepend else len(hooks), hook)
    return RemovableHandle(hooks, hook)


class _Gate(Function):
    """Copies of tensors; in backward, `change(gradients)` takes the place of the gradients."""

    @staticmethod
    def forward(ctx: Any, change: Callable[..., Sequence[Any]], *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.change = change
        return tuple(t.clone() for t in tensors)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Any, ...]:
        return (None, *ctx.change(grads))


class _Passage:
    """One call of a module: gates before and behind its forward, and the backward hooks that they call."""

    def __init__(self, module: Module, hooks: Hooks) -> None:
        self.module = module
        self.outer, self.inner = tuple(hooks.outer), tuple(hooks.inner)
        self.places: list[int] = []  # of the arguments that require grad
        self.arguments = 0
        self.grad_output: tuple[Any, ...] = ()

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, those that require grad behind a gate."""
        self.arguments = len(args)
        self.places = _tracked(args) if self.inner else []
        return _gated(args, self.places, self.arrived)

    def leave(self, output: Any) -> Any:
        """The result behind a gate, if it requires grad."""
        results = output if isinstance(output, tuple) else (output,)
        if not any(isinstance(y, Tensor) for y in results):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received "
                f"{type(output)}",
                stacklevel=4,
            )
            self.inner = ()
            return output
        places = _tracked(results)

        def departed(grads: Sequence[Any]) -> Sequence[Any]:
            grad_output = _spread(grads, places, len(results))
            for hook in self.outer:
                grad_output = _replaced(hook.function(self.module, grad_output), grad_output, "pre hook", "grad_output")
            self.grad_output = grad_output
            if not self.places:
                nothing = (None,) * self.arguments
                for hook in self.inner:
                    new = hook.function(self.module, nothing, grad_output)
                    if any(g is not None for g in (new if isinstance(new, tuple) else (new,))):
                        raise RuntimeError(
                            "Backward hook for Modules where no input requires gradient should always return None or "
                            "None for all gradients."
                        )
            return [grad_output[i] for i in places]

        gated = _gated(results, places, departed)
        return gated if isinstance(output, tuple) else gated[0]

    def arrived(self, grads: Sequence[Any]) -> Sequence[Any]:
        """The gradients of the arguments, as the hooks want them."""
        grad_input = _spread(grads, self.places, self.arguments)
        for hook in self.inner:
            new = hook.function(self.module, grad_input, self.grad_output)
            grad_input = _replaced(new, grad_input, "hook", "grad_input")
        return [grad_input[i] for i in self.places]


def _tracked(values: Sequence[Any]) -> list[int]:
    return [i for i, v in enumerate(values) if isinstance(v, Tensor) and v.requires_grad]


def _gated(values: tuple[Any, ...], places: Sequence[int], change: Callable[..., Sequence[Any]]) -> tuple[Any, ...]:
    """`values`, those at `places` behind one gate."""
    if not places:
        return values
    through = dict(zip(places, _Gate.apply(change, *(values[i] for i in places)), strict=True))
    return tuple(through.get(i, v) for i, v in enumerate(values))


def _spread(grads: Sequence[Any], places: Sequence[int], n: int) -> tuple[Any, ...]:
    """`grads` at their `places` among `n`, None elsewhere."""
    found = dict(zip(places, grads, strict=True))
    return tuple(found.get(i) for i in range(n))


def _replaced(new: Any, before: tuple[Any, ...], what: str, name: str) -> tuple[Any, ...]:
    """What a hook returns in place of gradients, or these if it returns None.

    Raises:
        RuntimeError: it returns another number of them, or another shape.
        TypeError: it returns what isn't a tensor.
    """
    if new is None:
        return before
    listed = new if isinstance(new, tuple) else (new,)
    if len(listed) != len(before):
        raise RuntimeError(
            f"Backward {what} returned an invalid number of {name}, got {len(listed)}, but expected {len(before)}"
        )
    for g, old in zip(listed, before, strict=True):
        if not (g is None or isinstance(g, Tensor)):
            raise TypeError(f"Backward {what} must return tensors or None as {name}, not {type(g).__name__}")
        if g is not None and old is not None and g.shape != old.shape:
            raise RuntimeError(f"Backward {what} returned a {name} of shape {g.shape} in place of one of {old.shape}")
    return listed
