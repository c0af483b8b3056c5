"""The module: a tree of layers that knows its parameters, and how it is saved, loaded, printed and called."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from .. import memory
from ..graph import RemovableHandle
from ..tensor import Tensor
from .parameter import Parameter


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` returns: the names that one side has and the other has not."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        return super().__repr__() if any(self) else "<All keys matched successfully>"


class _Hook:
    """A function to call around `forward`, and whether it wants the keyword arguments, too."""

    def __init__(self, function: Callable[..., Any], with_kwargs: bool) -> None:
        self.function = function
        self.with_kwargs = with_kwargs


class _Hooks:
    """A module's hooks: those that see the arguments, and those that see the result."""

    def __init__(self) -> None:
        self.before: list[_Hook] = []
        self.after: list[_Hook] = []


class Module:
    """The base of every layer and model. A subclass calls `super().__init__()` and defines `forward`.

    Parameters, buffers and submodules are plain attributes: what their class is says what they are. So a type checker
    sees them, and reading one costs no more than any attribute (a `__getattr__` made a layer's call 3 us slower).

    Attributes:
        training: whether the module behaves as in training, or as in evaluation.
    """

    training: bool
    _kinds: dict[str, str]  # the names of parameters, buffers and child modules, in order, and which each is
    _transient: set[str]  # the buffers that aren't saved
    _hooks: _Hooks | None = None  # set with the first hook, so that a call looks at one name

    def __init__(self) -> None:
        self._kinds = {}
        self._transient = set()
        self.training = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; a subclass defines it.

        Raises:
            NotImplementedError: it didn't.
        """
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`forward` of the arguments, with the hooks around it."""
        if self._hooks is None:
            return self.forward(*args, **kwargs)
        return self._call_with_hooks(self._hooks, args, kwargs)

    # ------------------------------------------------------------------------------------- attributes

    def __setattr__(self, name: str, value: Any) -> None:
        kind = next((k for k, (cls, _) in _KINDS.items() if isinstance(value, cls)), None)
        kinds = self.__dict__.get("_kinds")
        if kinds is None:
            if kind is not None:
                raise AttributeError(f"cannot assign {_KINDS[kind].plural} before Module.__init__() call")
        elif (known := kinds.get(name)) is not None:
            if kind != known and not (kind == "parameter" or (kind, known) == ("child module", "buffer")):
                if value is not None and not (known == "buffer" and isinstance(value, Tensor)):
                    raise TypeError(
                        f"cannot assign '{type(value).__name__}' as {known} '{name}' "
                        f"({' or '.join(_EXPECTED[known])} or None expected)"
                    )
                kind = known
            if kind != known:
                self._forget(name)
        if kinds is not None and kind is not None:
            kinds[name] = kind
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        self._forget(name)

    def _forget(self, name: str) -> None:
        self._kinds.pop(name, None)
        self._transient.discard(name)
