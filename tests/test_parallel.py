"""Long arrays on several threads: the same bits, the same errors."""

import os
import warnings

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import parallel

LONG = 4 * parallel.PART + 5


@pytest.fixture(params=[1, 2, 3])
def threads(request):
    before = tg.get_num_threads()
    tg.set_num_threads(request.param)
    yield request.param
    tg.set_num_threads(before)


@pytest.mark.parametrize("f", [tg.exp, tg.log, tg.tanh, tg.sigmoid, tg.erf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_element_is_what_it_is_alone(f, dtype, threads):
    x = np.random.default_rng(0).uniform(0.1, 3, LONG).astype(dtype)
    g = np.random.default_rng(1).uniform(-1, 1, LONG).astype(dtype)
    t = tg.tensor(x, requires_grad=True)
    y = f(t)
    y.backward(tg.tensor(g))
    few = [0, parallel.PART - 1, parallel.PART, LONG // 2, LONG - 1]
    u = tg.tensor(x[few], requires_grad=True)
    z = f(u)
    z.backward(tg.tensor(g[few]))
    assert y.dtype == t.grad.dtype == dtype
    np.testing.assert_allclose(y.detach().array[few], z.detach().array, rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_allclose(t.grad.array[few], u.grad.array, rtol=4 * np.finfo(dtype).eps)


def test_a_transposed_tensor_and_an_expanded_cotangent(threads):
    x = tg.tensor(np.random.default_rng(0).uniform(-3, 3, (512, 600)), dtype=np.float32, requires_grad=True)
    tg.tanh(x.T).sum().backward()
    np.testing.assert_allclose(x.grad.array, 1 - np.tanh(x.detach().array) ** 2, atol=1e-6)


def test_errstate_holds_on_every_thread(threads):
    x = tg.full((LONG,), -1.0)
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("error")
        assert np.isnan(tg.log(x).array).all()
    with np.errstate(invalid="raise"), pytest.raises(RuntimeError, match="log: invalid value"):
        tg.log(x)


def test_a_part_that_fails_fails_the_whole():
    def f(x, out):
        if x[-1] == LONG - 1:
            raise ZeroDivisionError("the last part")
        out[:] = x

    tg.set_num_threads(2)
    with pytest.raises(ZeroDivisionError, match="the last part"):
        parallel.in_parts(f, np.arange(float(LONG)))
    assert parallel.in_parts(f, np.arange(LONG - 1.0))[-1] == LONG - 2


def test_threads_are_at_least_one():
    with pytest.raises(RuntimeError, match="set_num_threads: the number of threads must be positive, not 0"):
        tg.set_num_threads(0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_starts_its_own_threads():
    x = tg.ones(LONG)
    tg.exp(x)
    child = os.fork()
    if child == 0:
        os._exit(0 if tg.exp(x).array[-1] > 2 else 1)
    assert os.waitpid(child, 0)[1] == 0
