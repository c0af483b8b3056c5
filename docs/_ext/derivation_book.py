"""Writes the derivation book before the build, from the table of ops."""

from __future__ import annotations

import hashlib
from pathlib import Path

from book.derivation import MissingDerivationError
from book.page import book
from pages import write_folder
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

import tinygrad_lab

STAMP = "stamp.txt"

log = logging.getLogger(__name__)


def sources() -> str:
    """A digest of all that the book is made of."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for folder in (Path(tinygrad_lab.__file__).parent, here):
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.read_bytes())
    digest.update((here.parent / "generate.py").read_bytes())
    return digest.hexdigest()


def write(app: Sphinx) -> None:
    """Write the book, unless it is there and nothing that it is made of has changed."""
    folder, now = Path(app.srcdir) / "book", sources()
    stamp = folder / STAMP
    if stamp.exists() and stamp.read_text(encoding="utf-8") == now:
        return
    log.info("writing the derivation book ...")
    try:
        pages = book()
    except MissingDerivationError as error:
        raise ExtensionError(str(error), modname="derivation_book") from error
    write_folder(folder, {**pages, STAMP: now})


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
