"""Shape signatures: `"(*, n, k), (*, k, m) -> (*, n, m)"` read as data."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

Shape = tuple[int, ...]


def parse(signature: str) -> tuple[list[list[str]], list[str]]:
    """The dimensions' names of each operand, and of the result: `*` any, `...` what the arguments make of it."""
    groups = [re.findall(r"[\w*.]+", group) for group in re.findall(r"\(([^)]*)\)", signature)]
    return groups[:-1], groups[-1]


def result_shape(signature: str, shapes: Sequence[Shape]) -> Shape | None:
    """The shape of the result for operands of these `shapes`; None where the signature leaves it open.

    Raises:
        ValueError: the shapes don't fit the signature.
    """
    operands, result = parse(signature)
    if any("..." in names for names in (*operands, result)):
        return None
    sizes: dict[str, int] = {}
    stars: list[Shape] = []
    for names, shape in zip(operands, shapes, strict=True):
        letters = names[1:] if names[:1] == ["*"] else names
        lead = len(shape) - len(letters)
        if lead < 0 or (lead and letters is names):
            raise ValueError(f"shape {shape} doesn't fit ({', '.join(names)})")
        stars.append(shape[:lead])
        for name, size in zip(letters, shape[lead:], strict=True):
            if sizes.setdefault(name, size) != size:
                raise ValueError(f"{name} is {sizes[name]} and {size} in {list(shapes)} for {signature}")
    star = np.broadcast_shapes(*stars)
    return tuple(n for name in result for n in (star if name == "*" else (sizes[name],)))
