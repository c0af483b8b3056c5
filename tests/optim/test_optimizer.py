"""What all optimisers share: groups, state dicts, errors, and updates in place."""

import copy
import pickle
import re

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import optim
from tinygrad_lab.nn import Linear, Parameter
from tinygrad_lab.optim.optimizer import CHUNK, Optimizer, pieces

KINDS = [
    lambda params: optim.SGD(params, lr=0.1),
    lambda params: optim.SGD(params, lr=0.1, momentum=0.9, dampening=0.1, weight_decay=0.1),
    lambda params: optim.SGD(params, lr=0.1, momentum=0.9, nesterov=True, maximize=True),
    lambda params: optim.Adam(params, lr=0.1, amsgrad=True, weight_decay=0.1),
    lambda params: optim.AdamW(params, lr=0.1, maximize=True),
    lambda params: optim.Adamax(params, lr=0.1, weight_decay=0.1, maximize=True),
    lambda params: optim.NAdam(params, lr=0.1, weight_decay=0.1, decoupled_weight_decay=True),
    lambda params: optim.RAdam(params, lr=0.1, weight_decay=0.1, betas=(0.9, 0.6)),
    lambda params: optim.RMSprop(params, lr=0.1, momentum=0.9, centered=True, eps=0.1),
    lambda params: optim.Adagrad(params, lr=0.1, lr_decay=0.1, initial_accumulator_value=0.1),
    lambda params: optim.Adadelta(params, weight_decay=0.1, maximize=True),
    lambda params: optim.ASGD(params, lr=0.1, lambd=0.1, t0=1),
    lambda params: optim.Rprop(params, lr=0.1, maximize=True),
]
every_kind = pytest.mark.parametrize("make", KINDS)
with_adafactor = pytest.mark.parametrize("make", [*KINDS, lambda params: optim.Adafactor(params, weight_decay=0.1)])


def with_grad(array, grad=None):
    """A parameter of `array` with a gradient."""
    p = Parameter(array)
    p.grad = tg.tensor(np.ones_like(array) if grad is None else grad)
    return p


def trained(make, steps, arrays):
    """The parameters after some steps with gradients from one seed, and their optimiser."""
    params = [Parameter(a.copy()) for a in arrays]
    optimizer = make(params)
    go_on(optimizer, steps)
    return params, optimizer


def go_on(optimizer, steps, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        for group in optimizer.param_groups:
            for p in group["params"]:
                p.grad = tg.tensor(rng.standard_normal(p.shape).astype(p.dtype))
        optimizer.step()


ARRAYS = [np.linspace(-1, 1, 6).reshape(2, 3), np.array(0.5)]

# --------------------------------------------------------------------------------------------------------- groups


def test_parameters_or_groups_with_their_own_settings():
    a, b = Parameter(tg.ones(1)), Parameter(tg.ones(1))
    optimizer = optim.SGD([{"params": [a]}, {"params": b, "lr": 1.0}], lr=0.5)
    assert [g["lr"] for g in optimizer.param_groups] == [0.5, 1.0]
    assert optimizer.param_groups[1]["params"] == [b]
    c = Parameter(tg.ones(1))
    optimizer.add_param_group({"params": [c], "momentum": 0.9})
    for p in (a, b, c):
        p.grad = tg.ones(1)
    optimizer.param_groups[0]["lr"] = 0.25
    optimizer.step()
    assert [p.item() for p in (a, b, c)] == [0.75, 0, 0.5]
    assert list(optimizer.state) == [c]


def test_a_generator_of_parameters_is_enough():
    layer = Linear(2, 2)
    assert optim.SGD(layer.parameters()).param_groups[0]["params"] == [layer.weight, layer.bias]


P = Parameter(tg.ones(2))


@pytest.mark.parametrize(
    ("error", "text", "params"),
    [
        (TypeError, "should be an iterable of Tensors or dicts, but got a Parameter; put it in a list", P),
        (ValueError, "optimizer got an empty parameter list", []),
        (UserWarning, "optimizer contains a parameter group with duplicate parameters", [P, P]),
        (ValueError, "some parameters appear in more than one parameter group", [{"params": [P]}, {"params": [P]}]),
        (TypeError, "optimizer can only optimize Tensors, but one of the params is int", [3]),
        (TypeError, "optimizer can only optimize Tensors, but one of the params is str", [("p", "q")]),
        (ValueError, "Some param names are missing", [("p", P), Parameter(tg.ones(1))]),
        (ValueError, r"can't optimize a non-leaf Tensor, of shape \(2,\)", [P * 2]),
        (TypeError, "param_group must be a dict, but got <class 'list'>", [{"params": [P]}, [P]]),
        (TypeError, "Please use a list instead", [{"params": {P}}]),
        (KeyError, "params", [{"lr": 1.0}]),
    ],
)
def test_errors(error, text, params):
    with pytest.raises(error, match=text):
        optim.SGD(params)


def test_an_error_adds_no_group():
    optimizer = optim.SGD([P])
    with pytest.raises(ValueError, match="more than one parameter group"):
        optimizer.add_param_group({"params": [P]})
    assert len(optimizer.param_groups) == 1


# ---------------------------------------------------------------------------------------------------------- steps


@with_adafactor
def test_a_step_is_in_place_and_leaves_the_gradient(make):
    a = np.arange(4.0)
    p = with_grad(a, np.array([1.0, -2, 3, -4]))
    make([p]).step()
    assert p.array is a
    assert not (a == np.arange(4.0)).any()
    assert p.grad.tolist() == [1, -2, 3, -4]
    assert p.is_leaf
    assert p.requires_grad


@with_adafactor
def test_what_has_no_gradient_stays(make):
    p, q = with_grad(np.ones(2)), Parameter(tg.ones(2))
    optimizer = make([p, q])
    optimizer.step()
    assert q.tolist() == [1, 1]
    assert q not in optimizer.state


@every_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_the_dtype_stays(make, dtype):
    p = with_grad(np.ones(CHUNK + 1, dtype))
    optimizer = make([p])
    optimizer.step()
    assert p.dtype == dtype
    assert all(s.dtype == dtype for s in optimizer.state[p].values() if isinstance(s, tg.Tensor))


@every_kind
@pytest.mark.parametrize(
    "look",
    [
        lambda a: a,
        lambda a: a.T,
        lambda a: np.asfortranarray(a),
        lambda a: a[::2],
        lambda a: a[:, ::-3],
        lambda a: a[:2, :3],
    ],
    ids=["whole", "transposed", "Fortran", "rows", "columns backward", "a corner"],
)
@pytest.mark.parametrize("fortran_gradient", [False, True])
def test_every_layout_and_size_gives_the_same(make, look, fortran_gradient):
    rng = np.random.default_rng(0)
    base = rng.standard_normal((600, 800))
    p = Parameter(look(base))
    before = p.array
    expected = p.detach().numpy().copy().reshape(-1)
    q = [Parameter(expected[i : i + 10_000].copy()) for i in range(0, len(expected), 10_000)]
    one, many = make([p]), make(q)
    for _ in range(3):
        g = rng.standard_normal(p.shape)
        p.grad = tg.tensor(np.asfortranarray(g) if fortran_gradient else g)
        for i, part in enumerate(q):
            part.grad = tg.tensor(g.reshape(-1)[i * 10_000 : (i + 1) * 10_000])
        one.step()
        many.step()
    np.testing.assert_array_equal(p.detach().numpy().reshape(-1), np.concatenate([r.detach() for r in q]))
    assert p.array is before


@with_adafactor
def test_no_elements_and_no_dimensions(make):
    p, q = with_grad(np.zeros((0, 3))), with_grad(np.array(1.0))
    make([p, q]).step()
    assert p.shape == (0, 3)
    assert q.shape == ()
    assert q.item() != 1


def test_pieces_cover_each_element_once():
    a, b = np.zeros(2 * CHUNK + 5), np.zeros(2 * CHUNK + 5)
    sizes = []
    for x, y, free in pieces(a, b):
        x += 1
        y += 2
        assert free.shape == x.shape
        assert free.dtype == a.dtype
        sizes.append(x.size)
    assert sizes == [CHUNK, CHUNK, 5]
    assert (a == 1).all()
    assert (b == 2).all()


def test_closure():
    p = Parameter(tg.tensor([3.0]))
    optimizer = optim.SGD([p], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with tg.no_grad():
        assert optimizer.step(closure).item() == 9
    np.testing.assert_allclose(p.item(), 3 - 0.6, rtol=1e-6)
    assert optimizer.step() is None


def test_zero_grad():
    p, q = with_grad(np.ones(2)), Parameter(tg.ones(2))
    optimizer = optim.SGD([p, q])
    g = p.grad
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is g
    assert g.tolist() == [0, 0]
    assert q.grad is None
    optimizer.zero_grad()
    assert p.grad is None


def test_a_gradient_in_the_graph_is_zeroed_out_of_it():
    p = Parameter(tg.ones(2))
    (p * p).sum().backward(create_graph=True)
    assert p.grad.requires_grad
    optim.SGD([p], lr=0.5).step()
    assert p.tolist() == [0, 0]
    optim.SGD([p]).zero_grad(set_to_none=False)
    assert not p.grad.requires_grad
    assert p.grad.tolist() == [0, 0]


def test_a_value_that_backward_needs_may_not_be_stepped_over():
    p = Parameter(tg.ones(2))
    y = (p * p).sum()
    y.backward(retain_graph=True)
    optim.SGD([p], lr=0.1).step()
    with pytest.raises(RuntimeError, match=re.escape("changed in place by SGD.step at ") + ".*test_optimizer.py:"):
        y.backward()


def test_a_subclass_defines_its_own_update():
    class Sign(Optimizer):
        def _update(self, group, pairs):
            for p, g in pairs:
                p.array -= group["lr"] * np.sign(g)

    p = with_grad(np.ones(2), np.array([3.0, -0.1]))
    Sign([p], {"lr": 0.5}).step()
    assert p.tolist() == [0.5, 1.5]

    class Nothing(Optimizer):
        pass

    with pytest.raises(NotImplementedError, match="Nothing defines neither step nor _update"):
        Nothing([p], {}).step()


# ---------------------------------------------------------------------------------------------------- state dicts


@with_adafactor
@pytest.mark.parametrize("copied", [lambda s: s, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_going_on_from_a_state_dict_is_going_on(make, copied):
    params, optimizer = trained(make, 3, ARRAYS)
    others = [Parameter(p.detach().clone()) for p in params]
    resumed = make(others)
    resumed.load_state_dict(copied(optimizer.state_dict()))
    go_on(optimizer, 3, seed=1)
    go_on(resumed, 3, seed=1)
    for p, q in zip(params, others):
        np.testing.assert_array_equal(p.detach(), q.detach())


def test_format_of_sgd():
    p, q = with_grad(np.ones(2)), Parameter(np.ones(2))
    optimizer = optim.SGD([{"params": [q]}, {"params": [p], "lr": 1.0}], lr=0.1, momentum=0.9)
    settings = {"momentum": 0.9, "dampening": 0, "weight_decay": 0, "nesterov": False, "maximize": False}
    settings |= {"foreach": None, "differentiable": False, "fused": None}
    assert optimizer.state_dict() == {
        "state": {},
        "param_groups": [{"lr": 0.1, **settings, "params": [0]}, {"lr": 1.0, **settings, "params": [1]}],
    }
    optimizer.step()
    state = optimizer.state_dict()["state"]
    assert list(state) == [1]
    assert state[1]["momentum_buffer"].tolist() == [1, 1]


def test_format_of_adam():
    p = with_grad(np.ones(2))
    optimizer = optim.Adam([p], betas=(0.5, 0.75), amsgrad=True)
    optimizer.step()
    (state,) = optimizer.state_dict()["state"].values()
    assert state["step"] == 1
    assert {key: value.tolist() for key, value in state.items() if key != "step"} == {
        "exp_avg": [0.5, 0.5],
        "exp_avg_sq": [0.25, 0.25],
        "max_exp_avg_sq": [0.25, 0.25],
    }


def test_loading_takes_over_settings_copies_state_and_casts_it():
    p = with_grad(np.ones(2, np.float32))
    optimizer = optim.Adam([p], lr=0.5)
    saved = {
        "state": {7: {"step": np.array(3.0), "exp_avg": np.ones(2), "exp_avg_sq": tg.ones(2)}},
        "param_groups": [{"lr": 0.25, "betas": (0.5, 0.5), "fused": None, "params": [7]}],
    }
    optimizer.load_state_dict(saved)
    state = optimizer.state[p]
    assert state["step"] == 3
    assert isinstance(state["step"], int)
    assert state["exp_avg"].dtype == np.float32
    assert optimizer.param_groups[0]["lr"] == 0.25
    assert optimizer.param_groups[0]["eps"] == 1e-8
    assert optimizer.param_groups[0]["params"] == [p]
    optimizer.step()
    assert saved["state"][7]["exp_avg_sq"].tolist() == [1, 1]
    assert saved["param_groups"][0]["params"] == [7]


def test_a_momentum_buffer_that_is_none_starts_anew():
    p = with_grad(np.ones(2))
    optimizer = optim.SGD([p], lr=0.1, momentum=0.9)
    state = optimizer.state_dict()
    optimizer.load_state_dict({**state, "state": {0: {"momentum_buffer": None}}})
    optimizer.step()
    assert optimizer.state[p]["momentum_buffer"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("groups", "text"),
    [
        ([], "loaded state dict has a different number of parameter groups"),
        ([{"params": [0, 1]}], "contains a parameter group that doesn't match the size of optimizer's group"),
    ],
)
def test_state_dicts_that_do_not_fit(groups, text):
    with pytest.raises(ValueError, match=text):
        optim.SGD([P]).load_state_dict({"state": {}, "param_groups": groups})


def test_a_copy_of_model_and_optimiser_together_stays_together():
    layer = Linear(2, 2)
    twin, optimizer = copy.deepcopy((layer, optim.SGD(layer.parameters(), momentum=0.9)))
    assert optimizer.param_groups[0]["params"][0] is twin.weight


def test_repr():
    a, b = Parameter(tg.ones(1)), Parameter(tg.ones(1))
    assert repr(optim.SGD([{"params": [a]}, {"params": [b], "lr": 1.0}], lr=0.1, momentum=0.9)) == (
        "SGD (\n"
        "Parameter Group 0\n"
        "    dampening: 0\n"
        "    differentiable: False\n"
        "    foreach: None\n"
        "    fused: None\n"
        "    lr: 0.1\n"
        "    maximize: False\n"
        "    momentum: 0.9\n"
        "    nesterov: False\n"
        "    weight_decay: 0\n"
        "\n"
        "Parameter Group 1\n"
        "    dampening: 0\n"
        "    differentiable: False\n"
        "    foreach: None\n"
        "    fused: None\n"
        "    lr: 1.0\n"
        "    maximize: False\n"
        "    momentum: 0.9\n"
        "    nesterov: False\n"
        "    weight_decay: 0\n"
        ")"
    )


def test_hooks_see_steps_and_states_and_may_change_them():
    p = with_grad(np.ones(2))
    optimizer = optim.SGD([("p", p)], lr=0.5)
    calls = []
    handles = [
        optimizer.register_step_pre_hook(lambda o, args, kwargs: calls.append("before")),
        optimizer.register_step_post_hook(lambda o, args, kwargs: calls.append("after")),
        optimizer.register_state_dict_pre_hook(lambda o: calls.append("saving")),
        optimizer.register_state_dict_post_hook(lambda o, state: {**state, "more": 1}),
        optimizer.register_load_state_dict_pre_hook(lambda o, state: calls.append(state["more"])),
        optimizer.register_load_state_dict_post_hook(lambda o: calls.append("loaded")),
    ]
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    assert calls == ["before", "after", "saving", 1, "loaded"]
    assert optimizer.param_groups[0]["param_names"] == ["p"]
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert "more" not in optimizer.state_dict()
    assert len(calls) == 5


def test_a_pre_hook_may_replace_the_arguments():
    p = with_grad(np.ones(2))
    optimizer = optim.SGD([p])
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: 3), {}))
    assert optimizer.step() == 3
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 5)
    with pytest.raises(RuntimeError, match="must return None or a tuple"):
        optimizer.step()


def test_hooks_run_once_around_a_step_that_calls_the_step_above():
    class Twice(optim.SGD):
        def step(self, closure=None):
            super().step()
            return super().step(closure)

    p = with_grad(np.ones(1))
    optimizer, calls = Twice([p], lr=1.0), []
    optimizer.register_step_post_hook(lambda *_: calls.append(1))
    optimizer.step()
    assert (p.item(), calls) == (-1, [1])


def test_a_step_can_not_be_differentiated_and_only_one_way_be_taken():
    with pytest.raises(NotImplementedError, match="differentiable=True isn't supported"):
        optim.Adam([P], differentiable=True)
    with pytest.raises(RuntimeError, match="cannot be `True` together"):
        optim.Adam([P], foreach=True, fused=True)
    with pytest.raises(ValueError, match="Tensor lr must be 1-element"):
        optim.Adam([P], lr=tg.ones(2))
    with pytest.raises(ValueError, match="cannot add param group without names"):
        optim.SGD([("p", P)]).add_param_group({"params": [Parameter(tg.ones(1))]})
