"""Hooks of modules: on the gradients that pass through them, and those that are called whatever happens."""

import copy

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn


class Two(nn.Module):
    """Two results of two arguments, and one that isn't a tensor."""

    def forward(self, a, b, *, scale=1.0):
        return a * b * scale, "text", a + b


def linear(hook=None, **kwargs):
    model = nn.Linear(2, 2)
    model.load_state_dict({"weight": tg.tensor([[1.0, 2.0], [3.0, 4.0]]), "bias": tg.zeros(2)})
    if hook is not None:
        model.register_full_backward_hook(hook, **kwargs)
    return model


def x():
    return tg.tensor([[1.0, -1.0]], requires_grad=True)


def plain(grads):
    return tuple(None if g is None else g.tolist() for g in grads)


def test_a_backward_hook_sees_the_gradients_of_arguments_and_results():
    seen = []
    model = linear(lambda m, gi, go: seen.append((m is model, plain(gi), plain(go))))
    t = x()
    h = t * 1
    (model(h) * tg.tensor([1.0, 10.0]) + h).sum().backward()  # h is used elsewhere, too: that isn't the module's
    assert seen == [(True, ([[31.0, 42.0]],), ([[1.0, 10.0]],))]
    assert t.grad.tolist() == [[32.0, 43.0]]
    assert model.weight.grad.tolist() == [[1.0, -1.0], [10.0, -10.0]]


def test_what_is_no_tensor_or_requires_no_grad_has_none():
    seen = []
    model = Two()
    model.register_full_backward_hook(lambda m, gi, go: seen.append((plain(gi), plain(go))))
    a, b = tg.tensor([2.0, 3.0], requires_grad=True), tg.tensor([5.0, 7.0])
    product, text, total = model(a, b, scale=2.0)
    assert text == "text"
    (product.sum() + (3 * total).sum()).backward()
    assert seen == [(([13.0, 17.0], None), ([1.0, 1.0], None, [3.0, 3.0]))]
    seen.clear()
    linear(lambda m, gi, go: seen.append((plain(gi), plain(go))))(x().detach()).sum().backward()
    assert seen == [((None,), ([[1.0, 1.0]],))]
    with tg.no_grad():
        model(a, b)
    assert len(seen) == 1


def test_backward_hooks_replace_gradients():
    model = linear(lambda m, gi, go: (gi[0] * 10,))
    model.register_full_backward_hook(lambda m, gi, go: gi[0] + go[0])
    model.register_full_backward_pre_hook(lambda m, go: go[0] * 2)
    t = x()
    model(t).sum().backward()
    assert model.bias.grad.tolist() == [2.0, 2.0]
    assert t.grad.tolist() == [[82.0, 122.0]]


def test_backward_hooks_are_differentiated():
    model = linear(lambda m, gi, go: (gi[0] ** 2,))
    t = x()
    (g,) = tg.autograd.grad(model(t).square().sum(), t, create_graph=True)
    gradient = lambda v: (2 * (v @ [[1.0, 3.0], [2.0, 4.0]]) @ [[1.0, 2.0], [3.0, 4.0]]) ** 2
    np.testing.assert_allclose(g.detach(), gradient(t.detach().numpy()))
    (second,) = tg.autograd.grad(g.sum(), t)
    step = 1e-30j
    slope = [gradient(np.array([[1.0, -1.0]]) + step * np.eye(2)[i]).sum().imag / 1e-30 for i in range(2)]
    np.testing.assert_allclose(second, [np.square(slope)], rtol=1e-6)  # the hook sees this gradient, too


def test_backward_hooks_come_in_order_and_go():
    seen = []
    model = linear(lambda m, gi, go: seen.append("second"))
    model.register_full_backward_hook(lambda m, gi, go: seen.append("first"), prepend=True)
    model.register_full_backward_pre_hook(lambda m, go: seen.append("pre"))
    last = model.register_full_backward_hook(lambda m, gi, go: seen.append("last"))
    model(x()).sum().backward()
    assert seen == ["pre", "first", "second", "last"]
    last.remove()
    seen.clear()
    copy.deepcopy(model)(x()).sum().backward()
    assert seen == ["pre", "first", "second"]


@pytest.mark.parametrize(
    ("hook", "kind", "text"),
    [
        (lambda m, gi, go: (gi[0], gi[0]), RuntimeError, "invalid number of grad_input, got 2, but expected 1"),
        (lambda m, gi, go: gi[0][0], RuntimeError, r"a grad_input of shape \(2,\) in place of one of \(1, 2\)"),
        (lambda m, gi, go: 3, TypeError, "must return tensors or None as grad_input, not int"),
    ],
)
def test_what_a_backward_hook_returns_must_fit(hook, kind, text):
    with pytest.raises(kind, match=text):
        linear(hook)(x()).sum().backward()


def test_a_hook_without_arguments_to_change_changes_nothing():
    with pytest.raises(RuntimeError, match="where no input requires gradient should always return None"):
        linear(lambda m, gi, go: go)(x().detach()).sum().backward()


def test_a_result_without_tensors_is_told_of():
    class Named(nn.Module):
        def forward(self, a):
            return {"y": a * 2}

    model = Named()
    model.register_full_backward_hook(lambda m, gi, go: pytest.fail("called"))
    with pytest.warns(
        UserWarning, match="module output should be a Tensor or a tuple of Tensors but received <class 'd"
    ):
        y = model(x())["y"]
    y.sum().backward()


def test_a_module_that_works_in_place_leaves_a_watched_argument():
    model = nn.ReLU(inplace=True)
    seen = []
    model.register_full_backward_hook(lambda m, gi, go: seen.append(plain(gi)))
    t = x()
    h = t * 1
    (model(h) + h).sum().backward()
    assert h.tolist() == [[1.0, -1.0]]
    assert seen == [([[1.0, 0.0]],)]
    assert t.grad.tolist() == [[2.0, 1.0]]


def test_a_hook_that_is_always_called():
    seen = []
    model = linear()
    model.register_forward_hook(lambda m, args, y: seen.append(("usual", y is None)))
    model.register_forward_hook(lambda m, args, kwargs, y: seen.append((kwargs, y)), always_call=True, with_kwargs=True)
    with pytest.raises(RuntimeError, match="matmul|linear"):
        model(tg.ones(1, 7))
    assert seen == [({}, None)]
    seen.clear()
    model(x())
    assert [first for first, _ in seen] == ["usual", {}]
    failing = linear()
    failing.register_forward_hook(lambda m, args, y: 1 / 0)
    failing.register_forward_hook(lambda m, args, y: seen.append(y.shape), always_call=True)
    with pytest.raises(ZeroDivisionError):
        failing(x())
    assert seen[-1] == (1, 2)
