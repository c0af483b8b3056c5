"""The guides: every page in docs/ that the table of contents doesn't name is one, so that a new one shows up."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what finds the guides is tested without Sphinx
    from sphinx.application import Sphinx

PLACE = "every-other-page"


def guides(index: str, folder: Path) -> list[str]:
    """The pages of `folder` that `index` doesn't name, in alphabetical order."""
    named = {"index", *re.findall(r"^[\w/]+$", index, re.MULTILINE)}
    return sorted(p.stem for p in folder.glob("*.md") if p.stem not in named)


def fill(app: Sphinx, docname: str, source: list[str]) -> None:
    if docname == app.config.root_doc:
        source[0] = source[0].replace(PLACE, "\n".join(guides(source[0], app.srcdir)))


def read_index_again(app: Sphinx, *_: object) -> list[str]:
    return [app.config.root_doc]


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", fill)
    app.connect("env-get-outdated", read_index_again)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
