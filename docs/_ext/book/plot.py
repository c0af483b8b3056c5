"""The plot of numeric errors against the step, as SVG whose colours are the page's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from .errors import FIRST, HALVINGS, Curve

WIDTH, HEIGHT = 380, 236
LEFT, RIGHT, TOP, BOTTOM = 46, 372, 30, 196
LOW, HIGH = -17.0, 1.0  # powers of ten of the error; a rounding to nothing stands at the foot
SHORT, LONG = math.log10(FIRST / 2**HALVINGS), 0.0
SLIP = 5e-4
"""How far off a rule with a wrong last term could be: the curve of such a rule would end on this line."""

MARKS = {
    "central difference": '<circle cx="{x}" cy="{y}" r="1.9"/>',
    "Richardson": '<rect x="{left}" y="{top}" width="3.6" height="3.6"/>',
    "complex step": '<path d="M{x} {up}l2.4 4.2h-4.8z"/>',
}


def across(step: float) -> float:
    return LEFT + (math.log10(step) - SHORT) / (LONG - SHORT) * (RIGHT - LEFT)


def down(error: float) -> float:
    level = min(max(math.log10(error) if error > 0 else LOW, LOW), HIGH) if math.isfinite(error) else HIGH
    return TOP + (HIGH - level) / (HIGH - LOW) * (BOTTOM - TOP)


def mark(name: str, x: float, y: float) -> str:
    numbers = {"x": x, "y": y, "left": x - 1.8, "top": y - 1.8, "up": y - 2.6}
    return MARKS[name].format(**{k: f"{v:.1f}" for k, v in numbers.items()})


def power(k: int) -> str:
    return f'10<tspan dy="-4" font-size="8">−{-k}</tspan>' if k else "1"


def axes() -> Iterator[str]:
    for k in range(-16, 1, 4):
        y = down(10.0**k)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{RIGHT}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{power(k)}</text>'
    for k in range(-12, 1, 3):
        x = across(10.0**k)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{BOTTOM}"/>'
        yield f'<text x="{x:.1f}" y="{BOTTOM + 16}" text-anchor="middle">{power(k)}</text>'
    yield f'<text x="{(LEFT + RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">step h</text>'
    yield f'<text transform="translate(11 {(TOP + BOTTOM) / 2}) rotate(-90)" text-anchor="middle">relative error</text>'
    yield f'<path class="slip" d="M{LEFT} {down(SLIP):.1f}H{RIGHT}"/>'
    yield f'<text x="{LEFT + 4}" y="{down(SLIP) - 4:.1f}" class="small">a rule that is off by 0.05 %</text>'


def legend(found: Sequence[Curve]) -> Iterator[str]:
    x = float(LEFT)
    for curve in found:
        yield f'<g class="{css(curve)}">{mark(curve.name, x + 6, 13)}<path class="line" d="M{x - 1} 13h14"/></g>'
        yield f'<text x="{x + 18}" y="17">{curve.name}</text>'
        x += 30 + 6.2 * len(curve.name)


def css(curve: Curve) -> str:
    return curve.name.split()[0].lower()


def plot(found: Sequence[Curve], title: str) -> str:
    """The curves, as an `svg` element."""
    parts = [*axes(), *legend(found)]
    for curve in found:
        points = [(across(h), down(e)) for h, e in zip(curve.steps, curve.errors, strict=True)]
        line = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        marks = "".join(mark(curve.name, x, y) for x, y in points[::2])
        parts.append(f'<g class="{css(curve)}"><path class="line" d="M{line}"/>{marks}</g>')
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return f'<svg class="errors" {box} role="img" aria-label="{title}">{"".join(parts)}</svg>'
