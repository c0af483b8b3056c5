"""Layers by themselves: their text and keys, what they refuse, the statistics they keep, what training changes."""

import copy

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn


def tensor(*shape):
    return tg.tensor(np.random.default_rng(0).standard_normal(shape).astype(np.float32))


# ---------------------------------------------------------------------------------------------------------- as text


@pytest.mark.parametrize(
    ("module", "text"),
    [
        (nn.Conv1d(4, 6, 3), "Conv1d(4, 6, kernel_size=(3,), stride=(1,))"),
        (
            nn.Conv2d(4, 6, 3, 1, "same", 2, 2, False, "circular"),
            "Conv2d(4, 6, kernel_size=(3, 3), stride=(1, 1), padding=same, dilation=(2, 2), groups=2, bias=False, "
            "padding_mode=circular)",
        ),
        (
            nn.ConvTranspose2d(4, 6, 3, 2, 1, 1),
            "ConvTranspose2d(4, 6, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 1))",
        ),
        (nn.MaxPool2d(2), "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)"),
        (nn.AvgPool1d(2), "AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))"),
        (nn.AdaptiveAvgPool2d((1, None)), "AdaptiveAvgPool2d(output_size=(1, None))"),
        (
            nn.BatchNorm2d(3),
            "BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)",
        ),
        (nn.LayerNorm(3), "LayerNorm((3,), eps=1e-05, elementwise_affine=True, bias=True)"),
        (nn.GroupNorm(2, 4), "GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)"),
        (nn.RMSNorm([2, 3]), "RMSNorm((2, 3), eps=None, elementwise_affine=True)"),
        (nn.Embedding(5, 2, -1, max_norm=1.0), "Embedding(5, 2, padding_idx=4, max_norm=1.0)"),
        (nn.EmbeddingBag(5, 2, mode="sum"), "EmbeddingBag(5, 2, mode='sum')"),
        (nn.GELU("tanh"), "GELU(approximate='tanh')"),
        (nn.ELU(inplace=True), "ELU(alpha=1.0, inplace=True)"),
        (nn.ZeroPad2d(1), "ZeroPad2d((1, 1, 1, 1))"),
        (nn.ConstantPad1d(1, 0.5), "ConstantPad1d(padding=(1, 1), value=0.5)"),
        (nn.Upsample(scale_factor=2), "Upsample(scale_factor=2.0, mode='nearest')"),
        (
            nn.ParameterList([tg.zeros(2, 3), "text"]),
            "ParameterList(\n    (0): Parameter containing: [float32 of size 2x3]\n    (1): Object of type: str\n)",
        ),
        (nn.ParameterDict({"a": tg.zeros(2)}), "ParameterDict(  (a): Parameter containing: [float32 of size 2])"),
    ],
)
def test_text(module, text):
    assert repr(module) == text


# ------------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: nn.Conv2d(3, 4, 2, groups=2), ValueError, "in_channels must be divisible by groups, but 3"),
        (lambda: nn.Conv2d(4, 3, 2, groups=2), ValueError, "out_channels must be divisible by groups, but 3"),
        (lambda: nn.Conv2d(4, 4, 2, groups=0), ValueError, "groups must be a positive integer, not 0"),
        (lambda: nn.Conv1d(4, 4, 2, 2, "same"), ValueError, "not supported for strided"),
        (lambda: nn.Conv1d(4, 4, 2, padding="all"), ValueError, "Invalid padding string 'all'"),
        (lambda: nn.Conv1d(4, 4, 2, padding_mode="mirror"), ValueError, "got padding_mode='mirror'"),
        (lambda: nn.Conv2d(4, 4, 2.5), TypeError, "Conv2d: kernel_size must be an integer"),
        (lambda: nn.ConvTranspose1d(4, 4, 2, padding_mode="reflect"), ValueError, 'Only "zeros" padding mode'),
        (lambda: nn.ConvTranspose1d(1, 1, 3, 2)(tensor(1, 4), [20]), ValueError, r"range from \(9,\) to \(10,\)"),
        (lambda: nn.BatchNorm1d(4)(tensor(2, 4, 3, 3)), ValueError, "BatchNorm1d: expected 2D or 3D input"),
        (lambda: nn.BatchNorm2d(4)(tensor(1, 4, 1, 1)), ValueError, "more than 1 value per channel"),
        (lambda: nn.InstanceNorm1d(3, affine=True)(tensor(2, 4, 3)), ValueError, "to match num_features"),
        (lambda: nn.GroupNorm(3, 4), ValueError, r"num_channels \(4\) must be divisible"),
        (lambda: nn.Embedding(4, 2, padding_idx=4), AssertionError, "within num_embeddings=4"),
        (lambda: nn.Embedding(4, 2, sparse=True), NotImplementedError, "sparse"),
        (lambda: nn.Embedding(4, 2, _weight=tg.ones(3, 2)), AssertionError, "Shape of weight does not match"),
        (lambda: nn.Embedding.from_pretrained(tg.ones(3)), AssertionError, "expected to be 2-dimensional"),
        (lambda: nn.Hardtanh(1.0, 1.0), AssertionError, "must be greater than"),
        (lambda: nn.Softmax2d()(tensor(2, 2)), ValueError, "expected input to be 3D or 4D"),
        (lambda: nn.MultiheadAttention(8, 3), AssertionError, "8 isn't by 3"),
        (lambda: nn.MultiheadAttention(8, 0), ValueError, "greater than 0"),
        (lambda: nn.TransformerEncoderLayer(8, 2, activation="tanh"), RuntimeError, "should be relu/gelu, not tanh"),
        (lambda: nn.FeatureAlphaDropout(2), ValueError, "between 0 and 1"),
        (lambda: nn.ParameterList()[0], IndexError, "index 0 is out of range"),
        (lambda: nn.ParameterList(tg.ones(2)), TypeError, "should be called with an iterable, but got Tensor"),
        (lambda: nn.ParameterDict({"train": tg.ones(2)}), KeyError, "already exists"),
        (lambda: nn.ParameterDict()["a"], KeyError, "a"),
    ],
)
def test_what_is_refused(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_old_names_of_hardtanh_warn():
    with pytest.warns(FutureWarning, match="`max_value` is deprecated"):
        assert nn.Hardtanh(max_value=2.0).max_val == 2


def test_channels_that_differ_warn_where_nothing_depends_on_them():
    with pytest.warns(UserWarning, match="to match num_features"):
        nn.InstanceNorm1d(3)(tensor(2, 4, 3))


# ------------------------------------------------------------------------------------------------------------- keys


@pytest.mark.parametrize(
    ("module", "keys"),
    [
        (nn.Conv2d(2, 4, 3), "weight bias"),
        (nn.ConvTranspose2d(2, 4, 3, bias=False), "weight"),
        (nn.BatchNorm1d(4), "weight bias running_mean running_var num_batches_tracked"),
        (nn.BatchNorm1d(4, affine=False), "running_mean running_var num_batches_tracked"),
        (nn.InstanceNorm2d(4), ""),
        (nn.MultiheadAttention(4, 2), "in_proj_weight in_proj_bias out_proj.weight out_proj.bias"),
        (
            nn.MultiheadAttention(4, 2, bias=False, add_bias_kv=True, kdim=3),
            "q_proj_weight k_proj_weight v_proj_weight bias_k bias_v out_proj.weight",
        ),
    ],
)
def test_keys(module, keys):
    assert list(module.state_dict()) == keys.split()


def test_counts_of_parameters():
    def count(module):
        return sum(p.numel() for p in module.parameters())

    assert count(nn.Conv2d(4, 6, (3, 2), groups=2)) == 6 * 2 * 3 * 2 + 6
    assert count(nn.ConvTranspose3d(4, 6, 2, groups=2)) == 4 * 3 * 8 + 6
    layer = 4 * (8 * 8 + 8) + 2 * 8 * 16 + 16 + 8 + 2 * 16
    assert count(nn.TransformerEncoderLayer(8, 2, 16)) == layer
    assert count(nn.TransformerDecoderLayer(8, 2, 16)) == layer + 4 * (8 * 8 + 8) + 16
    assert count(nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 3)) == 3 * layer


def test_weights_start_within_their_bounds():
    conv = nn.Conv2d(6, 50, 3, groups=2)
    bound = 1 / np.sqrt(3 * 9)
    for param in conv.parameters():
        assert 0.8 * bound < abs(param.detach().numpy()).max() <= bound
    assert (nn.Embedding(5, 3, padding_idx=2).weight[2] == 0).all()
    attention = nn.MultiheadAttention(8, 2)
    assert (attention.in_proj_bias == 0).all()
    assert abs(attention.in_proj_weight.detach().numpy()).max() <= np.sqrt(6 / 32)


def test_dtype_of_parameters_and_statistics():
    norm = nn.BatchNorm1d(3, dtype=np.float64)
    assert [str(t.dtype) for t in norm.state_dict().values()] == ["float64"] * 4 + ["int64"]
    assert norm.float().num_batches_tracked.dtype == np.int64
    assert nn.Transformer(4, 2, 1, 1, 4, dtype=np.float64).decoder.norm.weight.dtype == np.float64


# ------------------------------------------------------------------------------------------------------- statistics


def test_running_statistics_by_hand():
    norm = nn.BatchNorm1d(1, momentum=0.25)
    norm(tg.tensor([[1.0], [3.0]]))  # mean 2, unbiased variance 2
    assert norm.running_mean.item() == 0.25 * 2
    assert norm.running_var.item() == 0.75 * 1 + 0.25 * 2
    norm(tg.tensor([[4.0], [4.0]]))
    assert norm.running_mean.item() == 0.75 * 0.5 + 0.25 * 4
    assert norm.num_batches_tracked.item() == 2
    norm.eval()
    y = norm(tg.tensor([[1.375]]))
    assert y.item() == 0
    assert norm.num_batches_tracked.item() == 2
    norm.reset_running_stats()
    assert [b.item() for b in norm.buffers()] == [0, 1, 0]


def test_without_momentum_the_statistics_are_averages():
    norm = nn.BatchNorm1d(1, momentum=None)
    for x in ([[0.0], [2.0]], [[3.0], [5.0]], [[-3.0], [3.0]]):
        norm(tg.tensor(x))
    assert norm.running_mean.item() == pytest.approx(5 / 3)
    assert norm.running_var.item() == pytest.approx((2 + 2 + 18) / 3)


def test_without_running_statistics_evaluation_uses_the_batch():
    norm = nn.BatchNorm2d(2, track_running_stats=False).eval()
    assert list(norm.buffers()) == []
    assert abs(norm(tensor(3, 2, 4, 4)).mean().item()) < 1e-6


# ---------------------------------------------------------------------------------------------- training, evaluation


@pytest.mark.parametrize(
    "module", [nn.Dropout1d(), nn.Dropout2d(), nn.Dropout3d(), nn.FeatureAlphaDropout(), nn.AlphaDropout(), nn.RReLU()]
)
def test_chance_in_training_only(module):
    tg.manual_seed(0)
    shape = {nn.Dropout1d: (4, 6, 5), nn.Dropout3d: (4, 6, 2, 2, 2)}.get(type(module), (4, 6, 3, 3))
    x = tensor(*shape)
    assert not np.array_equal(module(x), module(x))
    y = module.eval()(x)
    np.testing.assert_array_equal(y, module(x))
    if not isinstance(module, nn.RReLU):
        assert y is x
    if isinstance(module, nn.Dropout1d | nn.Dropout2d | nn.Dropout3d):
        zero = module.train()(x).numpy().reshape(24, -1) == 0
        np.testing.assert_array_equal(zero.all(1), zero.any(1))
        assert 0 < zero[:, 0].sum() < 24


def test_a_transformer_learns():
    tg.manual_seed(0)
    model = nn.Transformer(8, 2, 1, 1, 16, dropout=0.1, batch_first=True)
    src, tgt, wanted = tensor(4, 5, 8), tensor(4, 3, 8), tensor(4, 3, 8) * 0.5
    mask = nn.Transformer.generate_square_subsequent_mask(3)
    optimizer = tg.optim.Adam(model.parameters(), lr=0.01)

    def loss():
        return ((model(src, tgt, tgt_mask=mask) - wanted) ** 2).mean()

    first = loss().item()
    for _ in range(30):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    assert loss().item() < 0.6 * first
    assert all(p.grad is not None for p in model.parameters())


def test_places_after_do_not_change_places_before():
    tg.manual_seed(1)
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2).eval()
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    x = tensor(2, 5, 8)
    other = x.clone()
    other[:, 3:] += 1
    y, z = encoder(x, mask).detach().numpy(), encoder(other, mask).detach().numpy()
    np.testing.assert_allclose(y[:, :3], z[:, :3], rtol=1e-5, atol=1e-6)
    assert abs(y[:, 3:] - z[:, 3:]).max() > 0.01


def test_layers_of_an_encoder_are_copies():
    layer = nn.TransformerEncoderLayer(8, 2, 16)
    encoder = nn.TransformerEncoder(layer, 2)
    assert encoder.layers[0].linear1.weight is not encoder.layers[1].linear1.weight
    np.testing.assert_array_equal(encoder.layers[0].linear1.weight.detach(), layer.linear1.weight.detach())


class Hinted(nn.Module):
    """A layer that notes whether it was told that its mask is causal."""

    def forward(self, src, src_mask, src_key_padding_mask, is_causal):
        return src + float(is_causal)


@pytest.mark.parametrize(("mask", "given", "told"), [(1, None, 1), (0, None, 0), (0, True, 1), (1, False, 0)])
def test_a_causal_mask_is_seen(mask, given, told):
    causal = nn.Transformer.generate_square_subsequent_mask(3)
    encoder = nn.TransformerEncoder(Hinted(), 1)
    assert encoder(tg.zeros(3, 1, 1), causal if mask else tg.zeros(3, 3), is_causal=given)[0].item() == told


# ------------------------------------------------------------------------------------------------------- embeddings


def test_pretrained_rows_share_their_memory():
    rows = tg.ones(3, 2)
    frozen, bag = nn.Embedding.from_pretrained(rows), nn.EmbeddingBag.from_pretrained(rows, freeze=False)
    assert not frozen.weight.requires_grad
    assert bag.weight.requires_grad
    rows[1] = 5
    assert (frozen(tg.tensor([1])) == 5).all()


def test_the_padding_row_gets_no_gradient():
    table = nn.Embedding(4, 2, padding_idx=1)
    table(tg.tensor([0, 1, 1, 3])).sum().backward()
    np.testing.assert_array_equal(table.weight.grad, [[1, 1], [0, 0], [0, 0], [1, 1]])


# --------------------------------------------------------------------------------------------------- of parameters


def test_parameters_of_a_list_and_a_dict_are_found():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.steps = nn.ParameterList([tg.ones(2), nn.Parameter(tg.ones(3))])
            self.named = nn.ParameterDict({"a": tg.ones(4)})

    model = Model()
    assert list(model.state_dict()) == ["steps.0", "steps.1", "named.a"]
    assert [p.numel() for p in model.parameters()] == [2, 3, 4]
    twin = copy.deepcopy(model)
    twin.steps[0] = tg.zeros(5)
    assert twin.steps[-2].shape == (5,)
    assert model.steps[0].shape == (2,)
    assert [p.shape for p in twin.steps[1:]] == [(3,)]
