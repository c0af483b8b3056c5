"""What is public: what the package itself says.

The names in a module's `__all__`, or, where it has none, those that it defines, or imports as themselves.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

PACKAGE = "tinygrad_lab"
CLOSED = {f"{PACKAGE}.ops", f"{PACKAGE}.demo"}
"""Rooms whose contents are public by other names, or by a command."""
ASKED_FOR = (f"{PACKAGE}.testing.given", f"{PACKAGE}.testing.tensors", f"{PACKAGE}.training")
"""Rooms that their parent doesn't import: they need an extra, or most programs don't need them."""


def names(module: ModuleType) -> list[str]:
    """The public names of a module, in its own order."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    found = []
    package = hasattr(module, "__path__")
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.ImportFrom) and node.level:
            found += [a.asname or a.name for a in node.names if a.asname == a.name or (package and not a.asname)]
    return [name for name in dict.fromkeys(found) if not name.startswith("_")]


def contents(module: ModuleType) -> dict[str, Any]:
    """The public functions, classes and values of a module."""
    found = {name: getattr(module, name) for name in names(module)}
    return {name: value for name, value in found.items() if not inspect.ismodule(value)}


def rooms(module: ModuleType | None = None) -> Iterator[ModuleType]:
    """The package and every public module in it."""
    if module is None:
        yield from rooms(importlib.import_module(PACKAGE))
        yield from map(importlib.import_module, ASKED_FOR)
        return
    yield module
    for name in names(module):
        inner = getattr(module, name)
        if inspect.ismodule(inner) and inner.__name__ == f"{module.__name__}.{name}" and inner.__name__ not in CLOSED:
            yield from rooms(inner)


def public_names() -> set[str]:
    """Every name that the reference must explain."""
    found = {f"{room.__name__}.{name}" for room in rooms() for name in contents(room)}
    return found | {f"{PACKAGE}.Tensor.{name}" for name in methods()}


def methods() -> dict[str, Any]:
    """The public methods and properties of a tensor."""
    tensor = importlib.import_module(PACKAGE).Tensor
    return {n: getattr(tensor, n) for n in dir(tensor) if not n.startswith("_")}


def lead(module: ModuleType) -> str:
    """What a module says of itself."""
    return inspect.getdoc(module) or ""


def title(module: ModuleType) -> str:
    """The first sentence of what a module says of itself, up to a colon."""
    return lead(module).split("\n\n")[0].replace("\n", " ").split(":")[0].split(". ")[0].rstrip(".")


def source(value: Any, room: str) -> str:
    """The module that a public thing comes from; the room itself for a plain value."""
    module = getattr(value, "__module__", None) or room
    return module if module.startswith(PACKAGE) else room
