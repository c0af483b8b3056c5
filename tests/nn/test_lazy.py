"""Layers that take their sizes from the first input."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.nn.lazy import LazyModuleMixin

NETWORK = [
    (nn.LazyConv2d, (4, 3), nn.Conv2d),
    (nn.LazyBatchNorm2d, (), nn.BatchNorm2d),
    (nn.LazyInstanceNorm2d, (), nn.InstanceNorm2d),
    (nn.LazyConvTranspose2d, (5, 2), nn.ConvTranspose2d),
    (nn.Flatten, (), nn.Flatten),
    (nn.LazyLinear, (3,), nn.Linear),
]


def network():
    return nn.Sequential(*(cls(*args) for cls, args, _ in NETWORK))


def test_a_call_makes_plain_layers_of_lazy_ones():
    model = network()
    assert "LazyConv2d(0, 4, kernel_size=(3, 3), stride=(1, 1))" in repr(model)
    y = model(tg.ones(2, 3, 8, 8))
    assert y.shape == (2, 3)
    assert [type(m) for m in model] == [plain for *_, plain in NETWORK]
    assert model[0].weight.shape == (4, 3, 3, 3)
    assert model[5].in_features == 5 * 7 * 7
    y.sum().backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_is_as_lazy(copied):
    model = network()
    twin = copied(model)
    twin(tg.ones(2, 3, 8, 8))
    assert isinstance(model[0].weight, nn.UninitializedParameter)
    assert type(twin[0].weight) is nn.Parameter


def test_a_state_dict_gives_the_sizes_too():
    model, twin = network(), network()
    x = tg.randn(2, 3, 8, 8)
    model(x)
    assert list(twin.state_dict()) == list(model.state_dict())
    twin.load_state_dict(model.state_dict())
    model.eval()
    twin.eval()
    assert np.array_equal(twin(x).detach(), model(x).detach())
    assert repr(twin) == repr(model)


def test_the_dtype_of_what_has_no_shape():
    layer = nn.LazyLinear(3).double()
    assert layer(tg.ones(2, 4, dtype=np.float64)).dtype == np.float64
    assert nn.LazyLinear(3, dtype=np.float16).weight.dtype == np.float16


def test_nobody_may_ask_for_the_shape():
    layer = nn.LazyLinear(3, bias=False)
    assert repr(layer.weight) == "<UninitializedParameter>"
    with pytest.raises(RuntimeError, match="Can't access the shape of an uninitialized parameter"):
        assert layer.weight.shape


@pytest.mark.parametrize(
    ("error", "text", "layer", "shape"),
    [
        (RuntimeError, r"Expected 3D \(unbatched\) or 4D \(batched\) input", nn.LazyConv2d(4, 3), (2, 3)),
        (
            ValueError,
            "in_channels must be divisible by groups, but 3 isn't by 2",
            nn.LazyConv1d(4, 3, groups=2),
            (3, 9),
        ),
    ],
)
def test_errors(error, text, layer, shape):
    with pytest.raises(error, match=text):
        layer(tg.ones(*shape))


def test_a_lazy_module_of_ones_own():
    class Scale(LazyModuleMixin):
        def __init__(self):
            super().__init__()
            self.weight = nn.UninitializedParameter()

        def initialize_parameters(self, x):
            if self.has_uninitialized_params():
                self.weight.materialize(x.shape[-1:])
                nn.init.ones_(self.weight)

        def forward(self, x):
            return x * self.weight

    layer = Scale()
    assert layer(tg.ones(2, 3)).tolist() == [[1] * 3] * 2
    assert layer.weight.shape == (3,)
    forgetful = Scale()
    forgetful.initialize_parameters = lambda x: None
    with pytest.raises(RuntimeError, match="has not been fully initialized"):
        forgetful(tg.ones(2))
    with pytest.raises(NotImplementedError, match="initialize_parameters is not implemented"):
        LazyModuleMixin()(tg.ones(2))
