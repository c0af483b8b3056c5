"""The one device, the CPU, as programs for PyTorch name it."""

import pytest

import tinygrad_lab as tg


def test_a_device_is_the_cpu():
    one, two = tg.device("cpu"), tg.device("cpu:0")
    assert (one.type, one.index, two.type, two.index) == ("cpu", None, "cpu", 0)
    assert two == tg.device("cpu", 0) == tg.device(two) != one
    assert one != "cpu"
    assert len({one, tg.device(), two}) == 2
    assert (str(one), str(two)) == ("cpu", "cpu:0")
    assert (repr(one), repr(two)) == ("device(type='cpu')", "device(type='cpu', index=0)")
    for name in ("cuda", "cuda:0", "mps", "cpus", 0):
        with pytest.raises(RuntimeError, match=f"device: there is only 'cpu', not {name!r}"):
            tg.device(name)


def test_programs_ask_which_device_to_use():
    device = tg.device("cuda" if tg.cuda.is_available() else "mps" if tg.backends.mps.is_available() else "cpu")
    assert device.type == "cpu"
    assert not any((tg.accelerator.is_available(), tg.backends.cudnn.is_available(), tg.backends.mps.is_built()))
    assert tg.accelerator.current_accelerator() is None
    assert tg.cuda.device_count() == tg.accelerator.device_count() == 0
    model = tg.nn.Linear(2, 3).to(device)
    x = tg.ones(4, 2).to(device, non_blocking=True)
    assert model(x).device == next(model.parameters()).device == device
    assert not x.is_cuda
    assert not x.is_sparse
    assert model.weight.dtype == x.dtype == tg.float32
    assert x.to(device) is x.to(x.device) is x.to(device=device) is x.to("cpu:0") is x
    assert x.to(device, tg.float64).dtype == x.to(device=device, dtype=tg.float64).dtype == tg.float64
    assert model.cpu() is model.to(device, tg.float64) is model


def test_seeding_every_device_leaves_the_stream_as_it_is():
    tg.manual_seed(0)
    drawn = tg.rand(2).tolist()
    tg.manual_seed(0)
    tg.cuda.manual_seed(1)
    tg.cuda.manual_seed_all(1)
    tg.cuda.empty_cache()
    assert tg.rand(2).tolist() == drawn


X = tg.ones(2, 2)
MAKERS = {
    "tensor": lambda device: tg.tensor([1.0], device=device),
    "as_tensor": lambda device: tg.as_tensor([1.0], device=device),
    "zeros": lambda device: tg.zeros(2, device=device),
    "ones": lambda device: tg.ones(2, device=device),
    "empty": lambda device: tg.empty(2, device=device),
    "full": lambda device: tg.full((2,), 1, device=device),
    "zeros_like": lambda device: tg.zeros_like(X, device=device),
    "ones_like": lambda device: tg.ones_like(X, device=device),
    "empty_like": lambda device: tg.empty_like(X, device=device),
    "full_like": lambda device: tg.full_like(X, 1, device=device),
    "arange": lambda device: tg.arange(2, device=device),
    "linspace": lambda device: tg.linspace(0, 1, 2, device=device),
    "logspace": lambda device: tg.logspace(0, 1, 2, device=device),
    "eye": lambda device: tg.eye(2, device=device),
    "rand": lambda device: tg.rand(2, device=device),
    "randn": lambda device: tg.randn(2, device=device),
    "rand_like": lambda device: tg.rand_like(X, device=device),
    "randn_like": lambda device: tg.randn_like(X, device=device),
    "randint": lambda device: tg.randint(3, (2,), device=device),
    "randint_like": lambda device: tg.randint_like(X, 3, device=device),
    "randperm": lambda device: tg.randperm(3, device=device),
    "normal": lambda device: tg.normal(0.0, 1.0, (2,), device=device),
    "tril_indices": lambda device: tg.tril_indices(2, 2, device=device),
    "triu_indices": lambda device: tg.triu_indices(2, 2, device=device),
    "new_zeros": lambda device: X.new_zeros(2, device=device),
    "new_ones": lambda device: X.new_ones(2, device=device),
    "new_empty": lambda device: X.new_empty(2, device=device),
    "new_full": lambda device: X.new_full((2,), 1, device=device),
    "new_tensor": lambda device: X.new_tensor([1], device=device),
    "to": lambda device: X.to(device),
}


@pytest.mark.parametrize("name", MAKERS)
def test_a_tensor_is_made_on_the_cpu_or_not_at_all(name):
    for place in ("cpu", tg.device("cpu"), X.device, None):
        assert MAKERS[name](place).device == X.device
    with pytest.raises(RuntimeError, match=r"^(\w+: )*device: there is only 'cpu', not 'cuda'"):
        MAKERS[name]("cuda")


def test_other_places_that_name_a_device(tmp_path):
    assert tg.Generator(device="cpu").manual_seed(3).initial_seed() == 3
    mask = tg.nn.Transformer.generate_square_subsequent_mask(2, device=X.device)
    assert mask.tolist() == [[0.0, -float("inf")], [0.0, 0.0]]
    tg.save({"x": X}, tmp_path / "x.npz")
    for place in ("cpu", X.device, None):
        assert tg.load(tmp_path / "x.npz", map_location=place, weights_only=True)["x"].tolist() == X.tolist()
    for call in (
        lambda: tg.Generator(device="cuda"),
        lambda: tg.nn.Transformer.generate_square_subsequent_mask(2, device="cuda"),
        lambda: tg.load(tmp_path / "x.npz", "cuda"),
        lambda: tg.nn.Linear(2, 2).to("cuda"),
    ):
        with pytest.raises(RuntimeError, match="device: there is only 'cpu', not 'cuda'"):
            call()


LAYERS = {
    "AdaptiveLogSoftmaxWithLoss": (16, 6, [2, 4]),
    "BatchNorm1d": (2,),
    "Bilinear": (2, 2, 2),
    "Conv1d": (2, 2, 1),
    "Conv2d": (2, 2, 1),
    "ConvTranspose2d": (2, 2, 1),
    "Embedding": (3, 2),
    "EmbeddingBag": (3, 2),
    "GRU": (2, 2),
    "GRUCell": (2, 2),
    "GroupNorm": (1, 2),
    "InstanceNorm1d": (2, 1e-5, 0.1, True),
    "LSTM": (2, 2),
    "LayerNorm": (2,),
    "LazyBatchNorm1d": (),
    "LazyConv1d": (2, 1),
    "LazyConvTranspose1d": (2, 1),
    "LazyLinear": (2,),
    "Linear": (2, 2),
    "LinearCrossEntropyLoss": (2, 2),
    "MultiheadAttention": (2, 1),
    "PReLU": (),
    "RMSNorm": (2,),
    "RNN": (2, 2),
    "RNNCell": (2, 2),
    "Transformer": (2, 1, 1, 1, 4),
    "TransformerDecoderLayer": (2, 1, 4),
    "TransformerEncoderLayer": (2, 1, 4),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_made_on_the_cpu_or_not_at_all(name):
    layer, args = getattr(tg.nn, name), LAYERS[name]
    for place in ("cpu", tg.device("cpu"), None):
        made = layer(*args, device=place, dtype=tg.float64)
        assert all(p.dtype == tg.float64 for p in made.parameters())
    with pytest.raises(RuntimeError, match="device: there is only 'cpu', not 'cuda'"):
        layer(*args, device="cuda")
