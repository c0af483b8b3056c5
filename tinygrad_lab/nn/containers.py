"""Modules that hold modules: in a row, in a list, in a dict."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from itertools import groupby
from typing import Any, Self, SupportsIndex, overload

from .module import Module
from .saving import CHILD


class _Numbered(Module):
    """Modules in order, named by their numbers."""

    def _all(self) -> list[Module]:
        return list(self._registered(CHILD).values())

    def _place(self, index: SupportsIndex) -> int:
        """`index` counted from the front.

        Raises:
            IndexError: there is nothing at `index`.
        """
        i, n = operator.index(index), len(self)
        if not -n <= i < n:
            raise IndexError(f"index {i} is out of range")
        return i % n

    def _renumber(self, modules: Iterable[Module]) -> None:
        """Hold `modules` in place of what was held."""
        modules = list(modules)
        for name in self._registered(CHILD):
            delattr(self, name)
        self.extend(modules)

    def __len__(self) -> int:
        return len(self._registered(CHILD))

    def __iter__(self) -> Iterator[Module]:
        return iter(self._all())

    def __setitem__(self, index: SupportsIndex, module: Module) -> None:
        setattr(self, list(self._registered(CHILD))[self._place(index)], module)

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        modules = self._all()
        del modules[index if isinstance(index, slice) else self._place(index)]
        self._renumber(modules)

    def append(self, module: Module) -> Self:
        """Put `module` at the end. Returns the container.

        Raises:
            TypeError: it isn't a `Module`.
        """
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Put each of `modules` at the end. Returns the container.

        Raises:
            TypeError: `modules` isn't iterable, or one isn't a `Module`.
        """
        if not isinstance(modules, Iterable):
            raise TypeError(
                f"{type(self).__name__}.extend should be called with an iterable, but got {type(modules).__name__}"
            )
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Put `module` before the one at `index`. Returns the container.

        Raises:
            IndexError: `index` is out of range.
            TypeError: `module` isn't a `Module`.
        """
        modules = self._all()
        if not -len(modules) <= index <= len(modules):
            raise IndexError(f"Index out of range: {index}")
        if not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def pop(self, index: SupportsIndex = -1) -> Module:
        """Take out the module at `index`, by default the last, and return it.

        Raises:
            IndexError: there is nothing at `index`.
        """
        module = self._all()[self._place(index)]
        del self[index]
        return module


class Sequential(_Numbered):
    """Modules one after the other: each is given what the one before returns.

    Args:
        args: the modules in order, or one `OrderedDict` of names and modules.

    Raises:
        TypeError: one isn't a `Module`.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = args[0] if len(args) == 1 and isinstance(args[0], OrderedDict) else None
        for name, module in enumerate(args) if named is None else named.items():
            self.add_module(str(name), module)

    def forward(self, input: Any) -> Any:
        """The last module's output; the input itself if there is none."""
        for name, kind in self._kinds.items():
            if kind == CHILD:
                input = self.__dict__[name](input)
        return input

    def __add__(self, other: Sequential) -> Sequential:
        return Sequential(*self).__iadd__(other)

    def __iadd__(self, other: Sequential) -> Self:
        if not isinstance(other, Sequential):
            raise ValueError(f"add operator supports only objects of Sequential class, but {type(other)} is given.")
        return self.extend(list(other))

    def __mul__(self, n: int) -> Sequential:
        """The modules in a row `n` times: the same ones, with the same parameters."""
        return Sequential(*self).__imul__(n)

    __rmul__ = __mul__

    def __imul__(self, n: int) -> Self:
        if not isinstance(n, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(n)}")
        if n <= 0:
            raise ValueError(f"Non-positive multiplication factor {n} for {type(self)}")
        return self.extend(list(self) * (n - 1))

    @overload
    def __getitem__(self, index: SupportsIndex) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Module | Self:
        """The module at `index`, or a `Sequential` of a slice, whose modules keep their names.

        Raises:
            IndexError: there is nothing at `index`.
        """
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self._registered(CHILD).items())[index]))
        return self._all()[self._place(index)]


class ModuleList(_Numbered):
    """A list of modules, whose parameters are found.

    Args:
        modules: what it holds at first.

    Raises:
        TypeError: one isn't a `Module`.
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(modules or ())

    @overload
    def __getitem__(self, index: SupportsIndex) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Module | Self:
        """The module at `index`, or a `ModuleList` of a slice.

        Raises:
            IndexError: there is nothing at `index`.
        """
        if isinstance(index, slice):
            return type(self)(self._all()[index])
        return self._all()[self._place(index)]

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def _child_lines(self) -> list[str]:
        """Equal neighbours on one line: `(0-2): 3 x ReLU()`."""
        lines, first = [], 0
        for text, run in groupby(map(repr, self)):
            n = len(list(run))
            lines.append(f"({first}): {text}" if n == 1 else f"({first}-{first + n - 1}): {n} x {text}")
            first += n
        return lines


class ModuleDict(Module):
    """A dict of modules, whose parameters are found; it keeps the order of insertion.

    Args:
        modules: a mapping or pairs of names and modules, what it holds at first.

    Raises:
        KeyError: a name is empty, has a dot or is an attribute of every module.
        TypeError: a value isn't a `Module`.
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        super().__init__()
        self.update(modules or {})

    def __getitem__(self, key: str) -> Module:
        return self._registered(CHILD)[key]  # type: ignore[no-any-return]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        self.pop(key)

    def __len__(self) -> int:
        return len(self._registered(CHILD))

    def __iter__(self) -> Iterator[str]:
        return iter(self._registered(CHILD))

    def __contains__(self, key: object) -> bool:
        return key in self._registered(CHILD)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._registered(CHILD).keys()

    def values(self) -> ValuesView[Module]:
        """The modules."""
        return self._registered(CHILD).values()

    def items(self) -> ItemsView[str, Module]:
        """Pairs of names and modules."""
        return self._registered(CHILD).items()

    def pop(self, key: str) -> Module:
        """Take out the module of that name and return it.

        Raises:
            KeyError: there is none.
        """
        module = self[key]
        delattr(self, key)
        return module

    def clear(self) -> None:
        """Take out all modules."""
        for key in self.keys():
            delattr(self, key)

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Set each of `modules`, a mapping or pairs of names and modules.

        Raises:
            TypeError: it is neither, or a value isn't a `Module`.
        """
        if not isinstance(modules, Iterable):
            raise TypeError(
                "ModuleDict.update should be called with an iterable of key/value pairs, but got "
                f"{type(modules).__name__}"
            )
        for key, module in modules.items() if isinstance(modules, Mapping) else modules:
            self[key] = module
