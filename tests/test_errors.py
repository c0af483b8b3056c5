"""Wrong arguments to every public function: what comes out is an error of PyTorch's classes that names the function.

Whoever calls a function wrongly should never have to read its inside: no AttributeError of a list that isn't a tensor,
no KeyError, no bare word of NumPy's.
"""

import inspect
import random
import warnings

import numpy as np
import pytest

import tinygrad_lab as tg

CALLS = 12
CLASSES = (TypeError, ValueError, RuntimeError, IndexError, NotImplementedError, OverflowError, AssertionError)

TENSORS = (
    lambda: tg.randn(3),
    lambda: tg.randn(2, 3),
    lambda: tg.randn(2, 3, 4),
    lambda: tg.randn(1, 2, 5, 5),
    lambda: tg.randn(3, 3),
    lambda: tg.tensor([0, 1, 2]),
)
ANYTHING = (
    *TENSORS,
    lambda: tg.randn(()),
    lambda: tg.zeros(0),
    lambda: tg.zeros((0, 3)),
    lambda: tg.tensor([[1, 2], [5, -9]]),
    lambda: tg.tensor([True, False, True]),
    lambda: tg.randn(2, 3).double(),
    lambda: tg.randn(3).requires_grad_(),
    lambda: np.ones((2, 3)),
    lambda: np.float32(1.0),
    lambda: [tg.randn(2), tg.randn(3)],
    *(lambda v=v: v for v in (None, "abc", "mean", b"x", ..., slice(None), len, int, np.float32, "float32", object())),
    *(lambda v=v: v for v in (0, 1, -1, 5, -7, 1.5, float("nan"), float("inf"), True, 1j, np.int64(2))),
    *(lambda v=v: v for v in ((), (1, 2), (-1,), [], [1, 2], [1, [2]], [None], ["a"], {}, {1: 2}, {1, 2}, range(3))),
)


def functions():
    """Every public function, and every method of a tensor, by its name."""
    rooms = {"": tg, "nn.functional.": tg.nn.functional, "linalg.": tg.linalg, "special.": tg.special}
    for prefix, room in {**rooms, "nn.init.": tg.nn.init}.items():
        for name, function in vars(room).items():
            if inspect.isfunction(function) and name[0] != "_" and not hidden(function):
                yield prefix + name, function
    for name in dir(tg.Tensor):
        function = inspect.getattr_static(tg.Tensor, name)
        if inspect.isfunction(function) and name[0] != "_":
            yield f"Tensor.{name}", function


def hidden(function):
    """Whether it isn't made for tensors: it sets something, reads a file, or takes functions."""
    room = function.__module__.split(".")[1]
    return room in "op graph io func printing random threads public viz".split()


def error_of(function, args, kwargs):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            function(*args, **kwargs)
        except Exception as error:
            return error
    return None


FUNCTIONS = dict(functions())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_error_has_pytorchs_class_and_names_the_function(name):
    function = FUNCTIONS[name]
    chance = random.Random(name)
    params = list(inspect.signature(function).parameters)
    for _ in range(CALLS):
        count = chance.choice((0, 1, 1, 2, 2, 3, min(len(params), 4), len(params) + 1))
        args = [chance.choice(ANYTHING if chance.random() < 0.6 else TENSORS)() for _ in range(count)]
        if name.startswith("Tensor."):
            args = [chance.choice(TENSORS)(), *args[1:]]
        kwargs = {chance.choice([*params, "foo", "axis"]): chance.choice(ANYTHING)()} if chance.random() < 0.3 else {}
        error = error_of(function, args, kwargs)
        if error is not None:
            said = f"{type(error).__name__}: {error}, of {args} {kwargs}"
            assert isinstance(error, CLASSES), said
            assert not isinstance(error, np.exceptions.AxisError), said
            assert function.__name__.strip("_") in str(error), said


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda: tg.cumsum([1.0], 0), TypeError, r"cumsum: 'input' must be a tensor, not list \[1.0\]"),
        (lambda: tg.nn.functional.pad(tg.zeros(2), "ab"), TypeError, "pad: "),
        (lambda: tg.nn.functional.dropout(tg.zeros(2), "a"), TypeError, "dropout: .* not supported .*, p: 'a'"),
        (lambda: tg.argmax(np.zeros(2), 3), IndexError, "argmax: axis 3 is out of bounds"),
        (lambda: tg.zeros(3) * 1j, TypeError, "mul: the result is of complex64"),
        (lambda: tg.add(tg.zeros(2), {}), TypeError, "add: an operand must be a tensor or an array, not dict"),
        (lambda: tg.fliplr(tg.zeros(2)), RuntimeError, "fliplr: "),
        (lambda: tg.zeros(2, 2).sum(foo=1), TypeError, r"sum\(\) got an unexpected keyword argument 'foo'"),
        (lambda: tg.std(tg.zeros(2), correction=tg.zeros(3)), TypeError, "std: .*truth value"),
    ],
)
def test_what_an_error_says(call, kind, text):
    with pytest.raises(kind, match=text):
        call()


HUGE = 10**15  # elements, which no address space holds
TOO_LARGE = {
    "zeros": lambda: tg.zeros(HUGE),
    "rand": lambda: tg.rand(HUGE),
    "full": lambda: tg.full((10**20,), 1.0),
    "arange": lambda: tg.arange(10**20),
    "linspace": lambda: tg.linspace(0, 1, HUGE),
    "eye": lambda: tg.eye(10**12),
    "randperm": lambda: tg.randperm(HUGE),
    "repeat": lambda: tg.zeros(2).repeat(HUGE),
    "tile": lambda: tg.tile(tg.zeros(2), (HUGE,)),
    "repeat_interleave": lambda: tg.repeat_interleave(tg.zeros(2), tg.tensor([HUGE, 1])),
    "one_hot": lambda: tg.nn.functional.one_hot(tg.tensor([HUGE])),
    "bincount": lambda: tg.bincount(tg.tensor([HUGE])),
    "vander": lambda: tg.linalg.vander(tg.zeros(2), N=10**20),
    "combinations": lambda: tg.combinations(tg.zeros(100), 10),
    "outer": lambda: tg.outer(tg.zeros(10**8), tg.zeros(10**8)),
    "pad": lambda: tg.nn.functional.pad(tg.zeros(2, 2), (0, HUGE)),
    "interpolate": lambda: tg.nn.functional.interpolate(tg.zeros(1, 1, 2, 2), size=(10**9, 10**9)),
    "adaptive_avg_pool2d": lambda: tg.nn.functional.adaptive_avg_pool2d(tg.zeros(1, 2, 2), 10**9),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_memory_cannot_hold_is_refused_at_once(name):
    with pytest.raises(RuntimeError, match=rf"^{name}: .*\d{{9}}"):
        TOO_LARGE[name]()


def test_integers_that_the_dtype_cannot_hold():
    with pytest.raises(RuntimeError, match="^tensor: .*300.*uint8"):
        tg.tensor([300], dtype=np.uint8)
    with pytest.raises(RuntimeError, match="^pad: .*300.*uint8"):
        tg.nn.functional.pad(tg.zeros(2, dtype=np.uint8), (1, 1), value=300)
    with pytest.raises(OverflowError, match="^bitwise_left_shift: "):
        tg.bitwise_left_shift(tg.tensor([1]), 10**20)


def test_an_error_that_says_enough_stays_itself():
    with pytest.raises(tg.linalg.LinAlgError, match="^inv: the matrix is singular") as caught:
        tg.linalg.inv(tg.zeros(2, 2))
    assert caught.value.__cause__ is not caught.value


def test_an_error_of_the_users_own_is_let_through():
    class MineError(ValueError):
        pass

    def distance(a, b):
        raise MineError("mine")

    with pytest.raises(MineError, match="^mine$"):
        tg.nn.functional.triplet_margin_with_distance_loss(
            tg.zeros(2, 2), tg.zeros(2, 2), tg.zeros(2, 2), distance_function=distance
        )
