"""The README's Python code runs as it stands."""

import re
import struct
from pathlib import Path

import numpy as np

import tinygrad_lab as tg

BLOCKS = re.findall(r"```python\n(.*?)```", (Path(__file__).parents[1] / "README.md").read_text(), re.DOTALL)


def test_the_training_loop(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (300, 28, 28), np.uint8)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(struct.pack(">4i", 2051, 300, 28, 28) + images.tobytes())
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(
        struct.pack(">2i", 2049, 300) + bytes(i % 10 for i in range(300))
    )
    names = {}
    exec(BLOCKS[0].replace("path/to/mnist", str(tmp_path)), names)
    assert np.isfinite(names["loss"].item())
    assert names["model"][0].weight.grad is not None


def test_the_op_and_its_property():
    names = {}
    try:
        exec(BLOCKS[1], names)
        exec(BLOCKS[2], names)
        names["test_my_tanh"]()
    finally:
        tg.ops.table.pop("my_tanh", None)


def test_the_derivation(capsys):
    exec(BLOCKS[3], {"tg": tg})
    printed = BLOCKS[3].rsplit("# ", 1)[1]
    assert capsys.readouterr().out == printed
