"""Files: what is saved comes back to the bit, what is damaged is refused, a killed save leaves a whole file."""

from __future__ import annotations

import itertools
import json
import os
import pickle
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings, strategies as st

import tinygrad_lab as tg
from tinygrad_lab import io, nn
from tinygrad_lab.testing.tensors import tensors

SUFFIXES = [".npz", ".safetensors"]
every_suffix = pytest.mark.parametrize("suffix", SUFFIXES)


def same(a, b):
    """Equal in types, order and bits."""
    assert type(a) is type(b)
    if isinstance(a, tg.Tensor):
        a, b = a.detach().numpy(), b.detach().numpy()
    if isinstance(a, dict):
        assert list(a) == list(b)
        assert list(map(type, a)) == list(map(type, b))
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif isinstance(a, np.ndarray | np.generic):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        assert a.tobytes() == b.tobytes()
    else:
        assert a == b or (a != a and b != b)


def model():
    tg.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


@every_suffix
def test_a_state_dict_keeps_its_keys(tmp_path, suffix):
    state = model().state_dict()
    tg.save(state, tmp_path / f"weights{suffix}")
    loaded = tg.load(tmp_path / f"weights{suffix}", like=state)
    assert set(loaded) == set(state)
    for key, t in state.items():
        same(loaded[key], t)
    loaded["0.weight"].numpy()[:] = 0  # writable
    if suffix == ".npz":
        with np.load(tmp_path / "weights.npz") as archive:
            assert set(archive) == set(state)


@every_suffix
def test_a_plain_npz_or_safetensors_file_loads(tmp_path, suffix):
    from safetensors.numpy import save_file

    arrays = {"a": np.arange(6.0).reshape(2, 3), "file": np.array([True, False]), "s": np.array(3)}
    if suffix == ".npz":
        np.savez_compressed(tmp_path / "x.npz", **{k: v for k, v in arrays.items() if k != "file"})
        del arrays["file"]
    else:
        save_file(arrays, tmp_path / "x.safetensors")
    loaded = tg.load(tmp_path / f"x{suffix}")
    same({k: loaded[k] for k in arrays}, {k: tg.from_numpy(v) for k, v in arrays.items()})


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**130), 2**130),
    st.floats(),
    st.text(),
    tensors(requires_grad=False),
    st.just(np.arange(4, dtype=np.int8)),
    st.just(np.float32(0.1)),
)
keys = st.one_of(st.text(max_size=3), st.integers(-3, 3), st.sampled_from(["a", "a.b", "b", "0", "__metadata__"]))
nested = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3), st.lists(inner, max_size=2).map(tuple)
    ),
    max_leaves=8,
)


@given(nested, st.sampled_from(SUFFIXES))
@settings(max_examples=80, deadline=None)
def test_anything_nested_comes_back(tmp_path_factory, obj, suffix):
    path = tmp_path_factory.getbasetemp() / f"nested{suffix}"
    tg.save(obj, path)
    loaded = tg.load(path)
    if (
        isinstance(obj, dict)
        and obj
        and all(isinstance(v, tg.Tensor) for v in obj.values())
        and set(obj) == set(loaded)
    ):
        loaded = {key: loaded[key] for key in obj}  # a state dict: the format orders it
    same(loaded, obj)


@every_suffix
def test_any_memory_layout(tmp_path, suffix):
    a = np.arange(24, dtype=">f8").reshape(2, 3, 4)
    state = {"t": tg.from_numpy(a.astype(float).T), "r": tg.from_numpy(a.astype(float)[:, ::-2]), "big": a}
    tg.save(state, tmp_path / f"x{suffix}")
    loaded = tg.load(tmp_path / f"x{suffix}")
    for key in state:
        np.testing.assert_array_equal(loaded[key], state[key])


@pytest.mark.parametrize(
    ("obj", "match"),
    [
        ({"a": [1, object()]}, "a.1 is a object"),
        ({"model": model()}, r"model is a Sequential.*state_dict\(\)"),
        ({"a": np.array(["x"])}, "a has the dtype <U1"),
        ({"a": {(1, 2): 3}}, r"a has the key \(1, 2\)"),
        ({"a": 1j}, "a is a complex"),
    ],
)
def test_what_cannot_be_saved_is_named(tmp_path, obj, match):
    with pytest.raises(TypeError, match=match):
        tg.save(obj, tmp_path / "x.npz")
    assert not list(tmp_path.iterdir())


def test_the_name_tells_the_format(tmp_path):
    with pytest.raises(ValueError, match=r"'x.pt' isn't known.*\.safetensors or \.npz"):
        tg.save({}, "x.pt")
    with pytest.raises(FileNotFoundError):
        tg.load(tmp_path / "absent.npz")


# --------------------------------------------------------------------------------------------------- damaged files


class Evil:
    def __reduce__(self):
        return os.mkdir, ("evil",)


def test_no_code_of_a_file_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("objects.npz", x=np.array([Evil()], dtype=object))
    with zipfile.ZipFile("torch.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Evil()))
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps(Evil()))
    for name, match in (
        ("objects.npz", "allow_pickle=False"),
        ("torch.pt", "holds a pickle.*safetensors.torch.save_file"),
        ("plain.pkl", "of a pickle, convert"),
    ):
        with pytest.raises(RuntimeError, match=match):
            tg.load(name)
    assert not (tmp_path / "evil").exists()


@every_suffix
def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    tg.save({"model": model().state_dict(), "step": 3}, path)
    whole = path.read_bytes()
    for end in [*range(0, len(whole), max(1, len(whole) // 60)), len(whole) - 1]:
        path.write_bytes(whole[:end])
        with pytest.raises(RuntimeError, match=r"load: .*truncated"):
            tg.load(path)


@every_suffix
def test_a_flipped_bit_in_an_element_is_found(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    tg.save({"w": tg.full((100,), 1.5), "b": tg.zeros(3)}, path)
    content = bytearray(path.read_bytes())
    content[content.index(np.float32(1.5).tobytes() * 50) + 41] ^= 4
    path.write_bytes(content)
    with pytest.raises(RuntimeError, match="corrupt"):
        tg.load(path)


@given(st.integers(0, 10**6), st.integers(1, 255), st.sampled_from(SUFFIXES))
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_a_damaged_byte_gives_the_same_or_a_runtime_error(tmp_path_factory, place, change, suffix):
    path = tmp_path_factory.getbasetemp() / f"damaged{suffix}"
    obj = {"model": {"w": tg.arange(5.0)}, "sizes": [1, 2, (3, None)]}
    tg.save(obj, path)
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= change
    path.write_bytes(content)
    try:
        tg.load(path)
    except RuntimeError:
        pass


@every_suffix
def test_missing_and_unexpected_tensors_are_listed(tmp_path, suffix):
    net = model()
    state = net.state_dict()
    tg.save({**{k: v for k, v in state.items() if k != "0.bias"}, "2.scale": tg.ones(1)}, tmp_path / f"x{suffix}")
    with pytest.raises(RuntimeError, match=r"missing: 0.bias; unexpected: 2.scale"):
        tg.load(tmp_path / f"x{suffix}", like=state)
    with pytest.raises(RuntimeError, match=r'Missing key.*"0.bias"(.|\n)*Unexpected key.*"2.scale"'):
        net.load_state_dict(tg.load(tmp_path / f"x{suffix}"))
    tg.save({**state, "0.bias": tg.zeros(5), "2.bias": tg.zeros(2, dtype=np.float64)}, tmp_path / f"x{suffix}")
    with pytest.raises(
        RuntimeError, match=r"0.bias has the shape \(5,\), not \(4,\); 2.bias has the dtype float64, not float32"
    ):
        tg.load(tmp_path / f"x{suffix}", like=state)


def test_a_structure_that_names_other_tensors_is_refused(tmp_path):
    path = tmp_path / "x.npz"
    for structure, match in (
        ({"list": [{"tensor": "a"}, {"tensor": "c"}]}, "missing: c; unexpected: b"),
        ({"list": [{"code": [1]}]}, "unexpected: a, b"),
        ({"list": [{}]}, "can't be read"),
        ("{", "can't be read"),
    ):
        np.savez(path, a=np.ones(1), b=np.ones(2))
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(io._MEMBER, structure if isinstance(structure, str) else json.dumps(structure))
        with pytest.raises(RuntimeError, match=match):
            tg.load(path)


def test_without_the_extra_the_error_names_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "tinygrad_lab\[weights\]"'):
        tg.save({"a": tg.ones(1)}, tmp_path / "x.safetensors")
    assert not list(tmp_path.iterdir())


# --------------------------------------------------------------------------------------------------- atomic writes


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "x.npz"
    tg.save({"a": 1}, path)

    def full(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        tg.save({"a": 2}, path)
    assert tg.load(path) == {"a": 1}
    assert os.listdir(tmp_path) == ["x.npz"]


def test_a_link_is_followed(tmp_path):
    (tmp_path / "link.npz").symlink_to(tmp_path / "x.npz")
    tg.save({"a": 1}, tmp_path / "link.npz")
    assert (tmp_path / "link.npz").is_symlink()
    assert tg.load(tmp_path / "x.npz") == {"a": 1}


def dies_in(path, obj, owner, name, nth, before):
    """Save in a child process that is killed before or after the nth call of a function; whether it was."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    real, calls = getattr(owner, name), itertools.count(1)

    def deadly(*args, **kwargs):
        last = next(calls) == nth
        if last and before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **kwargs)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, deadly)
    try:
        tg.save(obj, path)
    finally:
        os._exit(0)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(
    ("suffix", "owner", "name", "nth", "new"),
    [
        (".npz", np.lib.format, "write_array", 1, False),
        (".npz", np.lib.format, "write_array", 2, False),
        (".safetensors", safetensors.numpy, "save_file", 1, False),
        *((suffix, os, "fsync", 1, False) for suffix in SUFFIXES),
        *((suffix, os, "replace", 1, None) for suffix in SUFFIXES),
        *((suffix, os, "fsync", 2, True) for suffix in SUFFIXES),
    ],
)
def test_killed_at_each_point_of_a_save(tmp_path, suffix, owner, name, nth, new, before):
    path = tmp_path / f"x{suffix}"
    old, later = ({"step": i, "w": [tg.full((5000,), float(i)), tg.zeros(i)]} for i in (1, 2))
    tg.save(old, path)
    assert dies_in(path, later, owner, name, nth, before)
    same(tg.load(path), later if (new or (new is None and not before)) else old)
    tg.save(later, path)  # what the killed save left behind is in nobody's way
    same(tg.load(path), later)


# ------------------------------------------------------------------------------------------- resuming to the same bits


def test_generator_states(tmp_path):
    tg.manual_seed(3)
    tg.randn(5)
    tg.save(tg.get_rng_state(), tmp_path / "x.npz")
    want = tg.randn(7).numpy()
    tg.manual_seed(99)
    tg.set_rng_state(tg.load(tmp_path / "x.npz"))
    np.testing.assert_array_equal(tg.randn(7).numpy(), want)
    with pytest.raises(TypeError, match="must be a dict that get_state returned, not int"):
        tg.set_rng_state(3)
    with pytest.raises(RuntimeError, match="not a state that get_state returned"):
        tg.Generator().set_state({"bit_generator": "MT19937"})


TRAINING = """
import sys
import numpy as np
import tinygrad_lab as tg
from tinygrad_lab import nn

path, first, last, own = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "own"
tg.manual_seed(0)
rng = np.random.default_rng(0)
data = tg.utils.data.TensorDataset(rng.standard_normal((22, 6)).astype(np.float32), rng.integers(3, size=22))
generator = tg.Generator(5) if own else None
loader = tg.utils.data.DataLoader(data, batch_size=4, shuffle=True, generator=generator)  # 6 batches, 5 of them full
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.4), nn.Linear(16, 3))
optimizer = tg.optim.Adam(model.parameters(), lr=0.01, amsgrad=True)
parts = {"model": model, "optimizer": optimizer, "loader": loader}
if first:
    checkpoint = tg.load(path)
    for name, part in parts.items():
        part.load_state_dict(checkpoint[name])
    tg.set_rng_state(checkpoint["random"])
step, losses = first, []
while step < last:
    for x, t in loader:
        loss = nn.functional.cross_entropy(model(x), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item().hex())
        step += 1
        if step == last:
            break
tg.save({"random": tg.get_rng_state(), **{name: part.state_dict() for name, part in parts.items()}}, path)
print(*losses)
"""


@pytest.mark.parametrize(
    ("suffix", "own", "half"), [(".npz", "default", 5), (".safetensors", "own", 5), (".npz", "own", 6)]
)
def test_resuming_in_a_new_process_continues_to_the_same_bits(tmp_path, suffix, own, half):
    def run(name, first, last):
        command = [sys.executable, "-c", TRAINING, str(tmp_path / f"{name}{suffix}"), str(first), str(last), own]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    whole = run("whole", 0, 10)
    parts = run("parts", 0, half) + run("parts", half, 10)
    assert len(whole) == 10
    assert parts == whole
    same(tg.load(tmp_path / f"parts{suffix}"), tg.load(tmp_path / f"whole{suffix}"))
