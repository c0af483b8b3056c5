"""A tensor of a module as a function of others: PyTorch's `torch.nn.utils.parametrize`."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from ...graph import no_grad
from ...tensor import Tensor
from ..containers import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter
from ..saving import BUFFER, PARAMETER

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]

M = TypeVar("M", bound=Module)

_cache: ContextVar[dict[tuple[int, str], Tensor] | None] = ContextVar("cache", default=None)


@contextmanager
def cached() -> Iterator[None]:
    """Within the block, compute each parametrized tensor once, and let it go at the end: for layers called often."""
    token = _cache.set({} if (before := _cache.get()) is None else before)
    try:
        yield
    finally:
        _cache.reset(token)


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, the first one first, and what they are functions of.

    That is the parameter or buffer `original`, or `original0`, `original1`, ... if the last `right_inverse` returns
    several tensors. `register_parametrization` makes it.

    Raises:
        ValueError: there is no parametrization, one changes shape or dtype unless it is `unsafe`, or what
            `right_inverse` returns isn't a tensor of the dtype or a sequence of tensors.
    """

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        new = self._inverse(original)
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            _check_dtype("right_inverse(original)", new, dtype)
            if new is not original:
                original.data = new.detach()
            _register(self, "original", original)
        else:
            for i, part in enumerate(new):
                if not isinstance(part, Tensor):
                    raise ValueError(
                        "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                        f"Got element {i} of the sequence with type {type(part).__name__}."
                    )
                own = part.detach().clone().requires_grad_(original.requires_grad)
                keep = isinstance(original, Parameter)
                _register(self, f"original{i}", Parameter(own, original.requires_grad) if keep else own)
        if not unsafe:
            _check_kept("Registering a parametrization", self(), shape, dtype)

    def _inverse(self, value: Tensor) -> Any:
        """What the parametrizations make `value` of, as far as they know; unrecorded."""
        new: Any = value
        with no_grad():
            for module in reversed(self):
                if hasattr(module, "right_inverse"):
                    try:
                        new = module.right_inverse(new)
                    except NotImplementedError:
                        pass
        if not isinstance(new, (Tensor, Sequence)):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got "
                f"{type(new).__name__}"
            )
        return new

    def _originals(self) -> list[Tensor]:
        return [self.original] if self.is_tensor else [getattr(self, f"original{i}") for i in range(self.ntensors)]

    def right_inverse(self, value: Tensor) -> None:
        """Change the originals so that the parametrized tensor becomes `value`.

        Raises:
            RuntimeError: a parametrization has no `right_inverse`.
            ValueError: one returns something else than the originals are.
        """
        new: Any = value
        with no_grad():
            for module in reversed(self):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
                new = module.right_inverse(new)
        parts = [new] if self.is_tensor else new
        if not isinstance(parts, Sequence) or len(parts) != self.ntensors:
            raise ValueError(
                f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. Got {parts}."
            )
        for original, part in zip(self._originals(), parts):
            if not isinstance(part, Tensor):
                raise ValueError(f"`right_inverse` should return a tensor. Got {type(part).__name__}")
            _check_dtype("The tensor returned by `right_inverse`", part, original.dtype)
            original.data = part.detach()

    def forward(self) -> Tensor:
        """The parametrized tensor."""
        first, *others = self
        x: Tensor = first(*self._originals())
        for module in others:
            x = module(x)
        return x


def _register(module: Module, name: str, tensor: Tensor) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _check_dtype(what: str, tensor: Tensor, dtype: Any) -> None:
    if tensor.dtype != dtype:
        raise ValueError(f"{what} may not change the dtype: it is {tensor.dtype}, of the original {dtype}")


def _check_kept(what: str, tensor: Any, shape: tuple[int, ...], dtype: Any) -> None:
    if not isinstance(tensor, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(tensor).__name__}.")
    if (tensor.shape, tensor.dtype) != (shape, dtype):
        raise ValueError(
            f"{what} may not change the dtype or the shape of the tensor, unless the `unsafe` flag is enabled: it was "
            f"{dtype} {shape}, and is {tensor.dtype} {tensor.shape}"
        )


@functools.cache
def _with_properties(cls: Any, names: frozenset[str]) -> Any:
    """A subclass of a module's class in which attributes of these names are computed by `parametrizations`."""

    def computed(name: str) -> property:
        def get(self: Any) -> Tensor:
            values, key = _cache.get(), (id(self), name)
            if values is None:
                return self.parametrizations[name]()  # type: ignore[no-any-return]
            if key not in values:
                values[key] = self.parametrizations[name]()
            return values[key]

        def put(self: Any, value: Tensor) -> None:
            self.parametrizations[name].right_inverse(value)

        return property(get, put)

    def reduce(self: Module) -> Any:
        return _blank, (cls, names), vars(self)

    return type(f"Parametrized{cls.__name__}", (cls,), {"__reduce__": reduce} | {n: computed(n) for n in names})


def _blank(cls: Any, names: frozenset[str]) -> Any:
    """A module that copying and pickling fill."""
    return object.__new__(_with_properties(cls, names))


def register_parametrization(module: M, tensor_name: str, parametrization: Module, *, unsafe: bool = False) -> M:
    """Make a parameter or buffer of a module what `parametrization`, a module, makes of the tensor that is trained.

    This one is then `module.parametrizations.<tensor_name>.original`. Several parametrizations are applied one after
    the other. Assigning to the tensor asks their methods `right_inverse` what the original must be.

    Args:
        module: the module, which is changed, in its class too, and returned.
        tensor_name: of the parameter or buffer.
        parametrization: its `forward` takes and returns a tensor; if it has a method `right_inverse` that returns
            several, the first parametrization is called on as many.
        unsafe: don't check that shape and dtype stay.

    Raises:
        ValueError: there is no such tensor, or as `ParametrizationList`.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        known: Any = module.parametrizations[tensor_name]
        if not unsafe:
            before = getattr(module, tensor_name)
            after = parametrization(before)
            _check_kept("Registering a parametrization", after, before.shape, before.dtype)
            if hasattr(parametrization, "right_inverse"):
                try:
                    inverse = parametrization.right_inverse(after)
                except NotImplementedError:
                    inverse = before
                _check_kept("parametrization.right_inverse", inverse, before.shape, before.dtype)
        known.append(parametrization)
        known.unsafe |= unsafe
    elif module._kinds.get(tensor_name) in (PARAMETER, BUFFER) and getattr(module, tensor_name) is not None:
        made = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            module.parametrizations = ModuleDict()
        base: Any = type_before_parametrizations(module)
        module.parametrizations[tensor_name] = made
        module.__class__ = _with_properties(base, frozenset(module.parametrizations.keys()))
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name "
            f"'{tensor_name}'"
        )
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether the tensor of that name, or any of the module, is parametrized."""
    found = vars(module).get("parametrizations")
    if not isinstance(found, ModuleDict):
        return False
    return len(found) > 0 if tensor_name is None else tensor_name in found


def remove_parametrizations(module: M, tensor_name: str, leave_parametrized: bool = True) -> M:
    """Make a parametrized tensor a parameter or buffer again. Returns the module.

    Args:
        leave_parametrized: with its present value; else with the original one.

    Raises:
        ValueError: it isn't parametrized, or was made of several tensors, of which none can be left.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    known: Any = module.parametrizations[tensor_name]
    if known.is_tensor:
        tensor: Tensor = known.original
        if leave_parametrized:
            with no_grad():
                tensor.data = getattr(module, tensor_name).detach()
    elif leave_parametrized:
        value: Tensor = getattr(module, tensor_name)
        tensor = Parameter(value.detach()) if value.requires_grad else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a "
            "sequence of tensors."
        )
    base: Any = type_before_parametrizations(module)
    module.parametrizations.pop(tensor_name)
    names = frozenset(module.parametrizations.keys())
    module.__class__ = _with_properties(base, names) if names else base
    if not names:
        del module.parametrizations
    _register(module, tensor_name, tensor)
    return module


def type_before_parametrizations(module: Module) -> type[Module]:
    """The class that a module had before anything of it was parametrized."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(from_module: Module, to_module: M, tensor_name: str | None = None) -> M:
    """Give another module the parametrizations, and the originals, of one tensor or of all. Returns that module."""
    if is_parametrized(from_module):
        for name in from_module.parametrizations.keys() if tensor_name is None else [tensor_name]:
            known: Any = from_module.parametrizations[name]
            if not hasattr(to_module, name):
                setattr(to_module, name, Parameter(getattr(from_module, name).detach().clone()))
            for parametrization in known:
                register_parametrization(to_module, name, parametrization)
            for own, kind in tuple(known._kinds.items()):
                if kind in (PARAMETER, BUFFER):
                    setattr(to_module.parametrizations[name], own, getattr(known, own))
    return to_module
