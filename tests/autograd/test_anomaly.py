"""NaN and infinity, found at their source."""

import math
import re
import sys

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.autograd import NonFiniteError, detect_anomaly, set_detect_anomaly

HERE = re.escape(__file__.rpartition("/")[2])


def caught(program):
    with pytest.raises(NonFiniteError) as failure, detect_anomaly():
        program()
    return failure.value


def leaf(*values):
    return tg.tensor(list(values), requires_grad=True)


def test_a_forward_names_the_op_the_line_and_the_element():
    line = sys._getframe().f_lineno + 1
    error = caught(lambda: (leaf(1.0, 200.0).exp()).sum())
    assert (error.op, error.site) == ("exp", f"{__file__}:{line}")
    assert error.path == []
    assert re.match(
        rf"exp: its forward made inf first, at .*{HERE}:{line}: 1 of 2 elements, the first at index \[1\]", str(error)
    )
    assert "from 200" in str(error)
    assert "nn.functional.cross_entropy on the logits" in str(error)


def test_a_backward_names_the_line_of_its_forward_and_the_path_from_the_loss():
    def program():
        x = leaf(0.0, 4.0)
        root = x.sqrt()
        loss = (root * 3).mean()
        loss.backward()

    first = program.__code__.co_firstlineno
    error = caught(program)
    assert error.op == "sqrt"
    assert error.site == f"{__file__}:{first + 2}"
    assert [step.split(" ")[0] for step in error.path] == ["mean", "mul", "sqrt"]
    assert f"on the way from the loss: mean ({__file__.rpartition('/')[2]}:{first + 3}) <- mul" in str(error)
    assert "linalg.vector_norm" in str(error)


def test_zero_times_infinity_names_both_and_the_way_out():
    def program():
        x = leaf(0.0)
        (x.sqrt() ** 2).sum().backward()

    error = caught(program)
    assert error.op in ("sqrt", "pow")
    error = caught(lambda: leaf(0.0) * math.inf)
    assert "from 0 and inf" in str(error)
    assert "0 * inf has no value: choose a harmless operand with where" in str(error)


def test_nothing_is_said_of_what_is_passed_on_or_finite():
    with detect_anomaly():
        x = leaf(math.inf, 1.0)
        y = (x + 1).exp()
        tg.tensor([1.0, 2.0]).log().sum()
    assert not np.isfinite(y.detach().numpy()).all()


def test_a_long_path_is_shortened():
    def program():
        x = leaf(0.0)
        y = x.sqrt()
        for _ in range(30):
            y = y + 1
        y.sum().backward()

    error = caught(program)
    assert len(error.path) == 32
    assert "24 more" in str(error)


def test_a_node_knows_its_line_only_while_anomalies_are_looked_for():
    y = leaf(1.0).exp()
    assert not hasattr(y.grad_fn, "site")
    with detect_anomaly():
        z = leaf(1.0).exp()
    assert z.grad_fn.site.startswith(__file__)


def test_anomalies_can_be_looked_for_from_now_on():
    set_detect_anomaly(True)
    try:
        with set_detect_anomaly(False), np.errstate(all="ignore"):
            (leaf(0.0).log() * 1).sum().backward()
        with pytest.raises(NonFiniteError, match="log: its forward made -inf first"), np.errstate(all="ignore"):
            leaf(0.0).log()
    finally:
        set_detect_anomaly(False)
    with np.errstate(all="ignore"):
        assert math.isinf(leaf(0.0).log().item())


def test_nan_may_be_left_alone():
    with detect_anomaly(check_nan=False), np.errstate(all="ignore"):
        assert math.isinf(leaf(0.0).log().item())
    with set_detect_anomaly(True, check_nan=False), np.errstate(all="ignore"):
        assert math.isinf(leaf(0.0).log().item())
