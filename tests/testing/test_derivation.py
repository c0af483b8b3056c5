"""Formulas derived by hand: those of five lab reports, right and wrong, and what is said about each."""

import sys

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_lab as tg
from tinygrad_lab import cli
from tinygrad_lab.nn import functional as F
from tinygrad_lab.testing import check_derivation, derivation

EIGHTHS = st.integers(-24, 24).map(lambda i: i / 8)
SIDES = st.integers(1, 3)


def arrays(*shape, elements=EIGHTHS):
    return hnp.arrays(np.float64, shape, elements=elements)


def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


VECTORS = SIDES.flatmap(arrays)
LOGITS = st.tuples(SIDES, st.integers(2, 3)).flatmap(
    lambda s: st.tuples(arrays(*s), hnp.arrays(np.int64, s[:1], elements=st.integers(0, s[1] - 1)))
)
LAYERS = st.tuples(SIDES, SIDES, SIDES).flatmap(
    lambda s: st.tuples(arrays(s[0], s[1]), arrays(s[2], s[1]), arrays(s[2]))
)


def losses(s, t):
    return F.cross_entropy(s, t, reduction="none")


def mean_loss(s, t):
    return F.cross_entropy(s, t)


def one_hot(s, t):
    return np.eye(s.shape[1])[t]


class TestReportA:
    """The fused softmax cross-entropy: one report derives p - t, another states t - p."""

    def test_p_minus_t_survives(self):
        result = check_derivation(losses, lambda g, s, t: g[:, None] * (softmax(s) - one_hot(s, t)), LOGITS)
        assert result
        assert result.mistake is result.example is None
        assert "right, at 100 inputs" in str(result)

    def test_t_minus_p_has_the_wrong_sign(self):
        result = check_derivation(losses, lambda g, s, t: g[:, None] * (one_hot(s, t) - softmax(s)), LOGITS)
        assert not result
        assert result.mistake == "sign"
        logits, labels = result.example
        assert (logits.tolist(), labels.tolist()) == ([[0, 0]], [0]), "the smallest inputs"
        assert "it is the right gradient with the wrong sign" in str(result)

    def test_a_mean_over_the_batch(self):
        right = check_derivation(mean_loss, lambda s, t: (softmax(s) - one_hot(s, t)) / len(s), LOGITS)
        assert right
        summed = check_derivation(mean_loss, lambda s, t: softmax(s) - one_hot(s, t), LOGITS)
        assert summed.mistake == "factor"
        assert "a sum over 2 where a mean belongs" in str(summed)


class TestReportB:
    """Cross-entropy of probabilities, softmax, ReLU and the linear layer."""

    def test_cross_entropy_of_probabilities(self):
        positive = st.integers(1, 24).map(lambda i: i / 8)
        inputs = SIDES.flatmap(lambda n: st.tuples(arrays(n, elements=positive), arrays(n)))
        assert check_derivation(lambda x, t: -(t * x.log()).sum(), lambda x, t: -t / x, inputs)
        assert check_derivation(lambda x, t: -(t * x.log()).sum(), lambda x, t: t / x, inputs).mistake == "sign"

    def test_the_jacobian_of_softmax(self):
        def jacobian(g, s):
            p = softmax(s)
            return (np.diag(p) - np.outer(p, p)) @ g

        assert check_derivation(lambda s: s.softmax(0), jacobian, VECTORS)

        def diagonal(g, s):
            p = softmax(s)
            return p * (1 - p) * g

        wrong = check_derivation(lambda s: s.softmax(0), diagonal, VECTORS)
        assert wrong.mistake == "missing off-diagonal term"

    def test_the_indicator_of_relu(self):
        assert check_derivation(tg.relu, lambda g, x: g * (x > 0), VECTORS)
        assert check_derivation(tg.relu, lambda g, x: g * x, VECTORS).mistake is not None

    @pytest.mark.parametrize(
        ("wrt", "right"),
        [(0, lambda g, x, w, b: g @ w), (1, lambda g, x, w, b: g.T @ x), (2, lambda g, x, w, b: g.sum(0))],
    )
    def test_the_linear_layer_with_a_batch(self, wrt, right):
        assert check_derivation(F.linear, right, LAYERS, wrt=wrt)
        mean = check_derivation(F.linear, lambda *args: right(*args) / len(args[1]), LAYERS, wrt=wrt)
        assert mean.mistake == "factor"

    def test_what_goes_wrong_with_a_batch(self):
        assert check_derivation(F.linear, lambda g, x, w, b: g, LAYERS, wrt=2).mistake == "missing sum"
        assert check_derivation(F.linear, lambda g, x, w, b: x.T @ g, LAYERS, wrt=1).mistake == "transpose"
        of_one = check_derivation(F.linear, lambda g, x, w, b: np.outer(g[0], x[0]), LAYERS, wrt=1)
        assert of_one.mistake == "missing sum"
        assert "only element 0 along axis 0 of the result counts" in str(of_one)


class TestReportC:
    """Binary cross-entropy behind a sigmoid: the report lost a minus in the loss, and another in its derivative."""

    DATA = SIDES.flatmap(lambda n: st.tuples(arrays(n), arrays(n, elements=st.sampled_from([0.0, 1.0]))))

    @staticmethod
    def loss(z, y):
        return -(y * z.sigmoid().log() + (1 - y) * (1 - z.sigmoid()).log()).sum()

    def test_the_right_derivative(self):
        def right(z, y):
            p = sigmoid(z)
            return p * (1 - p) * (-y / p + (1 - y) / (1 - p))

        assert check_derivation(self.loss, right, self.DATA)

    def test_the_plus_is_rejected(self):
        def claimed(z, y):
            p = sigmoid(z)
            return p * (1 - p) * (y / p + (1 - y) / (1 - p))

        result = check_derivation(self.loss, claimed, self.DATA)
        assert result.mistake == "sign"
        z, y = np.array([0.5, -1.0]), np.array([1.0, 0.0])
        both = check_derivation(self.loss, claimed, z, y)
        assert both.mistake == "sign"
        assert "a plus for a minus in a term" in str(both)

    def test_the_missing_minus_of_the_loss_is_rejected(self):
        def claimed(z, y):
            p = sigmoid(z)
            return p * (1 - p) * (y / p - (1 - y) / (1 - p))

        assert check_derivation(self.loss, claimed, self.DATA).mistake == "sign"


class TestMistakes:
    def test_a_dropped_cotangent(self):
        result = check_derivation(tg.exp, lambda g, x: np.exp(x), VECTORS)
        assert result.mistake == "dropped cotangent"
        assert "it doesn't change with the cotangent g" in str(result)

    def test_swapped_operands(self):
        result = check_derivation(
            lambda a, b: a / b, lambda g, a, b: g / b, np.array([1.0, 2.0]), np.array([3.0, 4.0]), wrt=1
        )
        assert result.mistake == "swapped operands"

    def test_what_has_no_name_is_wrong(self):
        result = check_derivation(tg.exp, lambda g, x: g * np.exp(x) * (1 + x), np.array([0.5, 1.0]))
        assert result.mistake == "wrong"
        assert "numerically" in str(result)

    def test_a_twentieth_of_a_percent_is_wrong(self):
        assert check_derivation(tg.sin, lambda g, x: g * np.cos(x) * 1.0005, VECTORS).mistake == "factor"

    def test_right_at_a_kink_and_nowhere_else_is_not_enough(self):
        assert check_derivation(tg.abs, lambda g, x: g * np.sign(x), VECTORS)


@pytest.mark.parametrize(
    ("args", "wrt", "kind", "text"),
    [
        ((tg.exp, lambda g, x: None), 0, TypeError, "must return an array, not None"),
        ((lambda x: None, lambda g, x: g), 0, TypeError, "the function must return a tensor, not None"),
        ((tg.exp, lambda: 1), 0, TypeError, "must take the cotangent g and the values of 1 operand"),
        ((tg.exp, lambda x: x), 0, TypeError, "as the function's result has more than one element"),
        ((tg.exp, lambda g, x: g), 1, ValueError, "there is no operand 1, only 1"),
    ],
)
def test_bad_use_is_explained(args, wrt, kind, text):
    with pytest.raises(kind, match=text):
        check_derivation(*args, np.array([1.0, 2.0]), wrt=wrt)


def test_an_integer_operand_has_no_gradient():
    with pytest.raises(ValueError, match="operand 1 must be floating to have a gradient, not int64"):
        check_derivation(losses, lambda g, s, t: t, np.zeros((1, 2)), np.array([0]), wrt=1)


def test_a_claim_of_the_wrong_shape_is_named():
    result = check_derivation(lambda x: x.sum(), lambda g, x: g, np.zeros((2, 3)))
    assert result.mistake == "wrong shape"
    assert "it has shape (), operand 0 has (2, 3)" in str(result)


PROGRAM = """
import numpy as np
import tinygrad_lab as tg
from tinygrad_lab.testing import derivation

X = np.array([0.5, -1.0])


@derivation(tg.sin, X)
def right(g, x):
    return g * np.cos(x)


@derivation(tg.cos, X)
def wrong(g, x):
    return g * np.sin(x)
"""


class TestCommand:
    @pytest.fixture
    def file(self, tmp_path):
        path = tmp_path / "lab.py"
        path.write_text(PROGRAM)
        return path

    def test_it_checks_every_derivation_of_a_file(self, file, capsys):
        assert cli.main(["check", str(file)]) == 1
        out = capsys.readouterr().out
        assert "right: right, at 1 input" in out
        assert "wrong: wrong (sign)" in out

    def test_it_checks_one(self, file, capsys):
        assert cli.main(["check", f"{file}::right"]) == 0
        assert "wrong" not in capsys.readouterr().out

    @pytest.mark.parametrize("suffix", ["md", "html"])
    def test_it_writes_a_report(self, file, tmp_path, capsys, suffix):
        report = tmp_path / f"report.{suffix}"
        assert cli.main(["check", str(file), "--report", str(report)]) == 1
        text = report.read_text()
        assert "Derivations in lab.py" in text
        assert "wrong: sign" in text
        assert "it is the right gradient with the wrong sign" in text

    @pytest.mark.parametrize(
        ("target", "text"),
        [("nothing.py", "there is no file"), ("lab.py::other", "has no derivation 'other'; it has right, wrong")],
    )
    def test_what_it_cannot_find_it_says(self, file, capsys, target, text):
        assert cli.main(["check", str(file.parent / target)]) == 1
        assert text in capsys.readouterr().err

    def test_the_file_s_folder_is_not_left_on_the_path(self, file, capsys):
        cli.main(["check", f"{file}::right"])
        assert str(file.parent) not in sys.path


def test_a_derivation_is_still_the_function():
    claimed = derivation(tg.sin, np.array([1.0]))(lambda g, x: g * np.cos(x))
    assert claimed(1.0, 0.0) == 1
    assert claimed.check()
