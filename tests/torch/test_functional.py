"""What PyTorch's own samples leave out: signatures, running statistics, masks, changes in place, errors."""

import inspect

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.nn import functional as F

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch
T = torch.nn.functional

ACTIVATIONS = {
    "celu": {"alpha": 0.5},
    "elu": {"alpha": 0.7},
    "gelu": {"approximate": "tanh"},
    "hardshrink": {"lambd": 0.3},
    "hardsigmoid": {},
    "hardswish": {},
    "hardtanh": {"min_val": -0.5, "max_val": 0.7},
    "leaky_relu": {"negative_slope": 0.2},
    "logsigmoid": {},
    "mish": {},
    "relu": {},
    "relu6": {},
    "rrelu": {"lower": 0.1, "upper": 0.2},
    "selu": {},
    "silu": {},
    "softplus": {"beta": 2.0, "threshold": 1.0},
    "softshrink": {"lambd": 0.3},
    "softsign": {},
    "tanhshrink": {},
    "threshold": {"threshold": 0.1, "value": 7.0},
}
IN_PLACE = ("celu", "elu", "hardtanh", "leaky_relu", "relu", "rrelu", "selu", "threshold")
SIGNATURES = (
    *("relu relu6 hardtanh leaky_relu rrelu threshold elu selu celu silu mish hardsigmoid hardswish glu").split(),
    *("softmax log_softmax softmin gumbel_softmax softsign tanhshrink").split(),
    *("dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout").split(),
    *("batch_norm instance_norm layer_norm group_norm rms_norm multi_head_attention_forward").split(),
)


def pair(array, grad=True):
    return tg.tensor(array, requires_grad=grad), torch.tensor(array, requires_grad=grad)


def same(got, want, rtol=1e-11, atol=1e-13):
    want = want.detach().numpy()
    assert got.dtype == want.dtype
    np.testing.assert_allclose(got.detach().numpy(), want, rtol=rtol, atol=atol)


def agree(ours, theirs, *arrays, rtol=1e-11):
    """Values, gradients and gradients of gradients of two functions."""
    mine, its = zip(*map(pair, arrays), strict=True)
    y, z = ours(*mine), theirs(*its)
    same(y, z)
    g = np.random.default_rng(1).standard_normal(tuple(z.shape))
    found = tg.autograd.grad(y, mine, tg.tensor(g), create_graph=True, allow_unused=True)
    wanted = torch.autograd.grad(z, its, torch.tensor(g), create_graph=True, allow_unused=True)
    y.backward(tg.tensor(g), retain_graph=True)
    for x, a, b in zip(mine, found, wanted, strict=True):
        if b is not None:
            same(a, b, rtol)
            same(x.grad, b, rtol)
    totals = [sum((d * d).sum() for d in gradients if d is not None) for gradients in (found, wanted)]
    if totals[1].requires_grad and totals[0].requires_grad:
        second = tg.autograd.grad(totals[0], mine, allow_unused=True)
        for a, b in zip(second, torch.autograd.grad(totals[1], its, allow_unused=True), strict=True):
            if a is None or b is None:
                assert a is None or not a.array.any()
                assert b is None or not b.any()
            else:
                same(a, b, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_signature(name):
    mine, its = (inspect.signature(getattr(place, name)).parameters for place in (F, T))
    assert list(mine) == list(its)
    assert [p.default for p in mine.values()] == [p.default for p in its.values()]


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (40,), (3, 2, 4)])
def test_an_activation(name, shape):
    x = 2 * np.random.default_rng(0).standard_normal(shape)
    settings = ACTIVATIONS[name]
    rtol = 1e-7 if name == "hardsigmoid" else 1e-11  # PyTorch's sixth is that of float32
    if name != "threshold":
        agree(getattr(F, name), getattr(T, name), x, rtol=rtol)
    agree(lambda x: getattr(F, name)(x, **settings), lambda x: getattr(T, name)(x, **settings), x, rtol=rtol)
    if x.ndim > 1:
        agree(lambda x: getattr(F, name)(x.mT, **settings), lambda x: getattr(T, name)(x.mT, **settings), x, rtol=rtol)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_in_float32(name):
    x = np.linspace(-30, 30, 4001, dtype=np.float32)
    a, b = pair(x)
    settings = ACTIVATIONS[name]
    y, z = getattr(F, name)(a, **settings), getattr(T, name)(b, **settings)
    same(y, z, rtol=3e-6, atol=3e-6)
    y.sum().backward()
    z.sum().backward()
    same(a.grad, b.grad, rtol=3e-6, atol=3e-6)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_at_kinks_and_infinities(name):
    x = np.array([0.0, -0.0, 6, 3, -3, 1, -1, 0.5, -0.5, 1000, -1000, np.inf, -np.inf, np.nan])
    a, b = pair(x)
    with np.errstate(all="ignore"):
        settings = ACTIVATIONS[name]
        y, z = getattr(F, name)(a, **settings), getattr(T, name)(b, **settings)
        y.sum().backward()
    z.sum().backward()
    same(y, z)
    finite = np.isfinite(x)  # beyond, PyTorch's ways differ from function to function
    np.testing.assert_allclose(a.grad.numpy()[finite], b.grad.numpy()[finite], rtol=1e-7)


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(name):
    x = np.random.default_rng(0).standard_normal((3, 4))
    settings = ACTIVATIONS[name]
    agree(lambda x: getattr(F, name + "_")(x * 1, **settings), lambda x: getattr(T, name + "_")(x * 1, **settings), x)
    leaf = tg.tensor(x)
    assert getattr(F, name)(leaf, **settings, inplace=True) is leaf
    same(leaf, getattr(T, name)(torch.tensor(x), **settings))
    with pytest.raises(RuntimeError, match="leaf"):
        getattr(F, name)(tg.tensor(x, requires_grad=True), **settings, inplace=True)


@pytest.mark.parametrize("name", [n for n in ACTIVATIONS if n not in ("relu", "relu6", "hardtanh", "threshold")])
def test_integers(name):
    x = np.array([2, -3])
    try:
        z = getattr(T, name)(torch.tensor(x))
    except RuntimeError:
        with pytest.raises(RuntimeError, match="floating"):
            getattr(F, name)(tg.tensor(x))
    else:
        same(getattr(F, name)(tg.tensor(x)), z, rtol=1e-6)


@pytest.mark.parametrize("name", [*ACTIVATIONS, "glu", "dropout", "layer_norm", "batch_norm"])
def test_a_number_is_no_tensor(name):
    args = {"threshold": (1, 2), "layer_norm": ((2,),), "batch_norm": (None, None)}.get(name, ())
    with pytest.raises(TypeError, match=name):
        getattr(F, name)(3.0, *args)


# -------------------------------------------------------------------------------------------------- normalisation


@pytest.mark.parametrize("shape", [(5, 3), (4, 3, 2), (2, 3, 4, 5), (2, 3, 2, 1, 3), (1, 3, 2), (6, 1, 2)])
@pytest.mark.parametrize("affine", ["both", "weight", "none"])  # of a bias alone PyTorch 2.13 has no second derivative
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm(shape, affine, training):
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal(shape) + 1, rng.standard_normal(shape[1]), rng.standard_normal(shape[1])
    running = rng.standard_normal(shape[1]), rng.random(shape[1])
    given = [w] * (affine in ("both", "weight")) + [b] * (affine == "both")

    def normalized(place, tensor):
        def f(x, *vectors):
            vectors = list(vectors)
            weight = vectors.pop(0) if affine in ("both", "weight") else None
            bias = vectors.pop(0) if vectors else None
            stats = [tensor(r) for r in running]
            y = place.batch_norm(x, *stats, weight, bias, training, 0.3, 1e-3)
            moved.append(stats)
            return y

        return f

    moved = []
    agree(normalized(F, tg.tensor), normalized(T, torch.tensor), x, *given)
    for a, b in zip(*moved, strict=True):
        same(a, b)
    if training:
        agree(
            lambda x: F.batch_norm(x, None, None, training=True),
            lambda x: T.batch_norm(x, None, None, training=True),
            x,
        )


@pytest.mark.parametrize("shape", [(4, 3, 2), (2, 3, 4, 5), (1, 2, 3)])
@pytest.mark.parametrize("use_input_stats", [True, False])
def test_instance_norm(shape, use_input_stats):
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal(shape) + 1, rng.standard_normal(shape[1]), rng.standard_normal(shape[1])
    running = rng.standard_normal(shape[1]), rng.random(shape[1])
    moved = []

    def normalized(place, tensor):
        def f(x, w, b):
            moved.append([tensor(r) for r in running])
            return place.instance_norm(x, *moved[-1], w, b, use_input_stats, 0.3)

        return f

    agree(normalized(F, tg.tensor), normalized(T, torch.tensor), x, w, b)
    for a, b in zip(*moved, strict=True):
        same(a, b)


@pytest.mark.parametrize("shape", [(4, 6), (2, 3, 4), (3, 5, 2, 2)])
def test_norms_of_layers_and_groups(shape):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape)
    for n in range(1, len(shape)):
        last = shape[-n:]
        w, b = rng.standard_normal((2, *last))
        agree(lambda x, w, b: F.layer_norm(x, last, w, b), lambda x, w, b: T.layer_norm(x, last, w, b), x, w, b)  # noqa: B023
        agree(lambda x: F.layer_norm(x, last), lambda x: T.layer_norm(x, last), x)  # noqa: B023
        agree(lambda x, w: F.rms_norm(x, last, w), lambda x, w: T.rms_norm(x, last, w), x, w)  # noqa: B023
    w, b = rng.standard_normal((2, shape[1]))
    for groups in (1, shape[1]):
        if x[0].size > groups:
            agree(
                lambda x, w, b: F.group_norm(x, groups, w, b),  # noqa: B023
                lambda x, w, b: T.group_norm(x, groups, w, b),  # noqa: B023
                x,
                w,
                b,
            )


ONE, TWO, THREE = np.ones((1, 3)), np.ones((4, 2)), np.ones((2, 3, 4))
ERRORS = [
    ("batch_norm", ONE, (None, None), {"training": True}),
    ("batch_norm", TWO, (None, None), {}),
    ("batch_norm", TWO, (np.ones(3), np.ones(3)), {}),
    ("batch_norm", TWO, (None, None, np.ones(3)), {"training": True}),
    ("batch_norm", TWO, (None, None), {"training": True, "eps": 0.0}),
    ("batch_norm", TWO, (np.ones(2), np.ones(2)), {"eps": -1.0}),
    ("instance_norm", THREE, (), {"use_input_stats": False}),
    ("instance_norm", np.ones((2, 3, 1)), (), {}),
    ("instance_norm", THREE, (None, None, np.ones(4)), {}),
    ("layer_norm", TWO, ((3,),), {}),
    ("layer_norm", TWO, ((),), {}),
    ("layer_norm", TWO, (2,), {}),
    ("layer_norm", TWO, ((2,), np.ones(3)), {}),
    ("layer_norm", TWO, ((4, 2, 1),), {}),
    ("rms_norm", TWO, ((3,),), {}),
    ("group_norm", TWO, (3,), {}),
    ("group_norm", np.ones(3), (1,), {}),
    ("group_norm", TWO, (1, np.ones(4)), {}),
    ("dropout", TWO, (1.5,), {}),
    ("dropout", TWO, (-0.1,), {}),
    ("dropout1d", np.ones(3), (), {}),
    ("feature_alpha_dropout", np.ones(3), (0.5, True), {}),
    ("glu", np.ones(3), (), {}),
    ("glu", TWO, (5,), {}),
    ("softmax", TWO, (2,), {}),
    ("hardtanh", TWO, (1.0, -1.0), {}),
    ("rrelu", TWO, (0.5, 0.1), {}),
    ("celu", TWO, (0.0,), {}),
    ("softshrink", TWO, (-1.0,), {}),
    ("gelu", TWO, (), {"approximate": "none at all"}),
    ("linear", TWO, (np.ones((2, 3)),), {}),
    ("linear", TWO, (np.ones((3, 2)), np.ones(2)), {}),
    ("scaled_dot_product_attention", np.ones(3), (np.ones(3), np.ones(3)), {}),
    ("scaled_dot_product_attention", TWO, (TWO, TWO, np.ones((4, 4))), {"is_causal": True}),
    ("scaled_dot_product_attention", TWO, (TWO, TWO, np.ones((4, 4), int)), {}),
    ("scaled_dot_product_attention", TWO, (np.ones((4, 3)), TWO), {}),
]


@pytest.mark.parametrize(("name", "x", "args", "settings"), ERRORS)
def test_an_error(name, x, args, settings):
    def call(place, tensor):
        return getattr(place, name)(
            tensor(x), *(tensor(a) if isinstance(a, np.ndarray) else a for a in args), **settings
        )

    with pytest.raises((RuntimeError, ValueError, TypeError, IndexError)) as theirs:
        call(T, torch.tensor)
    with pytest.raises(theirs.type):
        call(F, tg.tensor)


# ------------------------------------------------------------------------------------------------------ attention


@pytest.mark.parametrize("lead", [(), (2,), (2, 3)])
def test_attention(lead):
    rng = np.random.default_rng(0)
    q, k, v = (rng.standard_normal((*lead, n, m)) for n, m in ((4, 5), (3, 5), (3, 2)))
    mask, bias = rng.random((4, 3)) < 0.7, rng.standard_normal((*lead, 4, 3))
    mask[0] = False
    f, g = F.scaled_dot_product_attention, T.scaled_dot_product_attention
    agree(f, g, q, k, v)
    agree(lambda q, k, v: f(q, k, v, scale=0.3), lambda q, k, v: g(q, k, v, scale=0.3), q, k, v)
    agree(lambda q, k, v: f(q, k, v, is_causal=True), lambda q, k, v: g(q, k, v, is_causal=True), q, k, v)
    agree(f, g, q, k, v, bias)
    agree(lambda q, k, v: f(q, k, v, tg.tensor(mask)), lambda q, k, v: g(q, k, v, torch.tensor(mask)), q, k, v)


def test_attention_with_fewer_keys_than_queries():
    rng = np.random.default_rng(0)
    q, k, v = (rng.standard_normal((2, heads, 3, 4)) for heads in (6, 2, 3))
    f, g = F.scaled_dot_product_attention, T.scaled_dot_product_attention
    agree(lambda q, k, v: f(q, k, v, enable_gqa=True), lambda q, k, v: g(q, k, v, enable_gqa=True), q, k, v)


@pytest.mark.filterwarnings("ignore:Support for mismatched")
@pytest.mark.parametrize("batch", [(), (2,)])
@pytest.mark.parametrize("extras", [False, True])
@pytest.mark.parametrize("need_weights", [True, False])
def test_multi_head_attention(batch, extras, need_weights):
    rng = np.random.default_rng(0)
    n, m, e, heads = 3, 4, 6, 2
    arrays = [rng.standard_normal(s) for s in ((n, *batch, e), (m, *batch, e), (m, *batch, e), (3 * e, e), (e, e))]
    biases = [rng.standard_normal(s) for s in ((3 * e,), (e,), (1, 1, e), (1, 1, e))]
    hidden, bias = rng.random((*batch, m)) < 0.3, rng.standard_normal((n, m))

    def f(place, tensor):
        def call(q, k, v, w, out, b, c, bias_k, bias_v, mask):
            y, weights = place.multi_head_attention_forward(
                *(q, k, v, e, heads, w, b, bias_k if extras else None, bias_v if extras else None, extras, 0.5, out, c),
                training=False,
                key_padding_mask=None if extras else tensor(hidden),
                need_weights=need_weights,
                attn_mask=mask,
                average_attn_weights=extras,
            )
            assert (weights is not None) == need_weights
            unused = (bias_k.sum() + bias_v.sum()) * 0
            return y.sum() + unused if weights is None else y.sum() + (weights * weights).sum() + unused

        return call

    agree(f(F, tg.tensor), f(T, torch.tensor), *arrays, *biases, bias)


def test_multi_head_attention_to_itself_with_separate_maps_and_static_keys():
    rng = np.random.default_rng(0)
    n, e, heads = 3, 4, 2
    x, w, out = rng.standard_normal((n, 2, e)), rng.standard_normal((3 * e, e)), rng.standard_normal((e, e))
    static = rng.standard_normal((2 * heads, 5, e // heads))

    def f(place, **settings):
        def call(x, w, out, static):
            y = place.multi_head_attention_forward(
                *(x, x, x, e, heads, w, None, None, None, False, 0.0, out, None), **settings
            )[0]
            q, k, v = w.split(e)
            z = place.multi_head_attention_forward(
                *(x, x, x, e, heads, None, None, None, None, False, 0.0, out, None),
                use_separate_proj_weight=True,
                q_proj_weight=q,
                k_proj_weight=k,
                v_proj_weight=v,
                static_k=static,
                static_v=static * 2,
            )[0]
            return y + z

        return call

    agree(f(F), f(T), x, w, out, static)
