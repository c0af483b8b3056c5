"""The summary of a model: counts of known networks, every kind of input, and a model that stays as it was."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.nn import functional as F
from tinygrad_lab.nn.summary import MULTIPLY_ADDS
from tinygrad_lab.op import table


def macs(model: nn.Module, input: Any) -> int:
    return nn.summary(model, input).total_multiply_adds


def vgg16() -> nn.Module:
    layers: list[nn.Module] = []
    channels = 3
    for width in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0):
        if width:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        else:
            layers.append(nn.MaxPool2d(2))
    classifier = [nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000)]
    return nn.Sequential(*layers, nn.Flatten(), *classifier)


@pytest.mark.slow
def test_vgg_16_has_the_figures_of_its_paper() -> None:
    found = nn.summary(vgg16(), (1, 3, 224, 224))  # Simonyan and Zisserman 2014: 138 million parameters
    assert found.total_parameters == 138_357_544  # PyTorch's documentation of vgg16
    assert f"{found.total_multiply_adds / 1e9:.2f}" == "15.47"  # there, too
    assert found.total_bytes == 4 * 138_357_544


class Block(nn.Module):
    """The basic block of a ResNet."""

    def __init__(self, c: int, m: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(c, m, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(m)
        self.conv2 = nn.Conv2d(m, m, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(m)
        self.downsample = nn.Sequential(nn.Conv2d(c, m, 1, stride, bias=False), nn.BatchNorm2d(m))

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (y + self.downsample(x)).relu()


def test_a_residual_block() -> None:
    found = nn.summary(Block(8, 16, 2), (2, 8, 12, 12))
    pixels = 2 * 6 * 6
    by_name = {layer.name: layer for layer in found.layers}
    assert found.total_multiply_adds == pixels * 16 * (9 * 8 + 9 * 16 + 8)
    assert found.total_parameters == 9 * 8 * 16 + 9 * 16 * 16 + 8 * 16 + 3 * 2 * 16
    assert by_name["downsample"].multiply_adds == by_name["downsample.0"].multiply_adds == pixels * 16 * 8
    assert by_name["downsample.1"].output_shape == (2, 16, 6, 6)
    assert (by_name["downsample.1"].depth, by_name["downsample.1"].kind) == (2, "BatchNorm2d")
    assert by_name["bn1"].bytes == 4 * 4 * 16 + 8  # weight, bias, two statistics, and the count of batches


@pytest.mark.parametrize(
    ("layer", "input", "expected"),
    [
        (nn.Linear(5, 7), (3, 5), 3 * 5 * 7),
        (nn.Linear(5, 7, bias=False), (2, 3, 5), 6 * 5 * 7),
        (nn.Conv1d(4, 6, 3, groups=2), (2, 4, 10), 2 * 6 * 8 * 2 * 3),
        (nn.Conv2d(3, 4, (3, 2), stride=2, dilation=2), (1, 3, 9, 9), 4 * 3 * 4 * 3 * 6),
        (nn.Conv3d(2, 2, 2), (1, 2, 3, 3, 3), 2 * 8 * 2 * 8),
        (nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), (2, 4, 5, 5), 2 * 4 * 25 * 3 * 9),
        (nn.Bilinear(3, 4, 5), ((6, 3), (6, 4)), 6 * 5 * 3 * 4 + 6 * 5 * 3),
        (nn.LSTM(5, 6), (7, 2, 5), 7 * 2 * 4 * 6 * (5 + 6)),
        (nn.GRU(5, 6, num_layers=2), (7, 2, 5), 7 * 2 * 3 * 6 * (5 + 6 + 6 + 6)),
        (nn.RNN(5, 6, bidirectional=True), (7, 2, 5), 2 * 7 * 2 * 6 * (5 + 6)),
        (nn.LSTM(5, 6, proj_size=2), (7, 2, 5), 7 * 2 * (4 * 6 * (5 + 2) + 6 * 2)),
        (nn.GRUCell(5, 6), (2, 5), 2 * 3 * 6 * (5 + 6)),
        (nn.MultiheadAttention(8, 2), ((4, 3, 8), (5, 3, 8), (5, 3, 8)), 3 * (4 * 64 * 2 + 5 * 64 * 2 + 2 * 4 * 5 * 8)),
        (nn.Sequential(nn.ReLU(), nn.BatchNorm1d(4), nn.MaxPool1d(2)), (2, 4, 6), 0),
    ],
)
def test_multiply_adds(layer: nn.Module, input: Any, expected: int) -> None:
    assert macs(layer, input) == expected


def test_packed_sequences_are_computed_padded() -> None:
    packed = nn.utils.rnn.pack_padded_sequence(tg.ones(4, 2, 5), [4, 1])
    assert macs(nn.RNN(5, 6), [packed]) == 4 * 2 * 6 * (5 + 6)


def test_a_transformer_layer() -> None:
    e, f, length, n = 8, 20, 5, 3
    found = nn.summary(nn.TransformerEncoderLayer(e, 2, f), (length, n, e))
    assert found.total_multiply_adds == n * length * (4 * e * e + 2 * e * f) + n * 2 * length * length * e
    assert found.total_parameters == 4 * (e * e + e) + (e * f + f) + (f * e + e) + 4 * e


def test_every_op_that_sums_products_is_counted() -> None:
    def letters(shapes: str) -> list[set[str]]:
        return [set(re.findall("[a-z]", shape)) for shape in re.findall(r"\([^)]*\)", shapes)]

    moving = {"unpick_points", "place_points"}  # these add up what falls on one place
    for name, op in table.items():
        inputs, output = (letters(side) for side in op.shapes.split("->"))
        kept = set().union(*output)
        summed = {a for shape in inputs for a in shape if sum(a in other for other in inputs) > 1 and a not in kept}
        if summed and name not in moving and op.forward.__module__.startswith("tinygrad_lab"):
            assert name in MULTIPLY_ADDS, f"{name} sums over {summed}: {op.shapes}"


def test_products_outside_any_layer_and_many_operands_are_counted() -> None:
    class Products(nn.Module):
        def forward(self, a: tg.Tensor, b: tg.Tensor, v: tg.Tensor) -> tg.Tensor:
            one = tg.einsum("ij,jk,k->i", a, b, v)  # v first: it makes the least
            return (
                one
                + F.conv1d(a[None], a[:, None], groups=3).sum()
                + tg.cdist(a, a, 2.0, "use_mm_for_euclid_dist").sum()
                + v @ v
            )

    found = nn.summary(Products(), {"a": (3, 4), "b": (4, 5), "v": (5,)})
    assert found.total_multiply_adds == (4 * 5 + 3 * 4) + 3 * 4 + 3 * 3 * 4 + 5
    assert found.total_parameters == 0


def test_a_shared_layer_is_called_twice_and_its_parameters_count_once() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(10, 4)
            self.inner = nn.Linear(4, 4)
            self.out = nn.Linear(4, 10, bias=False)
            self.out.weight = self.table.weight

        def forward(self, words: tg.Tensor) -> tg.Tensor:
            return self.out(self.inner(self.inner(self.table(words))))

    model = Tied()
    model.inner.requires_grad_(False)
    found = nn.summary(model, tg.zeros(2, 3, dtype=np.int64))
    _, table, inner, out = found.layers
    assert (found.total_parameters, found.trainable_parameters) == (40 + 20, 40)
    assert (table.parameters, out.parameters, table.multiply_adds) == (40, 40, 0)
    assert (inner.calls, inner.trainable_parameters, inner.multiply_adds) == (2, 0, 2 * 6 * 16)
    assert "Linear x 2" in str(found)
    assert "and 20 frozen" in str(found)


def test_the_inputs_that_it_takes() -> None:
    class Sum(nn.Module):
        def forward(self, x: tg.Tensor, *, y: Any = None) -> Any:
            return {"x": x, "both": [x if y is None else x + y, "text"]}

    shapes = {"x": (2, 3), "both": [(2, 3), None]}
    for input in (tg.ones(2, 3), (2, 3), (tg.ones(2, 3),), [(2, 3)], {"x": (2, 3), "y": tg.ones(3)}):
        assert nn.summary(Sum(), input).layers[0].output_shape == shapes
    double = nn.Linear(3, 2, dtype=np.float64)
    assert nn.summary(double, (4, 3)).total_bytes == 8 * 8


class Restless(nn.Module):
    """Changes all that a forward pass may change."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.inner = nn.utils.spectral_norm(nn.Linear(4, 4))
        self.drop = nn.Dropout()
        self.register_buffer("count", tg.zeros(2))
        self.steps = 0

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        self.steps += 1
        self.train()
        self.count.add_(1)
        return self.inner(self.drop(self.norm(x)))


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_stays_as_it_was(fails: bool) -> None:
    tg.manual_seed(0)
    model = Restless()
    model.norm.eval()
    seen: list[Any] = []
    handle = model.norm.register_forward_hook(lambda module, args, output: seen.append(output.shape))
    before = {name: t.clone().numpy() for name, t in model.state_dict().items()}
    modes = [m.training for m in model.modules()]
    random = tg.get_rng_state()
    if fails:
        with pytest.raises(RuntimeError, match="batch_norm"):
            nn.summary(model, (3, 5))
    else:
        nn.summary(model, (3, 4))
        assert seen == [(3, 4)]
    assert [m.training for m in model.modules()] == modes
    assert model.steps == 0
    assert tg.get_rng_state() == random
    for name, t in model.state_dict().items():
        np.testing.assert_array_equal(t.numpy(), before[name])
    assert model._hooks is None
    assert (len(model.norm._hooks.before), len(model.norm._hooks.after)) == (0, 1)
    handle.remove()
    assert not model.norm._hooks.after
    model.train()
    assert model(tg.randn(3, 4)).requires_grad


def test_gradients_and_graphs_are_untouched() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
    loss = model(tg.randn(5, 3)).square().sum()
    nn.summary(model, (2, 3))
    loss.backward()  # nothing that it needs was changed
    grad = model[0].weight.grad
    nn.summary(model, (2, 3))
    assert model[0].weight.grad is grad


def test_the_table() -> None:
    model = nn.Sequential(nn.Linear(3, 300), nn.Sequential(nn.ReLU(), nn.Linear(300, 2)), nn.ModuleList([nn.Tanh()]))
    model.forward = lambda x: model[1](model[0](x))  # type: ignore[method-assign]  # as people do
    text = str(nn.summary(model, (5, 3)))
    assert text.splitlines() == [
        "layer    class       output shape  parameters     size  multiply-adds",
        "---------------------------------------------------------------------",
        "(model)  Sequential  (5, 2)             1,802  7.0 KiB          7,500",
        "  0      Linear      (5, 300)           1,200  4.7 KiB          4,500",
        "  1      Sequential  (5, 2)               602  2.4 KiB          3,000",
        "    0    ReLU        (5, 300)               0      0 B              0",
        "    1    Linear      (5, 2)               602  2.4 KiB          3,000",
        "  2      ModuleList  -                      0      0 B              0",
        "    0    Tanh        -                      0      0 B              0",
        "---------------------------------------------------------------------",
        "parameters: 1,802, of which 1,802 are trained; those that layers share count once",
        "parameters and buffers: 7.0 KiB",
        "multiply-adds of one forward pass: 7,500",
    ]
    shallow = nn.summary(model, (5, 3), depth=1)
    assert len(shallow.layers) == 7
    assert "ReLU" not in str(shallow)
    page = shallow._repr_html_()
    assert page.count("<tr>") == 5
    assert "7,500" in page
