"""Colours with meaning: hues of Okabe and Ito, which colour-blind people can tell apart, on light and on dark.

Outlines and shapes differ too, for print in black and white.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Theme: TypeAlias = Literal["light", "dark"]


class Palette(NamedTuple):
    """The colours of a theme; `box` holds fill and border of each kind of box."""

    page: str
    text: str
    grey: str
    faint: str
    cluster: str
    flow: str
    bad: str
    box: dict[str, tuple[str, str]]


THEMES: dict[Theme, Palette] = {
    "light": Palette(
        page="white",
        text="#111111",
        grey="#505050",
        faint="#a0a0a0",
        cluster="#9a9a9a",
        flow="#007a59",
        bad="#d00000",
        box={
            "op": ("#d9ebf7", "#0072b2"),
            "leaf": ("#fce5b6", "#b87800"),
            "constant": ("#f0f0f0", "#a0a0a0"),
            "further": ("#d5efe6", "#007a59"),
            "group": ("#f3dfea", "#a0527d"),
        },
    ),
    "dark": Palette(
        page="#16181d",
        text="#f2f2f2",
        grey="#c4c4c4",
        faint="#7c7c7c",
        cluster="#7c7c7c",
        flow="#2fc79a",
        bad="#ff6b6b",
        box={
            "op": ("#123a55", "#56b4e9"),
            "leaf": ("#4d3705", "#e69f00"),
            "constant": ("#2c2f36", "#8a8a8a"),
            "further": ("#0c4535", "#2fc79a"),
            "group": ("#4a2a3d", "#cc79a7"),
        },
    ),
}

LEGEND = {
    "leaf": "asks for its gradient",
    "op": "operation",
    "further": "operation of the backward pass",
    "group": "module, collapsed",
    "constant": "no gradient",
}
