"""The state of a module as a dict, and back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, MutableMapping, ValuesView
from typing import Any, NamedTuple

import numpy as np

from .. import memory
from ..creation import as_tensor
from ..graph import RemovableHandle
from ..tensor import Tensor
from .parameter import Parameter, UninitializedBuffer, UninitializedParameter

PARAMETER, BUFFER, CHILD = "parameter", "buffer", "child module"
SHAPELESS = (UninitializedParameter, UninitializedBuffer)
EXTRA = "_extra_state"


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` returns: the names that the state dict lacks, and those that the module lacks."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __str__(self) -> str:
        return repr(self) if any(self) else "<All keys matched successfully>"


class Registered(MutableMapping[str, Any]):
    """The attributes of a module that are of one kind, by name, as a dict: what is set or deleted here is so there."""

    def __init__(self, module: Any, kind: str) -> None:
        self._module = module
        self._kind = kind

    def _now(self) -> dict[str, Any]:
        return self._module._registered(self._kind)  # type: ignore[no-any-return]  # the module stands above: Any here

    def __getitem__(self, name: str) -> Any:
        return self._now()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._module._register(name, self._kind, value)

    def __delitem__(self, name: str) -> None:
        self[name]  # a KeyError if there is none of that kind
        delattr(self._module, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def __repr__(self) -> str:
        return repr(self._now())

    def keys(self) -> KeysView[str]:
        """The names: as they are now, so that a loop over them may change the module."""
        return self._now().keys()

    def values(self) -> ValuesView[Any]:
        """What they name, as it is now."""
        return self._now().values()

    def items(self) -> ItemsView[str, Any]:
        """Both, as they are now."""
        return self._now().items()


class Saved:
    """What `Module` is saved and loaded by."""

    _kinds: dict[str, str]  # the names of parameters, buffers and child modules, and which each is
    _transient: set[str]  # the buffers that aren't saved
    _saving_hooks: dict[str, list[Callable[..., Any]]] | None = None  # made with the first one

    def _registered(self, kind: str) -> dict[str, Any]:
        """The attributes of that kind, by name."""
        return {name: getattr(self, name) for name, k in self._kinds.items() if k == kind}

    def get_extra_state(self) -> Any:
        """What else belongs to the module's state, under the name `_extra_state`; a subclass may define it.

        Raises:
            RuntimeError: it doesn't.
        """
        raise RuntimeError(f"{type(self).__name__} doesn't define get_extra_state")

    def set_extra_state(self, state: Any) -> None:
        """Take over what `get_extra_state` gave; a subclass that defines one defines the other.

        Raises:
            RuntimeError: it doesn't.
        """
        raise RuntimeError(f"{type(self).__name__} doesn't define set_extra_state")

    def _own_state(self) -> Iterator[tuple[str, Tensor]]:
        """The module's own parameters and persistent buffers, without those of the modules below."""
        for name, tensor in (*self._registered(PARAMETER).items(), *self._registered(BUFFER).items()):
            if tensor is not None and name not in self._transient:
                yield name, tensor

    def _saved_modules(self, prefix: str = "") -> Iterator[tuple[str, Saved]]:
        """This module and all below it, one under each of its names, with what stands before the names in it."""
        yield prefix, self
        for name, child in self._registered(CHILD).items():
            if child is not None:
                yield from child._saved_modules(f"{prefix}{name}.")

    def state_dict(
        self, *, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """The parameters and persistent buffers by their dotted names: detached tensors on the same memory.

        Args:
            destination: where to put them; by default a new `OrderedDict`.
            prefix: stands before each name.
            keep_vars: the parameters themselves, not detached.
        """
        for hook in self._saving("state_dict_pre"):
            hook(self, prefix, keep_vars)
        out = OrderedDict() if destination is None else destination
        for name, tensor in self._own_state():
            out[prefix + name] = tensor if keep_vars or isinstance(tensor, SHAPELESS) else tensor.detach()
        if self._has_extra_state():
            out[prefix + EXTRA] = self.get_extra_state()
        for name, child in self._registered(CHILD).items():
            if child is not None:
                child.state_dict(destination=out, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self._saving("state_dict_post"):
            hook(self, out, prefix, {})
        return out

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy tensors or arrays into the parameters and buffers of their names; all of them, or none on an error.

        Args:
            state_dict: as `state_dict` returns it.
            strict: raise if a name is missing or unexpected.
            assign: take over the given tensors and their dtype, instead of copying their elements; parameters go on
                to require grad, or not.

        Returns:
            the missing and the unexpected names.

        Raises:
            RuntimeError: lists the missing and the unexpected names, if `strict`, and every shape that doesn't fit.
            TypeError: `state_dict` isn't a mapping.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        given, errors = dict(state_dict), []  # type: tuple[dict[str, Any], list[str]]
        keys = IncompatibleKeys([], [])
        modules = list(self._saved_modules())
        for prefix, module in modules:
            for hook in module._saving("load_state_dict_pre"):
                hook(module, given, prefix, {}, strict, keys.missing_keys, keys.unexpected_keys, errors)
        own = {prefix + name: tensor for prefix, module in modules for name, tensor in module._own_state()}
        extra = {prefix + EXTRA: module for prefix, module in modules if module._has_extra_state()}
        keys.missing_keys.extend(k for k in (*own, *extra) if k not in given)
        keys.unexpected_keys.extend(k for k in given if k not in own and k not in extra)
        if strict and keys.missing_keys:
            errors.append(f"Missing key(s) in state_dict: {_quoted(keys.missing_keys)}. ")
        if strict and keys.unexpected_keys:
            errors.append(f"Unexpected key(s) in state_dict: {_quoted(keys.unexpected_keys)}. ")
        found = {name: given[name] for name in own if name in given}
        for name, value in found.items():
            if not hasattr(value, "__array__"):
                errors.append(
                    f'While copying the parameter named "{name}", expected a tensor or array from checkpoint but '
                    f"received {type(value)}"
                )
            elif not isinstance(own[name], SHAPELESS) and tuple(value.shape) != own[name].shape:
                errors.append(
                    f"size mismatch for {name}: copying a param with shape {tuple(value.shape)} from checkpoint, the "
                    f"shape in current model is {own[name].shape}."
                )
            elif not assign and not own[name].array.flags.writeable:
                errors.append(
                    f"While copying the parameter named {name!r}: its memory can't be written, as that of an expanded "
                    "tensor, whose elements share one place; register a clone() of it."
                )
        if errors:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(errors))
        site = memory.user_site()
        for prefix, module in modules if assign else ():
            for name, old in list(module._own_state()):
                if prefix + name in found:
                    new = as_tensor(found.pop(prefix + name))
                    setattr(module, name, Parameter(new, old.requires_grad) if isinstance(old, Parameter) else new)
        for name, value in found.items():
            target = own[name]
            if isinstance(target, SHAPELESS):
                target.materialize(value.shape)
            array = value.array if isinstance(value, Tensor) else np.asarray(value)
            np.copyto(target.array, array, casting="unsafe")
            memory.touch("load_state_dict", target.array, site=site)
        for name, module in extra.items():
            if name in given:
                module.set_extra_state(given[name])
        for _, module in modules:
            for hook in module._saving("load_state_dict_post"):
                hook(module, keys)
        return keys

    def _has_extra_state(self) -> bool:
        return type(self).get_extra_state is not Saved.get_extra_state

    def _saving(self, when: str) -> Iterable[Callable[..., Any]]:
        """The hooks to call then."""
        return () if self._saving_hooks is None else tuple(self._saving_hooks.get(when, ()))

    def _hook_saving(self, when: str, hook: Callable[..., Any]) -> RemovableHandle:
        self._saving_hooks = self._saving_hooks or {}
        hooks = self._saving_hooks.setdefault(when, [])
        hooks.append(hook)
        return RemovableHandle(hooks, hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, prefix, keep_vars)` before the module's state is taken."""
        return self._hook_saving("state_dict_pre", hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata)` when the module's state is in the dict.

        The hook may change the dict; `local_metadata` is empty.
        """
        return self._hook_saving("state_dict_post", hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)`.

        That is before anything is compared or copied: the hook may change the dict, a copy of what is loaded, and add
        to the lists.
        """
        return self._hook_saving("load_state_dict_pre", hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, incompatible_keys)` when everything is loaded."""
        return self._hook_saving("load_state_dict_post", hook)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
