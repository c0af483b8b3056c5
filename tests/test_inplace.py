"""Changes in place: right gradients, or an error that names the op and the line."""

import re

import numpy as np
import pytest

import tinygrad_lab as tg


def leaf(*values):
    return tg.tensor(list(values), dtype=np.float64, requires_grad=True)


def test_augmented_assignment_is_the_operation():
    x = leaf(1.0, 2.0)
    y = x * 1
    y += x
    y *= x
    y -= 1
    y /= 2
    y **= 2
    y.sum().backward()
    v = np.array([1.0, 2.0])
    np.testing.assert_allclose(y.detach().array, (v * v - 0.5) ** 2)
    np.testing.assert_allclose(x.grad.array, 2 * (v * v - 0.5) * 2 * v)


def test_in_place_methods_change_the_same_memory_and_return_the_tensor():
    y = tg.tensor([1.0, -4.0])
    memory = y.array
    assert y.add_(1).mul_(2).sub_(1).div_(3) is y
    assert y.array is memory
    np.testing.assert_allclose(memory, [1.0, -7.0 / 3], rtol=1e-6)
    y.zero_()
    assert y.tolist() == [0.0, 0.0]
    y.fill_(3).copy_(tg.tensor([5.0, -5.0])).clamp_(min=-1)
    assert y.tolist() == [5.0, -1.0]
    y.neg_().abs_().masked_fill_(tg.tensor([True, False]), 7)
    assert y.tolist() == [7.0, 1.0]


@pytest.mark.parametrize(
    ("change", "gradient"),
    [
        (lambda y, x: y.copy_(x * 3), [3.0, 3.0]),
        (lambda y, x: y.fill_(2.0), [0.0, 0.0]),
        (lambda y, x: y.zero_(), [0.0, 0.0]),
        (lambda y, x: y.clamp_(max=1.5), [1.0, 0.0]),
        (lambda y, x: y.add_(x, alpha=2), [3.0, 3.0]),
        (lambda y, x: y.mul_(y), [2.0, 4.0]),
        (lambda y, x: y.__setitem__(0, x[1] * 5), [0.0, 6.0]),
        (lambda y, x: y.__setitem__([0, 0], x * 2), [0.0, 3.0]),
        (lambda y, x: y.masked_fill_(tg.tensor([True, False]), 0.0), [0.0, 1.0]),
    ],
)
def test_gradients_through_changes(change, gradient):
    x = leaf(1.0, 2.0)
    y = x.clone()
    change(y, x)
    y.sum().backward()
    assert x.grad.tolist() == gradient


def test_a_plain_buffer_becomes_part_of_the_graph_by_assignment():
    x = leaf(1.0, 2.0, 3.0)
    out = tg.zeros(3, dtype=np.float64)
    for i in range(3):
        out[i] = x[i] * i
    (out * out).sum().backward()
    assert x.grad.tolist() == [0.0, 4.0, 24.0]


def test_a_base_follows_a_change_through_its_view():
    x = leaf(1.0, 2.0, 3.0)
    b = x * 2
    b[0] += 10.0 * x[1]
    b[1:].mul_(x[0])
    (b * tg.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert b.tolist() == [22.0, 4.0, 6.0]
    assert x.grad.tolist() == [2.0 + 640.0, 10.0 + 20.0, 200.0]


def test_views_of_views_write_through():
    x = leaf(*range(1, 7))
    b = x * 1
    row = b.view(2, 3)[1]
    row[0] = x[5] * 2
    b.sum().backward()
    assert b.tolist() == [1.0, 2.0, 3.0, 12.0, 5.0, 6.0]
    assert x.grad.tolist() == [1.0, 1.0, 1.0, 0.0, 1.0, 3.0]
    t = (x * 1).reshape(2, 3)
    t.T[0] += 1
    assert t.tolist() == [[2.0, 2.0, 3.0], [5.0, 5.0, 6.0]]


@pytest.mark.parametrize("read", [lambda b: b.T, lambda b: b.permute(1, 0) * 1, lambda b: b.T.reshape(3, 2)])
def test_a_cotangent_in_another_order_goes_through_a_view_too(read):
    x = tg.ones(2, 3, requires_grad=True)
    b = x * 1
    b.view(-1).mul_(2)
    c = tg.arange(6.0).reshape(3, 2)
    (read(b) * c).sum().backward()
    assert x.grad.tolist() == (2 * c.T).tolist()


def test_a_view_and_its_base_turned_round():
    x = tg.ones(2, 3, requires_grad=True)
    b = x * 1
    flat = b.view(-1)
    b.t_()
    flat.mul_(2)
    (b * tg.arange(6.0).reshape(3, 2)).sum().backward()
    assert x.grad.tolist() == [[0.0, 4.0, 8.0], [2.0, 6.0, 10.0]]


def test_a_view_follows_its_base():
    x = leaf(1.0, 2.0)
    b = x * 1
    v = b[0]
    used_before = v * 3
    b *= 2
    assert v.item() == 2.0
    used_before.backward(retain_graph=True)
    assert x.grad.tolist() == [3.0, 0.0]
    (v * 3).backward()
    assert x.grad.tolist() == [9.0, 0.0]


def test_a_view_follows_a_change_through_another_view_where_they_overlap():
    x = leaf(1.0, 2.0, 3.0)
    b = x * 2
    left, middle, right = b[:2], b[1:].view(1, 2)[0], b[2:]
    untouched = right._node
    left.mul_(3)
    assert right._node is untouched
    (middle * tg.tensor([1.0, 10.0])).sum().backward()
    assert x.grad.tolist() == [0.0, 6.0, 20.0]


def test_a_view_of_a_plain_buffer_gets_the_gradient_of_what_is_added_to_the_buffer():
    x = leaf(1.0, 2.0, 3.0)
    out = tg.zeros(3, dtype=np.float64)
    column = out.view(3, 1)
    out += x
    assert column.requires_grad
    (column * column).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0, 6.0]


def test_a_view_of_replaced_memory_stays_a_view_of_what_was():
    base = tg.zeros(3)
    view = base[:2]
    base.data = tg.ones(3)
    view.add_(leaf(1.0, 2.0).float())
    assert view.requires_grad
    assert not base.requires_grad
    assert base.tolist() == [1.0, 1.0, 1.0]
    reshaped = tg.zeros(2, 2)
    row = reshaped[0]
    reshaped.t_()
    row.add_(leaf(1.0, 2.0).float())
    assert reshaped.tolist() == [[1.0, 0.0], [2.0, 0.0]]
    assert reshaped.requires_grad


def test_a_retained_gradient_is_that_of_the_tensor_as_it_is_now():
    x = leaf(1.0, 2.0)
    y = x * 2
    y.retain_grad()
    y *= 3
    assert y.retains_grad
    (y * y).sum().backward()
    assert y.grad.tolist() == [12.0, 24.0]
    assert x.grad.tolist() == [72.0, 144.0]


def test_a_hook_stands_for_the_tensor_as_it_was():
    x = leaf(1.0, 2.0)
    y = x * 2
    seen = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    y *= 3
    y.sum().backward()
    assert seen == [[3.0, 3.0]]


def test_a_view_does_not_leave_the_graph_by_itself():
    y = leaf(1.0, 2.0) * 1
    with pytest.raises(RuntimeError, match=r"detach_: a view .* use detach\(\)"):
        y[0].detach_()
    assert not y.detach_().requires_grad


@pytest.mark.parametrize(
    ("use", "text"),
    [
        (lambda y: y * y, "mul: its gradient needs its argument 'input', of shape (2,)"),
        (lambda y: tg.exp(y).add_(1), "exp: its gradient needs its output, of shape (2,)"),
        (lambda y: y / 2 * y, "mul: its gradient needs its argument 'other', of shape (2,)"),
    ],
)
def test_a_saved_value_changed_in_place_names_op_and_line(use, text):
    x = leaf(1.0, 2.0)
    y = x * 1
    z = use(y)
    if "output" not in text:
        y += 1
    with pytest.raises(
        RuntimeError, match=re.escape(text) + r", which was changed in place by \w+ at .*test_inplace.py:\d+"
    ):
        z.sum().backward()


def test_a_value_that_no_rule_needs_may_change():
    x = leaf(1.0, 2.0)
    y = x * 3
    z = y + 1
    y += 5
    z.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_a_change_is_seen_through_any_alias():
    x = leaf(1.0, 2.0)
    y = x * 1
    z = y * y
    y.detach()[0] = 5.0
    with pytest.raises(RuntimeError, match="changed in place by __setitem__"):
        z.sum().backward()
    data = np.ones(2)
    shared = tg.from_numpy(data)
    z = x * shared
    tg.from_numpy(data).add_(1)
    with pytest.raises(RuntimeError, match="changed in place by add_"):
        z.sum().backward()


def test_a_parameter_updated_between_forward_and_backward_raises():
    w = leaf(1.0, 2.0)
    x = leaf(3.0, 4.0)
    loss = (w * x).sum()
    with tg.no_grad():
        w -= 0.1
    with pytest.raises(RuntimeError, match="mul: its gradient needs its argument 'input'"):
        loss.backward()


def test_leaves_that_require_grad_refuse_changes_while_recording():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"add_: a leaf tensor that requires grad, of shape \(2,\).*no_grad"):
        x.add_(1)
    with pytest.raises(RuntimeError, match="__setitem__: a leaf tensor that requires grad"):
        x[0] = 1.0
    view = x[0]
    with pytest.raises(RuntimeError, match="mul_: a leaf tensor that requires grad.*or a view of it"):
        view.mul_(2)
    assert x.tolist() == [1.0, 2.0]
    with tg.no_grad():
        x.add_(1)
        x[0] = 7.0
    assert x.tolist() == [7.0, 3.0]
    assert x.is_leaf
    assert x.requires_grad


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            lambda: tg.ones(3).add_(tg.ones(2, 3)),
            "add_: the result of shape (2, 3) doesn't fit the tensor of shape (3,)",
        ),
        (
            lambda: tg.tensor([1, 2]).mul_(0.5),
            "mul_: a result of dtype float32 can't be written to a tensor of dtype int64",
        ),
        (lambda: tg.ones(1).expand(3).add_(1), "add_: this memory can't be written: an expanded tensor"),
        (lambda: tg.ones(3).copy_(tg.ones(2)), "setitem: shapes (3,) and (2,) don't broadcast"),
    ],
)
def test_changes_that_cant_be_made_say_why_and_change_nothing(change, text):
    with pytest.raises(RuntimeError, match=re.escape(text)):
        change()


def test_dtype_is_kept_and_the_cast_differentiated():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = tg.zeros(2, dtype=np.float64)
    y += x
    assert y.dtype == np.float64
    z = x * 1
    z += y
    assert z.dtype == np.float32
    z.sum().backward()
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == [2.0, 2.0]


def test_replaced_data_does_not_reach_values_saved_before():
    w = leaf(2.0)
    y = w * w
    w.data = tg.tensor([10.0], dtype=np.float64)
    y.backward()
    assert w.grad.tolist() == [4.0]
    assert w.tolist() == [10.0]


def test_a_view_follows_a_copy_into_its_base():
    w = leaf(1.0, 2.0)
    c = w * 1
    v = c.reshape(-1)
    c.copy_(w * w)
    assert tg.autograd.grad((v + c).sum(), w)[0].tolist() == [4.0, 8.0]


def test_a_tensor_that_only_got_dimensions_can_be_written():
    x = leaf(1.0, 2.0)
    y = x * 1
    y.expand(1, -1).mul_(3)
    y.sum().backward()
    assert y.tolist() == [3.0, 6.0]
    assert x.grad.tolist() == [3.0, 3.0]
    y = tg.zeros(2).expand(3, 2)
    with pytest.raises(RuntimeError, match="^__iadd__: this memory can't be written: an expanded tensor"):
        y += 1


def test_fill_diagonal():
    x = tg.ones(3, 3, requires_grad=True)
    y = x * 2
    assert y.fill_diagonal_(5) is y
    y.sum().backward()
    assert y.tolist() == [[5.0, 2.0, 2.0], [2.0, 5.0, 2.0], [2.0, 2.0, 5.0]]
    assert x.grad.tolist() == [[0.0, 2.0, 2.0], [2.0, 0.0, 2.0], [2.0, 2.0, 0.0]]
    assert tg.zeros(7, 3).fill_diagonal_(1).nonzero().tolist() == [[0, 0], [1, 1], [2, 2]]
    wrapped = [[0, 0], [1, 1], [2, 2], [4, 0], [5, 1], [6, 2]]
    assert tg.zeros(7, 3).fill_diagonal_(1, wrap=True).nonzero().tolist() == wrapped
    assert tg.zeros(2, 2, 2).fill_diagonal_(1).nonzero().tolist() == [[0, 0, 0], [1, 1, 1]]
    for shape in ((3,), (2, 2, 3)):
        with pytest.raises(RuntimeError, match=re.escape(f"not of shape {shape}")):
            tg.zeros(shape).fill_diagonal_(1)
