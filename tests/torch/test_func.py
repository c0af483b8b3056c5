"""Functions of functions beside torch.func: the same lines run on both libraries, values and forms compared."""

import numpy as np
import pytest

import tinygrad_lab as tg

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

rng = np.random.default_rng(0)
ARRAYS = {
    "x": rng.uniform(0.5, 1.5, 3),
    "z": rng.uniform(0.5, 1.5, 3),
    "s": np.array(0.7),
    "A": rng.standard_normal((3, 3)),
    "B": rng.standard_normal((4, 3)),
    "b": rng.standard_normal(4),
}

CALLS = """
grad(lambda x: (x**3).sum())(x)
grad(lambda x, z: (x * z.sin()).sum(), argnums=1)(x, z)
grad(lambda x, z: (x * z.sin()).sum(), argnums=-1)(x, z)
grad(lambda x, z: (x * z.sin()).sum(), argnums=(1, 0))(x, z)
grad(lambda x: ((x**2).sum(), x + 1), has_aux=True)(x)
grad(lambda x, k=2: (x**k).sum())(x, k=3)
grad(lambda p: (p['w'] * p['v'][0]).sum())({'w': x, 'v': [z, s]})
grad(lambda x, z: (x**2).sum(), argnums=(0, 1))(x, z)
grad_and_value(lambda x: (x**3).sum())(x)
grad_and_value(lambda x: ((x**3).sum(), {'aux': x}), has_aux=True)(x)
grad(grad(lambda s: s.sin() * s**3))(s)
grad(grad(grad(lambda s: (s**4).exp())))(s)
grad(lambda s: s * grad(lambda u: s + u * s)(s))(s)
grad(lambda x: (grad(lambda z: (x * z**2).sum())(z) * x).sum())(x)
vjp(lambda x: x.sin(), x)[1](z)
vjp(lambda x: x.sin(), x)[0]
vjp(lambda x, z: (x * z, x.sum()), x, z)[1]((z, s))
vjp(lambda x: (x * z, x), x, has_aux=True)[2]
vjp(lambda x: {'a': x * z, 'b': [x.cos()]}, x)[1]({'a': z, 'b': [x]})
grad(lambda x: (vjp(lambda y: y**3, x)[1](z)[0] * x).sum())(x)
jvp(lambda x: x.sin(), (x,), (z,))
jvp(lambda x, z: (x * z, x.sum()), (x, z), (z, x))
jvp(lambda x: (x * x, x + 1), (x,), (z,), has_aux=True)
jvp(lambda x: z, (x,), (z,))
jvp(grad(lambda x: (A @ x).sin().sum()), (x,), (z,))
grad(lambda x: jvp(lambda y: y**3, (x,), (z,))[1].sum())(x)
jacrev(lambda x: x.sin())(x)
jacrev(lambda x: (B @ x).tanh())(x)
jacrev(lambda x, z: x.outer(z), argnums=(0, 1))(x, z)
jacrev(lambda x: ((B @ x).exp(), x), has_aux=True)(x)
jacrev(lambda x: {'a': x.sum(), 'b': (x, x * x)})(x)
jacrev(lambda p: p['x'] * p['s'])({'x': x, 's': s})
jacfwd(lambda x: x.sin())(x)
jacfwd(lambda A: (B @ A).tanh())(A)
jacfwd(lambda x, z: x.outer(z), argnums=(0, 1))(x, z)
jacfwd(lambda x: ((B @ x).exp(), x), has_aux=True)(x)
jacfwd(lambda x: {'a': x.sum(), 'b': (x, x * x)})(x)
hessian(lambda x: (A @ x).sin().sum())(x)
hessian(lambda x, z: ((A @ x).sin() * z).sum(), argnums=1)(x, z)
hessian(lambda x, z: ((A @ x).sin() * z**2).sum(), argnums=(0, 1))(x, z)
hessian(lambda x: x**3)(x)
jacfwd(jacrev(lambda x: (x**3).sum()))(x)
jacrev(jacrev(lambda x: (x**3).sum()))(x)
jacrev(jacfwd(lambda x: (x**3).sum()))(x)
jacfwd(jacfwd(lambda x: (x**3).sum()))(x)
jacrev(hessian(lambda x: (x**4).sum()))(x)
grad(lambda x: hessian(lambda y: (y**4).sum())(x).sum())(x)
linearize(lambda x: x**3, x)[1](z)
vmap(lambda v: v.sum())(B)
vmap(lambda v, w: v @ w, in_dims=(0, None))(B, x)
vmap(lambda v: v.cumsum(0), in_dims=1, out_dims=1)(B)
vmap(lambda v, w: (v * w, v.sum()), out_dims=(1, 0))(A, x)
vmap(lambda d: d['v'] * d['s'], in_dims=({'v': 0, 's': None},))({'v': B, 's': s})
vmap(vmap(lambda u: u**2))(B)
vmap(grad(lambda v: (v**3).sum()))(B)
grad(lambda A: vmap(lambda v: (v**3).prod())(A).sum())(A)
vmap(lambda v: B, in_dims=1)(A)
grad(lambda x: x)(x)
grad(lambda x: 3.0)(x)
grad(lambda x: x.sum(), argnums=1)(x)
grad(lambda x: x.sum(), argnums=(0, 0))(x)
grad(lambda x: x.sum(), has_aux=True)(x)
grad(lambda i: i.sum() * s)(i)
jvp(lambda x: x, (x,), (B,))
jvp(lambda x: x, x, x)
vjp(lambda x: x, x)[1](B)
vmap(lambda v, w: v + w)(B, x)
vmap(lambda v: v, in_dims=None)(x)
vmap(lambda v: v, in_dims=(0, 0))(x)
vmap(lambda v: v, in_dims=2)(B)
jacrev(lambda x: x.sin(), chunk_size=2)(x)
jacrev(lambda x: x.sin(), chunk_size=0)(x)
vmap(lambda v: v.sum(), chunk_size=2)(B)
vmap(lambda v: v.sum(), chunk_size=0)(B)
vmap(lambda v: 3.0)(B)
vmap(lambda v: None)(B)
vmap(lambda v: v, out_dims=None)(B)
vmap(lambda v: x, out_dims=None)(B)
vmap(lambda v: (v, x * 2), out_dims=(0, None))(B)
vmap(lambda v: (v, v), out_dims=(0, None))(B)
vmap(lambda v: (v, v), out_dims=(0,))(B)
vmap(lambda v: v, out_dims=5)(B)
vmap(lambda v: v, out_dims=-1)(B)
vmap(lambda v, w: v + w, in_dims=[0, None])(B, x)
vmap(lambda v, w: v + w, in_dims=(0, -1))(B, B.mT)
vmap(lambda v, k=1: v * k)(B, k=3)
vmap(lambda v: (v * 2, v.sum()))(B[:0])
vmap(lambda v: v.sum(), in_dims=1)(B[:, :0])
vmap(lambda v: v)(3)
vmap(lambda v: v)()
vmap(lambda d: d[0] + d[1], in_dims=((0, 1),))((A, A))
vmap(lambda v: {'a': v, 'b': (v * 2,)})(B)
vmap(lambda v: v.sum(), randomness='x')(B)
vmap(jacrev(lambda v: v**2))(B)
vmap(hessian(lambda v: (v**3).sum()))(B)
jacrev(vmap(lambda v: (v**3).sum()))(B)
vmap(vmap(lambda u, v: u * v, in_dims=(0, None)), in_dims=(None, 0))(x, z)
vmap(lambda v: jvp(lambda u: u**3, (v,), (v,)))(B)
vmap(lambda v: vjp(lambda u: u**3, v)[1](v))(B)
jvp(lambda x: z, (x,), (z,), strict=True)
jacfwd(lambda x: x, randomness='different')(x)
linearize(lambda x, z: (x * z, x), x, z)[1](x, z)
grad(lambda x: x.detach().sum())(x)
grad(lambda x: x.prod().item() * x.sum())(x)
jacrev(lambda x, z: (x * z).sum(), argnums=(0,))(x, z)
"""


def names(library):
    found = {name: library.tensor(a) for name, a in ARRAYS.items()}
    public = ("grad", "grad_and_value", "vjp", "jvp", "jacrev", "jacfwd", "hessian", "linearize", "vmap")
    return {**found, "i": library.tensor([1, 2]), **{name: getattr(library.func, name) for name in public}}


def run(library, call):
    try:
        return eval(call, names(library))
    except Exception as error:
        return type(error)


def same(got, want):
    if isinstance(want, torch.Tensor):
        assert isinstance(got, tg.Tensor)
        assert got.shape == tuple(want.shape)
        assert got.requires_grad == want.requires_grad
        np.testing.assert_allclose(got.detach().numpy(), want.detach().numpy(), rtol=1e-10, atol=1e-12)
    elif isinstance(want, dict):
        assert list(got) == list(want)
        for key in want:
            same(got[key], want[key])
    elif isinstance(want, tuple | list):
        assert type(got) is type(want)
        assert len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            same(g, w)
    else:
        assert isinstance(want, type), want
        assert isinstance(got, type), f"PyTorch raises {want}, we give {got}"
        assert issubclass(got, want), f"PyTorch raises {want}, we {got}"


@pytest.mark.parametrize("call", CALLS.strip().splitlines())
def test_beside_torch_func(call):
    want = run(torch, call)
    assert not isinstance(want, type) or "lambda" in call
    same(run(tg, call), want)


@pytest.mark.parametrize("name", ["x", "z"])
def test_what_is_outside_may_ask_for_a_graph(name):
    """An ordinary leaf, as the argument and captured by the function."""

    def gradient(library):
        found = names(library)
        found[name].requires_grad_()
        g = library.func.grad(lambda x: (x**2 * found["z"] ** 3).sum())(found["x"])
        g.sum().backward()
        return g, found[name].grad

    same(gradient(tg), gradient(torch))


def networks():
    def make(nn):
        return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()

    ours, theirs = make(tg.nn), make(torch.nn)
    theirs.load_state_dict({k: torch.tensor(v.numpy()) for k, v in ours.state_dict().items()})
    return ours, theirs


def losses(library, net):
    x = library.tensor(ARRAYS["B"])
    labels = library.tensor([0, 1, 1, 0])
    params = {name: p.detach() for name, p in net.named_parameters()}

    def loss(params, x, labels):
        return library.nn.functional.cross_entropy(library.func.functional_call(net, params, (x,)), labels)

    return loss, params, x, labels


@pytest.mark.parametrize("transform", ["grad", "hessian", "jacfwd"])
def test_a_networks_loss(transform):
    found = []
    for library, net in zip((tg, torch), networks()):
        loss, params, x, labels = losses(library, net)
        found.append(getattr(library.func, transform)(loss)(params, x, labels))
    same(*found)


def test_gradients_of_each_sample():
    found = []
    for library, net in zip((tg, torch), networks()):
        loss, params, x, labels = losses(library, net)
        each = library.func.vmap(library.func.grad(loss), in_dims=(None, 0, 0))
        found.append(each(params, x, labels))
    same(*found)


def test_an_ensemble_of_stacked_modules():
    found = []
    for library, net in zip((tg, torch), networks()):
        nets = [net, library.nn.Sequential(*net)]
        params, buffers = library.func.stack_module_state(nets)
        x = library.tensor(ARRAYS["B"])
        call = library.func.vmap(
            lambda p, b, net=net, x=x, library=library: library.func.functional_call(net, (p, b), (x,))
        )
        found.append([call(params, buffers), params, buffers])
    same(*found)


def test_hvp_beside_autograd_functional():
    def f(x):
        return (x**3).sum() * x.exp().prod()

    x, v = ARRAYS["x"], ARRAYS["z"]
    want = torch.autograd.functional.hvp(f, torch.tensor(x), torch.tensor(v))
    same(tg.func.hvp(f, (tg.tensor(x),), (tg.tensor(v),)), want)
