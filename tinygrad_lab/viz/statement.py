"""A derivation written down: as text, LaTeX, Markdown and HTML."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from ..op import Op
from .expression import Symbol, full, indicator, is_number, made, names_in, same, sum_of, transposed
from .latex import latex
from .page import readable
from .stats import told

if TYPE_CHECKING:
    from .derivation import Definition, Derivation, Step


@dataclass(frozen=True)
class Line:
    """One line of a step: the right side of the equation, and why it is so."""

    right: Any
    reason: str


def lines_of(d: Derivation, step: Step) -> list[Line]:
    """The chain rule as it stands, simplified, and with earlier gradients put in; each line only if it says more."""
    total = sum_of([term.expression for term in step.terms])
    start = "the gradient of a number by itself" if d.seed is None else "the cotangent that the derivation starts from"
    lines = [Line(step.expression if total is None else total, start if total is None else "")]
    if not same(step.expression, lines[-1].right):
        lines.append(Line(step.expression, "; ".join(step.reasons)))
    if not same(step.resolved, lines[-1].right):
        lines.append(Line(step.resolved, "; ".join((_put_in(d, step), *step.why))))
    return lines


def _put_in(d: Derivation, step: Step) -> str:
    names = names_in(step.expression)
    used = [f"${s.symbol.name}$" for s in d.steps if s.symbol.name in names]
    return f"{', '.join(used)} put in"


def partial(d: Derivation, of: Symbol) -> str:
    r"""The left side of a result: `\frac{\partial L}{\partial W}`, or the name with a bar where y is no number."""
    if d.seed is not None:
        return d.step(of).symbol.name
    return rf"\frac{{\partial {d.y.name}}}{{\partial {of.name}}}"


def equation(d: Derivation, step: Step) -> tuple[str, str]:
    """A result in Unicode and in LaTeX."""
    tex = f"{partial(d, step.of)} = {latex(step.resolved)}"
    return to_unicode(tex), tex


def title(d: Derivation) -> tuple[str, list[str]]:
    """(y, the tensors) that a heading speaks of."""
    return d.y.name, [w.name for w in d.wrt]


def bar_says(d: Derivation) -> str:
    """What a bar means here, in words and $formulas$."""
    y = d.y.name
    if d.seed is None:
        return rf"A bar marks the gradient of ${y}$: $\bar{{x}} = \frac{{\partial {y}}}{{\partial x}}$."
    return (
        rf"${y}$ isn't a number. The derivation starts from a cotangent ${d.seed.name}$ of its shape: a bar marks the "
        rf"gradient of $\sum {d.seed.name} \odot {y}$."
    )


def uses(step: Step) -> list[str]:
    """Of each use of the tensor: which op, and its rule; then those of what stands in formulas without a name."""
    found = []
    for term in step.terms:
        said = [f"`{op}`, rule for `{operand}`" + (f": ${rule}$" if rule else "") for op, operand, rule in term.rules]
        found.append("; after ".join(said))
    return list(dict.fromkeys(found))


# ---------------------------------------------------------------------------------------------- shapes below terms


def with_shapes(e: Any, label: Any) -> Any:
    """The expression in which every name, transpose and constant is `label(its LaTeX, its shape)`."""
    if not isinstance(e, Symbol):
        return e
    whole = e.head is None or e.head in (full, indicator) or (isinstance(e.head, Op) and e.head.name == "one_hot")
    if e.head is full and e.dims and not (is_number(e.args[0]) and e.args[0] in (0, 1)):
        ones = with_shapes(made(full, 1, e.dims), label)
        return -ones if is_number(e.args[0]) and e.args[0] == -1 else with_shapes(e.args[0], label) * ones
    if whole or (e.head is transposed and e.args[0].head is None):
        return Symbol(label(latex(e), e.dims), dims=e.dims) if e.dims else e
    return made(e.head, *(with_shapes(a, label) for a in e.args), plain=e.plain)


def _sized(dims: tuple[int, ...]) -> str:
    return r" \times ".join(map(str, dims))


def shaped_latex(e: Any) -> str:
    """In LaTeX, the shape under every term."""
    return latex(with_shapes(e, lambda tex, dims: rf"\underset{{\scriptscriptstyle {_sized(dims)}}}{{{tex}}}"))


# -------------------------------------------------------------------------------------------------- in Unicode

# Letters that stand for marks while a formula is made readable: they are letters, so that nothing treats them as signs.
_BAR, _OPEN, _MIDDLE, _CLOSE = "ˉ", "ꀀ", "ꀁ", "ꀂ"
_TOKEN = f"A-Za-z0-9₀-₉{_BAR}"
_LOWERED = str.maketrans("0123456789aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")


def to_unicode(tex: str) -> str:
    """A formula as one line of Unicode, with bars over letters and small indices."""
    tex = re.sub(r"\\overline\{\\text\{([^{}]*)\}\}", lambda m: "".join(c + _BAR for c in m[1]), tex)
    tex = re.sub(r"\\bar\{(\w+)\}", rf"\1{_BAR}", tex)
    tex = re.sub(r"\\bar\{(\\\w+)\}", rf"\1 {_BAR}", tex)
    tex = re.sub(r"\\frac\{\\partial ([^{}]*(?:\{[^{}]*\})?)\}\{\\partial ((?:[^{}]|\{[^{}]*\})*)\}", r"∂\1/∂\2", tex)
    text = readable(tex).replace(f" {_BAR}", _BAR).replace("^T", "ᵀ")
    text = re.sub(r"_\((\d+)\)", r"_\1", text)
    text = re.sub(r"_(\d+|[aehijklmnoprstuvx](?![a-zA-Z0-9(]))", lambda m: m[1].translate(_LOWERED), text)
    text = re.sub(rf"((?:^|(?<=[ (]))[{_TOKEN}]+) / (?=[{_TOKEN}]+(?:[ ).,;]|$))", r"\1/", text)
    return unicodedata.normalize("NFC", text.replace(_BAR, "\N{COMBINING MACRON}"))


def shaped_unicode(e: Any) -> tuple[str, str]:
    """(formula, the shapes of its terms below them); the second line begins two columns further left."""
    labels: list[str] = []

    def label(tex: str, dims: tuple[int, ...]) -> str:
        labels.append("×".join(map(str, dims)))
        return f"{_OPEN}{tex}{_MIDDLE}{len(labels) - 1}{_CLOSE}"

    text = to_unicode(latex(with_shapes(e, label)))
    above = below = ""
    for part in re.split(f"({_OPEN}[^{_CLOSE}]*{_CLOSE})", text):
        if not part.startswith(_OPEN):
            above += part
            continue
        name, number = part[1:-1].split(_MIDDLE)
        shape = labels[int(number)]
        start = 2 + width(above) + (width(name) - len(shape)) // 2
        room = width(below) + 1 if below else 0
        above += " " * max(0, room - start) + name
        below = _padded(below, max(start, room)) + shape
    return above, below


def width(text: str) -> int:
    """The columns of a terminal that it takes."""
    return sum(not unicodedata.combining(c) for c in text)


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def _prose(text: str) -> str:
    """Prose with $formulas$ and `code` in Unicode."""
    return re.sub(r"\$([^$]*)\$", lambda m: to_unicode(m[1]), text).replace("`", "")


def _shape_said(dims: tuple[int, ...] | None) -> str:
    return "" if dims is None else " × ".join(map(str, dims)) or "number"


def to_text(d: Derivation) -> str:
    """The derivation in Unicode."""
    y, wrt = title(d)
    out = [f"The gradient of {to_unicode(y)} with respect to {', '.join(map(to_unicode, wrt))}", "", "Definitions", ""]
    rows = []
    for item in d.definitions:
        right = "" if item.expression is None else f" = {to_unicode(latex(item.expression))}"
        rows.append((to_unicode(item.symbol.name) + right, _shape_said(item.symbol.dims), _noted(item)))
    if d.seed is not None:
        rows.append((to_unicode(d.seed.name), _shape_said(d.seed.dims), "the cotangent"))
    columns = [max(width(row[i]) for row in rows) for i in range(2)]
    out += [f"  {_padded(a, columns[0])}   {_padded(b, columns[1])}   {c}".rstrip() for a, b, c in rows]
    out += [f"  {_prose(fact)}" for fact in d.facts]
    out += ["", "Steps", "", f"  {_prose(bar_says(d))}", ""]
    for number, step in enumerate(d.steps, 1):
        lead = f"{number}. "
        out += [f"{lead if i == 0 else ' ' * len(lead)}{_prose(use)}" for i, use in enumerate(uses(step))]
        indent = " " * len(lead)
        left = to_unicode(step.symbol.name)
        for i, line in enumerate(lines_of(d, step)):
            above, below = shaped_unicode(line.right)
            first = lead if i == 0 and not step.terms else indent
            before = f"{first}{left if i == 0 else ' ' * width(left)} = "
            reason = f"    | {_prose(line.reason)}" if line.reason else ""
            out.append(f"{before}{above}{reason}")
            if below:
                out.append(" " * (width(before) - 2) + below)
        if step.value is not None:
            out.append(f"{indent}{' ' * width(left)} ≈ {told(step.value)}")
        out.append("")
    out += ["Result", ""]
    for w in d.wrt:
        above, below = shaped_unicode(d.step(w).resolved)
        before = f"  {to_unicode(partial(d, w))} = "
        out += [before + above, *([" " * (width(before) - 2) + below] if below else [])]
    return "\n".join(out) + "\n"


def _noted(item: Definition) -> str:
    """What is said of a definition beside its equation."""
    value = told(item.value) if item.value is not None else ""
    return "; ".join(filter(None, [item.note, value]))


# --------------------------------------------------------------------------------------- LaTeX, Markdown, HTML


def to_latex(d: Derivation, document: bool = False) -> str:
    """The derivation in LaTeX; as a whole document if that is asked for."""
    y, wrt = title(d)
    out = [rf"\subsection*{{The gradient of ${y}$ with respect to ${', '.join(wrt)}$}}", r"\paragraph{Definitions}", ""]
    out += [r"\begin{align*}", " \\\\\n".join(f"  {_defined(item)}" for item in _all_definitions(d)), r"\end{align*}"]
    out += [_tex_prose(fact) for fact in d.facts]
    out += [r"\paragraph{Steps}", _tex_prose(bar_says(d)), r"\begin{enumerate}"]
    for step in d.steps:
        out += [r"  \item " + _tex_prose("; ".join(uses(step)) or "The start"), r"  \begin{align*}"]
        out += [" \\\\\n".join(f"    {line}" for line in _aligned(d, step)), r"  \end{align*}"]
    out += [r"\end{enumerate}", r"\paragraph{Result}", r"\begin{align*}"]
    out += [" \\\\\n".join(f"  {partial(d, w)} &= {shaped_latex(d.step(w).resolved)}" for w in d.wrt), r"\end{align*}"]
    text = "\n".join(out) + "\n"
    if not document:
        return text
    packages = "\\usepackage{amsmath}\n\\usepackage{amssymb}\n\\usepackage[margin=2cm]{geometry}\n"
    return f"\\documentclass{{article}}\n{packages}\\begin{{document}}\n{text}\\end{{document}}\n"


def _all_definitions(d: Derivation) -> list[tuple[str, Any, tuple[int, ...] | None, str]]:
    found = [(item.symbol.name, item.expression, item.symbol.dims, _noted(item)) for item in d.definitions]
    return found if d.seed is None else [*found, (d.seed.name, None, d.seed.dims, "the cotangent")]


def _defined(item: tuple[str, Any, tuple[int, ...] | None, str]) -> str:
    name, expression, dims, note = item
    left = name if not dims else rf"\underset{{\scriptscriptstyle {_sized(dims)}}}{{{name}}}"
    right = "" if expression is None else f" = {latex(expression)}"
    return rf"&{left}{right} && \text{{{_in_text(note)}}}"


def _aligned(d: Derivation, step: Step) -> list[str]:
    """The lines of a step, aligned at the sign of equality, each with its reason."""
    found = []
    for i, line in enumerate(lines_of(d, step)):
        reason = rf" && {_text_with_math(line.reason)}" if line.reason else ""
        found.append(f"{step.symbol.name if i == 0 else ''} &= {shaped_latex(line.right)}{reason}")
    if step.value is not None:
        found.append(rf"&\approx \text{{{_in_text(told(step.value))}}}")
    return found


_ESCAPED = {"_": r"\_", "&": r"\&", "%": r"\%", "#": r"\#", "…": r"\dots{}", "−": "-", "×": r"$\times$"}


def _in_text(text: str) -> str:
    """Words for a \text of LaTeX."""
    return "".join(_ESCAPED.get(c, c) for c in text)


def _text_with_math(text: str) -> str:
    """Words and $formulas$ as one formula."""
    parts = re.split(r"\$([^$]*)\$", text)
    return " ".join(part if i % 2 else rf"\text{{{_in_text(part)}}}" for i, part in enumerate(parts) if part)


def _tex_prose(text: str) -> str:
    parts = re.split(r"(\$[^$]*\$)", text)
    words = [p if p.startswith("$") else re.sub(r"`([^`]*)`", r"\\texttt{\1}", _in_text(p)) for p in parts]
    return "".join(words)


def to_markdown(d: Derivation) -> str:
    """The derivation in Markdown, as GitHub and Jupyter show it."""
    y, wrt = title(d)
    out = [f"## The gradient of ${y}$ with respect to ${', '.join(wrt)}$", "", "### Definitions", ""]
    out += ["| | shape | |", "| --- | --- | --- |"]
    for name, expression, dims, note in _all_definitions(d):
        formula = name if expression is None else f"{name} = {latex(expression)}"
        out.append(f"| ${formula.replace('|', chr(92) + 'vert ')}$ | {_shape_said(dims)} | {note} |")
    out += ["", *d.facts] if d.facts else []
    out += ["", "### Steps", "", bar_says(d), ""]
    for number, step in enumerate(d.steps, 1):
        out += [f"{number}. {'; '.join(uses(step)) or 'The start.'}", "", "   $$", r"   \begin{aligned}"]
        out += [" \\\\\n".join(f"   {line}" for line in _aligned(d, step)), r"   \end{aligned}", "   $$", ""]
    out += ["### Result", "", "$$", r"\begin{aligned}"]
    out += [" \\\\\n".join(f"{partial(d, w)} &= {shaped_latex(d.step(w).resolved)}" for w in d.wrt)]
    return "\n".join([*out, r"\end{aligned}", "$$", ""])


def to_html(d: Derivation) -> str:
    """The derivation as one page without network, its formulas in MathML.

    Raises:
        ImportError: latex2mathml isn't installed.
    """
    try:
        from latex2mathml.converter import convert
    except ImportError as error:
        raise ImportError(
            'a derivation in HTML needs latex2mathml: pip install "tinygrad_lab[derive]"; text, LaTeX and Markdown '
            "need nothing"
        ) from error

    def math(tex: str) -> str:
        """MathML, with a bold 1 that browsers show."""
        return str(convert(tex.replace(r"\mathbf{1}", "\N{MATHEMATICAL BOLD DIGIT ONE}")))

    def prose(text: str) -> str:
        parts = re.split(r"(\$[^$]*\$|`[^`]*`)", text)
        marks = {"$": lambda p: math(p[1:-1]), "`": lambda p: f"<code>{escape(p[1:-1])}</code>"}
        return "".join(marks.get(p[:1], escape)(p) for p in parts)

    y, wrt = title(d)
    rows = "\n".join(
        f"<tr><td>{math(name if e is None else f'{name} = {latex(e)}')}</td><td>{_shape_said(dims)}</td>"
        f"<td>{escape(note)}</td></tr>"
        for name, e, dims, note in _all_definitions(d)
    )
    steps = []
    for step in d.steps:
        lines = [
            f"<tr><td>{math(step.symbol.name) if i == 0 else ''}</td><td>{math('=')}</td>"
            f"<td>{math(shaped_latex(line.right))}</td><td class=why>{prose(line.reason)}</td></tr>"
            for i, line in enumerate(lines_of(d, step))
        ]
        if step.value is not None:
            said, approximately = escape(told(step.value)), r"\approx"
            lines.append(f"<tr><td></td><td>{math(approximately)}</td><td class=why colspan=2>{said}</td></tr>")
        said = "<br>".join(map(prose, uses(step))) or "The start"
        steps.append(f"<li><p>{said}</p>\n<table class=lines>{''.join(lines)}</table></li>")
    results = "\n".join(f"<p>{math(f'{partial(d, w)} = {shaped_latex(d.step(w).resolved)}')}</p>" for w in d.wrt)
    facts = "".join(f"<p>{prose(fact)}</p>" for fact in d.facts)
    heading = f"The gradient of {math(y)} with respect to {', '.join(map(math, wrt))}"
    named = escape(f"The gradient of {to_unicode(y)} with respect to {', '.join(map(to_unicode, wrt))}")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{named}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{heading}</h1>
<section class="result">{results}</section>
<h2>Definitions</h2>
<table class="names">
<thead><tr><th>name</th><th>shape</th><th>what it is</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
{facts}
<h2>Steps</h2>
<p>{prose(bar_says(d))}</p>
<ol>
{chr(10).join(steps)}
</ol>
</body>
</html>
"""


_STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1e; --faint: #5c5f66; --rule: #d5d7db; --paper: #fff; --box: #eef4fb; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8ea; --faint: #a3a7b0; --rule: #3c4048; --paper: #17181b; --box: #1e2a38; }
}
body { font: 17px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem;
  margin: 2.5rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.5rem; font-weight: 600; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
math { font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", math; font-size: 1.08em; }
.lines math, .result math { math-style: normal; }
table { border-collapse: collapse; }
.names td, .names th { text-align: left; padding: .3rem 1.6rem .3rem 0; border-bottom: 1px solid var(--rule); }
.names th, .names td + td { color: var(--faint); font-size: .9em; font-weight: 400; }
.result { background: var(--box); border-radius: .5rem; padding: .3rem 1.2rem; overflow-x: auto; }
ol { padding-left: 1.6rem; } li { margin: 1.1rem 0; } li > p { margin: 0 0 .3rem; color: var(--faint); }
.lines { display: block; overflow-x: auto; }
.lines td { padding: .25rem .35rem; vertical-align: baseline; }
.lines .why { color: var(--faint); font-size: .85em; } .lines td + td + td + td { padding-left: 1.6rem; }
@media print { body { margin: 0; max-width: none; } li { break-inside: avoid; } }
"""
