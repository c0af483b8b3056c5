"""States of modules: what hooks see and change, and what a module adds of its own."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn


class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.count = 0

    def get_extra_state(self):
        return {"count": self.count}

    def set_extra_state(self, state):
        self.count = state["count"]


def test_extra_state_is_saved_and_loaded():
    model, twin = nn.Sequential(Counter()), nn.Sequential(Counter())
    model[0].count = 7
    state = model.state_dict()
    assert list(state) == ["0._extra_state", "0.layer.weight", "0.layer.bias"]
    twin.load_state_dict(state)
    assert twin[0].count == 7
    del state["0._extra_state"]
    with pytest.raises(RuntimeError, match='Missing key\\(s\\) in state_dict: "0._extra_state"'):
        twin.load_state_dict(state)
    with pytest.raises(RuntimeError, match="Linear doesn't define get_extra_state"):
        nn.Linear(2, 2).get_extra_state()


def test_hooks_may_rename_what_is_loaded():
    model = nn.Sequential(nn.Linear(2, 2))
    old = {k.replace("weight", "w"): v + 1 for k, v in model.state_dict().items()}
    seen = []

    def rename(module, state, prefix, metadata, strict, missing, unexpected, errors):
        seen.append((prefix, strict))
        state[f"{prefix}weight"] = state.pop(f"{prefix}w")

    handle = model[0].register_load_state_dict_pre_hook(rename)
    model[0].register_load_state_dict_post_hook(lambda module, keys: seen.append(keys))
    before = dict(old)
    assert model.load_state_dict(old) == ([], [])
    assert seen == [("0.", True), ([], [])]
    assert list(old) == list(before)  # what was given is as it was
    handle.remove()
    with pytest.raises(RuntimeError, match="Missing key"):
        model.load_state_dict(old)


def test_hooks_see_what_is_saved():
    model = nn.Sequential(nn.Linear(2, 2))
    calls = []
    model[0].register_state_dict_pre_hook(lambda m, prefix, keep_vars: calls.append((prefix, keep_vars)))
    model[0].register_state_dict_post_hook(lambda m, state, prefix, _: state.pop(f"{prefix}bias"))
    assert list(model.state_dict(keep_vars=True)) == ["0.weight"]
    assert calls == [("0.", True)]


def test_a_buffer_registers_itself():
    module = nn.Module()
    module.kept = nn.Buffer(tg.ones(2))
    module.passing = nn.Buffer(tg.ones(2), persistent=False)
    assert [name for name, _ in module.named_buffers()] == ["kept", "passing"]
    assert list(module.state_dict()) == ["kept"]


def test_a_submodule_is_replaced_by_its_name():
    model = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))
    model.set_submodule("0.1", nn.Tanh())
    model.set_submodule("0.more", nn.Identity())
    assert [type(m).__name__ for m in model[0]] == ["Linear", "Tanh", "Identity"]
    with pytest.raises(AttributeError, match="has no attribute `other`"):
        model.set_submodule("0.other", nn.Identity(), strict=True)
    with pytest.raises(AttributeError, match="`weight` is not an nn.Module"):
        model.set_submodule("0.0.weight", nn.Identity())
    with pytest.raises(ValueError, match="without a target name"):
        model.set_submodule("", nn.Identity())


def test_half():
    assert {str(p.dtype) for p in nn.Linear(2, 2).half().parameters()} == {"float16"}


def test_given_tensors_are_taken_over_if_assigned():
    model = nn.BatchNorm1d(2)
    model.bias.requires_grad_(False)
    given = {k: v.double() if v.is_floating_point() else v + 1 for k, v in model.state_dict().items()}
    weight = model.weight
    assert str(model.load_state_dict(given, assign=True)) == "<All keys matched successfully>"
    assert model.weight is not weight
    assert isinstance(model.weight, nn.Parameter)
    assert (model.weight.requires_grad, model.bias.requires_grad) == (True, False)
    assert model.weight.dtype == model.running_mean.dtype == np.float64
    assert model.running_mean is given["running_mean"]
    assert np.shares_memory(model.weight.array, given["weight"].array)
    with pytest.raises(RuntimeError, match="size mismatch for weight"):
        model.load_state_dict({**given, "weight": tg.ones(3)}, assign=True)


def test_an_expanded_buffer_is_loaded_if_no_element_stands_in_two_places():
    module = nn.Module()
    module.register_buffer("position_ids", tg.arange(3).expand(1, -1))
    module.load_state_dict({"position_ids": tg.tensor([[2, 1, 0]])})
    assert module.position_ids.tolist() == [[2, 1, 0]]
    module.register_buffer("shared", tg.zeros(3).expand(2, -1))
    with pytest.raises(RuntimeError, match="While copying the parameter named 'shared': its memory can't be written"):
        module.load_state_dict({"position_ids": tg.zeros(1, 3), "shared": tg.ones(2, 3)})
    assert module.position_ids.tolist() == [[2, 1, 0]]
    module.load_state_dict({"position_ids": tg.zeros(1, 3), "shared": tg.ones(2, 3)}, assign=True)
    assert module.shared.tolist() == [[1.0] * 3] * 2
