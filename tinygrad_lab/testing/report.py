"""Every derivation of a file checked, on the terminal and as a report: the command `tinygrad-lab check`."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path

from ..script import run, split
from .derivation import Derivation, DerivationResult

SUFFIXES = (".md", ".html")


def check_file(target: str, max_examples: int, report: Path | None = None) -> int:
    """Check the derivations of `FILE.py`, or the one of `FILE.py::name`; print what was found.

    Args:
        target: the file, and the name after `::`.
        max_examples: how many inputs to draw for each.
        report: where to write a report, in Markdown or HTML.

    Returns:
        the exit status, 1 if a derivation is wrong.

    Raises:
        OSError: the file can't be read, or the report not be written.
        ScriptError: the file ended in an error.
        ValueError: there is no derivation, or none of that name, or the report's suffix is unknown.
    """
    if report is not None and report.suffix not in SUFFIXES:
        raise ValueError(f"a report ends in {' or '.join(SUFFIXES)}, not {report.suffix or 'nothing'}: {report}")
    file, name = split(target)
    results = {key: d.check(max_examples) for key, d in derivations(file, name).items()}
    for result in results.values():
        print(result)
    if report is not None:
        write = markdown if report.suffix == ".md" else page
        report.write_text(write(file.name, results), encoding="utf-8")
    return 0 if all(results.values()) else 1


def derivations(file: Path, name: str = "") -> dict[str, Derivation]:
    """The derivations that running `file` leaves, by their names; only that of `name`, if given."""
    found = {key: value for key, value in run(file).items() if isinstance(value, Derivation)}
    if name and name not in found:
        known = f"it has {', '.join(found)}" if found else "it has none"
        raise ValueError(f"{file} has no derivation {name!r}; {known}")
    if not found:
        raise ValueError(f"{file} has no derivation; declare one with @tinygrad_lab.testing.derivation(f, *inputs)")
    return {name: found[name]} if name else found


def markdown(title: str, results: Mapping[str, DerivationResult]) -> str:
    """The report as Markdown."""
    lines = [f"# Derivations in {title}", "", "| derivation | verdict | inputs tried |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {_verdict(r)} | {r.examples} |" for name, r in results.items()]
    for name, r in results.items():
        if not r:
            lines += ["", f"## {name}", "", "```", str(r), "```"]
    return "\n".join(lines) + "\n"


def page(title: str, results: Mapping[str, DerivationResult]) -> str:
    """The report as one HTML page."""
    shown = html.escape(title)
    rows = "\n".join(
        f'<tr class="{"right" if r else "wrong"}"><td><code>{html.escape(name)}</code></td><td>{_verdict(r)}</td>'
        f"<td>{r.examples}</td></tr>"
        for name, r in results.items()
    )
    details = "\n".join(
        f"<h2>{html.escape(name)}</h2>\n<pre>{html.escape(str(r))}</pre>" for name, r in results.items() if not r
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Derivations in {shown}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .4rem .8rem; border-bottom: 1px solid #ccc; }}
.right td:nth-child(2) {{ color: #00695c; }}
.wrong td:nth-child(2) {{ color: #b71c1c; font-weight: 600; }}
pre {{ background: #f5f5f5; padding: .8rem; white-space: pre-wrap; }}
</style>
<h1>Derivations in {shown}</h1>
<table>
<tr><th>derivation</th><th>verdict</th><th>inputs tried</th></tr>
{rows}
</table>
{details}
</html>
"""


def _verdict(result: DerivationResult) -> str:
    return "right" if result else f"wrong: {result.mistake}"
