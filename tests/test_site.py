"""What the site finds by itself: every public name, and every guide."""

import types
from pathlib import Path

import pytest
from contents import guides
from public import CLOSED, contents, names, public_names, rooms

import tinygrad_lab


@pytest.mark.parametrize(
    "name",
    [
        "relu",
        "Tensor",
        "Tensor.backward",
        "Tensor.add_",
        "autograd.detect_anomaly",
        "datasets.transforms.ToTensor",
        "func.vjp",
        "linalg.eigh",
        "nn.Linear",
        "nn.functional.cross_entropy",
        "nn.init.xavier_normal_",
        "nn.utils.rnn.pad_sequence",
        "optim.AdamW",
        "optim.lr_scheduler.OneCycleLR",
        "special.erf",
        "training.Trainer",
        "testing.check_derivation",
        "testing.given.given_gradient",
        "testing.tensors.tensors",
        "utils.data.DataLoader",
        "viz.draw",
    ],
)
def test_a_public_name_is_found(name):
    assert f"tinygrad_lab.{name}" in public_names()


def test_what_is_private_or_of_others_is_not():
    found = public_names()
    assert not any("._" in name for name in found)
    assert not {"tinygrad_lab.utils.data.np", "tinygrad_lab.func.annotations", "tinygrad_lab.nn.functional"} & found


def test_a_room_inside_a_room_is_found():
    found = [room.__name__ for room in rooms()]
    assert len(found) == len(set(found))
    assert {"tinygrad_lab", "tinygrad_lab.nn.utils.rnn", "tinygrad_lab.optim.swa_utils"} <= set(found)


def test_every_module_with_a_list_of_names_is_a_room():
    found = {room.__name__ for room in rooms()} | CLOSED
    for path in Path(tinygrad_lab.__file__).parent.rglob("*.py"):
        if "\n__all__ = " in path.read_text(encoding="utf-8"):
            parts = path.relative_to(Path(tinygrad_lab.__file__).parents[1]).with_suffix("").parts
            assert ".".join(parts).removesuffix(".__init__") in found


def test_a_module_says_by_its_list_what_is_public():
    module = types.ModuleType("listed")
    module.__all__ = ["f", "inner"]
    module.f, module.g, module.inner = len, max, types.ModuleType("listed.inner")
    assert names(module) == ["f", "inner"]
    assert contents(module) == {"f": len}


def test_a_page_that_the_table_of_contents_does_not_name_is_a_guide(tmp_path):
    for name in ("index", "tour", "proving", "new"):
        (tmp_path / f"{name}.md").touch()
    index = "# Title\n\n[proving](proving.md)\n\n```{toctree}\ntour\n```\n"
    assert guides(index, tmp_path) == ["new", "proving"]
