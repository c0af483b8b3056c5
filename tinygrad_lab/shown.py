"""What a user's file says to show: the commands `tinygrad-lab derive` and `tinygrad-lab draw`."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .graph import toposort
from .nn import Module
from .script import NAME, run, split, traced
from .tensor import Tensor
from .viz import derive, save, sites
from .viz.drawing import write


def derive_file(
    target: str, wrt: Sequence[str], format: str | None, out: Path | None, values: bool, limit: int | None
) -> int:
    """Derive the gradient of `FILE.py::name` with respect to the tensors named `wrt`; print it, or write it to `out`.

    Without a format the suffix of `out` says it. Returns the exit status.

    Raises:
        OSError: the file can't be read, or `out` not be written.
        ScriptError: the file ended in an error.
        ValueError: there is nothing of that name, or nothing to derive.
    """
    y, names = found(target)
    try:
        derivation = derive(y, list(wrt) or None, names, values=values, limit=limit)
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    if out is not None and format is None:
        print(f"wrote {derivation.save(out)}")
        return 0
    text = getattr(derivation, format or "text")()
    if out is None:
        print(text, end="")
    else:
        write(out, text.encode())
        print(f"wrote {out}")
    return 0


def draw_file(target: str, out: Path, **options: Any) -> int:
    """Draw the graph of `FILE.py::name` into `out`; for the options see `viz.save`. Returns the exit status.

    Raises:
        ImportError: the picture needs Graphviz.
        OSError: the file can't be read, or `out` not be written.
        ScriptError: the file ended in an error.
        ValueError: there is nothing of that name, nothing to draw, or no such format.
    """
    y, names = found(target)
    try:
        print(f"wrote {save(y, out, names, **options)}")
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    return 0


def found(target: str) -> tuple[Tensor, dict[str, Tensor]]:
    """The tensor that `FILE.py::name` is or returns, and what the tensors of the file are called.

    Raises:
        ValueError: there is nothing of that name, or it is something else.
    """
    file, name = split(target)
    with sites():
        values = run(file)
        there = [key for key, value in values.items() if _is_result(value)]
        if name not in there:
            known = f"it has {', '.join(there)}" if there else "it has none"
            wanted = f"{name!r}" if name else "a name, as in FILE.py::loss"
            raise ValueError(f"{file} must have a tensor or a function without arguments for {wanted}; {known}")
        value = values[name]
        result = value if isinstance(value, Tensor) else traced(file, value)
    more: dict[str, Tensor] = {}
    if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], Mapping | Module):
        result, named = result
        more = dict(named) if isinstance(named, Mapping) else dict(named.named_parameters())
    if not isinstance(result, Tensor):
        raise ValueError(
            f"{name} in {file} must return a tensor, or a tensor and names for others in a dict or module, not "
            f"{type(result).__name__}"
        )
    used = set(toposort([] if result._node is None else [result._node]))
    return result, {k: t for k, t in _names(values).items() if t._node is None or t._node in used} | more


def _is_result(value: Any) -> bool:
    """A tensor with a graph, or a function of the file that can be called as it is."""
    if isinstance(value, Tensor):
        return value.requires_grad
    if not inspect.isfunction(value) or value.__module__ != NAME:
        return False
    return all(
        p.default is not p.empty or p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        for p in inspect.signature(value).parameters.values()
    )


def _names(values: Mapping[str, Any]) -> dict[str, Tensor]:
    """The file's tensors by their variables, and the parameters of its modules by their paths."""
    modules = {key: value for key, value in values.items() if isinstance(value, Module)}
    names = {
        (path if len(modules) == 1 else f"{key}.{path}"): parameter
        for key, module in modules.items()
        for path, parameter in module.named_parameters()
    }
    return names | {k: v for k, v in values.items() if isinstance(v, Tensor) and not k.startswith("_")}
