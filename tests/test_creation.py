"""Tensors made of constants, ranges and random numbers, in every form that PyTorch takes."""

import math

import numpy as np
import pytest

import tinygrad_lab as tg

X = tg.tensor([[1, 2, 3]])


@pytest.mark.parametrize("make", [tg.zeros, tg.ones, tg.empty, tg.rand, tg.randn])
def test_sizes(make):
    assert make(2, 3).shape == make((2, 3)).shape == make([2, 3]).shape == make(size=(2, 3)).shape == (2, 3)
    assert make(np.int64(2), tg.tensor(3)).shape == (2, 3)
    assert make(0, 3).shape == (0, 3)
    assert make(()).shape == ()
    assert make(2).dtype == np.float32
    y = make(2, dtype=np.float64, requires_grad=True)
    assert y.dtype == np.float64
    assert y.requires_grad
    with pytest.raises(RuntimeError, match="a size must not be negative"):
        make(-1)
    with pytest.raises(TypeError, match="a size must be an integer"):
        make(2.0)
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        make(2, shape=3)


def test_full():
    assert [tg.full((2,), v).dtype.name for v in (True, 1, 1.0)] == ["bool", "int64", "float32"]
    assert tg.full((2,), tg.tensor(3.0)).tolist() == [3, 3]
    assert tg.full_like(X, 2.5).tolist() == [[2, 2, 2]]
    assert tg.full_like(tg.zeros(1, dtype=np.uint8), -1).tolist() == [255]
    with pytest.raises(TypeError, match="full: the size must be a tuple of integers, not 2"):
        tg.full(2, 3)
    with pytest.raises(RuntimeError, match="only floating tensors can require gradients"):
        tg.full((2,), 3, requires_grad=True)


@pytest.mark.parametrize(
    ("make", "dtype"),
    [
        (lambda: tg.zeros_like(X), np.int64),
        (lambda: tg.ones_like(X, dtype=np.float32, requires_grad=True), np.float32),
        (lambda: tg.empty_like(X), np.int64),
        (lambda: tg.rand_like(X, dtype=np.float32), np.float32),
        (lambda: tg.randn_like(X, dtype=np.float64), np.float64),
        (lambda: tg.randint_like(X, 5), np.int64),
        (lambda: tg.randint_like(X, 1, 5, dtype=np.float32), np.float32),
        (lambda: X.new_zeros(1, 3), np.int64),
        (lambda: X.new_ones((1, 3), dtype=np.float32), np.float32),
        (lambda: X.new_empty([1, 3]), np.int64),
        (lambda: X.new_full((1, 3), 1.5), np.int64),
        (lambda: X.new_tensor([[1.5, 2.5, 3.5]]), np.int64),
    ],
)
def test_like(make, dtype):
    assert make().shape == (1, 3)
    assert make().dtype == dtype


def test_like_what_is_no_tensor():
    with pytest.raises(TypeError, match="zeros_like: the input must be a tensor, not list"):
        tg.zeros_like([1])


def test_arange():
    assert tg.arange(end=3).tolist() == tg.arange(tg.tensor(3)).tolist() == [0, 1, 2]
    assert tg.arange(5, 0, -2).tolist() == [5, 3, 1]
    assert tg.arange(3, 3).shape == (0,)
    assert tg.arange(1.5, 4).tolist() == [1.5, 2.5, 3.5]
    assert tg.arange(0.1, -7.9, -4.0, dtype=np.int64).tolist() == [0, -4]
    assert tg.arange(0, 1, 0.1).shape == (10,)
    for span in [(0, 5, 0), (0, 5, -1), (5, 0), (math.nan,), (0, math.inf)]:
        with pytest.raises(RuntimeError, match="arange: "):
            tg.arange(*span)


def test_spaced():
    assert tg.linspace(0, 1, 5).tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert tg.linspace(3, 9, 1).tolist() == [3]
    assert tg.linspace(0, 1, 0).shape == (0,)
    assert tg.linspace(0, 10, 5, dtype=np.int64).tolist() == [0, 2, 5, 7, 10]
    assert tg.linspace(tg.tensor(0.0), 1, steps=2).tolist() == [0, 1]
    np.testing.assert_allclose(tg.logspace(0, 2, 3).tolist(), [1, 10, 100])
    assert tg.logspace(0, 3, 4, base=2).tolist() == [1, 2, 4, 8]
    with pytest.raises(RuntimeError, match="linspace: steps must not be negative, but is -1"):
        tg.linspace(0, 1, -1)
    with pytest.raises(RuntimeError, match=r"linspace: start and end must be numbers or 0-d tensors, not .*\(2,\)"):
        tg.linspace(tg.zeros(2), 1, 2)
    with pytest.raises(TypeError, match="linspace: steps must be an integer, not 2.5"):
        tg.linspace(0, 1, 2.5)
    with pytest.raises(RuntimeError, match="eye: a size must not be negative"):
        tg.eye(2, -1)


def test_integers():
    assert set(tg.randint(3, (200,)).tolist()) == set(tg.randint(high=3, size=(200,)).tolist()) == {0, 1, 2}
    assert set(tg.randint(-1, 1, (200,), dtype=np.float32).tolist()) == {-1, 0}
    assert sorted(tg.randperm(5, dtype=np.float32).tolist()) == [0, 1, 2, 3, 4]
    with pytest.raises(RuntimeError, match="randint: low must be less than high, but 3 isn't less than 3"):
        tg.randint(3, 3, (2,))
    with pytest.raises(TypeError, match="randint: the size must be a tuple of integers, not 2"):
        tg.randint(0, 5, 2)
    with pytest.raises(RuntimeError, match="randint: 299 is out of bounds for uint8"):
        tg.randint(300, (2,), dtype=np.uint8)
    with pytest.raises(RuntimeError, match="randperm: a size must not be negative"):
        tg.randperm(-1)
    with pytest.raises(RuntimeError, match="rand: the dtype must be floating, not int64"):
        tg.rand_like(X)


def test_a_generator_is_a_stream_of_its_own():
    def draw():
        g = tg.Generator().manual_seed(7)
        p = tg.full((9,), 0.5)
        return [
            tg.rand(3, generator=g).tolist(), tg.randn_like(p, generator=g).tolist(),
            tg.normal(p, 1.0, generator=g).tolist(), tg.bernoulli(p, generator=g).tolist(),
            tg.multinomial(p, 4, generator=g).tolist(), tg.zeros(3).exponential_(generator=g).tolist(),
            tg.poisson(p, generator=g).tolist(), tg.randint_like(p, 9, generator=g).tolist(),
        ]  # fmt: skip

    tg.manual_seed(0)
    first = draw()
    tg.manual_seed(1)
    assert draw() == first


def test_normal():
    mean, std = tg.zeros(2, 1, requires_grad=True), tg.ones(3)
    y = tg.normal(mean, std)
    assert y.shape == (2, 3)
    y.sum().backward()
    assert mean.grad.tolist() == [[0], [0]]
    assert tg.normal(std).shape == tg.normal(0.0, std).shape == tg.normal(2, 1, (3,)).shape == (3,)
    assert tg.normal(tg.full((5,), 3.0), 0.0).tolist() == [3] * 5
    assert tg.normal(0.0, 1.0, size=(2,), dtype=np.float64).dtype == np.float64
    for f in (lambda: tg.normal(0.0, -1.0, (2,)), lambda: tg.normal(std, -std), lambda: tg.zeros(2).normal_(0, -1)):
        with pytest.raises(RuntimeError, match="normal.*: the standard deviation .*must not be negative"):
            f()
    with pytest.raises(TypeError, match="normal: the size must be a tuple of integers, not None"):
        tg.normal(0.0, 1.0)


def test_bernoulli():
    p = tg.tensor([0.0, 1.0, 0.5], requires_grad=True)
    y = tg.bernoulli(p)
    assert y.tolist()[:2] == [0, 1]
    y.sum().backward()
    assert p.grad.tolist() == [0, 0, 0]
    assert p.detach().bernoulli(1.0).tolist() == tg.zeros(3).bernoulli_(1.0).tolist() == [1, 1, 1]
    assert tg.zeros(2, dtype=np.int64).bernoulli_(tg.tensor([0.0, 1.0])).tolist() == [0, 1]
    for f in (lambda: tg.bernoulli(tg.tensor([2.0])), lambda: tg.zeros(2).bernoulli_(-1)):
        with pytest.raises(RuntimeError, match="a probability must be in"):
            f()
    with pytest.raises(RuntimeError, match="bernoulli: the elements must be floating"):
        tg.bernoulli(X)


@pytest.mark.parametrize("replacement", [True, False])
def test_multinomial(replacement):
    weights = tg.tensor([[0.0, 1.0, 3.0], [2.0, 2.0, 0.0]])
    y = tg.multinomial(weights, 2, replacement)
    assert (y.shape, y.dtype) == ((2, 2), np.int64)
    assert set(y.tolist()[0]) <= {1, 2}
    assert set(y.tolist()[1]) <= {0, 1}
    if not replacement:
        assert [sorted(row) for row in y.tolist()] == [[1, 2], [0, 1]]
        return
    tg.manual_seed(0)
    drawn = weights[0].multinomial(4000, replacement=True)
    assert abs(drawn.float().mean().item() - 1.75) < 0.05


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ((tg.tensor([1, 1]), 1), "the elements must be floating"),
        ((tg.ones(2), 3), "3 of 2 can't be drawn without replacement"),
        ((tg.tensor([1.0, -1.0]), 1), "the weights must be finite and not negative"),
        ((tg.zeros(2), 1), "the weights of a row must not sum to 0"),
        ((tg.ones(2), 0), "the number of samples must be positive"),
        ((tg.ones(1, 2, 3), 1), "must have 1 or 2 dimensions"),
    ],
)
def test_multinomial_refuses(args, text):
    with pytest.raises(RuntimeError, match=f"multinomial: .*{text}"):
        tg.multinomial(*args)


def test_random_numbers_in_place():
    tg.manual_seed(0)
    x = tg.empty(4000)
    uniform = x.uniform_(2, 4).numpy().copy()
    assert uniform.min() >= 2
    assert uniform.max() < 4
    assert abs(x.normal_(5, 2).mean().item() - 5) < 0.2
    assert abs(x.exponential_(0.5).mean().item() - 2) < 0.2
    assert abs(np.median(x.log_normal_(1, 2).numpy()) - math.e) < 0.5
    assert abs(np.median(x.cauchy_(3, 1).numpy()) - 3) < 0.2
    assert abs(x.geometric_(0.25).mean().item() - 4) < 0.3
    assert set(x.random_(3).tolist()) == {0, 1, 2}
    assert set(x.random_(-1, 1).tolist()) == {-1, 0}
    assert set(x.uniform_(**{"from": 1, "to": 1}).tolist()) == {1}
    assert tg.zeros(9, dtype=np.int64).random_().max() > 2**32
    for f in (
        lambda: x.uniform_(3, 1), lambda: x.random_(3, 3), lambda: x.exponential_(0), lambda: x.cauchy_(0, 0),
        lambda: x.geometric_(1), lambda: x.log_normal_(0, 0), lambda: X.clone().uniform_(),
        lambda: tg.poisson(-x.abs() - 1),
    ):  # fmt: skip
        with pytest.raises(RuntimeError, match="^(uniform|random|exponential|cauchy|geometric|log_normal|poisson): "):
            f()
    with pytest.raises(TypeError, match="uniform: takes from, to and a generator"):
        x.uniform_(high=3)


def test_dtypes_have_names_of_their_own():
    assert tg.zeros(2, dtype=tg.float64).dtype == tg.double == np.float64
    assert tg.tensor([1, 2]).dtype == tg.long == tg.int64
    assert tg.tensor([1.0]).dtype == tg.float == tg.float32
    assert tg.tensor([True]).dtype == tg.bool
    assert tg.zeros(2).to(tg.half).dtype == tg.float16
    assert tg.zeros(2, dtype=tg.int).dtype == tg.int32
    assert tg.zeros(2, dtype=tg.short).dtype == tg.int16


def test_constants():
    assert (tg.pi, tg.e, tg.inf) == (math.pi, math.e, math.inf)
    assert math.isnan(tg.nan)


@pytest.mark.parametrize(
    ("data", "kind", "text"),
    [
        (1j, TypeError, "tensor: the elements must be numbers or bools, not complex128"),
        ([1.0, 2j], TypeError, "not complex128"),
        (np.ones(2, np.complex64), TypeError, "not complex64"),
        ([[1], [2, 3]], ValueError, "tensor: the nested sequences must have one length in each dimension"),
    ],
)
def test_what_is_no_real_number_is_refused(data, kind, text):
    with pytest.raises(kind, match=text):
        tg.tensor(data)


def test_nan_is_no_integer():
    with pytest.raises(ValueError, match="^tensor: cannot convert float NaN to integer"):
        tg.tensor(math.nan, dtype=np.int64)


def test_seeds_are_numbers_and_can_be_asked_for():
    first = tg.manual_seed(7)
    assert first.initial_seed() == tg.initial_seed() == 7
    drawn = tg.rand(3).tolist()
    assert tg.initial_seed() == 7
    tg.manual_seed(7.0)
    assert tg.rand(3).tolist() == drawn
    for seed, start in ((-1, 2**64 - 1), (2**64 + 5, 5)):
        assert tg.manual_seed(seed).initial_seed() == start
    for wrong, kind in (("a", ValueError), (None, TypeError)):
        with pytest.raises(kind):
            tg.manual_seed(wrong)
    start = tg.seed()
    drawn = tg.rand(3).tolist()
    assert start == tg.initial_seed() != tg.seed()
    assert np.random.default_rng(start).random(3, np.float32).tolist() == drawn
    assert tg.Generator().initial_seed() != tg.Generator().initial_seed()


def test_is_tensor():
    assert tg.is_tensor(tg.nn.Parameter(tg.ones(2)))
    assert not tg.is_tensor(np.ones(2))


def test_a_tensor_like_another_lies_as_that_one_or_in_order():
    x = tg.arange(6.0).view(2, 3).T
    for like in (tg.zeros_like, tg.ones_like, tg.empty_like, lambda x, **settings: tg.full_like(x, 2, **settings)):
        assert like(x).array.strides == like(x, memory_format=tg.preserve_format).array.strides == x.array.strides
        assert like(x, memory_format=tg.contiguous_format).array.flags.c_contiguous
