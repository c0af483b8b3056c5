"""Transforms of images: torchvision's meaning, and the same image for the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.datasets.transforms import (
    CenterCrop,
    Compose,
    Lambda,
    Normalize,
    RandomCrop,
    RandomHorizontalFlip,
    RandomVerticalFlip,
    Resize,
    ToTensor,
)


def image(c: int = 3, h: int = 4, w: int = 5) -> tg.Tensor:
    return tg.arange(c * h * w, dtype=np.float32).reshape(c, h, w) + 1


def test_to_tensor_of_bytes_and_floats() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3) * 10
    found = ToTensor()(pixels)
    assert found.shape == (3, 2, 4)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.numpy(), pixels.transpose(2, 0, 1) / np.float32(255))
    grey = ToTensor()(np.ones((2, 4)))
    assert grey.shape == (1, 2, 4)
    assert grey.dtype == np.float64


def test_to_tensor_refuses() -> None:
    with pytest.raises(TypeError, match="pic should be PIL Image or ndarray. Got <class 'tinygrad_lab"):
        ToTensor()(image())
    with pytest.raises(TypeError, match="Got <class 'list'>"):
        ToTensor()([1, 2])
    with pytest.raises(ValueError, match="Got 1 dimensions"):
        ToTensor()(np.ones(3))


@pytest.mark.parametrize("inplace", [False, True])
def test_normalize(inplace: bool) -> None:
    x = image()
    found = Normalize((1, 2, 3), (2, 4, 5), inplace=inplace)(x)
    expected = (image().numpy() - np.float32([[[1]], [[2]], [[3]]])) / np.float32([[[2]], [[4]], [[5]]])
    np.testing.assert_array_equal(found.numpy(), expected)
    assert found.dtype == np.float32
    assert (found is x) == inplace


@pytest.mark.parametrize(
    ("x", "std", "error", "text"),
    [
        (np.ones((3, 2, 2)), 1, TypeError, "img should be Tensor Image"),
        (tg.ones(3, 2, 2).long(), 1, TypeError, "should be a float tensor. Got int64"),
        (tg.ones(3, 2), 1, ValueError, "Got shape \\(3, 2\\)"),
        (tg.ones(3, 2, 2), 0, ValueError, "std evaluated to zero"),
    ],
)
def test_normalize_refuses(x: Any, std: float, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        Normalize(3 * [0.5], 3 * [std])(x)


def test_flips_at_their_rate() -> None:
    x = image()
    np.testing.assert_array_equal(RandomHorizontalFlip(p=1)(x).numpy(), x.numpy()[..., ::-1])
    assert RandomHorizontalFlip(p=0)(x) is x
    flip = RandomHorizontalFlip(0.25, generator=tg.Generator(0))
    assert 200 < sum(flip(x) is not x for _ in range(1000)) < 300


def test_upside_down() -> None:
    x = image()
    np.testing.assert_array_equal(RandomVerticalFlip(p=1)(x).numpy(), x.numpy()[..., ::-1, :])
    assert RandomVerticalFlip(p=0)(x) is x


@pytest.mark.parametrize(("size", "part"), [((2, 3), (slice(1, 3), slice(1, 4))), (2, (slice(1, 3), slice(2, 4)))])
def test_the_middle(size: Any, part: Any) -> None:
    np.testing.assert_array_equal(CenterCrop(size)(image()).numpy(), image().numpy()[:, *part])


def test_the_middle_of_a_small_image() -> None:
    found = CenterCrop((7, 3))(image()).numpy()
    np.testing.assert_array_equal(found, np.pad(image().numpy()[..., 1:4], ((0, 0), (1, 2), (0, 0))))


def test_resize() -> None:
    x = image(3, 4, 6)
    assert Resize(2)(x).shape == (3, 2, 3)
    assert Resize(2)(x.mT).shape == (3, 3, 2)
    assert Resize((8, 3))(x).shape == (3, 8, 3)
    assert Resize([5])(image()[None]).shape == (1, 3, 5, 5)
    assert Resize(4)(tg.ones(5, 7)).shape == (4, 5)
    halved = Resize((2, 3))(x).numpy()
    assert halved.mean() == pytest.approx(x.numpy().mean())
    np.testing.assert_array_equal(Resize((4, 6))(x).numpy(), x.numpy())
    with pytest.raises(ValueError, match="Resize: Please provide only two dimensions"):
        Resize((1, 2, 3))
    with pytest.raises(TypeError, match="CenterCrop: img should be Tensor Image"):
        CenterCrop(2)(np.ones((2, 2)))


def test_any_function() -> None:
    assert Compose([ToTensor(), Lambda(lambda x: x + 1)])(np.zeros((2, 2))).tolist() == [[[1, 1], [1, 1]]]


def test_every_crop_is_drawn_and_is_a_part() -> None:
    x, crop = image(), RandomCrop((3, 4), generator=tg.Generator(0))
    places = set()
    for _ in range(100):
        found = crop(x).numpy()
        assert found.shape == (3, 3, 4)
        top, left = divmod(int(found[0, 0, 0]) - 1, 5)
        np.testing.assert_array_equal(found, x.numpy()[:, top : top + 3, left : left + 4])
        places.add((top, left))
    assert places == {(0, 0), (0, 1), (1, 0), (1, 1)}


@pytest.mark.parametrize(
    ("padding", "shape"), [(2, (8, 9)), ([2], (8, 9)), ((1, 2), (8, 7)), ((1, 2, 3, 4), (10, 9)), (None, (4, 5))]
)
@pytest.mark.parametrize(("mode", "numpy_mode"), [("constant", "constant"), ("edge", "edge"), ("reflect", "reflect")])
def test_padding(padding: Any, shape: tuple[int, int], mode: str, numpy_mode: Any) -> None:
    if (padding, mode) == ((1, 2, 3, 4), "reflect"):
        padding, shape = (1, 2, 3, 3), (9, 9)
    found = RandomCrop(shape, padding, padding_mode=mode)(image()).numpy()
    p = [padding or 0] if isinstance(padding, int | None) else list(padding)
    left, top, right, bottom = (p * 4)[:4]
    np.testing.assert_array_equal(found, np.pad(image().numpy(), ((0, 0), (top, bottom), (left, right)), numpy_mode))


def test_pad_if_needed_and_fill() -> None:
    found = RandomCrop(7, pad_if_needed=True, fill=-1)(image()).numpy()
    assert found.shape == (3, 7, 7)
    assert (found == -1).sum() >= 3 * (49 - 20)


def test_crop_refuses() -> None:
    with pytest.raises(ValueError, match="Required crop size \\(7, 7\\) is larger than input image size \\(4, 5\\)"):
        RandomCrop(7)(image())
    with pytest.raises(ValueError, match="only two dimensions"):
        RandomCrop((1, 2, 3))
    with pytest.raises(ValueError, match="not a 3 element tuple"):
        RandomCrop(3, padding=(1, 2, 3))
    with pytest.raises(ValueError, match="one of constant, edge, reflect, not 'wrap'"):
        RandomCrop(3, padding_mode="wrap")


def test_the_same_seed_gives_the_same_images() -> None:
    both = Compose([RandomCrop(3, padding=2), RandomHorizontalFlip()])
    tg.manual_seed(7)
    first = [both(image()).tolist() for _ in range(20)]
    tg.manual_seed(7)
    assert [both(image()).tolist() for _ in range(20)] == first
    assert any(x != first[0] for x in first)


def test_texts() -> None:
    both = Compose([ToTensor(), Normalize((0.5,), (0.5,)), RandomCrop(32, padding=4), RandomHorizontalFlip()])
    assert repr(both) == (
        "Compose(\n    ToTensor()\n    Normalize(mean=(0.5,), std=(0.5,))\n"
        "    RandomCrop(size=(32, 32), padding=4)\n    RandomHorizontalFlip(p=0.5)\n)"
    )
    others = [RandomVerticalFlip(0.2), Resize(3), CenterCrop(2), Lambda(abs)]
    assert [repr(t) for t in others] == [
        "RandomVerticalFlip(p=0.2)",
        "Resize(size=3)",
        "CenterCrop(size=(2, 2))",
        "Lambda()",
    ]
