"""The module: a tree of layers that knows its parameters, and how it is called, saved, loaded and printed."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..graph import RemovableHandle
from ..ops.cast import conversion
from ..tensor import Tensor
from .hooks import Hook, Hooks, hooked
from .parameter import Buffer, Parameter
from .saving import BUFFER, CHILD, PARAMETER, Registered, Saved


class Module(Saved):
    """The base of every layer and model. A subclass calls `super().__init__()` and defines `forward`.

    Parameters, buffers and submodules are plain attributes; the module remembers their names. So a type checker sees
    them, and reading one costs no more than any attribute does: with `__getattr__` a layer's call took 3 us more.

    Attributes:
        training: whether the module behaves as in training, or as in evaluation.
    """

    training: bool
    _hooks: Hooks | None = None  # made with the first hook, so that a call without hooks looks at one name

    def __init__(self) -> None:
        self._kinds = {}
        self._transient = set()
        self.training = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; a subclass defines it.

        Raises:
            NotImplementedError: it doesn't.
        """
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`forward` of the arguments, with the hooks around it."""
        if self._hooks is None:
            return self.forward(*args, **kwargs)
        return self._hooks.call(self, args, kwargs)

    # ------------------------------------------------------------------------------------- attributes

    if TYPE_CHECKING:  # what is registered by its name, a type checker can't see

        def __getattr__(self, name: str) -> Any: ...

    def __setattr__(self, name: str, value: Any) -> None:
        known = self.__dict__.get("_kinds", {}).get(name)
        if isinstance(value, Parameter):
            self._remember(name, PARAMETER)
        elif isinstance(value, Module) and known != PARAMETER:
            self._remember(name, CHILD)
        elif isinstance(value, Buffer):
            self._remember(name, BUFFER)
            (self._transient.discard if value.persistent else self._transient.add)(name)
        elif known and value is not None and not (known == BUFFER and isinstance(value, Tensor)):
            raise TypeError(
                f"cannot assign '{type(value).__name__}' as {known} '{name}' "
                f"({_CLASSES[known].__name__} or None expected)"
            )
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        self._forget(name)

    def _remember(self, name: str, kind: str) -> None:
        if "_kinds" not in self.__dict__:
            what = "parameters" if kind == PARAMETER else kind.split()[-1]
            raise AttributeError(f"cannot assign {what} before Module.__init__() call")
        if self._kinds.get(name) != kind:
            if isinstance(getattr(type(self), name, None), property):
                raise KeyError(f"attribute '{name}' already exists")
            self._forget(name)
            self._kinds[name] = kind

    def _forget(self, name: str) -> None:
        self._kinds.pop(name, None)
        self._transient.discard(name)

    def _register(self, name: str, kind: str, value: Any) -> None:
        """Set an attribute of that kind, whose name must be new, or of that kind already."""
        noun = kind.split()[-1]
        if not isinstance(name, str):
            raise TypeError(f"{noun} name should be a string. Got {type(name).__name__}")
        if value is not None and not isinstance(value, _CLASSES[kind]):
            raise TypeError(
                f"cannot assign '{type(value).__name__}' object to {kind} '{name}' "
                f"({_CLASSES[kind].__name__} or None required)"
            )
        if "." in name:
            raise KeyError(f'{noun} name can\'t contain ".", got: {name}')
        if not name:
            raise KeyError(f'{noun} name can\'t be empty string ""')
        if hasattr(self, name) and self._kinds.get(name) != kind:
            raise KeyError(f"attribute '{name}' already exists")
        self._remember(name, kind)
        super().__setattr__(name, value)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Set the attribute `name` to a parameter, or to None where there might be one.

        Raises:
            KeyError: `name` is taken, empty or has a dot.
            TypeError: `param` isn't a `Parameter`.
        """
        self._register(name, PARAMETER, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Set the attribute `name` to a tensor that belongs to the module but isn't trained.

        Args:
            persistent: whether it is in the `state_dict`.

        Raises:
            KeyError: `name` is taken, empty or has a dot.
            TypeError: `tensor` isn't a tensor.
        """
        self._register(name, BUFFER, tensor)
        (self._transient.discard if persistent else self._transient.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Set the attribute `name` to a child module; `getattr` finds it, and it needn't be an identifier.

        Raises:
            KeyError: `name` is taken, empty or has a dot.
            TypeError: `module` isn't a `Module`.
        """
        if not (module is None or isinstance(module, Module)):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        self._register(name, CHILD, module)

    register_module = add_module

    # ------------------------------------------------------------------------------------- the tree

    @property
    def _modules(self) -> Registered:
        """PyTorch's dict of the children, which programs that replace layers read and write."""
        return Registered(self, CHILD)

    @property
    def _parameters(self) -> Registered:
        """PyTorch's dict of the module's own parameters."""
        return Registered(self, PARAMETER)

    @property
    def _buffers(self) -> Registered:
        """PyTorch's dict of the module's own buffers."""
        return Registered(self, BUFFER)

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it with their dotted names, parents first; a shared one once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, child in self._registered(CHILD).items():
            if child is not None:
                yield from child.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """This module and all below it, parents first; a shared one once."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules right below this one with their names; a shared one once."""
        seen: set[Module] = set()
        for name, child in self._registered(CHILD).items():
            if child is not None and child not in seen:
                seen.add(child)
                yield name, child

    def children(self) -> Iterator[Module]:
        """The modules right below this one; a shared one once."""
        return (child for _, child in self.named_children())

    def _named_tensors(
        self, kind: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        below = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        seen: set[Tensor] = set()
        for path, module in below if recurse else [(prefix, self)]:
            for name, tensor in module._registered(kind).items():
                if tensor is not None and tensor not in seen:
                    if remove_duplicate:
                        seen.add(tensor)
                    yield f"{path}.{name}" if path else name, tensor

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their dotted names, `prefix` before each; a shared one once.

        Args:
            recurse: those of the modules below, too.
        """
        return self._named_tensors(PARAMETER, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, each once: what an optimiser is given."""
        return (param for _, param in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their dotted names, as `named_parameters`."""
        return self._named_tensors(BUFFER, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """The module of that dotted name; "" is this one.

        Raises:
            AttributeError: there is none.
        """
        module: Any = self
        for name in filter(None, target.split(".")):
            if not hasattr(module, name):
                raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module  # type: ignore[no-any-return]

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put `module` in place of the one of that dotted name.

        Args:
            strict: refuse a last name that there isn't yet.

        Raises:
            ValueError: the name is empty.
            AttributeError: a name on the way isn't a module's, or the last one is something else's.
        """
        if not target:
            raise ValueError("Cannot set the submodule without a target name!")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict and not hasattr(parent, name):
            raise AttributeError(f"{type(parent).__name__} has no attribute `{name}`")
        if hasattr(parent, name) and not isinstance(getattr(parent, name), Module):
            raise AttributeError(f"`{name}` is not an nn.Module")
        parent.add_module(name, module)

    def _get_tensor(self, target: str, kind: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
        if module._kinds.get(name) != kind:
            raise AttributeError(f"`{name}` is not a {kind}")
        return getattr(module, name)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter of that dotted name.

        Raises:
            AttributeError: there is none.
        """
        return self._get_tensor(target, PARAMETER)  # type: ignore[no-any-return]

    def get_buffer(self, target: str) -> Tensor:
        """The buffer of that dotted name.

        Raises:
            AttributeError: there is none.
        """
        return self._get_tensor(target, BUFFER)  # type: ignore[no-any-return]

    # ------------------------------------------------------------------------------------- for all below

    def apply(self, fn: Callable[[Module], None]) -> Self:
        """Call `fn` on every module below and then on this one, as an initialisation does. Returns the module."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Put this module and all below it in training mode, or in evaluation mode. Returns the module.

        Raises:
            ValueError: `mode` isn't a bool.
        """
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self

    def eval(self) -> Self:
        """Put this module and all below it in evaluation mode. Returns the module."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Ask for the gradients of all parameters, or of none. Returns the module."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or fill them with zeros."""
        for param in self.parameters():
            if set_to_none:
                param.grad = None
            elif param.grad is not None:
                param.grad.detach_().zero_()

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert all floating parameters, their gradients and buffers, in place. Returns the module.

        Forms: those of `Tensor.to`, so `to(dtype)`, `to(tensor)` and `to("cpu", dtype)`.

        Raises:
            TypeError: the dtype isn't floating, or the arguments are of none of these forms.
            RuntimeError: another device.
        """
        dtype, _ = conversion(None, *args, **kwargs)
        if dtype is None:
            return self
        if np.dtype(dtype).kind != "f":
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={np.dtype(dtype)}"
            )
        for tensor in (*self.parameters(), *self.buffers()):
            if tensor.dtype.kind == "f":
                grad = tensor.grad
                tensor.data = tensor.data.to(dtype)
                tensor.grad = None if grad is None else grad.detach().to(dtype)
        return self

    def cpu(self) -> Self:
        """The module itself: there is no other device."""
        return self

    def float(self) -> Self:
        """`to(float32)`."""
        return self.to(np.float32)

    def double(self) -> Self:
        """`to(float64)`."""
        return self.to(np.float64)

    def half(self) -> Self:
        """`to(float16)`."""
        return self.to(np.float16)

    # ------------------------------------------------------------------------------------- hooks

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before `forward`; what it returns, if not None, replaces the arguments.

        Args:
            prepend: before the hooks that are there already.
            with_kwargs: call `hook(module, args, kwargs)`, which returns None or a pair of both.
        """
        self._hooks = self._hooks or Hooks()
        return hooked(self._hooks.before, Hook(hook, with_kwargs), prepend)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` after `forward`; what it returns, if not None, replaces the output.

        Args:
            prepend: before the hooks that are there already.
            with_kwargs: call `hook(module, args, kwargs, output)`.
            always_call: also when `forward` or another hook raises; the output is None then.
        """
        self._hooks = self._hooks or Hooks()
        return hooked(self._hooks.after, Hook(hook, with_kwargs, always_call), prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` in backward, when the gradients of the arguments are computed.

        What it returns, if not None, replaces `grad_input`. Both are tuples, of the positional arguments and of the
        results, with None for what isn't a tensor or requires no grad. With a hook each call copies arguments and
        results, so `forward` doesn't change the arguments themselves in place.

        Args:
            prepend: before the hooks that are there already.

        Raises:
            RuntimeError: in backward, the hook returns another number of gradients.
        """
        self._hooks = self._hooks or Hooks()
        return hooked(self._hooks.inner, Hook(hook), prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_output)` in backward, before the module's own; what it returns replaces them.

        Args:
            prepend: before the hooks that are there already.

        Raises:
            RuntimeError: in backward, the hook returns another number of gradients.
        """
        self._hooks = self._hooks or Hooks()
        return hooked(self._hooks.outer, Hook(hook), prepend)

    # ------------------------------------------------------------------------------------- as text

    def extra_repr(self) -> str:
        """What stands between the brackets of the module's own line: its settings."""
        return ""

    def _child_lines(self) -> list[str]:
        return [f"({name}): {child!r}" for name, child in self._registered(CHILD).items()]

    def __repr__(self) -> str:
        lines = [*self.extra_repr().splitlines(), *self._child_lines()]
        inside = "\n".join(lines)
        if len(lines) > 1 or "\n" in inside or self._registered(CHILD):
            inside = "\n" + textwrap.indent(inside, "  ") + "\n"
        return f"{type(self).__name__}({inside})"


_CLASSES: dict[str, type] = {PARAMETER: Parameter, BUFFER: Tensor, CHILD: Module}
