"""Functions with a gradient of their own, written as in PyTorch."""

import gc
import weakref

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.autograd import Function
from tinygrad_lab.autograd.function import once_differentiable
from tinygrad_lab.testing import gradcheck, gradgradcheck


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x**2


class Exp(Function):
    """It saves its result."""

    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y


class ExpAndSum(Function):
    """It saves one of its two results."""

    @staticmethod
    def forward(ctx, a, b):
        y = a.exp() * b
        ctx.save_for_backward(b, y)
        return (a + b), y

    @staticmethod
    def backward(ctx, g, h):
        b, y = ctx.saved_tensors
        return g + h * y, g + h * y / b


class Polar(Function):
    """Two arguments and a plain one, two results and an integer one."""

    @staticmethod
    def forward(ctx, r, t, scale):
        ctx.save_for_backward(r, t)
        ctx.scale = scale
        return scale * r * t.cos(), scale * r * t.sin(), r.argmax()

    @staticmethod
    def backward(ctx, gx, gy, _):
        r, t = ctx.saved_tensors
        assert ctx.needs_input_grad[2] is False
        return ctx.scale * (gx * t.cos() + gy * t.sin()), ctx.scale * r * (gy * t.cos() - gx * t.sin()), None


class Product(Function):
    """The newer form: the context is filled apart."""

    @staticmethod
    def forward(a, b):
        return a * b

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        return g * b, g * a


def real(*shape, seed=0):
    return tg.tensor(np.random.default_rng(seed).uniform(0.5, 2, shape), requires_grad=True)


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        (Cube.apply, (real(3),)),
        (lambda r, t: Polar.apply(r, t, 2.0)[:2], (real(3), real(3, seed=1))),
        (Product.apply, (real(2), real(2, seed=1))),
    ],
)
def test_gradients_of_first_and_second_order(function, inputs):
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


def test_a_saved_result_serves_both_orders():
    assert gradcheck(Exp.apply, real(3))
    assert gradgradcheck(Exp.apply, real(3))
    assert gradgradcheck(lambda r, t: ExpAndSum.apply(r, t), (real(3), real(3, seed=1)))


def test_nothing_is_recorded_without_need():
    assert not Cube.apply(tg.ones(2)).requires_grad
    with tg.no_grad():
        assert not Cube.apply(real(2)).requires_grad


class Same(tg.autograd.Function):
    """Several arguments as they are, in a tuple."""

    @staticmethod
    def forward(ctx, *args):
        return tuple(a.clone() for a in args)

    @staticmethod
    def backward(ctx, *grads):
        return grads


def test_results_keep_their_shapes_and_dtypes():
    a, b = tg.ones(2, 3, requires_grad=True), tg.ones(4, dtype=np.float64, requires_grad=True)
    (only,) = Same.apply(a)
    assert only.shape == (2, 3)
    only.sum().backward()
    assert a.grad.shape == (2, 3)
    one, two = Same.apply(a, b)
    assert [(t.shape, t.dtype) for t in (one, two)] == [((2, 3), np.float32), ((4,), np.float64)]
    (one.sum().double() + (two * 3).sum()).backward()
    assert (b.grad.tolist(), a.grad.dtype, a.grad.tolist()) == ([3.0] * 4, np.float32, [[2.0] * 3] * 2)


def test_results_that_are_not_differentiable():
    x, y, place = Polar.apply(real(3), real(3), 1.0)
    assert x.requires_grad
    assert y.requires_grad
    assert not place.requires_grad


class Kept(tg.autograd.Function):
    """A product with a tensor that is saved."""

    @staticmethod
    def forward(ctx, x, kept):
        ctx.save_for_backward(kept)
        return x * kept

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0], None


def test_the_name_is_in_the_graph_and_memory_goes_with_the_last_name():
    x = real(3)
    y = Exp.apply(x)
    assert y.grad_fn.op.name == "Exp"
    assert "grad_fn=<Exp>" in repr(y)
    seen = weakref.ref(y)
    gc.disable()
    try:
        del y
        assert seen() is None
        for walked in (False, True):
            saved = x.detach() * 2
            y = Kept.apply(x, saved).sum()
            seen = weakref.ref(saved)
            del saved
            if walked:
                y.backward()
            assert seen() is not None
            del y
            assert seen() is None
    finally:
        gc.enable()


def test_one_backward_serves_all_arguments():
    calls = []

    class Counted(Product):
        @staticmethod
        def backward(ctx, g):
            calls.append(g)
            return Product.backward(ctx, g)

    a, b = real(2), real(2)
    Counted.apply(a, b).sum().backward()
    assert len(calls) == 1
    np.testing.assert_allclose(a.grad.array, b.detach().array)


def test_a_saved_tensor_that_was_changed_is_refused():
    x = real(3)
    h = x * 1
    y = Cube.apply(h)
    h.mul_(2)
    with pytest.raises(
        RuntimeError, match="Cube: its backward needs a saved tensor of shape .* changed in place by mul_"
    ):
        y.sum().backward()


def test_a_saved_result_that_was_changed_is_refused():
    y = Exp.apply(real(3))
    y.add_(1)
    with pytest.raises(RuntimeError, match="Exp: its backward needs a saved tensor .* changed in place by add_"):
        y.sum().backward()


def test_twice_backward_is_refused_as_for_any_op():
    y = Cube.apply(real(3)).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="this graph was freed"):
        y.backward()


def test_bad_functions_are_explained():
    class Nothing(Function):
        @staticmethod
        def forward(ctx, x):
            pass

    class TooFew(Product):
        @staticmethod
        def backward(ctx, g):
            return g

    class WrongShape(Cube):
        @staticmethod
        def backward(ctx, g):
            return g.sum()

    with pytest.raises(TypeError, match="Nothing: forward must return tensors, not None"):
        Nothing.apply(real(2))
    with pytest.raises(RuntimeError, match="TooFew: backward returned 1 gradients for 2 arguments"):
        TooFew.apply(real(2), real(2)).sum().backward()
    with pytest.raises(
        RuntimeError, match=r"WrongShape: backward gave argument 0, of shape \(2,\), a gradient of shape"
    ):
        WrongShape.apply(real(2)).sum().backward()
    with pytest.raises(NotImplementedError, match="a subclass must define a static forward"):
        Function.apply(real(2))


class Power(tg.autograd.Function):
    """A function with a default."""

    @staticmethod
    def forward(ctx, x, exponent=2.0, note=None):
        ctx.save_for_backward(x)
        ctx.exponent = exponent
        return x**exponent

    @staticmethod
    def backward(ctx, g):
        return g * ctx.exponent * ctx.saved_tensors[0] ** (ctx.exponent - 1), None, None


@pytest.mark.parametrize("more", [(), (3.0,), (3.0, "note")])
def test_arguments_with_defaults_need_not_be_given(more):
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    n = more[0] if more else 2.0
    (g,) = tg.autograd.grad(Power.apply(x, *more).sum(), x, create_graph=True)
    np.testing.assert_allclose(g.detach(), n * np.array([1.0, 2.0]) ** (n - 1))
    (second,) = tg.autograd.grad(g.sum(), x)
    np.testing.assert_allclose(second, n * (n - 1) * np.array([1.0, 2.0]) ** (n - 2))


def made(forward, backward=lambda ctx, *g: g[0]):
    return type("Made", (tg.autograd.Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)})


def test_results_may_stand_beside_what_is_no_tensor():
    seen = []
    y, n = made(lambda ctx, x: (x * 2, 5), lambda ctx, g, h: seen.append(h) or 2 * g).apply(leaf := real(3))
    assert n == 5
    y.sum().backward()
    assert leaf.grad.tolist() == [2.0] * 3
    assert seen == [None]


def test_only_what_was_marked_has_no_gradient():
    """A result may lie where a marked tensor lay that is gone."""

    def forward(ctx, x):
        for _ in range(50):
            ctx.mark_non_differentiable(x > 1)
        return x * 2

    assert all(made(forward).apply(real(3)).requires_grad for _ in range(20))


@pytest.mark.parametrize(("materialize", "missing"), [(True, [0.0, 0.0, 0.0]), (False, None)], ids=["zeros", "None"])
def test_results_without_a_gradient_give_zeros_or_none(materialize, missing):
    seen = []

    def forward(ctx, x):
        ctx.set_materialize_grads(materialize)
        return x * 2, x * 3

    def backward(ctx, g, h):
        seen.append(None if h is None else h.tolist())
        return 2 * g

    x = real(3)
    made(forward, backward).apply(x)[0].sum().backward()
    assert seen == [missing]
    assert x.grad.tolist() == [2.0] * 3


@pytest.mark.parametrize(
    ("forward", "backward", "kind", "text"),
    [
        (
            lambda ctx, x: x * 2,
            lambda ctx, g: 3,
            RuntimeError,
            "Made: backward gave argument 0 a int; it must be",
        ),
        (lambda ctx, x: x * 2, lambda ctx, g: [g], RuntimeError, "Made: backward gave argument 0 a list"),
        (lambda ctx, x: x * 2, lambda ctx, g: (g, g), RuntimeError, "returned 2 gradients for 1 arguments"),
        (lambda ctx, x: ctx.save_for_backward(3), lambda ctx, g: g, TypeError, "save_for_backward: only tensors and N"),
        (lambda ctx, x: 3, lambda ctx, g: g, TypeError, "Made: forward must return tensors, not 3"),
    ],
)
def test_what_a_function_returns_must_fit(forward, backward, kind, text):
    with pytest.raises(kind, match=text):
        made(forward, backward).apply(real(3)).sum().backward()


class Doubled(Function):
    """It changes its argument."""

    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def backward(ctx, g):
        return 2 * g


def test_an_argument_that_is_changed_in_place_becomes_the_result():
    x = real(3)
    y = x * 1
    row = y[0]
    assert Doubled.apply(y) is y
    (y.sum() + row).backward()
    assert y.tolist() == (2 * x).tolist()
    assert x.grad.tolist() == [4.0, 2.0, 2.0]
    with pytest.raises(RuntimeError, match="Doubled: a leaf tensor that requires grad"):
        Doubled.apply(x)


def test_a_view_that_is_changed_in_place_changes_what_it_looks_at():
    x = real(3)
    y = x * 1
    Doubled.apply(y[1:])
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 2.0, 2.0]


def test_one_of_several_results_may_be_a_changed_argument():
    x = real(3)

    def forward(ctx, x, y):
        ctx.mark_dirty(y)
        return x + y, y.mul_(2)

    y = x * 1
    total, same = made(forward, lambda ctx, g, h: (g, g + 2 * h)).apply(x, y)
    assert same is y
    (total.sum() + 3 * y.sum()).backward()
    assert x.grad.tolist() == [8.0] * 3


def test_a_marked_backward_may_give_several_gradients():
    once = made(lambda ctx, x, n: x * n, once_differentiable(lambda ctx, g: (2 * g, None)))
    (g,) = tg.autograd.grad(once.apply(x := real(3), 2).sum(), x, create_graph=True)
    assert g.tolist() == [2.0] * 3


def test_a_backward_marked_once_differentiable_has_no_second_derivative():
    class Third(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            assert ctx.saved_tensors[0] is x
            return tg.tensor(3 * g.detach().numpy() * x.detach().numpy() ** 2)

    x = tg.tensor([2.0], requires_grad=True)
    Third.apply(x).backward()
    assert x.grad.tolist() == [12]
    (g,) = tg.autograd.grad(Third.apply(x) ** 2, x, create_graph=True)
    assert g.tolist() == [192]
    with pytest.raises(RuntimeError, match="marked with @once_differentiable"):
        g.backward()
