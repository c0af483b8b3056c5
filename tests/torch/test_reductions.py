"""Reductions, scans and sorting beside PyTorch's own: 0-d, empty and one-element tensors, every dtype, NaN, infinities,
ties, zeros and wrong dimensions, which PyTorch's samples leave out."""

import itertools
import math

import numpy as np
import pytest

import tinygrad_lab as tg

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

inf, nan = math.inf, math.nan
SHAPES = [(), (0,), (1,), (5,), (2, 3), (0, 3), (2, 0), (3, 1, 4)]

DIMS = [{}, *({"dim": d} for d in (0, -1, 1, 3, None, (0,), (0, 1), (), (-1, 0)))]
ONE_DIM = [{}, *({"dim": d} for d in (0, -1, 1, 3)), {"dim": 0, "keepdim": True}]
SCANS = [{"dim": d} for d in (0, -1, 1, 3)]
FAMILIES = [
    ("any all amax amin", [*DIMS, {"dim": -1, "keepdim": True}]),
    ("sum mean nansum nanmean", [*DIMS, *({"dtype": t} for t in ("float64", "int32", "bool"))]),
    ("var std", [*DIMS, {"correction": 2}, {"correction": 0.5}, {"unbiased": False}]),
    ("max min median nanmedian argmax argmin", ONE_DIM),
    ("prod cumsum cumprod", [*SCANS, *({"dim": 0, "dtype": t} for t in ("float32", "int32"))]),
    ("cummax cummin logcumsumexp softmax log_softmax", SCANS),
    ("sort argsort", [{"dim": d, "descending": b, "stable": True} for d in (-1, 0, 5) for b in (False, True)]),
    ("topk kthvalue", [{"k": k, "dim": d} for k in (0, 1, 2, 7, -1) for d in (-1, 0, 2)]),
    ("unique unique_consecutive", [{"return_inverse": True, "return_counts": True}]),
    ("norm", [{"p": p, **kw} for p in ("fro", 0, 0.5, 1, 2, 3, -1, inf, -inf) for kw in (*DIMS[:3], {"dim": (0, 1)})]),
    ("logsumexp", [kw for kw in DIMS if kw.get("dim") not in (None, ())]),
    ("aminmax", [{}, {"dim": 0}, {"dim": -1, "keepdim": True}, {"dim": 2}]),
    ("diff", [{}, {"n": 2}, {"n": 0}, {"n": 1, "dim": 0}, {"n": 9}, {"dim": 4}]),
    ("count_nonzero", DIMS[:-1]),
    ("quantile", [{"q": q, "dim": d, "keepdim": True} for q in (0.0, 0.3, 1.0, 2.0) for d in (None, 0, -1)]),
    ("trace msort", [{}]),
    ("histc", [{"bins": 3, "min": -1, "max": 1}]),
]
CALLS = {name: calls for names, calls in FAMILIES for name in names.split()}
ANY_OF_EQUALS = ("median", "nanmedian", "topk", "kthvalue")  # PyTorch leaves open which index of equal elements it is
BEYOND_PYTORCH = {"argmax": "b", "argmin": "b", "topk": "b", "softmax": "iub", "log_softmax": "iub"}  # dtypes' kinds


def arrays(name):
    """Integers, bools and floating numbers with ties, NaN and infinities, of every shape."""
    random = np.random.default_rng(0)
    for shape, dtype in itertools.product(SHAPES, (np.float64, np.float32, np.int64, np.int32, np.uint8, np.bool_)):
        if np.dtype(dtype).kind not in BEYOND_PYTORCH.get(name, ""):
            yield random.integers(0, 4, shape).astype(dtype)
    for shape, special in itertools.product(SHAPES, (nan, inf, -inf)):
        if math.isfinite(special) or name != "quantile":  # between infinities PyTorch's is NaN
            a = random.standard_normal(shape)
            a[random.random(shape) < 0.4] = special
            yield a


def call(module, name, array, kwargs):
    """The results as arrays, or the exception."""
    kwargs = dict(kwargs)
    if "dtype" in kwargs:
        kwargs["dtype"] = getattr(torch, kwargs["dtype"]) if module is torch else np.dtype(kwargs["dtype"])
    x = torch.from_numpy(array.copy()) if module is torch else tg.tensor(array)
    try:
        with np.errstate(all="ignore"):
            y = getattr(module, name)(x, **kwargs)
    except Exception as error:
        return error
    return [part.numpy() for part in (y if isinstance(y, tuple) else (y,))]


@pytest.mark.parametrize("name", CALLS)
def test_values_dtypes_shapes_and_errors(name):
    for a, kwargs in itertools.product(arrays(name), CALLS[name]):
        ours, theirs = call(tg, name, a, kwargs), call(torch, name, a, kwargs)
        case = f"{name}({a!r}, {kwargs})"
        if isinstance(theirs, NotImplementedError):
            continue  # for this dtype, as yet
        if isinstance(theirs, Exception):
            # of two reasons to refuse, either may come first
            assert isinstance(ours, (type(theirs), IndexError, RuntimeError)), f"{case}: {ours!r}, not {theirs!r}"
            continue
        if name in ("cummax", "cummin") and not a.size and isinstance(ours, IndexError):
            continue  # PyTorch doesn't look at the dimension
        assert not isinstance(ours, Exception), f"{case}: {ours!r}"
        for i, (y, z) in enumerate(zip(ours, theirs, strict=True)):
            assert (y.shape, y.dtype) == (z.shape, z.dtype), case
            if not (i == 1 and name in ANY_OF_EQUALS):
                np.testing.assert_allclose(y, z, rtol=1e-5, atol=1e-6, err_msg=case)


OF_ALL = "sum mean nansum amax amin std max min median nanmedian prod aminmax".split()
ALONG = """sum mean nansum nanmean amax amin std max min prod aminmax mode sort diff
    cumsum cumprod cummax cummin logcumsumexp logsumexp softmax log_softmax""".split()
GRADIENTS = [
    *((name, {}) for name in OF_ALL),
    *((name, {"dim": 0}) for name in ALONG),
    *(("norm", {"p": p, "dim": 0}) for p in (1, 2, 3, 1.5, 0.5, -1, 0, inf, -inf)),
    *(("quantile", {"q": 0.3, "dim": 0, "interpolation": how}) for how in ("linear", "nearest", "midpoint")),
    ("std", {"dim": 0, "correction": 0}),
    ("cov", {}),
    ("corrcoef", {}),
    ("trace", {}),
]


def gradients(module, name, array, kwargs):
    """The gradient, and its gradient in a random direction; zeros where there is none."""
    leaf = torch.from_numpy(array.copy()).requires_grad_() if module is torch else tg.tensor(array, requires_grad=True)
    make = torch.from_numpy if module is torch else tg.tensor
    random = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        y = getattr(module, name)(leaf, **kwargs)
        ys = [part for part in (y if isinstance(y, tuple) else (y,)) if part.requires_grad]
        gs = [make(np.asarray(random.standard_normal(tuple(part.shape)))) for part in ys]
        (g,) = module.autograd.grad(ys, [leaf], gs, create_graph=True, allow_unused=True)
        h = None
        if g is not None and g.requires_grad:
            direction = make(np.asarray(random.standard_normal(array.shape)))
            (h,) = module.autograd.grad([g], [leaf], [direction], allow_unused=True)
    force = {"force": True} if module is torch else {}  # PyTorch's own zeros have no memory
    return [np.zeros(array.shape) if d is None else d.detach().numpy(**force) for d in (g, h)]


@pytest.mark.parametrize(("name", "kwargs"), GRADIENTS)
@pytest.mark.parametrize("shape", [(), (1,), (4,), (3, 2), (0,)])
def test_gradients_with_ties_and_zeros(name, kwargs, shape):
    random = np.random.default_rng(0)
    values = [random.standard_normal(shape), random.integers(-1, 2, shape) / 1.0, np.zeros(shape), np.ones(shape)]
    for a in map(np.asarray, values):
        if isinstance(call(torch, name, a, kwargs), Exception):
            continue
        ours, theirs = gradients(tg, name, a, kwargs), gradients(torch, name, a, kwargs)
        np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-9, atol=1e-12, err_msg=f"{name}({a!r}, {kwargs})")
        if not np.isnan(theirs[1]).any():  # at the zero vector ours is 0
            np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-9, atol=1e-12, err_msg=f"{name}({a!r}, {kwargs})")
