"""A user's file, run for what it defines: what `tinygrad-lab check`, `derive` and `draw` look at."""

from __future__ import annotations

import runpy
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
NAME = "tinygrad_lab_script"
"""The `__name__` of a file that is run."""


class ScriptError(Exception):
    """A user's file ended in an error; the text is the traceback, from the user's line on."""


def split(target: str) -> tuple[Path, str]:
    """`FILE.py::name` as file and name, "" if there is none."""
    file, _, name = target.partition("::")
    return Path(file), name


def run(file: Path) -> dict[str, Any]:
    """The names that running `file` leaves, with its folder to import from, as Python runs a script.

    Raises:
        FileNotFoundError: there is no such file.
        ScriptError: it ended in an error.
    """
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    return traced(file, lambda: runpy.run_path(str(file), run_name=NAME))


def traced(file: Path, call: Callable[[], T]) -> T:
    """What `call` returns, which runs code of `file`.

    Raises:
        ScriptError: it ended in an error.
    """
    folder = str(file.parent.resolve())
    sys.path.insert(0, folder)
    try:
        return call()
    except Exception as error:
        steps = error.__traceback__
        while steps is not None and steps.tb_frame.f_code.co_filename != str(file):
            steps = steps.tb_next
        raise ScriptError("".join(traceback.format_exception(type(error), error, steps)).rstrip()) from error
    finally:
        sys.path.remove(folder)
