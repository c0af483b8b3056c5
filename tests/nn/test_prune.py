"""Pruning: masks, and what is chosen."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.nn.utils import prune


def linear(weight):
    module = nn.Linear(len(weight[0]), len(weight))
    module.weight.data = tg.tensor(weight)
    return module


def test_the_least_absolute_values_are_pruned_and_stay_zero_in_training():
    module = linear([[1.0, -4.0], [0.5, 3.0]])
    assert prune.l1_unstructured(module, "weight", 0.5) is module
    assert module.weight.tolist() == [[0, -4], [0, 3]]
    assert list(module.state_dict()) == ["bias", "weight_orig", "weight_mask"]
    assert {n for n, _ in module.named_parameters()} == {"bias", "weight_orig"}
    optimizer = tg.optim.SGD(module.parameters(), lr=0.1)
    module(tg.ones(3, 2)).square().sum().backward()
    assert (module.weight_orig.grad.array == 0).tolist() == [[True, False], [True, False]]
    optimizer.step()
    module(tg.ones(3, 2))
    assert (module.weight.array == 0).tolist() == [[True, False], [True, False]]
    assert module.weight_orig.array[0, 0] == 1


def test_pruning_again_chooses_among_what_is_left():
    module = linear([[1.0, -4.0], [0.5, 3.0]])
    prune.l1_unstructured(module, "weight", 1)
    prune.l1_unstructured(module, "weight", 2)
    assert module.weight_mask.tolist() == [[0, 1], [0, 0]]
    prune.random_unstructured(module, "weight", 1.0)
    assert not module.weight.array.any()


def test_slices():
    weight = [[1.0, 9.0, 2.0], [3.0, -1.0, 0.5]]
    module = prune.ln_structured(linear(weight), "weight", 1, n=2, dim=1)
    assert module.weight.tolist() == [[1, 9, 0], [3, -1, 0]]
    prune.ln_structured(module, "weight", 1, n=1, dim=-1)
    assert module.weight.tolist() == [[0, 9, 0], [0, -1, 0]]
    module = prune.random_structured(linear(weight), "weight", 0.5, dim=0)
    assert sorted(module.weight_mask.sum(1).tolist()) == [0, 3]


def test_scores_and_masks_of_ones_own():
    module = prune.l1_unstructured(linear([[1.0, 2.0]]), "weight", 1, importance_scores=tg.tensor([[2.0, 1.0]]))
    assert module.weight.tolist() == [[1, 0]]
    prune.custom_from_mask(module, "weight", tg.tensor([[False, True]]))
    assert module.weight.tolist() == [[0, 0]]
    module = prune.identity(module, "bias")
    assert module.bias_mask.tolist() == [1]


def test_an_amount_of_all_parameters():
    model = nn.Sequential(linear([[1.0, 5.0]]), linear([[2.0, 6.0]]))
    places = [(model[0], "weight"), (model[1], "weight")]
    prune.global_unstructured(places, prune.L1Unstructured, amount=0.5)
    assert [m.weight.tolist() for m in model] == [[[0, 5]], [[0, 6]]]
    prune.global_unstructured(places, prune.L1Unstructured, {places[1]: tg.tensor([[9.0, 1.0]])}, amount=1)
    assert [m.weight.tolist() for m in model] == [[[0, 5]], [[0, 0]]]


def test_removing_keeps_the_zeros_and_the_parameter():
    module = linear([[1.0, -4.0]])
    before = module.weight
    prune.l1_unstructured(module, "weight", 1)
    assert prune.is_pruned(nn.Sequential(module))
    assert prune.remove(module, "weight") is module
    assert module.weight is before
    assert module.weight.tolist() == [[0, -4]]
    assert list(module.state_dict()) == ["bias", "weight"]
    assert not prune.is_pruned(module)


def test_a_module_pruned_otherwise_loads_the_state():
    module = prune.random_unstructured(linear([[1.0, 2.0, 3.0]]), "weight", 1)
    other = prune.identity(linear([[0.0, 0.0, 0.0]]), "weight")
    other.load_state_dict(module.state_dict())
    x = tg.randn(4, 3)
    np.testing.assert_array_equal(other(x).detach(), module(x).detach())


def test_a_method_of_ones_own():
    class EveryOther(prune.BasePruningMethod):
        def compute_mask(self, t, default_mask):
            mask = default_mask.clone()
            mask.view(-1)[::2] = 0
            return mask

    module = linear([[1.0, 2.0], [3.0, 4.0]])
    EveryOther.apply(module, "weight")
    assert module.weight.tolist() == [[0, 2], [0, 4]]


@pytest.mark.parametrize(
    ("error", "text", "call"),
    [
        (TypeError, "Invalid type of amount: 'all'", lambda m: prune.l1_unstructured(m, "weight", "all")),
        (ValueError, "amount=1.5 should be", lambda m: prune.l1_unstructured(m, "weight", 1.5)),
        (ValueError, "amount=-1 should be", lambda m: prune.l1_unstructured(m, "weight", -1)),
        (
            ValueError,
            "smaller than the number of parameters to prune=2",
            lambda m: prune.l1_unstructured(m, "weight", 3),
        ),
        (ValueError, "only be applied to multidimensional", lambda m: prune.random_structured(m, "bias", 1, 0)),
        (IndexError, "dim", lambda m: prune.random_structured(m, "weight", 1, 2)),
        (AttributeError, "no attribute 'wait'", lambda m: prune.identity(m, "wait")),
        (AssertionError, "a mask of shape", lambda m: prune.custom_from_mask(m, "weight", tg.ones(3))),
        (AssertionError, "importance_scores of shape", lambda m: prune.l1_unstructured(m, "weight", 1, tg.ones(3))),
        (
            TypeError,
            "is structured, not",
            lambda m: prune.global_unstructured([(m, "weight")], prune.LnStructured, amount=1, n=2),
        ),
        (ValueError, "has to be pruned before", lambda m: prune.remove(m, "weight")),
        (NotImplementedError, "must define compute_mask", lambda m: prune.BasePruningMethod.apply(m, "weight")),
    ],
)
def test_errors_leave_the_module_as_it_was(error, text, call):
    module = linear([[1.0, 2.0]])
    with pytest.raises(error, match=text):
        call(module)
    assert not prune.is_pruned(module)
    assert list(module.state_dict()) == ["weight", "bias"]
