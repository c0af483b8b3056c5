"""Every optimiser of ours, with PyTorch's own settings, beside PyTorch's."""

import warnings

import pytest

pytest.importorskip("torch")
pytest.importorskip("expecttest")
pytestmark = pytest.mark.torch

from tests.torch import optiminfo  # noqa: E402  # it needs what the lines above look for


@pytest.mark.parametrize("name", optiminfo.by_name())
def test_it_is_what_pytorch_means(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = optiminfo.check(optiminfo.by_name()[name])
    unexpected = result.unmeant(optiminfo.DIFFERENCES.get(name, ()))
    assert result.passed
    assert not unexpected, "\n".join(unexpected)
