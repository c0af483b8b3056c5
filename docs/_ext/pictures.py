"""Drawings inside the page, where they follow its theme: what `tinygrad_lab.viz` draws for light turns dark with it."""

from __future__ import annotations

import html
import itertools
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from tinygrad_lab.viz.palette import THEMES, Palette

_number = itertools.count()


def inline(svg: str, title: str = "") -> str:
    """An SVG document as an element of a page: no prologue, ids that are its own, as large as the page allows."""
    svg = svg[svg.index("<svg") :]
    prefix = f"p{next(_number)}-"
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    svg = re.sub(r'((?:xlink:)?href="#|url\(#)', rf"\1{prefix}", svg)
    label = f' role="img" aria-label="{html.escape(title)}"' if title else ""
    return svg.replace("<svg", f'<svg class="picture"{label}', 1)


def colours(palette: Palette) -> list[str]:
    return [palette.page, palette.text, palette.grey, palette.faint, palette.cluster, palette.flow, palette.bad] + [
        colour for pair in palette.box.values() for colour in pair
    ]


def dark_css() -> str:
    """The rules that give a drawing for light pages the colours of one for dark pages."""
    pairs = dict(zip(colours(THEMES["light"]), colours(THEMES["dark"]), strict=True))

    def rules(scope: str) -> str:
        return (
            "".join(
                f'{scope} .picture [{paint}="{light}"] {{ {paint}: {"transparent" if light == "white" else dark}; }}\n'
                for light, dark in pairs.items()
                for paint in ("fill", "stroke")
            )
            + f"{scope} .picture text:not([fill]) {{ fill: {THEMES['dark'].text}; }}\n"
        )

    automatic = rules("body[data-theme=auto]")
    return rules("body[data-theme=dark]") + f"@media (prefers-color-scheme: dark) {{\n{automatic}}}\n"


class InlineDrawings(SphinxPostTransform):
    """Puts every SVG picture into the page itself."""

    default_priority = 8  # before Sphinx chooses among pictures and copies them
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for image in list(self.document.findall(nodes.image)):
            path = Path(self.env.srcdir / image["uri"])
            if path.suffix == ".svg" and path.exists():
                drawing = inline(path.read_text(encoding="utf-8"), image.get("alt", ""))
                image.replace_self(nodes.raw("", drawing, format="html"))


def write_css(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        (app.outdir / "_static" / "pictures.css").write_text(dark_css(), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_post_transform(InlineDrawings)
    app.add_css_file("pictures.css")
    app.connect("build-finished", write_css)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
