"""Random programs of views and changes in place on the result of a convolution, which lies in memory as it likes."""

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

import tinygrad_lab as tg

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

NEW = {
    "view": lambda T, t: t.view(t.size(0), -1),
    "reshape": lambda T, t: t.reshape(-1),
    "flatten": lambda T, t: t.flatten(),
    "contiguous": lambda T, t: t.contiguous(),
    "first": lambda T, t: t[0] if t.ndim > 1 else t[1:],
    "transpose": lambda T, t: t.transpose(0, t.ndim - 1),
    "narrow": lambda T, t: t.narrow(0, t.size(0) // 2, t.size(0) - t.size(0) // 2),
    "unsqueeze": lambda T, t: t.unsqueeze(1),
    "sigmoid": lambda T, t: T.sigmoid(t),
    "pool": lambda T, t: T.nn.functional.max_pool2d(t, 2) if t.ndim == 4 and min(t.shape[2:]) > 1 else t,
}
CHANGES = {
    "mul_": lambda T, t: t.mul_(1.5),
    "add_": lambda T, t: t.add_(0.25),
    "set": lambda T, t: t.__setitem__(0, 0.5),
    "mul_ of the detached": lambda T, t: t.detach().mul_(1.5),
}
STEPS = st.lists(st.tuples(st.sampled_from([*NEW, *CHANGES]), st.integers(0, 5)), min_size=2, max_size=8)


def outcome(T, x, w, steps):
    """All tensors that the steps left, and the gradients; each step works on one of the tensors there are."""
    x, w = T.tensor(x, requires_grad=True), T.tensor(w, requires_grad=True)
    tensors = [T.nn.functional.conv2d(x, w) * 1]
    for name, number in steps:
        t = tensors[number % len(tensors)]
        if name in NEW:
            tensors.append(NEW[name](T, t))
        else:
            CHANGES[name](T, t)
    sum((t.sum() * (i + 1) for i, t in enumerate(tensors)), T.zeros(())).backward()
    return [t.detach().numpy() for t in (x.grad, w.grad, *tensors)]


@settings(max_examples=1000, deadline=None)
@given(STEPS, st.integers(2, 8))
def test_a_program_of_views_and_changes_gives_what_it_gives_on_pytorch(steps, batch):
    random = np.random.default_rng(batch)
    x, w = random.standard_normal((batch, 1, 9, 9)), random.standard_normal((2, 1, 3, 3))
    try:
        expected = outcome(torch, x, w, steps)
    except RuntimeError:
        assume(False)  # a view of what doesn't lie in order, or a change of what backward needs
    for got, want in zip(outcome(tg, x, w, steps), expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9)
