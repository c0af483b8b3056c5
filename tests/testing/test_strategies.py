"""The strategies: what they promise to draw, they draw."""

import hypothesis
import numpy as np
import pytest
from hypothesis import Phase

from tinygrad_lab.domain import NONZERO, POSITIVE, Given, Reals
from tinygrad_lab.op import op, table
from tinygrad_lab.testing.strategies import arguments, laid_out, numbers


def draws(name, count=400):
    """What is drawn for an op, the same in every run."""
    drawn = []

    @hypothesis.settings(max_examples=count, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @hypothesis.given(arguments(table[name]))
    def collect(args):
        drawn.append(args)

    collect()
    return drawn


@pytest.fixture(scope="module")
def pairs():
    """The pairs of arrays among the arguments of a binary op."""
    return [(a, b) for a, b in draws("mul") if isinstance(a, np.ndarray) and isinstance(b, np.ndarray)]


SHAPES = {
    "0-d": lambda a, b: a.ndim == b.ndim == 0,
    "empty": lambda a, b: a.size == b.size == 0,
    "one element": lambda a, b: a.shape == b.shape == (1,),
    "equal": lambda a, b: a.shape == b.shape and a.size > 4,
    "0-d beside more": lambda a, b: a.ndim == 0 < b.ndim,
    "fewer dimensions": lambda a, b: 0 < a.ndim < b.ndim,
    "size 1 on the left": lambda a, b: a.ndim == b.ndim and any(m == 1 < n for m, n in zip(a.shape, b.shape)),
    "size 1 on the right": lambda a, b: a.ndim == b.ndim and any(n == 1 < m for m, n in zip(a.shape, b.shape)),
    "crosswise": lambda a, b: a.shape != (s := np.broadcast_shapes(a.shape, b.shape)) != b.shape and np.prod(s) > 1,
    "size 1 against 0": lambda a, b: a.size and not b.size,
    "the same array twice": lambda a, b: a is b and a.size > 1,
    "Fortran order": lambda a, b: a.flags.f_contiguous and not a.flags.c_contiguous,
    "negative strides": lambda a, b: a.size > 1 and min(a.strides) < 0,
    "stride 0": lambda a, b: a.size > 1 and any(s == 0 and n > 1 for s, n in zip(a.strides, a.shape)),
    "strided": lambda a, b: a.size > 1 and min(map(abs, a.strides)) > a.itemsize,
    "integers": lambda a, b: a.dtype.kind == "i",
}


@pytest.mark.parametrize("kind", SHAPES)
def test_shapes_and_layouts_of_pairs(pairs, kind):
    assert any(SHAPES[kind](a, b) for a, b in pairs)


def test_a_number_stands_beside_an_array():
    assert any(isinstance(a, float) for a, _ in draws("mul"))
    assert any(isinstance(b, float) for _, b in draws("mul"))
    assert not any(isinstance(a, float) and isinstance(b, float) for a, b in draws("mul"))


@pytest.mark.parametrize("domain", [Reals(), POSITIVE, NONZERO, Reals(low=0.99, high=1.01), Reals(kinks=(0.3, 1.0))])
def test_numbers_lie_in_the_open_domain_off_its_kinks_and_are_exact_in_float32(domain):
    found = np.array(numbers(domain))
    assert len(found) >= 20
    assert len(set(found)) == len(found)
    assert np.all((domain.low < found) & (found < domain.high))
    assert np.all(found.astype(np.float32) == found)
    for kink in domain.kinks:
        assert np.min(np.abs(found - kink)) >= 2**-4


def test_distinct_operands_have_no_ties():
    for a, b in draws("maximum"):
        elements = [*np.ravel(a), *np.ravel(b)]
        assert len(set(elements)) == len(elements)


def test_a_kink_is_not_drawn():
    assert not any(np.any(x == 0) for (x,) in draws("relu"))


def parts(index):
    return index if isinstance(index, tuple) else (index,)


def of_kind(part, kind):
    return isinstance(part, np.ndarray) and part.dtype.kind == kind


INDICES = {
    "integers": lambda x, i: any(isinstance(p, int) for p in parts(i)),
    "negative integers": lambda x, i: any(isinstance(p, int) and p < 0 for p in parts(i)),
    "slices": lambda x, i: any(isinstance(p, slice) and p != slice(None) for p in parts(i)),
    "negative steps": lambda x, i: any(isinstance(p, slice) and (p.step or 1) < 0 for p in parts(i)),
    "several": lambda x, i: len(parts(i)) > 1,
    "new dimensions": lambda x, i: any(p is None for p in parts(i)),
    "an ellipsis": lambda x, i: any(p is ... for p in parts(i)),
    "not in a tuple": lambda x, i: not isinstance(i, tuple),
    "arrays of integers": lambda x, i: any(of_kind(p, "i") for p in parts(i)),
    "integers that repeat": lambda x, i: of_kind(i, "i") and len(set(i)) < len(i),
    "a mask": lambda x, i: of_kind(i, "b") and i.ndim == 1,
    "a mask of two dimensions": lambda x, i: of_kind(i, "b") and i.ndim == 2,
    "an array beside a slice": lambda x, i: {np.ndarray, slice} <= set(map(type, parts(i))),
    "an array beside an integer": lambda x, i: {np.ndarray, int} <= set(map(type, parts(i))),
    "two arrays": lambda x, i: sum(isinstance(p, np.ndarray) for p in parts(i)) > 1,
    "of a 0-d array": lambda x, i: x.ndim == 0,
    "nothing picked": lambda x, i: x.size and not x[i].size,
}


@pytest.fixture(scope="module")
def indices():
    return draws("getitem", 1500)


@pytest.mark.parametrize("kind", INDICES)
def test_kinds_of_index(indices, kind):
    assert any(INDICES[kind](x, i) for x, i in indices), len(indices)


def test_dimensions():
    drawn = draws("sum")
    dims = [dim for _, dim, _ in drawn]
    assert None in dims
    assert () in dims
    assert any(isinstance(d, int) and d < 0 for d in dims)
    assert any(isinstance(d, tuple) and len(d) > 1 for d in dims)
    assert any(x.ndim == 0 and dim in (0, -1) for x, dim, _ in drawn)
    assert any(x.size == 0 and dim not in (None, ()) for x, dim, _ in drawn)
    assert {keepdim for *_, keepdim in drawn} == {True, False}


def test_an_extreme_is_never_asked_of_nothing():
    drawn = draws("amax")
    for x, dim, keepdim in drawn:
        table["amax"].forward(x, dim, keepdim)
    assert any(x.size == 0 for x, *_ in drawn)


def test_labels_fit_their_classes():
    drawn = draws("cross_entropy")
    for logits, labels in drawn:
        assert labels.shape == logits.shape[:1]
        assert np.all((labels >= 0) & (labels < logits.shape[1]))
    assert any(len(set(labels)) > 1 for _, labels in drawn)


def test_matrices_fit():
    for a, b in draws("matmul"):
        np.matmul(a, b)


@pytest.mark.parametrize("layout", ["C", "F", "reversed", "strided"])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3), (2, 0, 3), (2, 3, 2)])
def test_a_layout_keeps_the_elements(layout, shape):
    x = np.arange(np.prod(shape, dtype=int), dtype=float).reshape(shape)
    y = laid_out(x, layout)
    assert np.array_equal(x, y)
    assert x.shape == y.shape
    assert not np.shares_memory(x, y)


def test_an_op_whose_arguments_cannot_be_drawn_says_what_to_do():
    before = dict(table)

    @op(domain=Given(), tex="{x}")
    def mystery(x):
        """Nothing."""
        return x

    try:
        with pytest.raises(TypeError, match="mystery: nothing says how to draw x .* sample="):
            draws("mystery", 1)
    finally:
        table.clear()
        table.update(before)
