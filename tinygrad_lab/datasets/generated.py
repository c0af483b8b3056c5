"""Small data sets made by a formula and a seed: points in the plane and their classes.

Each returns NumPy arrays: the points, `(N, 2)` float32, and their classes, `(N,)` int64.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Points: TypeAlias = tuple[NDArray[np.float32], NDArray[np.int64]]


def xor() -> Points:
    """The four corners of the unit square, of class 1 where exactly one coordinate is 1."""
    points = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    return points, np.array([0, 1, 1, 0])


def xor_diagonal() -> Points:
    """The two diagonals of the unit square, which no straight line separates.

    The 11 points `(i/10, i/10)` have class 0; then come the 10 points `(i/10, 1 - i/10)`, of class
    1, without the centre, which is on both.
    """
    i = np.arange(11)
    rising = np.stack([i, i], axis=1)
    falling = np.stack([i, 10 - i], axis=1)[i != 5]
    points = np.concatenate([rising, falling]) / 10
    return points.astype(np.float32), np.repeat(np.array([0, 1]), [11, 10])


def linear(n: int = 100, *, seed: int = 1234) -> Points:
    """`n` points uniform in the unit square, of class 0 where x > y, else 1.

    Args:
        n: the number of points.
        seed: of the `numpy.random.RandomState` that draws them.
    """
    points = np.random.RandomState(seed).uniform(0, 1, (n, 2)).astype(np.float32)
    return points, np.where(points[:, 0] > points[:, 1], 0, 1)


def spirals(n: int = 100, *, arms: int = 3, noise: float = 0.2, seed: int = 1234) -> tuple[Points, Points]:
    r"""Interleaved spirals around the origin, a class an arm: a training set and a test set.

    On arm k, for n radii :math:`r` from 0 to 2.5 and as many angles :math:`t` from 4k to 4k + 4, to
    which normal noise is added, the points are :math:`(r \sin t, r \cos t)`.

    Args:
        n: the number of points on each arm of each set.
        arms: the number of arms.
        noise: the standard deviation of the noise of the angles, in radians.
        seed: of the one `numpy.random.RandomState` that draws the training set, then the test set.

    Returns:
        `(X_train, y_train), (X_test, y_test)`, each of `arms * n` points, arm by arm.
    """
    rng = np.random.RandomState(seed)

    def draw() -> Points:
        r = np.linspace(0, 2.5, n)
        angles = (np.linspace(4 * k, 4 * k + 4, n) + noise * rng.randn(n) for k in range(arms))
        points = [np.stack([r * np.sin(t), r * np.cos(t)], axis=1) for t in angles]
        return np.concatenate(points).astype(np.float32), np.repeat(np.arange(arms), n)

    return draw(), draw()
