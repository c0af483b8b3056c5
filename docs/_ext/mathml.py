"""Formulas as MathML, which browsers read by themselves, in a font that the site brings along: no script."""

from __future__ import annotations

import functools
import html
import re
from importlib import resources
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.fileutil import copy_asset_file

FONT = "STIXTwoMath-Regular.ttf"
CSS = f"""
@font-face {{ font-family: "STIX Two Math"; src: url("{FONT}"); font-display: swap; }}
math {{ font-family: "STIX Two Math", math; font-size: 1.08em; }}
math[display="block"] {{ margin: 0.9em 0; padding: 0.15em 0; overflow-x: auto; overflow-y: hidden; }}
math mtd[columnalign="left"] {{ text-align: left; }}
"""

log = logging.getLogger(__name__)

# Commands that the converter doesn't know.
COMMANDS = {r"\arg": r"\operatorname{arg}", r"\_": "_"}

# What a browser needs to be told that LaTeX knows: words are functions, which stand off their argument, but for a
# parenthesis, and off what is before them; an infinity is no operator; the bars of an absolute value
# stand close; behind an operator a minus is a sign; a bar over a product is as long as it.
WORD = r"<m[io](?: [^>]*)?>(?P<word>[a-zA-Z][a-zA-Z ]+)</m[io]>"
FUNCTION = "<mi>[a-zA-Z ]{2,}</mi>"
MINUS = '<mo form="prefix">&#x02212;</mo>'
SPACE = '<mspace width="0.17em" />'
REWRITES = [
    (WORD, r"<mi>\g<word></mi>"),
    (rf"(?<!<munder>)(?<!<msup>)(?<!<msub>)({FUNCTION})(?=<m(?:i|n|row|su|frac|over|text))", rf"\1{SPACE}"),
    (rf"(<msup>{FUNCTION}.{{1,40}}?</msup>)(?=<m[in])", rf"\1{SPACE}"),
    (rf"(</m(?:i|n|sup|sub|frac)>)(?=(?:<msup>|<munder>)?{FUNCTION})", rf"\1{SPACE}"),
    ("<mo>&#x0221E;</mo>", "<mi>&#x0221E;</mi>"),
    (r"<mo( [^>]*)?>&#x0007C;</mo>", r'<mo\1 lspace="0" rspace="0">&#x0007C;</mo>'),
    (r"(<mo(?: [^>]*)?>(?!&#x0(?:0029|005D|007C);|[])|])[^<]*</mo>)<mo>&#x02212;</mo>", rf"\1{MINUS}"),
    (r'<mo (?:accent|stretchy)="true">&#x0(?:2015|00AF);</mo>', '<mo stretchy="true">&#x203E;</mo>'),
]


@functools.cache
def mathml(tex: str, display: bool = False) -> str:
    """A formula as a `math` element.

    Raises:
        ValueError: a command or an alignment that the converter doesn't know.
    """
    for command, known in COMMANDS.items():
        tex = tex.replace(command, known)
    made = convert(tex, display="block" if display else "inline")
    if "\\" in made or re.search(r"&(?!#|amp;|lt;|gt;)", made):
        raise ValueError(f"no MathML for {tex}")
    for before, after in REWRITES:
        made = re.sub(before, after, made)
    return made


def _written(translator: Any, node: nodes.Element, display: bool) -> None:
    try:
        translator.body.append(mathml(node.astext(), display))
    except Exception as error:  # whatever the converter raises, the page and the formula are what helps
        log.warning("%s", error or f"no MathML for {node.astext()}", location=node)
        translator.body.append(f"<code>{html.escape(node.astext())}</code>")
    raise nodes.SkipNode


def copy_font(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        with resources.as_file(resources.files("ziamath.fonts") / FONT) as font:
            copy_asset_file(font, app.outdir / "_static")
        (app.outdir / "_static" / "mathml.css").write_text(CSS, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer(
        "mathml",
        (lambda translator, node: _written(translator, node, False), None),
        (lambda translator, node: _written(translator, node, True), None),
    )
    app.add_css_file("mathml.css")
    app.connect("build-finished", copy_font)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
