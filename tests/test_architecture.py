"""The house: which module may import which, how long one may be, what importing the package loads.

Imports point down the list `HOUSE` only; modules of one line of the list may import each other, but
never in a circle. Imports under `if TYPE_CHECKING:` don't count, as a running program has none.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

NAME = "tinygrad_lab"
PACKAGE = Path(__file__).parents[1] / NAME
MAX_LINES = 550

# The rooms, from the ground up. A room is a module or a folder right inside the package.
HOUSE = (
    {"devices", "dtypes", "graph", "half", "memory", "random", "threads"},
    {"accelerator", "backends", "cuda", "domain", "convention", "limits", "printing", "promotion", "public"},
    {"op"},
    {"ops"},
    {"inplace", "backward", "numpy_api", "special"},
    {"methods", "operators"},
    {"tensor"},
    {"creation", "typed"},
    {"autograd"},
    {"func"},
    {"linalg"},
    {"nn"},
    {"optim"},
    {"utils"},
    {"datasets"},
    {"io"},
    {"training"},
    {"viz"},
    {"script"},
    {"testing"},
    {"compile"},
    {"distributed"},
    {"demo", "shown"},
    {"cli"},
    {"__init__", "__main__"},
)
FLOOR = {room: floor for floor, rooms in enumerate(HOUSE) for room in rooms}

HEAVY = (
    *("graphviz", "hypothesis", "latex2mathml", "matplotlib", "pooch", "pygraphviz", "pytest", "safetensors", "scipy"),
    *("tensorboardX", "tokenizers", "tqdm", f"{NAME}.training"),
)


@dataclass(frozen=True)
class Import:
    """Line `line` of module `module` imports module `target`."""

    module: str
    line: int
    target: str

    def __str__(self) -> str:
        return f"{self.module}, line {self.line}: imports {self.target}"


def sources(package: Path) -> dict[str, str]:
    """The source of every module, by its dotted name; that of a folder ends in `.__init__`."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts)] = path.read_text(encoding="utf-8")
    return found


def is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def import_statements(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The import statements below `node` that run, inside functions too."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node
    elif isinstance(node, ast.If) and is_type_checking(node.test):
        for child in node.orelse:
            yield from import_statements(child)
    else:
        for child in ast.iter_child_nodes(node):
            yield from import_statements(child)


def imports(modules: Mapping[str, str]) -> list[Import]:
    """Every import of one of `modules` by another; `from p import q` means `p.q` if that is one."""
    module_of = {name.removesuffix(".__init__"): name for name in modules}
    found = []
    for module, source in modules.items():
        for statement in import_statements(ast.parse(source)):
            names = [alias.name for alias in statement.names]
            if isinstance(statement, ast.ImportFrom):
                above = module.split(".")[: -statement.level] if statement.level else []
                base = ".".join([*above, *filter(None, [statement.module])])
                names = [full if (full := f"{base}.{n}") in module_of else base for n in names]
            targets = dict.fromkeys(module_of[n] for n in names if n in module_of)
            found += [Import(module, statement.lineno, t) for t in targets if t != module]
    return found


def room(module: str) -> str:
    """The room of a module: `tinygrad_lab.nn.linear` is in `nn`."""
    return module.split(".")[1]


def climbing(found: list[Import]) -> list[Import]:
    """The imports that point up the list; a room without a place in it has a test of its own."""
    top = len(HOUSE)
    return [i for i in found if FLOOR.get(room(i.target), 0) > FLOOR.get(room(i.module), top)]


def circle(found: list[Import]) -> list[str]:
    """The modules of one circle of imports, each imported by the next; empty if there is none."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for i in found:
        sorter.add(i.module, i.target)
    try:
        sorter.prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


MODULES = sources(PACKAGE)
IMPORTS = imports(MODULES)


def test_every_module_has_a_place_in_the_house() -> None:
    homeless = [module for module in MODULES if room(module) not in FLOOR]
    assert not homeless, f"give each of these a place in HOUSE: {', '.join(homeless)}"


def test_imports_point_down() -> None:
    wrong = "\n".join(f"{i} ({room(i.module)} stands below {room(i.target)})" for i in climbing(IMPORTS))
    assert not wrong, f"imports point down the house only:\n{wrong}"


def test_no_imports_in_a_circle() -> None:
    modules = circle(IMPORTS)
    steps = set(zip(modules[1:], modules, strict=False))
    lines = "\n".join(str(i) for i in IMPORTS if (i.module, i.target) in steps)
    assert not modules, f"{' <- '.join(modules)} is a circle of imports:\n{lines}"


@pytest.mark.parametrize("module", [m for m in MODULES if m != f"{NAME}.__init__"])  # the table of contents
def test_no_module_is_long(module: str) -> None:
    lines = len(MODULES[module].splitlines())
    assert lines <= MAX_LINES, f"{module} has {lines} lines: is there a room too many in it?"


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = f"import sys, {NAME}\nprint(*(name for name in {HEAVY} if name in sys.modules))\n"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert not run.stdout.split(), f"`import {NAME}` loads {run.stdout.strip()}: import it where it is used"


class TestTheTest:
    """What the checks above must see, on small sources."""

    def test_an_import_upwards_is_found(self) -> None:
        found = imports(
            {
                "tinygrad_lab.__init__": "",
                "tinygrad_lab.graph": "def f():\n    import tinygrad_lab.op",
                "tinygrad_lab.op": "from tinygrad_lab.graph import Node\nfrom .ops import exp",
                "tinygrad_lab.ops.__init__": "from .. import nothing",
                "tinygrad_lab.ops.exp": "from tinygrad_lab import op",
            }
        )
        assert [str(i) for i in climbing(found)] == [
            "tinygrad_lab.graph, line 2: imports tinygrad_lab.op",
            "tinygrad_lab.op, line 2: imports tinygrad_lab.ops.exp",
            "tinygrad_lab.ops.__init__, line 1: imports tinygrad_lab.__init__",
        ]

    def test_imports_for_types_do_not_count(self) -> None:
        guarded = "if TYPE_CHECKING:\n    from . import op\nelse:\n    from . import ops"
        found = imports({"tinygrad_lab.graph": guarded, "tinygrad_lab.op": "", "tinygrad_lab.ops.__init__": ""})
        assert [i.target for i in found] == ["tinygrad_lab.ops.__init__"]

    def test_relative_imports_count_from_their_folder(self) -> None:
        found = imports(
            {
                "tinygrad_lab.__init__": "from . import nn",
                "tinygrad_lab.nn.__init__": "from .linear import Linear",
                "tinygrad_lab.nn.linear": "from ..tensor import Tensor\nfrom . import init",
                "tinygrad_lab.nn.init": "",
                "tinygrad_lab.tensor": "",
            }
        )
        assert [(i.module, i.target) for i in found] == [
            ("tinygrad_lab.__init__", "tinygrad_lab.nn.__init__"),
            ("tinygrad_lab.nn.__init__", "tinygrad_lab.nn.linear"),
            ("tinygrad_lab.nn.linear", "tinygrad_lab.tensor"),
            ("tinygrad_lab.nn.linear", "tinygrad_lab.nn.init"),
        ]

    def test_a_circle_is_found(self) -> None:
        found = imports(
            {
                "tinygrad_lab.nn.__init__": "from .linear import Linear",
                "tinygrad_lab.nn.linear": "from tinygrad_lab.nn import Module",
            }
        )
        assert set(circle(found)) == {"tinygrad_lab.nn.__init__", "tinygrad_lab.nn.linear"}
        assert circle(found[:1]) == []
