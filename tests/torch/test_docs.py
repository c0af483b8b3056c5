"""The names that the pages say are PyTorch's are."""

import importlib.util
import re
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"


def test_every_name_is_pytorch_s():
    names = set(re.findall(r"`(torch\.[\w.]+)`", PAGE.read_text(encoding="utf-8")))
    assert len(names) > 100
    wrong = [name for name in sorted(names) if not exists(name)]
    assert not wrong, f"enter these in OURS of docs/generate.py: {wrong}"


def exists(name):
    place = torch
    for part in name.split(".")[1:]:
        place = getattr(place, part, None)
    return place is not None


def test_methods_are_pytorch_s():
    spec = importlib.util.spec_from_file_location("generate", PAGE.with_name("generate.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    methods = {n for n, _ in module.public(module.tg.Tensor) if not n.startswith("_")}
    assert not {n for n in methods - module.OURS.get("Tensor", set()) if not hasattr(torch.Tensor, n)}
