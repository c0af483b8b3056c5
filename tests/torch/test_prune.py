"""Pruning chooses what PyTorch's chooses, and refuses what it refuses."""

import numpy as np
import pytest

import tinygrad_lab as tg

torch = pytest.importorskip("torch")
pytest.importorskip("torch.nn.utils.prune")  # which torch.nn.utils doesn't import
pytestmark = pytest.mark.torch


def pair(weight):
    """A module with this weight, ours and PyTorch's."""
    modules = tg.nn.Module(), torch.nn.Module()
    modules[0].weight = tg.nn.Parameter(tg.tensor(weight))
    modules[1].weight = torch.nn.Parameter(torch.tensor(weight))
    return modules


def both(name, pairs, *args):
    """The function applied to ours and PyTorch's; the classes of their errors."""
    found = []
    for room, module in ((tg.nn.utils.prune, pairs[0]), (torch.nn.utils.prune, pairs[1])):
        try:
            getattr(room, name)(module, "weight", *args)
        except Exception as error:
            found.append(type(error))
        else:
            found.append(None)
    assert found[0] is found[1]
    return found[0]


@pytest.mark.parametrize("seed", range(40))
def test_one_pruning_after_another(seed):
    rng = np.random.default_rng(seed)
    shape = rng.integers(2, 6, rng.integers(2, 5))
    modules = pair(rng.standard_normal(shape).astype(np.float32))
    for _ in range(3):
        amount = 1 if rng.random() < 0.5 else rng.uniform(0, 0.7)
        if rng.random() < 0.5:
            error = both("l1_unstructured", modules, amount)
        else:
            dim = int(rng.integers(-len(shape), len(shape)))
            error = both("ln_structured", modules, amount, rng.choice([1.0, 2.0, np.inf]), dim)
        if error:
            break
        ours, theirs = (m.weight.detach().numpy() for m in modules)
        np.testing.assert_array_equal(ours, theirs)
        assert list(modules[0].state_dict()) == list(modules[1].state_dict())


@pytest.mark.parametrize("seed", range(10))
def test_several_parameters_at_once(seed):
    rng = np.random.default_rng(seed)
    layers = [pair(rng.standard_normal(shape).astype(np.float32)) for shape in ((2, 3), (4,), (2, 1, 3))]
    both("l1_unstructured", layers[0], 2)
    for room, i in ((tg.nn.utils.prune, 0), (torch.nn.utils.prune, 1)):
        room.global_unstructured([(modules[i], "weight") for modules in layers], room.L1Unstructured, amount=0.4)
    for ours, theirs in layers:
        np.testing.assert_array_equal(ours.weight.detach().numpy(), theirs.weight.detach().numpy())


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("l1_unstructured", ("all",)),
        ("l1_unstructured", (1.5,)),
        ("l1_unstructured", (-1,)),
        ("l1_unstructured", (7,)),
        ("random_structured", (1, 2)),
        ("random_structured", (4, 1)),
        ("remove", ()),
    ],
)
def test_errors(name, args):
    assert both(name, pair(np.ones((2, 3), np.float32)), *args) is not None
