"""PyTorch's old constructors, and the limits of dtypes."""

import numpy as np
import pytest

import tinygrad_lab as tg


def test_sizes_make_unset_elements_and_data_makes_given_ones():
    assert tg.Tensor().shape == (0,)
    assert tg.Tensor(2, 3).shape == tg.FloatTensor(2, 3).shape == (2, 3)
    for data in ([1, 2], np.array([1.0, 2.0]), tg.tensor([1, 2]), [tg.tensor(1), tg.tensor(2)]):
        made = tg.Tensor(data)
        assert made.dtype == np.float32
        assert made.tolist() == [1.0, 2.0]
    assert type(tg.LongTensor([[1, 2]])) is tg.Tensor
    assert tg.LongTensor([[1.5, 2]]).tolist() == [[1, 2]]
    assert isinstance(tg.nn.Parameter(tg.Tensor(2, 3)), tg.nn.Parameter)


def test_the_elements_are_the_tensors_own():
    data = np.zeros(2, np.float32)
    tg.Tensor(data).fill_(1)
    assert data.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name", ["Bool", "Byte", "Char", "Short", "Int", "Long", "Half", "Float", "Double"])
def test_each_has_its_dtype_and_stands_for_it(name):
    old = getattr(tg, f"{name}Tensor")
    made = old([0, 1])
    assert made.dtype == getattr(tg.zeros(2), name.lower())().dtype
    assert tg.ones(2).type(old).dtype == made.dtype
    assert made.new(3).dtype == made.new([1, 0]).dtype == made.dtype
    assert old in (old | None).__args__  # an annotation as people write it


def test_a_tuple_may_mean_either():
    for old in (tg.Tensor, tg.LongTensor, tg.zeros(1).new):
        with pytest.raises(TypeError, match=r"\(2, 3\) may mean sizes or elements; say empty\(2, 3\) or tensor"):
            old((2, 3))


def test_finfo():
    found = tg.finfo(tg.float32)
    assert (found.bits, found.dtype, found.resolution) == (32, "float32", 1e-6)
    assert (found.max, found.min) == (3.4028234663852886e38, -3.4028234663852886e38)
    assert found.eps == 2.0**-23
    assert found.tiny == found.smallest_normal == 2.0**-126
    assert {type(v) for v in (found.eps, found.max, found.min, found.tiny)} == {float}
    assert repr(tg.finfo(tg.ones(1, dtype=tg.float16).dtype)) == (
        "finfo(resolution=0.001, min=-65504, max=65504, eps=0.000976562, smallest_normal=6.10352e-05, "
        "tiny=6.10352e-05, dtype=float16)"
    )
    assert tg.finfo().dtype == "float32"
    with pytest.raises(TypeError, match="finfo: int64 isn't a floating dtype"):
        tg.finfo(tg.int64)


def test_iinfo():
    found = tg.iinfo(tg.int8)
    assert (found.bits, found.min, found.max, found.dtype) == (8, -128, 127, "int8")
    assert repr(tg.iinfo(tg.uint8)) == "iinfo(min=0, max=255, dtype=uint8)"
    with pytest.raises(TypeError, match="iinfo: float32 isn't a dtype of integers"):
        tg.iinfo(tg.float32)
