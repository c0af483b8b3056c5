"""The reference: a page for every public room, written from its contents, and proof that no name is missing."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

from pages import heading, indented, write_folder
from public import PACKAGE, contents, lead, methods, public_names, rooms, source, title
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

LONG = 60
"""Names on a page, from which on each family has a page of its own."""


log = logging.getLogger(__name__)


# -------------------------------------------------------------------------------------------------------- pages


def entry(value: Any, name: str, known: dict[int, str]) -> str:
    """What explains one name: that of a thing that `known` has says which it is."""
    if id(value) in known:
        kind = "class" if inspect.isclass(value) else "function"
        return f".. py:{kind}:: {name}\n\n   :py:obj:`{known[id(value)]}`, by another name.\n"
    if inspect.isclass(value):
        own = value.__module__.startswith(PACKAGE)  # and not NumPy's
        return f".. autoclass:: {name}\n" + "   :members:\n" * own
    return f".. autofunction:: {name}\n" if callable(value) else f".. autodata:: {name}\n"


def summary_table(found: list[str]) -> str:
    return ".. autosummary::\n   :nosignatures:\n\n" + indented("\n".join(found)) + "\n"


def room_pages(room: ModuleType, known: dict[int, str]) -> dict[str, str]:
    """The page of a room; if it is long, one for each family in it, too.

    Args:
        known: the full name of each thing that is explained, by identity; this room's are added.
    """
    name, found = room.__name__, contents(room)
    found.pop("Tensor", None)  # it has a page of its own
    entries = {n: entry(value, n, known) for n, value in found.items()}
    known |= {id(value): f"{name}.{n}" for n, value in found.items() if callable(value) and id(value) not in known}
    top = f"{heading(name)}\n.. currentmodule:: {name}\n\n{lead(room)}\n\n"
    if len(found) <= LONG:
        return {f"{name}.rst": "\n".join([f"{top}{summary_table(list(found))}", *entries.values()])}
    families: dict[str, list[str]] = {}
    for n, value in found.items():
        families.setdefault(source(value, name), []).append(n)
    pages = {}
    for family, members in families.items():
        module = importlib.import_module(family)
        page = f"{name}/{family.removeprefix(PACKAGE + '.')}.rst"
        lines = [
            f"{heading(title(module))}\n.. currentmodule:: {name}\n",
            f"``{family}``, as names of ``{name}``.\n\n{summary_table(members)}",
        ]
        pages[page] = "\n".join([*lines, *(entries[n] for n in members)])
        link = f":doc:`In full <{page.removesuffix('.rst')}>`."
        top += f"{heading(title(module), '-')}\n{link}\n\n{summary_table(members)}\n"
    files = [page.removesuffix(".rst") for page in pages]
    tree = indented("\n".join(f"{file.rpartition('/')[2]} <{file}>" for file in files))
    return pages | {f"{name}.rst": f"{top}.. toctree::\n   :hidden:\n\n{tree}\n"}


def tensor_page() -> str:
    """The tensor: its own methods in full, and for each that is a function of the package the function."""
    package = importlib.import_module(PACKAGE)
    plain, within, own = [], [], []
    for name, value in methods().items():
        if name.endswith("_") and callable(value):
            within.append(name)
        elif getattr(package, name, None) is value:
            plain.append(name)
        else:
            own.append(name)

    def entries(found: list[str]) -> str:
        return "\n".join(
            f".. {'automethod' if callable(methods()[n]) else 'autoattribute'}:: Tensor.{n}\n" for n in found
        )

    same = "\n".join(
        f".. py:method:: Tensor.{n}{signature(methods()[n])}\n\n   :py:func:`{PACKAGE}.{n}` of the tensor.\n"
        for n in plain
    )
    return (
        f"{heading(f'{PACKAGE}.Tensor')}\n.. currentmodule:: {PACKAGE}\n\n.. autoclass:: Tensor\n   :no-members:\n\n"
        f"{heading('Its own', '-')}\n{entries(own)}\n"
        f"{heading('In place', '-')}\n{entries(within)}\n"
        f"{heading('Functions as methods', '-')}\n{same}"
    )


def signature(function: Any) -> str:
    """The arguments behind the first one."""
    rest = list(inspect.signature(function).parameters.values())[1:]
    return str(inspect.Signature([p.replace(annotation=p.empty) for p in rest]))


def pages() -> dict[str, str]:
    """The folder of the reference."""
    found: dict[str, str] = {}
    known: dict[int, str] = {}
    for room in rooms():
        found |= room_pages(room, known)
    inner = [r.__name__ for r in rooms() if r.__name__ != PACKAGE]
    tree = indented("\n".join([PACKAGE, "Tensor", *(f"{name.removeprefix(PACKAGE + '.')} <{name}>" for name in inner)]))
    return found | {
        "Tensor.rst": tensor_page(),
        "index.rst": f"{heading('Reference')}\nEvery public name, by the room it lives in.\n\n"
        f".. toctree::\n   :maxdepth: 1\n\n{tree}\n",
    }


# -------------------------------------------------------------------------------------------------- completeness


def missing(env: BuildEnvironment) -> list[str]:
    """The public names that no page explains."""
    return sorted(public_names() - set(env.domaindata["py"]["objects"]))


def check(app: Sphinx, env: BuildEnvironment) -> None:
    for name in missing(env):
        log.warning("the reference doesn't explain %s", name)


def write(app: Sphinx) -> None:
    write_folder(Path(app.srcdir) / "api", pages())


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", write)
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
