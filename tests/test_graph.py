"""The graph: its size, its life and the order of the backward walk."""

import copy
import gc
import itertools
import sys
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.graph import add_up, sum_to, toposort


@pytest.fixture
def no_gc():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_chain_of_a_million_ops_builds_differentiates_and_is_freed_without_the_garbage_collector(no_gc):
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    (x + 1.0).sum().backward()  # whatever is made once, is made now
    level = sys.getallocatedblocks()
    y = x
    for _ in range(1_000_000):
        y = y + 1.0
    node = weakref.ref(y._node.inputs[0])
    assert sys.getallocatedblocks() > level + 1_000_000
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    del y
    assert node() is None
    assert sys.getallocatedblocks() < level + 100


def test_a_long_chain_that_nobody_differentiates_is_freed_without_recursion(no_gc):
    x = tg.tensor(1.0, requires_grad=True)
    level = sys.getallocatedblocks()
    y = x
    for _ in range(200_000):
        y = y * 1.0
    del y
    assert sys.getallocatedblocks() < level + 100


def test_gradients_of_gradients_leave_no_cycle(no_gc):
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    (g,) = tg.autograd.grad((x**3).sum(), x, create_graph=True)
    (h,) = tg.autograd.grad((g * g).sum(), x, create_graph=True)
    nodes = [weakref.ref(n) for n in toposort([h._node]) if n is not x._node]
    del g, h
    assert [n() for n in nodes] == [None] * len(nodes)
    x.sum().backward(create_graph=True)
    leaf = weakref.ref(x)
    del x
    assert leaf() is None


def test_inputs_of_backward_are_the_only_ones_that_accumulate():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    w = tg.tensor([3.0, 4.0], requires_grad=True)
    h = x * w
    unused = tg.tensor(0.0, requires_grad=True)
    (h * h).sum().backward(inputs=[x, x, unused], retain_graph=True)
    assert x.grad.tolist() == [18.0, 64.0]
    assert (w.grad, h.grad, unused.grad) == (None, None, None)
    kept = x.grad
    h.sum().backward(inputs=x, retain_graph=True)
    assert x.grad is kept
    assert kept.tolist() == [21.0, 68.0]
    tg.autograd.backward(h.sum(), inputs=(h,), retain_graph=True)
    assert h.grad.tolist() == [1.0, 1.0]
    h.retain_grad()
    h.sum().backward(inputs=[h], retain_graph=True)
    assert h.grad.tolist() == [2.0, 2.0]
    (h * h).sum().backward(inputs=[w], create_graph=True)
    assert w.grad.requires_grad
    for nothing in ([], ()):
        with pytest.raises(RuntimeError, match="backward: inputs is empty; leave it out"):
            h.sum().backward(inputs=nothing)


def test_a_leaf_that_no_longer_requires_grad_gets_none():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = x.sum()
    x.requires_grad_(False)
    y.backward()
    assert x.grad is None


def test_requires_grad_of_a_result_cannot_be_set():
    y = tg.ones(2, requires_grad=True) * 2
    assert y.requires_grad_() is y
    with pytest.raises(RuntimeError, match="requires_grad: of a result it can't be set"):
        y.requires_grad = True


def test_grad_can_be_deleted_and_is_copied_with_its_tensor():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    x.sum().backward()
    twin = copy.deepcopy(x)
    assert twin.grad.tolist() == [1.0, 1.0]
    assert not np.shares_memory(twin.grad.array, x.grad.array)
    del x.grad
    assert x.grad is None


def test_sixty_doublings_take_sixty_steps():
    x = tg.tensor(1.0, dtype=np.float64, requires_grad=True)
    y = x
    calls = 0

    def count(g):
        nonlocal calls
        calls += 1

    for _ in range(60):
        y = y + y
        y.register_hook(count)
    y.backward()
    assert x.grad.item() == 2.0**60
    assert calls == 60
    assert len(toposort([y._node])) == 61


def test_toposort_puts_inputs_before_outputs():
    a = tg.tensor(2.0, requires_grad=True)
    b = a * a
    c = b + a
    d = b * c
    order = toposort([d._node])
    place = {node: i for i, node in enumerate(order)}
    assert len(order) == 4
    assert all(place[i] < place[n] for n in order for i in n.inputs if i is not None)


def test_a_deep_and_wide_graph_equals_the_formula():
    x = tg.tensor([0.5, -0.3], dtype=np.float64, requires_grad=True)
    y = x
    for _ in range(30):
        y = tg.sin(y) + y * x
    y.sum().backward()
    v, d = np.array([0.5, -0.3]), np.ones(2)
    start = v.copy()
    for _ in range(30):
        v, d = np.sin(v) + v * start, np.cos(v) * d + d * start + v
    np.testing.assert_allclose(x.grad.array, d, rtol=1e-13)


def test_gradients_accumulate_and_are_never_shared():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = tg.tensor([3.0, 4.0], requires_grad=True)
    (x + y).sum().backward()
    assert not np.shares_memory(x.grad.array, y.grad.array)
    kept = x.grad
    (2 * x + y).sum().backward()
    assert x.grad is kept
    assert x.grad.tolist() == [3.0, 3.0]
    assert y.grad.tolist() == [2.0, 2.0]
    g = tg.tensor([1.0, 1.0])
    z = tg.tensor([0.0, 0.0], requires_grad=True)
    z.backward(g)
    assert not np.shares_memory(z.grad.array, g.array)


@pytest.mark.parametrize("index", [np.s_[1:3], np.s_[:, 2], np.s_[0, 0], np.array([0, 0, 3]), np.eye(4, dtype=bool)])
def test_pieces_of_one_tensor_meet_in_one_array(index):
    x = tg.tensor(np.arange(16.0).reshape(4, 4), requires_grad=True)
    a = x * 1
    y = (a[index] ** 2).sum() + (a[:, 1:] ** 3).sum() + (a[..., ::2] ** 2).sum()
    (plain,) = tg.autograd.grad(y, [x], create_graph=True)  # the rules' results, added up
    y.backward()
    np.testing.assert_array_equal(x.grad.numpy(), plain.detach().numpy())


def test_what_a_piece_adds_to_changes_no_one_elses_array():
    """The cotangent that reaches a sum's operands is one array: a piece of one operand must not add to it."""
    a, b = (tg.ones(3, 4, requires_grad=True) for _ in range(2))
    u, v = a * 1, b * 1
    (u[1:].sum() + (u + v).sum() + v[:, :2].sum()).backward()
    assert a.grad.tolist() == [[1.0] * 4, [2.0] * 4, [2.0] * 4]
    assert b.grad.tolist() == [[2.0, 2.0, 1.0, 1.0]] * 3


def test_splitting_needs_one_array_for_all_pieces():
    x = tg.zeros(64, 4096, requires_grad=True)
    y = sum((row * row).sum() for row in (x * 1.0).unbind(0))
    tracemalloc.start()
    y.backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2.5 * x.array.nbytes  # the pieces' gradient and that of x


def test_what_needs_no_gradient_is_not_computed():
    called = []
    rule = lambda name: lambda g, y, a, b: called.append(name) or g

    @tg.op(rule("a"), rule("b"), tex="{a} ? {b}")
    def for_this_test_only(a, b):
        return a + b

    try:
        for_this_test_only(tg.ones(2), tg.ones(2, requires_grad=True)).sum().backward()
        assert called == ["b"]
    finally:
        del tg.ops.table["for_this_test_only"]


def test_grad_of_interior_tensors_and_only_of_what_is_asked():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    w = tg.tensor([3.0, 4.0], requires_grad=True)
    h = x * w
    y = (h * h).sum()
    gh, gx = tg.autograd.grad(y, [h, x])
    assert gh.tolist() == [6.0, 16.0]
    assert gx.tolist() == [18.0, 64.0]
    assert x.grad is None
    assert w.grad is None


def test_grad_allow_unused():
    x, u = tg.tensor(1.0, requires_grad=True), tg.tensor(1.0, requires_grad=True)
    assert tg.autograd.grad(x * 2, [x, u], allow_unused=True)[1] is None
    with pytest.raises(RuntimeError, match=r"no output depends on input 1, of shape \(\).*allow_unused=True"):
        tg.autograd.grad(x * 2, [x, u])


def test_several_outputs_with_cotangents():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    (g,) = tg.autograd.grad([x * 2, x * x], x, [tg.tensor([1.0, 10.0]), tg.tensor([100.0, 1000.0])])
    assert g.tolist() == [2.0 + 200.0, 20.0 + 4000.0]
    tg.autograd.backward([x.sum(), (3 * x).sum()])
    assert x.grad.tolist() == [4.0, 4.0]
    with pytest.raises(RuntimeError, match="2 outputs need as many gradients, not 1"):
        tg.autograd.grad([x * 2, x * x], x, [tg.ones(2)])


def test_derivatives_of_any_order():
    x = tg.tensor(0.7, dtype=np.float64, requires_grad=True)
    y = tg.sin(x)
    expected = [np.cos, lambda v: -np.sin(v), lambda v: -np.cos(v), np.sin, np.cos, lambda v: -np.sin(v)]
    for derivative in expected:
        (y,) = tg.autograd.grad(y, x, create_graph=True)
        assert y.item() == pytest.approx(derivative(0.7), rel=1e-15)


def test_backward_with_create_graph_gives_a_gradient_in_the_graph():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    (x**3).sum().backward(create_graph=True)
    (g,) = tg.autograd.grad(x.grad.sum(), x)
    assert g.tolist() == [6.0, 12.0]


def test_second_backward_names_the_first():
    x = tg.tensor([1.0], requires_grad=True)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(
        RuntimeError, match=r"sum: this graph was freed by the backward at .*test_graph.py:\d+; .*retain"
    ):
        y.backward()
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [6.0]


def test_hooks_see_and_change_gradients_and_can_be_removed():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    h = x * 3
    seen = []
    first = h.register_hook(lambda g: seen.append(g.tolist()))
    h.register_hook(lambda g: g * 2)
    h.retain_grad()
    (h * h).sum().backward(retain_graph=True)
    assert seen == [[6.0, 12.0]]
    assert h.grad.tolist() == [12.0, 24.0]
    assert x.grad.tolist() == [36.0, 72.0]
    first.remove()
    first.remove()
    (h * h).sum().backward()
    assert len(seen) == 1
    leaf = tg.tensor(1.0, requires_grad=True)
    leaf.register_hook(lambda g: -g)
    (2 * leaf).backward()
    assert leaf.grad.item() == -2.0


def test_hooks_take_part_in_second_derivatives():
    x = tg.tensor(2.0, requires_grad=True)
    h = x * x
    h.register_hook(lambda g: g * x)
    (g,) = tg.autograd.grad(h, x, create_graph=True)
    assert g.item() == 8.0
    (g2,) = tg.autograd.grad(g, x)
    assert g2.item() == 8.0  # d/dx of 2 x * x


def test_a_graph_is_walked_by_next_functions_down_to_the_leaves():
    x, w = tg.tensor([1.0, 2.0], requires_grad=True), tg.tensor([3.0, 4.0])
    loss = (x * w).sum(dim=0)
    product = loss.grad_fn.next_functions[0][0]
    assert (loss.grad_fn.name(), product.name(), repr(product)) == ("sum", "mul", "<mul>")
    ((leaf, number), without_grad) = product.next_functions
    assert (leaf.variable is x, number, without_grad) == (True, 0, (None, 0))
    assert (leaf.name(), leaf.next_functions) == ("AccumulateGrad", ())
    loss.backward()
    assert loss.grad_fn.next_functions == ((product, 0),)


def test_next_functions_has_a_pair_for_each_tensor_of_a_function_of_ones_own():
    class Scale(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x, by, shift):
            return x * by + shift

        @staticmethod
        def backward(ctx, g):
            return g * 2, None, None

    x = tg.tensor([1.0], requires_grad=True)
    node = Scale.apply(x, 2, tg.tensor([1.0])).grad_fn
    assert (node.name(), node.next_functions) == ("Scale", ((x._node, 0), (None, 0)))


def test_a_leaf_of_the_graph_does_not_keep_its_tensor():
    x = tg.tensor([1.0], requires_grad=True)
    leaf = (x * 2).grad_fn.next_functions[0][0]
    del x
    assert leaf.variable is None


def test_zero_grad_detach_and_flags():
    x = tg.tensor([1.0], requires_grad=True)
    y = x * 2
    assert (x.is_leaf, y.is_leaf, y.requires_grad) == (True, False, True)
    assert (x.grad_fn, y.grad_fn.name()) == (None, "mul")
    d = y.detach()
    assert not d.requires_grad
    assert np.shares_memory(d.array, y.array)
    y.detach_()
    assert not y.requires_grad
    x.requires_grad_(False)
    assert not (x * 2).requires_grad
    x.requires_grad = True
    (x * 2).sum().backward()
    x.grad = None
    assert x.grad is None
    with pytest.raises(RuntimeError, match=r"a gradient of shape \(2,\) and dtype float32 doesn't fit"):
        x.grad = tg.ones(2)


def test_grad_modes_nest_decorate_and_belong_to_a_thread():
    x = tg.tensor(1.0, requires_grad=True)
    with tg.no_grad():
        assert not (x * 2).requires_grad
        with tg.enable_grad():
            assert (x * 2).requires_grad
            with tg.set_grad_enabled(False):
                assert not tg.is_grad_enabled()
            assert tg.is_grad_enabled()
        seen = []
        thread = threading.Thread(target=lambda: seen.append(tg.is_grad_enabled()))
        thread.start()
        thread.join()
        assert seen == [True]
    assert tg.is_grad_enabled()

    @tg.no_grad()
    def evaluate(t):
        return t * 2

    @tg.enable_grad()
    def train(t):
        return t * 2

    assert not evaluate(x).requires_grad
    with tg.no_grad():
        assert train(x).requires_grad
    tg.set_grad_enabled(False)
    assert not tg.is_grad_enabled()
    tg.set_grad_enabled(True)
    with pytest.raises(ZeroDivisionError), tg.no_grad():
        1 / 0  # noqa: B018
    assert tg.is_grad_enabled()


@pytest.mark.parametrize(
    ("shape", "target"),
    [((2, 3), (3,)), ((2, 3), (1, 3)), ((2, 3), (2, 1)), ((2, 3), ()), ((4, 2, 3), (2, 1)), ((0, 3), (1, 3)), ((), ())],
)
def test_sum_to_is_the_adjoint_of_broadcasting(shape, target):
    rng = np.random.default_rng(0)
    g, x = rng.normal(size=shape), rng.normal(size=target)
    back = sum_to(g, target)
    assert back.shape == target
    np.testing.assert_allclose((np.broadcast_to(x, shape) * g).sum(), (x * back).sum(), rtol=1e-12, atol=1e-15)


def test_large_values_that_no_rule_reads_are_let_go():
    x = tg.ones(100, 1000, requires_grad=True)
    h = x * 2.0
    kept = weakref.ref(h.array)
    y = h + 1.0
    del h
    assert kept() is None
    y.sum().backward()
    assert x.grad.shape == (100, 1000)


@pytest.mark.parametrize(
    "shape", [(300, 10), (30, 100), (8, 16, 32), (4, 6, 8, 16), (3, 2000), (3000, 2), (1, 4096), (64, 64, 1)]
)
@pytest.mark.parametrize("layout", ["C", "F"])
def test_add_up_is_numpys_sum_over_any_axes(shape, layout):
    x = np.asarray(np.random.default_rng(0).standard_normal(shape), order=layout)
    axes = [None, *range(-x.ndim, x.ndim)]
    axes += [pair for n in range(1, x.ndim + 1) for pair in itertools.combinations(range(x.ndim), n)]
    for axis in axes:
        for keepdims in (False, True):
            want = np.sum(x, axis=axis, keepdims=keepdims)
            got = add_up(x, axis, keepdims)
            assert got.shape == want.shape
            np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)
            assert np.asarray(add_up(x.astype(np.float32), axis, keepdims)).dtype == np.float32
    for wrong in (x.ndim, -x.ndim - 1, (0, x.ndim)):
        with pytest.raises(np.exceptions.AxisError):
            add_up(x, wrong)
    with pytest.raises(ValueError, match="duplicate"):
        add_up(x, (0, 0))


def test_add_up_keeps_infinities_and_nan():
    x = np.ones((1000, 10))
    x[0, 0], x[1, 3], x[2, 1] = np.inf, np.nan, -np.inf
    np.testing.assert_array_equal(add_up(x, 1), x.sum(1))
    np.testing.assert_array_equal(add_up(x, 0), x.sum(0))


def test_grad_gives_zeros_where_asked():
    x, u = tg.tensor([1.0, 2.0], requires_grad=True), tg.ones(3, dtype=np.float64, requires_grad=True)
    gx, gu = tg.autograd.grad((x * x).sum(), [x, u], materialize_grads=True)
    assert gx.tolist() == [2.0, 4.0]
    assert (gu.tolist(), gu.dtype) == ([0.0] * 3, np.float64)
    with pytest.raises(ValueError, match="grad: materialize_grads gives zeros where allow_unused=False raises"):
        tg.autograd.grad(x.sum(), [x, u], allow_unused=False, materialize_grads=True)
    with pytest.raises(RuntimeError, match="grad: inputs is empty"):
        tg.autograd.grad(x.sum(), [])


def test_grad_of_a_batch_of_cotangents_is_a_jacobian():
    x, u = tg.tensor([1.0, 2.0], requires_grad=True), tg.ones(3, requires_grad=True)
    y = x * x
    jacobian, nothing = tg.autograd.grad(
        y, [x, u], tg.eye(2), is_grads_batched=True, allow_unused=True, create_graph=True
    )
    assert jacobian.tolist() == [[2.0, 0.0], [0.0, 4.0]]
    assert nothing is None
    assert tg.autograd.grad(jacobian.sum(), x)[0].tolist() == [2.0, 2.0]
    (y, z), x.grad = (x * x, x.sum()), None
    (g,) = tg.autograd.grad([y, z], x, [tg.ones(4, 2), tg.arange(4.0)], is_grads_batched=True)
    assert g.tolist() == [[2.0 + i, 4.0 + i] for i in range(4)]
    with pytest.raises(RuntimeError, match="freed"):
        y.sum().backward()


def test_a_leafs_gradient_lies_in_memory_as_the_leaf_does():
    scores = np.random.default_rng(0).standard_normal((4, 3))
    for array in (scores, np.asfortranarray(scores)):
        leaf = tg.from_numpy(array).requires_grad_()
        tg.nn.functional.cross_entropy(leaf, tg.tensor([0, 1, 2, 0])).backward()  # whose rule makes columns of rows
        assert leaf.grad.array.strides == array.strides
