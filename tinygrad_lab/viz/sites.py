"""Where an operation was called: its line, its module, and its value, noted while a graph is built."""

from __future__ import annotations

import ast
import functools
import itertools
import linecache
import sys
from pathlib import Path
from typing import Any

from ..graph import Node, noter, watcher
from ..nn import Module
from ..op import watch_outputs
from .stats import Stats, stats

_CALL = Module.__call__.__code__


class Seen:
    """What was noted of a node: the shape and dtype of its output, statistics of it, and the path of its module."""

    __slots__ = ("dtype", "module", "shape", "stats")

    def __init__(self, y: Any, module: str) -> None:
        self.shape: tuple[int, ...] = y.shape
        self.dtype = str(y.dtype)
        self.stats: Stats | None = stats(y)
        self.module = module


class sites:
    """`with viz.sites():` notes of each operation its source line, its module and its value, for the drawings.

    Outside the block nothing is noted and nothing is paid. Inside, each operation takes some 50 us longer.
    """

    def __enter__(self) -> sites:
        self._paths: dict[tuple[Module, ...], str] = {}
        self._token = noter.set(self._note)
        watch_outputs(True)
        return self

    def __exit__(self, *exc: object) -> None:
        noter.reset(self._token)
        self._paths.clear()
        watch_outputs(watcher.get() is not None or noter.get() is not None)

    def _note(self, node: Node, y: Any) -> None:
        frame = sys._getframe(1)
        modules: list[Module] = []
        while frame is not None:
            if frame.f_code is _CALL:
                modules.append(frame.f_locals["self"])
            frame = frame.f_back  # type: ignore[assignment]  # None at the bottom
        chain = tuple(reversed(modules))
        if chain not in self._paths:
            self._paths[chain] = _path(chain)
        node.seen = Seen(y, self._paths[chain])


def _path(chain: tuple[Module, ...]) -> str:
    """The path of the last module from the first, as in `named_modules`; a module out of the tree by its class."""
    steps = []
    for above, module in itertools.pairwise(chain):
        name = next((n for n, m in above.named_modules() if m is module and n), None)
        steps.append(name or type(module).__name__)
    return ".".join(steps)


def shown_site(site: str) -> str:
    """`site` relative to the working directory, or with the file's name only."""
    file, _, line = site.rpartition(":")
    path = Path(file)
    try:
        return f"{path.relative_to(Path.cwd())}:{line}"
    except ValueError:
        return f"{path.name}:{line}"


def source_line(site: str) -> str | None:
    """The text of the line, where the file can be read."""
    file, _, line = site.rpartition(":")
    return linecache.getline(file, int(line)).strip() or None if line.isdigit() else None


def assigned(site: str) -> str | None:
    """The one variable that the statement on the line assigns, as `h` in `h = (x @ w).tanh()`."""
    file, _, line = site.rpartition(":")
    return _assignments(file).get(int(line)) if line.isdigit() else None


@functools.lru_cache(32)
def _assignments(file: str) -> dict[int, str]:
    found: dict[int, str] = {}
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return found
    for statement in ast.walk(tree):
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target: ast.expr = statement.targets[0]
        elif isinstance(statement, ast.AnnAssign | ast.AugAssign):
            target = statement.target
        else:
            continue
        if isinstance(target, ast.Name):
            for number in range(statement.lineno, (statement.end_lineno or statement.lineno) + 1):
                found[number] = target.id
    return found
