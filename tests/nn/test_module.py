"""The module: what it finds in its attributes, its modes, hooks, state dict and text."""

import copy
import pickle
import re
from collections import OrderedDict

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.nn import Module, Parameter


class Net(Module):
    """Two layers that share nothing, a parameter and two buffers."""

    def __init__(self):
        super().__init__()
        self.scale = Parameter(tg.ones(1))
        self.fc1 = nn.Linear(2, 3)
        self.fc2 = nn.Linear(3, 1, bias=False)
        self.register_buffer("mean", tg.zeros(2))
        self.register_buffer("cache", tg.zeros(2), persistent=False)

    def forward(self, x, factor=1):
        return self.fc2(self.fc1(x - self.mean)) * self.scale * factor


NAMES = ["scale", "fc1.weight", "fc1.bias", "fc2.weight"]


def keys(pairs):
    return [name for name, _ in pairs]


# ------------------------------------------------------------------------------------------------------ attributes


def test_parameters_buffers_and_modules_are_found_by_their_names():
    net = Net()
    assert keys(net.named_parameters()) == NAMES
    assert keys(net.named_parameters(prefix="net")) == [f"net.{name}" for name in NAMES]
    assert keys(net.named_parameters(recurse=False)) == ["scale"]
    assert [p.shape for p in net.parameters()] == [(1,), (3, 2), (3,), (1, 3)]
    assert keys(net.named_buffers()) == ["mean", "cache"]
    assert next(net.buffers()) is net.mean
    assert keys(net.named_modules()) == ["", "fc1", "fc2"]
    assert keys(net.named_modules(prefix="net")) == ["net", "net.fc1", "net.fc2"]
    assert list(net.modules()) == [net, net.fc1, net.fc2]
    assert keys(net.named_children()) == ["fc1", "fc2"]
    assert list(net.children()) == [net.fc1, net.fc2]


def test_what_is_shared_is_found_once():
    net = Net()
    net.again = net.fc1
    net.tied = net.fc2.weight
    assert keys(net.named_parameters()) == ["scale", "tied", "fc1.weight", "fc1.bias"]
    assert keys(net.named_parameters(remove_duplicate=False)) == [
        *["scale", "tied", "fc1.weight", "fc1.bias", "fc2.weight"],
        *["again.weight", "again.bias"],
    ]
    assert keys(net.named_children()) == ["fc1", "fc2"]
    assert keys(net.named_modules(remove_duplicate=False)) == ["", "fc1", "fc2", "again"]


def test_a_module_that_contains_itself_is_walked_once():
    net = Net()
    net.fc1.owner = net
    assert keys(net.named_modules()) == ["", "fc1", "fc2"]


def test_replacing_and_deleting_attributes():
    net = Net()
    net.fc1 = nn.Identity()
    assert keys(net.named_parameters()) == ["scale", "fc2.weight"]
    net.scale = None
    assert keys(net.named_parameters()) == ["fc2.weight"]
    net.scale = Parameter(tg.zeros(1))
    assert keys(net.named_parameters()) == ["scale", "fc2.weight"]
    del net.fc2, net.mean
    assert keys(net.named_parameters()) == ["scale"]
    assert keys(net.named_buffers()) == ["cache"]
    with pytest.raises(AttributeError):
        net.fc2  # noqa: B018
    net.mean = tg.ones(3)
    assert keys(net.named_buffers()) == ["cache"], "a tensor that isn't registered is an attribute like any"
    net.cache = tg.ones(3)
    assert net.cache.shape == (3,)
    assert keys(net.named_buffers()) == ["cache"]


def test_an_attribute_may_change_what_it_is():
    net = Net()
    net.mean = Parameter(tg.zeros(2))
    assert keys(net.named_buffers()) == ["cache"]
    assert "mean" in keys(net.named_parameters())
    net.fc1 = Parameter(tg.zeros(2))
    assert keys(net.named_children()) == ["fc2"]
    net.cache = nn.ReLU()
    assert keys(net.named_children()) == ["fc2", "cache"]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("scale", tg.ones(1), "cannot assign 'Tensor' as parameter 'scale' (Parameter or None expected)"),
        ("scale", nn.ReLU(), "cannot assign 'ReLU' as parameter 'scale' (Parameter or None expected)"),
        ("fc1", 3, "cannot assign 'int' as child module 'fc1' (Module or None expected)"),
        ("mean", 3, "cannot assign 'int' as buffer 'mean' (Tensor or None expected)"),
    ],
)
def test_assigning_something_else(name, value, text):
    net = Net()
    with pytest.raises(TypeError, match=re.escape(text)):
        setattr(net, name, value)
    assert isinstance(getattr(net, name), (tg.Tensor, Module)), "the attribute stays"


@pytest.mark.parametrize(
    ("value", "what"), [(lambda: Parameter(tg.ones(1)), "parameters"), (lambda: nn.ReLU(), "module")]
)
def test_assigning_before_init(value, what):
    class Early(Module):
        def __init__(self):
            self.x = value()

    with pytest.raises(AttributeError, match=re.escape(f"cannot assign {what} before Module.__init__() call")):
        Early()


def test_registering_before_init():
    class Early(Module):
        def __init__(self):
            self.register_buffer("x", tg.ones(1))

    with pytest.raises(AttributeError, match=re.escape("cannot assign buffer before Module.__init__() call")):
        Early()


@pytest.mark.parametrize(
    ("register", "noun"), [("register_parameter", "parameter"), ("register_buffer", "buffer"), ("add_module", "module")]
)
def test_names_that_cannot_be_registered(register, noun):
    net = Net()
    for name, text in [
        ("a.b", f"""{noun} name can't contain ".", got: a.b"""),
        ("", f"""{noun} name can't be empty string \"\""""),
        ("forward", "attribute 'forward' already exists"),
    ]:
        with pytest.raises(KeyError) as error:
            getattr(net, register)(name, None)
        assert error.value.args == (text,)
    with pytest.raises(TypeError, match=f"{noun} name should be a string. Got int"):
        getattr(net, register)(3, None)


def test_values_that_cannot_be_registered():
    net = Net()
    with pytest.raises(TypeError, match="cannot assign 'Tensor' object to parameter 'w' .Parameter or None required"):
        net.register_parameter("w", tg.ones(1))
    with pytest.raises(TypeError, match="cannot assign 'int' object to buffer 'b' .Tensor or None required"):
        net.register_buffer("b", 3)
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        net.add_module("m", 3)


def test_registering_again_replaces():
    net = Net()
    net.register_buffer("cache", tg.ones(4))
    assert "cache" in net.state_dict(), "persistent now"
    net.register_module("fc1", None)
    assert keys(net.named_children()) == ["fc2"]


def test_getting_by_dotted_names():
    net = nn.Sequential(Net())
    assert net.get_submodule("") is net
    assert net.get_submodule("0.fc1") is net[0].fc1
    assert net.get_parameter("0.fc1.weight") is net[0].fc1.weight
    assert net.get_buffer("0.mean") is net[0].mean
    for get, target, text in [
        (net.get_submodule, "0.x", "Net has no attribute `x`"),
        (net.get_submodule, "0.scale", "`scale` is not an nn.Module"),
        (net.get_parameter, "0.fc1", "`fc1` is not a parameter"),
        (net.get_parameter, "5.weight", "Sequential has no attribute `5`"),
        (net.get_parameter, "0.x", "Net has no attribute `x`"),
        (net.get_buffer, "0.scale", "`scale` is not a buffer"),
    ]:
        with pytest.raises(AttributeError, match=text):
            get(target)


# ------------------------------------------------------------------------------------------------ for all below


def test_train_and_eval_reach_every_module():
    net = nn.Sequential(nn.Dropout(), nn.Sequential(nn.Dropout()))
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    assert net[1].train() is net[1]
    assert [m.training for m in net.modules()] == [False, False, True, True]
    with pytest.raises(ValueError, match="training mode is expected to be boolean"):
        net.train(1)


def test_apply_goes_from_the_leaves_up():
    net, seen = Net(), []
    assert net.apply(seen.append) is net
    assert seen == [net.fc1, net.fc2, net]


def test_requires_grad_and_zero_grad():
    net = Net()
    net(tg.ones(4, 2)).sum().backward()
    grads = [p.grad for p in net.parameters()]
    net.zero_grad(set_to_none=False)
    assert all(p.grad is g and not g.array.any() for p, g in zip(net.parameters(), grads))
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    assert net.requires_grad_(False) is net
    assert not net(tg.ones(4, 2)).requires_grad


def test_to_converts_what_is_floating_and_keeps_the_parameters():
    net = Net()
    net.register_buffer("steps", tg.arange(2))
    before = list(net.parameters())
    net(tg.ones(4, 2)).sum().backward()
    assert net.double() is net
    assert [p.dtype for p in net.parameters()] == [np.float64] * 4
    assert [p.grad.dtype for p in net.parameters()] == [np.float64] * 4
    assert all(a is b for a, b in zip(before, net.parameters()))
    assert net.mean.dtype == np.float64
    assert net.steps.dtype == np.int64
    assert net(tg.ones(4, 2, dtype=np.float64)).dtype == np.float64
    assert net.float().scale.dtype == np.float32
    assert net.to(np.float16).scale.dtype == np.float16
    with pytest.raises(TypeError, match="only accepts floating point or complex dtypes, but got desired dtype=int64"):
        net.to(np.int64)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_whole_and_their_own(duplicate):
    net = Net()
    net.tied = net.fc2.weight
    twin = duplicate(net)
    assert keys(twin.named_parameters()) == keys(net.named_parameters())
    assert twin.tied is twin.fc2.weight
    with tg.no_grad():
        twin.scale.fill_(2)
    x = tg.ones(4, 2)
    np.testing.assert_array_equal(twin(x).detach(), 2 * net(x).detach())


# ------------------------------------------------------------------------------------------------------- calling


def test_forward_is_missing():
    class Empty(Module):
        pass

    with pytest.raises(NotImplementedError, match=re.escape('Module [Empty] is missing the required "forward"')):
        Empty()(1)


def test_hooks_run_in_order_and_can_be_removed():
    net, seen = Net(), []
    x = tg.ones(4, 2)
    pre = net.register_forward_pre_hook(lambda m, args: seen.append(("pre", m, args)))
    post = net.register_forward_hook(lambda m, args, y: seen.append(("post", m, args, y)))
    first = net.register_forward_pre_hook(lambda m, args: seen.append("first"), prepend=True)
    y = net(x)
    assert seen[0] == "first"
    assert seen[1] == ("pre", net, (x,))
    assert seen[2] == ("post", net, (x,), y)
    for handle in (pre, post, first, first):
        handle.remove()
    seen.clear()
    net(x)
    assert not seen


def test_hooks_may_replace_arguments_and_output():
    net = nn.Identity()
    net.register_forward_pre_hook(lambda m, args: args[0] * 2)
    assert net(tg.ones(1)).item() == 2
    net.register_forward_pre_hook(lambda m, args: (args[0] + 1,))
    assert net(tg.ones(1)).item() == 3
    net.register_forward_hook(lambda m, args, y: y * 10)
    assert net(tg.ones(1)).item() == 30


def test_hooks_with_keyword_arguments():
    net, seen = Net(), []
    net.register_forward_pre_hook(lambda m, args, kwargs: (args, {"factor": kwargs["factor"] * 2}), with_kwargs=True)
    net.register_forward_hook(lambda m, args, kwargs, y: seen.append(kwargs), with_kwargs=True)
    x = tg.ones(4, 2)
    plain = Net()
    plain.load_state_dict(net.state_dict())
    np.testing.assert_array_equal(net(x, factor=2).detach(), plain(x, 4).detach())
    assert seen == [{"factor": 4}]
    net.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match="must return None or a tuple of .new_args, new_kwargs., but got 3"):
        net(x, factor=2)


# ------------------------------------------------------------------------------------------- saving and loading


def test_state_dict_is_ordered_detached_and_on_the_same_memory():
    net = Net()
    state = net.state_dict()
    assert isinstance(state, OrderedDict)
    assert list(state) == ["scale", "mean", "fc1.weight", "fc1.bias", "fc2.weight"]
    assert not any(t.requires_grad for t in state.values())
    assert state["scale"].array is net.scale.array
    assert net.state_dict(keep_vars=True)["scale"] is net.scale
    assert list(net.fc2.state_dict(prefix="top.")) == ["top.weight"]
    into = {}
    assert net.fc2.state_dict(destination=into) is into
    assert list(into) == ["weight"]


def test_round_trip():
    a, b = Net(), Net()
    result = b.load_state_dict(a.state_dict())
    assert result.missing_keys == []
    assert result.unexpected_keys == []
    assert str(result) == "<All keys matched successfully>"
    for x, y in zip(a.parameters(), b.parameters()):
        np.testing.assert_array_equal(x.detach(), y.detach())
        assert not np.shares_memory(x.array, y.array)


def test_loading_takes_arrays_and_keeps_dtype_and_identity():
    net = nn.Linear(2, 2)
    weight = net.weight
    net.load_state_dict({"weight": np.arange(4.0).reshape(2, 2), "bias": np.ones(2)})
    assert net.weight is weight
    assert weight.requires_grad
    assert weight.dtype == np.float32
    assert weight.tolist() == [[0, 1], [2, 3]]


def test_an_error_lists_all_that_is_wrong_and_loads_nothing():
    net = nn.Linear(2, 2)
    before = net.weight.detach().clone()
    with pytest.raises(RuntimeError, match="Error.* in loading state_dict for Linear") as error:
        net.load_state_dict({"weight": tg.zeros(3, 2), "scale": tg.zeros(1), "shift": tg.zeros(1)})
    assert str(error.value) == (
        "Error(s) in loading state_dict for Linear:\n"
        '\tMissing key(s) in state_dict: "bias". \n'
        '\tUnexpected key(s) in state_dict: "scale", "shift". \n'
        "\tsize mismatch for weight: copying a param with shape (3, 2) from checkpoint, the shape in current model is "
        "(2, 2)."
    )
    with pytest.raises(RuntimeError, match="size mismatch for bias"):
        net.load_state_dict({"weight": tg.zeros(2, 2), "bias": tg.zeros(3)})
    np.testing.assert_array_equal(net.weight.detach(), before)


def test_not_strict_loads_what_fits():
    net = nn.Linear(2, 2)
    result = net.load_state_dict({"bias": tg.ones(2), "x": tg.ones(1)}, strict=False)
    assert result == (["weight"], ["x"])
    assert net.bias.tolist() == [1, 1]
    with pytest.raises(RuntimeError, match="size mismatch for bias"):
        net.load_state_dict({"bias": tg.ones(3)}, strict=False)


def test_loading_what_is_no_state_dict():
    net = nn.Linear(2, 2)
    with pytest.raises(TypeError, match="Expected state_dict to be dict-like, got <class 'int'>"):
        net.load_state_dict(3)
    with pytest.raises(RuntimeError, match="parameter named \"bias\", expected a tensor or array .* <class 'list'>"):
        net.load_state_dict({"weight": tg.zeros(2, 2), "bias": [0, 0]})


def test_a_value_that_backward_needs_may_not_be_loaded_over():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    y = net(tg.ones(1, 2)).sum()
    net.load_state_dict(net.state_dict())
    with pytest.raises(RuntimeError, match=r"changed in place by load_state_dict at .*test_module.py"):
        y.backward()


# -------------------------------------------------------------------------------------------------------- as text


def test_repr_of_a_tree():
    class Deep(Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
            self.none = None
            self.register_module("hole", None)

        def extra_repr(self):
            return "depth=2"

    assert repr(Deep()) == (
        "Deep(\n"
        "  depth=2\n"
        "  (net): Sequential(\n"
        "    (0): Linear(in_features=2, out_features=3, bias=True)\n"
        "    (1): ReLU()\n"
        "  )\n"
        "  (hole): None\n"
        ")"
    )


def test_repr_with_several_lines_of_settings():
    class Two(Module):
        def extra_repr(self):
            return "a=1\nb=2"

    assert repr(Two()) == "Two(\n  a=1\n  b=2\n)"


@pytest.mark.parametrize(
    ("module", "text"),
    [
        (nn.Linear(2, 3, bias=False), "Linear(in_features=2, out_features=3, bias=False)"),
        (nn.Identity(1, a=2), "Identity()"),
        (nn.Flatten(), "Flatten(start_dim=1, end_dim=-1)"),
        (nn.Unflatten(1, [2, 3]), "Unflatten(dim=1, unflattened_size=(2, 3))"),
        (nn.ReLU(), "ReLU()"),
        (nn.ReLU(inplace=True), "ReLU(inplace=True)"),
        (nn.Sigmoid(), "Sigmoid()"),
        (nn.Tanh(), "Tanh()"),
        (nn.Softplus(), "Softplus(beta=1.0, threshold=20.0)"),
        (nn.Softmax(1), "Softmax(dim=1)"),
        (nn.LogSoftmax(-1), "LogSoftmax(dim=-1)"),
        (nn.Dropout(), "Dropout(p=0.5, inplace=False)"),
        (nn.CrossEntropyLoss(tg.ones(2)), "CrossEntropyLoss()"),
        (nn.NLLLoss(), "NLLLoss()"),
        (nn.BCELoss(), "BCELoss()"),
        (nn.BCEWithLogitsLoss(), "BCEWithLogitsLoss()"),
        (nn.MSELoss(), "MSELoss()"),
        (nn.L1Loss(), "L1Loss()"),
    ],
)
def test_repr_of_the_layers(module, text):
    assert repr(module) == text


def test_to_takes_what_the_to_of_a_tensor_takes():
    model = nn.Linear(2, 2)
    assert model.to("cpu") is model
    assert model.to("cpu", np.float64).weight.dtype == np.float64
    assert model.to(tg.ones(1)).weight.dtype == np.float32
    assert model.to(dtype=np.float16).weight.dtype == np.float16
    with pytest.raises(RuntimeError, match="cuda"):
        model.to("cuda")


def test_parameters_have_attributes_of_their_own():
    p = nn.Parameter(tg.ones(2))
    p.decay = False
    assert p.decay is False
    assert not hasattr(copy.deepcopy(p), "decay")


def test_the_dicts_of_what_is_registered_are_read_and_written_as_pytorch_has_them():
    model = nn.Sequential(OrderedDict(first=nn.Linear(2, 3), norm=nn.BatchNorm1d(3)))
    assert list(model._modules) == ["first", "norm"]
    assert model._modules["first"] is model.first
    assert dict(model.norm._parameters) == {"weight": model.norm.weight, "bias": model.norm.bias}
    assert [*model.norm._buffers] == ["running_mean", "running_var", "num_batches_tracked"]

    for name, child in reversed(model._modules.items()):
        if isinstance(child, nn.BatchNorm1d):
            model._modules[name] = nn.Identity()
    model._modules["first"]._parameters["bias"] = None
    assert isinstance(model.norm, nn.Identity)
    assert model.first.bias is None
    assert list(model.state_dict()) == ["first.weight"]

    assert isinstance(model._modules.popitem()[1], nn.Linear)
    assert len(model) == 1
    with pytest.raises(KeyError, match="weight"):
        del model._modules["weight"]
    with pytest.raises(TypeError, match="int.* child module 'norm'"):
        model._modules["norm"] = 3
