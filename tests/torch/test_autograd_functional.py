"""`autograd.functional` beside PyTorch's: values, forms, graphs, and what is refused."""

import numpy as np
import pytest

import tinygrad_lab as tg

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

A, B, C = (np.random.default_rng(0).standard_normal(s) for s in ((3,), (2, 3), ()))
SCALARS = {
    "one": (lambda t, x: (x**3).sum() * x[0], (A,)),
    "two": (lambda t, x, y: (t.sin(y * x) ** 2).sum(), (A, B)),
    "number": (lambda t, x: t.exp(x) * x, (C,)),
    "linear": (lambda t, x: x.sum(), (A,)),
    "one of two": (lambda t, x, y: (x**2).sum(), (A, B)),
    "constant": (lambda t, x: t.ones(1, dtype=x.dtype), (A,)),
}
ALL = {
    **SCALARS,
    "rows": (lambda t, x, y: y @ t.tanh(x), (A, B)),
    "several": (lambda t, x: (x * x, t.outer(x, x), x.sum()), (A,)),
    "unused": (lambda t, x, y: (x * 2, (y * y).sum()), (A, B)),
}


def flat(value):
    return [x for part in value for x in flat(part)] if isinstance(value, tuple) else [value]


def form(value):
    return tuple(map(form, value)) if isinstance(value, tuple) else (tuple(value.shape), bool(value.requires_grad))


def outcome(library, name, case, vector=None, **settings):
    """The results of the function called `name`, and their gradients where there is a graph; or the error's class."""
    function, arrays = ALL[case]
    xs = tuple(library.tensor(a).requires_grad_() for a in arrays)
    inputs = xs if len(xs) > 1 else xs[0]
    if vector is not None:
        vs = tuple(library.tensor(v) for v in vector)
        settings["v"] = vs if len(vs) > 1 else vs[0]
    try:
        found = getattr(library.autograd.functional, name)(lambda *a: function(library, *a), inputs, **settings)
    except (RuntimeError, TypeError, AssertionError) as error:
        return type(error)
    parts = [p for p in flat(found) if p.requires_grad]
    graphs = []
    if parts:
        total = sum((p * p).sum() for p in parts)
        graphs = library.autograd.grad(total, xs, allow_unused=True)
    values = [np.asarray(p.detach().numpy()) for p in flat(found)]
    return form(found), values, [np.zeros(1) if g is None else np.asarray(g.numpy()) for g in graphs]


def same(*args, **kwargs):
    got, want = outcome(tg, *args, **kwargs), outcome(torch, *args, **kwargs)
    if isinstance(want, type):
        assert got is want
        return
    assert got[0] == want[0]
    for part, other in zip(got[1:], want[1:], strict=True):
        for a, b in zip(part, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


settings = pytest.mark.parametrize("create_graph", [False, True])
strictly = pytest.mark.parametrize("strict", [False, True])


@settings
@strictly
@pytest.mark.parametrize("case", ALL)
@pytest.mark.parametrize("name", ["jacobian", "hessian"])
def test_matrices(name, case, create_graph, strict):
    same(name, case, create_graph=create_graph, strict=strict)


@settings
@pytest.mark.parametrize("case", [case for case in ALL if case != "constant"])
def test_forward_mode(case, create_graph):
    function, arrays = ALL[case]
    xs = tuple(tg.tensor(a) for a in arrays)
    jacobian = tg.autograd.functional.jacobian
    rows = jacobian(lambda *a: function(tg, *a), xs, create_graph)
    columns = jacobian(lambda *a: function(tg, *a), xs, create_graph, strategy="forward-mode", vectorize=True)
    assert form(rows) == form(columns)
    for a, b in zip(flat(rows), flat(columns), strict=True):
        np.testing.assert_allclose(a.detach(), b.detach(), rtol=1e-12, atol=1e-14)


@settings
@strictly
@pytest.mark.parametrize("case", ALL)
@pytest.mark.parametrize("name", ["vjp", "jvp", "vhp", "hvp"])
@pytest.mark.parametrize("given", [False, True])
def test_products(name, case, create_graph, strict, given):
    function, arrays = ALL[case]
    like = [np.asarray(y.numpy()) for y in flat(function(torch, *map(torch.tensor, arrays)))]
    rng = np.random.default_rng(1)
    vector = [rng.standard_normal(a.shape) for a in (like if name == "vjp" else arrays)] if given else None
    same(name, case, vector, create_graph=create_graph, strict=strict)


@pytest.mark.parametrize("name", ["vjp", "jvp", "vhp", "hvp"])
def test_a_vector_that_does_not_fit(name):
    same(name, "one", [np.ones(7)])
    same(name, "two", [np.ones(3)])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda t, f: f.vjp(lambda x: x, 3),
        lambda t, f: f.jacobian(lambda x: 3, t.ones(2)),
        lambda t, f: f.jacobian(lambda x: x, t.ones(2), strategy="backwards"),
    ],
)
def test_errors(wrong):
    with pytest.raises(Exception) as theirs:  # noqa: PT011
        wrong(torch, torch.autograd.functional)
    with pytest.raises(theirs.type):
        wrong(tg, tg.autograd.functional)
