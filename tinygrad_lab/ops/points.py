"""Places picked in flattened images, the same for all channels, and the adjoint."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..domain import Given, Ordinals, Reals
from ..op import Array, op


def _some(draw: Any) -> tuple[Any, ...]:
    """Arguments of `pick_points`: flattened images and places in them."""
    n, c, size, count = draw.integers(0, 2), draw.integers(1, 2), draw.integers(1, 3), draw.integers(0, 3)
    return draw.reals((n, c, size)), draw.labels((n, count), size)


def _picked(draw: Any) -> tuple[Any, ...]:
    """Arguments of `unpick_points`: what was picked, from where, and how many places there were."""
    x, index = _some(draw)
    return draw.reals((*x.shape[:2], index.shape[1])), index, x.shape[2]


@op(
    lambda g, y, x, index: unpick_points(g, index, x.shape[2]),
    domain=(Reals(), Ordinals()),
    shapes="(n, c, s), (n, p) -> (n, c, p)",
    sample=_some,
    tex=r"{input}_{{{index}}}",
    analytic=True,
)
def pick_points(input: Array, index: Array) -> Array:
    r"""Elements of flattened images, :math:`y_{ncp} = x_{nc\,i_{np}}`.

    :math:`\bar x_{nci} = \sum_{p: i_{np} = i} g_{ncp}`: an element picked more than once gets the sum, and the adjoint
    is `unpick_points`.
    """
    return np.take(input.reshape(-1), _flat(input.shape, index))


@op(
    lambda g, y, x, index, size: pick_points(g, index),
    domain=(Reals(), Ordinals(), Given()),
    shapes="(n, c, p), (n, p) -> (...)",
    wide=True,
    sample=_picked,
    tex=r"\sum_{{{index}}} {input}",
    analytic=True,
)
def unpick_points(input: Array, index: Array, size: int) -> Array:
    r"""Flattened images of zeros with the elements of `input` added at `index`: the adjoint of `pick_points`.

    :math:`y_{nci} = \sum_{p: i_{np} = i} x_{ncp}`, so :math:`\bar x_{ncp} = g_{nc\,i_{np}}`.
    """
    n, c, _ = input.shape
    y = np.zeros(n * c * size, input.dtype)
    np.add.at(y, _flat((n, c, size), index).reshape(-1), input.reshape(-1))  # of one dimension it is fast
    return y.reshape(n, c, size)


def _apart(draw: Any) -> tuple[Any, ...]:
    """Arguments of `place_points`: numbers, and for each a place of its own."""
    n, c, size = draw.integers(0, 2), draw.integers(1, 2), draw.integers(1, 4)
    count = draw.integers(0, size)
    places = [[d % size for d in draw.permutation(size)[:count]] for _ in range(n)]
    return draw.reals((n, c, count)), np.array(places, np.int64).reshape(n, count), size


@op(
    lambda g, y, x, index, size: pick_points(g, index),
    domain=(Reals(), Ordinals(), Given()),
    shapes="(n, c, p), (n, p) -> (...)",
    sample=_apart,
    tex=r"0_{{{index}}} \leftarrow {input}",
    analytic=True,
)
def place_points(input: Array, index: Array, size: int) -> Array:
    r"""Flattened images of zeros with the elements of `input` written at `index`.

    :math:`y_{nc\,i_{np}} = x_{ncp}`, so :math:`\bar x_{ncp} = g_{nc\,i_{np}}`: the adjoint picks again. Where a place
    repeats, the last write wins, and all that was written there gets the cotangent: it is taken for copies of one
    element, as max pooling with overlapping windows makes them.
    """
    n, c, _ = input.shape
    y = np.zeros(n * c * size, input.dtype)
    y[_flat((n, c, size), index)] = input
    return y.reshape(n, c, size)


def _flat(shape: tuple[int, ...], index: Array) -> Array:
    """Where `index`, the same for all channels, is in an array of `shape` flattened to one dimension."""
    n, c, size = shape
    return (np.arange(n * c) * size).reshape(n, c, 1) + index[:, None, :]
