"""Pages that are written before the build, from the package itself; they aren't in the repository."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def write_folder(folder: Path, pages: Mapping[str, str]) -> None:
    """Make `folder` hold these pages and nothing else; what is as it should be stays untouched, and isn't read anew."""
    for name, text in pages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for path in folder.rglob("*"):
        if path.is_file() and str(path.relative_to(folder)) not in pages:
            path.unlink()


def heading(title: str, line: str = "=") -> str:
    return f"{title}\n{line * len(title)}\n"


def indented(text: str, by: str = "   ") -> str:
    return "".join(by + line + "\n" if line.strip() else "\n" for line in text.splitlines())
