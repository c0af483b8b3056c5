"""What memory or a lifetime can't hold is refused at once, by the name of the function and with the size."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.nn import functional as F

N = 10**12
REFUSED = {
    "adaptive_max_pool2d": lambda: F.adaptive_max_pool2d(tg.zeros(1, 1, 3, 3), 10**5),
    "arange": lambda: tg.arange(N),
    "chunk": lambda: tg.zeros(0).chunk(N),
    "combinations": lambda: tg.combinations(tg.arange(3), 10**9, with_replacement=True),
    "eye": lambda: tg.eye(10**6),
    "histc": lambda: tg.histc(tg.rand(5), bins=N),
    "interpolate": lambda: F.interpolate(tg.zeros(1, 1, 3), size=N),
    "linspace": lambda: tg.linspace(0, 1, N),
    "one_hot": lambda: F.one_hot(tg.tensor([1, 2]), N),
    "pad": lambda: F.pad(tg.zeros(3), (N, 0)),
    "repeat": lambda: tg.zeros(3).repeat(N),
    "split": lambda: tg.zeros(1).expand(10**10).split(1),
    "tensor_split": lambda: tg.zeros(3).tensor_split(N),
    "to": lambda: tg.zeros(1).expand(10**10, 6).to(np.dtype(np.float64)),
    "tril_indices": lambda: tg.tril_indices(N, N),
    "unbind": lambda: tg.zeros(N, 0).unbind(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_too_large_is_refused_at_once_with_a_runtime_error_that_names_the_function(name):
    with pytest.raises(RuntimeError, match=rf"^{name}: .*\d\d\d"):
        REFUSED[name]()


def test_a_sum_over_an_expanded_dimension_is_a_product():
    x = tg.tensor([[1.0], [2.0]]).expand(2, N)
    assert x.sum().item() == np.float32(3 * N)
    assert x.sum(1).tolist() == [np.float32(N), np.float32(2 * N)]
    assert x.sum(1, keepdim=True).shape == (2, 1)
    assert x.mean().item() == 1.5
    assert x[:, :3000].sum(0).tolist() == [3] * 3000


def test_a_huge_view_is_shown():
    assert repr(tg.zeros(1).expand(10**10)) == "tensor([0., 0., 0.,  ..., 0., 0., 0.])"


def test_no_choice_is_made_where_there_are_more_places_than_elements():
    assert tg.combinations(tg.arange(3), 10**9).shape == (0, 10**9)


def test_as_many_pieces_as_memory_holds_are_made():
    assert len(tg.zeros(2).tensor_split(2000)) == len(tg.zeros(0).chunk(2000)) == 2000
