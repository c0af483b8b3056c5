"""The generated sets are the ones of the lab reports, point by point."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tinygrad_lab.datasets import linear, spirals, xor, xor_diagonal
from tinygrad_lab.datasets.generated import Points


@pytest.mark.parametrize("make", [xor, xor_diagonal, linear, lambda: spirals()[0]])
def test_points_are_float32_and_classes_int64(make: Callable[[], Points]) -> None:
    points, classes = make()
    assert points.dtype == np.float32
    assert classes.dtype == np.int64
    assert points.shape == (len(classes), 2)


def test_xor() -> None:
    points, classes = xor()
    assert {(*p, c) for p, c in zip(points.tolist(), classes.tolist(), strict=True)} == {
        (0, 0, 0),
        (0, 1, 1),
        (1, 0, 1),
        (1, 1, 0),
    }


def test_xor_diagonal_has_11_points_of_one_class_and_10_of_the_other() -> None:
    points, classes = xor_diagonal()
    assert classes.tolist() == [0] * 11 + [1] * 10
    np.testing.assert_allclose(points[classes == 0], [(i / 10, i / 10) for i in range(11)])
    np.testing.assert_allclose(points[classes == 1], [(i / 10, 1 - i / 10) for i in range(11) if i != 5])


def test_linear_is_split_by_the_diagonal() -> None:
    points, classes = linear()
    assert points.shape == (100, 2)
    assert (points >= 0).all()
    assert (points < 1).all()
    np.testing.assert_array_equal(classes, [0 if x > y else 1 for x, y in points])
    assert 0 < classes.sum() < 100


def test_linear_is_drawn_from_its_seed() -> None:
    np.testing.assert_array_equal(linear()[0], linear()[0])
    assert not np.array_equal(linear()[0], linear(seed=5)[0])
    assert linear(7)[0].shape == (7, 2)


def test_spirals_draw_both_sets_from_one_random_state() -> None:
    rng = np.random.RandomState(1234)
    for points, classes in spirals():
        assert points.shape == (300, 2)
        for k in range(3):
            r = np.linspace(0, 2.5, 100)
            t = np.linspace(4 * k, 4 * k + 4, 100) + 0.2 * rng.randn(100)
            arm = np.stack([r * np.sin(t), r * np.cos(t)], axis=1).astype(np.float32)
            np.testing.assert_array_equal(points[classes == k], arm)


def test_spirals_of_other_sizes() -> None:
    train, test = spirals(20, arms=5, noise=0.0, seed=1)
    np.testing.assert_array_equal(train[0], test[0])
    assert train[1].tolist() == [k for k in range(5) for _ in range(20)]
