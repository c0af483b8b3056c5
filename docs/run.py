"""Run the Python blocks of a page and put what they print into the `text` block behind each.

    python docs/run.py docs/proving.md          write the page anew
    python docs/run.py --check docs/proving.md  only say whether it is up to date

The blocks of a page are one program. A block that ends in an error prints the error's last line.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"```python\n(?P<code>(?:(?!```).)*)```(?P<shown>\n\n```text\n(?:(?!```).)*```)?", re.DOTALL)


def rewritten(page: str, folder: Path) -> str:
    """The page with every output anew. Its blocks are run from files in `folder`.

    Raises:
        ValueError: a block prints something, or ends in an error, and has no text block behind it.
    """
    names: dict[str, object] = {"__name__": "page"}
    sys.path.insert(0, str(ROOT))  # the tests are there
    number = itertools.count(1)

    def run(block: re.Match[str]) -> str:
        code = block["code"]
        file = folder / f"block_{next(number)}.py"
        file.write_text(code, encoding="utf-8")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            try:
                exec(compile(code, str(file), "exec"), names)
            except Exception as error:  # whatever it is, the page shows it
                print(f"{type(error).__name__}: {error}")
        text = printed.getvalue().replace(f"{folder}/", "").rstrip()
        if text and block["shown"] is None:
            raise ValueError(f"a block prints, and no text block shows it:\n{code}\n{text}")
        shown = "" if block["shown"] is None else f"\n\n```text\n{text}\n```"
        return f"```python\n{code}```{shown}"

    with contextlib.chdir(folder):  # where the files that a page writes may lie
        return BLOCK.sub(run, page)


def without_digits(text: str) -> str:
    """The text without its decimals, whose last digits differ from processor to processor."""
    return re.sub(r"-?\d+\.\d*(e-?\d+)?|\d+e-\d+", "#", text)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the pages, or with --check compare them; 1 if one isn't up to date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(argv)
    stale = 0
    for path in options.pages:
        before = path.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            after = rewritten(before, Path(folder))
        if options.check and without_digits(before) != without_digits(after):
            print(f"{path} isn't up to date: python docs/run.py {path}")
            stale = 1
        elif not options.check and before != after:
            path.write_text(after, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
