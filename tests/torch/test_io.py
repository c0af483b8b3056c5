"""Files beside PyTorch: its safetensors load here, ours there."""

import numpy as np
import pytest

import tinygrad_lab as tg

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")
pytestmark = pytest.mark.torch


def networks():
    def make(nn):
        return nn.Sequential(nn.Linear(5, 7), nn.Sequential(nn.Tanh(), nn.Linear(7, 2, bias=False)))

    return make(tg.nn), make(torch.nn)


def test_pytorchs_file_loads_as_it_is(tmp_path):
    ours, theirs = networks()
    safetensors_torch.save_file(theirs.state_dict(), tmp_path / "x.safetensors")
    assert str(ours.load_state_dict(tg.load(tmp_path / "x.safetensors", like=ours.state_dict()))).startswith("<All")
    x = np.random.default_rng(0).standard_normal((3, 5)).astype(np.float32)
    np.testing.assert_allclose(
        ours(tg.tensor(x)).detach().numpy(), theirs(torch.tensor(x)).detach().numpy(), rtol=1e-6, atol=1e-6
    )


def test_our_file_loads_in_pytorch(tmp_path):
    ours, theirs = networks()
    tg.save(ours.state_dict(), tmp_path / "x.safetensors")
    theirs.load_state_dict(safetensors_torch.load_file(tmp_path / "x.safetensors"))
    for name, t in ours.state_dict().items():
        np.testing.assert_array_equal(theirs.state_dict()[name].numpy(), t.numpy())


def test_a_checkpoints_tensors_have_dotted_keys_in_pytorch(tmp_path):
    ours, _ = networks()
    tg.save({"model": ours.state_dict(), "step": 3}, tmp_path / "x.safetensors")
    loaded = safetensors_torch.load_file(tmp_path / "x.safetensors")
    assert set(loaded) == {f"model.{name}" for name in ours.state_dict()}


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"])
def test_dtypes_in_both_directions(tmp_path, dtype):
    a = torch.tensor([[0.0, 1.0, 3.0]]).to(getattr(torch, dtype))
    safetensors_torch.save_file({"a": a}, tmp_path / "x.safetensors")
    loaded = tg.load(tmp_path / "x.safetensors")["a"]
    assert loaded.dtype == dtype
    np.testing.assert_array_equal(loaded.numpy(), a.numpy())
    tg.save({"a": loaded}, tmp_path / "y.safetensors")
    assert torch.equal(safetensors_torch.load_file(tmp_path / "y.safetensors")["a"], a)


def test_bfloat16_becomes_float32_exactly(tmp_path):
    torch.manual_seed(0)
    state = {"b": torch.randn(3, 5).bfloat16(), "a": torch.ones(2), "s": torch.tensor(-0.1).bfloat16()}
    state["b"][0, :3] = torch.tensor([float("inf"), -0.0, 1e-40])
    safetensors_torch.save_file(state, tmp_path / "x.safetensors")
    loaded = tg.load(tmp_path / "x.safetensors")
    for name, t in state.items():
        assert loaded[name].dtype == np.float32
        assert loaded[name].numpy().tobytes() == t.float().numpy().tobytes()


def test_what_numpy_has_not_is_refused(tmp_path):
    safetensors_torch.save_file({"a": torch.ones(2).to(torch.float8_e4m3fn)}, tmp_path / "x.safetensors")
    with pytest.raises(RuntimeError, match=r"holds F8_E4M3 under a, which NumPy hasn't; convert it to F32"):
        tg.load(tmp_path / "x.safetensors")


def test_a_file_of_torch_save_is_refused(tmp_path):
    torch.save({"a": torch.ones(2)}, tmp_path / "x.pt")
    with pytest.raises(RuntimeError, match=r"holds a pickle.*safetensors.torch.save_file"):
        tg.load(tmp_path / "x.pt")


class TestANetworkOfManyLayers:
    """Convolutions, statistics, a recurrence, attention and a table: keys, layouts and results are the same."""

    @staticmethod
    def make(library):
        nn = library.nn
        return nn.ModuleDict(
            {
                "image": nn.Sequential(
                    nn.Conv2d(3, 4, 3, groups=1), nn.BatchNorm2d(4), nn.ConvTranspose2d(4, 2, 2, stride=2)
                ),
                "words": nn.Embedding(7, 8),
                "encoder": nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
                "time": nn.LSTM(8, 5, 2, batch_first=True, bidirectional=True),
            }
        ).eval()

    @staticmethod
    def results(library, network):
        rng = np.random.default_rng(0)
        image = network["image"](library.tensor(rng.standard_normal((2, 3, 6, 6)).astype(np.float32)))
        words = network["encoder"](network["words"](library.tensor(rng.integers(7, size=(2, 5)))))
        return [t.detach().numpy() for t in (image, words, network["time"](words)[0])]

    def trained(self, library):
        network = self.make(library).train()
        network["image"](library.tensor(np.random.default_rng(1).standard_normal((4, 3, 5, 5)).astype(np.float32)))
        return network.eval()

    def compare(self, ours, theirs):
        for a, b in zip(self.results(tg, ours), self.results(torch, theirs), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)  # float32, other orders of summation

    def test_theirs_here(self, tmp_path):
        ours, theirs = self.make(tg), self.trained(torch)
        safetensors_torch.save_file(theirs.state_dict(), tmp_path / "x.safetensors")
        ours.load_state_dict(tg.load(tmp_path / "x.safetensors", like=ours.state_dict()))
        self.compare(ours, theirs)

    def test_ours_there(self, tmp_path):
        ours, theirs = self.trained(tg), self.make(torch)
        tg.save(ours.state_dict(), tmp_path / "x.safetensors")
        theirs.load_state_dict(safetensors_torch.load_file(tmp_path / "x.safetensors"))
        self.compare(ours, theirs)
