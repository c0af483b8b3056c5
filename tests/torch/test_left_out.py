"""Every public name of PyTorch's rooms of models is here, or left out with a reason."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")
pytestmark = pytest.mark.torch

from tests.torch.left_out import LEFT_OUT, ROOMS, missing  # noqa: E402  # it needs what the lines above look for


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_is_here_or_left_out_with_a_reason(room):
    assert missing(room) == set(LEFT_OUT.get(room, {}))
    assert all(LEFT_OUT.get(room, {}).values())
