"""Every function of ours that PyTorch has samples for, held to them."""

import warnings

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("expecttest")
pytestmark = pytest.mark.torch

from tests.torch import opinfo  # noqa: E402  # it needs what the lines above look for

COVERED = sorted(name for name in opinfo.by_name() if name in opinfo.ADAPTED or opinfo.ours(name) is not None)


@pytest.mark.parametrize("name", COVERED)
def test_it_is_what_pytorch_means(name):
    for info in opinfo.by_name()[name]:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            result = opinfo.check(info, 60)
        unexpected = result.unmeant(opinfo.DIFFERENCES.get(name, ()))
        assert not unexpected, "\n".join(unexpected)
