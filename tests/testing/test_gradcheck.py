"""`gradcheck` and its verdicts, each on a function that deserves it."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn, op
from tinygrad_lab.op import table
from tinygrad_lab.testing import GradcheckError, check_module, gradcheck, gradgradcheck, one_sided, taylor_slope


def real(*shape, dtype=np.float64):
    return tg.tensor(np.random.default_rng(1).uniform(0.2, 2, shape).astype(dtype), requires_grad=True)


@pytest.fixture
def scratch_table():
    before = dict(table)
    yield
    table.clear()
    table.update(before)


def op_with(rule, forward=None):
    """An op that is a square, or `forward`, with `rule` for its gradient."""

    def made(x):
        """A square, :math:`y = x^2`."""
        return np.square(x) if forward is None else forward(x)

    table.pop("made", None)
    return op(rule, shapes="(*) -> (...)")(made)


def found(function, *inputs, **options):
    return gradcheck(function, inputs, raise_exception=False, **options)


def test_right_gradients_are_right():
    x, w = real(3, 4), real(4, 2)
    result = gradcheck(lambda a, b: (a @ b).tanh(), (x, w))
    assert result
    assert result.verdict == "right"
    assert result.checked == 6 * (12 + 8)
    assert str(result).startswith("<lambda>: right; 120 derivatives compared")
    assert gradgradcheck(lambda a, b: (a @ b).tanh(), (x, w))


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 0, 3)])
def test_any_shape(shape):
    assert gradcheck(lambda x: x.exp() * x, real(*shape))
    assert gradgradcheck(lambda x: x.exp() * x, real(*shape))


def test_several_outputs_and_inputs_that_take_no_part():
    x, y = real(3), real(2)
    assert gradcheck(lambda a, b, n: (a * n, b.sum(), a.argmax()), (x, y, 2))


@pytest.mark.parametrize(
    ("rule", "mistake"),
    [
        (lambda g, y, x: -g * 2 * x, "sign"),
        (lambda g, y, x: g * x, "factor"),
        (lambda g, y, x: g * 4 * x, "factor"),
        (lambda g, y, x: g * 0 * x, "zero"),
        (lambda g, y, x: g * 2 * x * np.array([1.0, -1.0, 1.0]), "sign"),
    ],
)
def test_a_wrong_rule_is_wrong_and_its_mistake_named(scratch_table, rule, mistake):
    result = found(op_with(rule), real(3))
    assert not result
    assert result.verdict == "wrong"
    assert result.mistake == mistake
    (finding,) = result.findings
    assert finding.numeric == pytest.approx(finding.left) == pytest.approx(finding.right)
    assert {"analytic", "Richardson", "Taylor slope (2 if right)"} <= set(result.oracles)
    assert result.oracles["Taylor slope (2 if right)"] == pytest.approx(1, abs=0.1)


def test_a_factor_of_the_size_is_told(scratch_table):
    rule = lambda g, y, x: g * np.ones(3) / 3
    result = found(op_with(rule, np.sum), real(3))
    assert "1/3" in str(result)
    assert "a mean over 3 where a sum belongs" in str(result)


def test_a_transposed_rule_is_told(scratch_table):
    m = np.arange(9.0).reshape(3, 3) ** 2
    result = found(op_with(lambda g, y, x: g @ m.T, lambda x: x @ m.T), real(3))
    assert result.mistake == "transpose"


def test_softmax_without_its_off_diagonal_is_told(scratch_table):
    def softmax(x):
        return np.exp(x) / np.exp(x).sum()

    result = found(op_with(lambda g, y, x: g * softmax(x) * (1 - softmax(x)), softmax), real(3))
    assert result.mistake == "missing off-diagonal term"


def test_swapped_operands_are_told(scratch_table):
    @op(lambda g, y, a, b: g * a, lambda g, y, a, b: g * b)
    def product(a, b):
        """A product, the cotangent times the other operand."""
        return a * b

    result = found(product, real(3), real(3) + 1)
    assert result.verdict == "right" or result.mistake == "swapped operands"
    x, y = real(3), (real(3) + 1).detach().requires_grad_()
    assert found(product, x, y).mistake == "swapped operands"


def test_off_by_a_twentieth_of_a_percent_is_wrong(scratch_table):
    assert not found(op_with(lambda g, y, x: g * 2.001 * x), real(3))
    assert not found(op_with(lambda g, y, x: g * 2.001 * x), real(3), fast_mode=True)


def test_at_a_kink_a_subgradient_is_accepted_and_another_value_is_not(scratch_table):
    zero = tg.tensor([0.0, 1.0], dtype=np.float64, requires_grad=True)
    result = found(tg.relu, zero)
    assert result
    assert [f.verdict for f in result.findings] == ["at a kink"]
    assert (result.findings[0].left, result.findings[0].right) == pytest.approx((0, 1))
    relu = op_with(lambda g, y, x: g * np.where(x > 0, 1, np.where(x == 0, 3, 0)), lambda x: np.maximum(x, 0))
    result = found(relu, zero)
    assert not result
    assert result.verdict == "at a kink"
    assert "outside of what lies between them" in str(result)


def test_at_the_border_of_a_domain_it_says_that_it_cannot_tell():
    result = found(tg.sqrt, tg.tensor([0.0], dtype=np.float64, requires_grad=True))
    assert result.verdict == "ill-conditioned"


def test_noise_is_found():
    result = found(lambda x: x * tg.rand(3).double(), real(3))
    assert result.verdict == "non-deterministic"
    assert (
        found(lambda x: x * (1 + 1e-7 * tg.rand(3).double()), real(3), nondet_tol=1e-3).verdict != "non-deterministic"
    )


def test_a_changed_input_is_found():
    def careless(x):
        x.detach().mul_(2)
        return x * 1

    assert found(careless, real(3)).verdict == "mutates its input"


def test_a_gradient_of_the_wrong_shape_or_dtype_is_found(scratch_table):
    assert found(op_with(lambda g, y, x: (g * 2 * x)[:2]), real(3)).verdict == "wrong shape"
    widened = found(lambda x: x * np.ones(3), real(3, dtype=np.float32))
    assert widened.verdict == "wrong dtype"
    assert "output 0 is float64, of inputs that are float32" in str(widened)
    assert found(lambda x: x * np.ones(3), real(3, dtype=np.float32), check_grad_dtypes=False)


def test_float32_is_checked_in_float64_and_then_beside_it():
    assert gradcheck(tg.exp, real(3, dtype=np.float32))
    loses = found(lambda x: (x + 1e6) - 1e6 + 0 * x, real(3, dtype=np.float32))
    assert loses
    cancelling = found(lambda x: ((x * x + 4096) - x * x) * x, real(3, dtype=np.float32))
    assert cancelling.verdict in ("right", "ill-conditioned")


def test_second_order_only_wrong_is_found(scratch_table):
    def detached(x):
        return x.detach() if isinstance(x, tg.Tensor) else x

    square = op_with(lambda g, y, x: g * 2 * detached(x))
    assert gradcheck(square, real(3))
    assert not gradgradcheck(square, real(3), raise_exception=False)


def test_an_error_carries_the_report(scratch_table):
    with pytest.raises(GradcheckError, match="likely sign") as failure:
        gradcheck(op_with(lambda g, y, x: -2 * g * x), real(3))
    assert failure.value.result.mistake == "sign"


@pytest.mark.parametrize(
    ("function", "inputs", "kind", "text"),
    [
        (tg.exp, (tg.tensor([1, 2]),), ValueError, "at least one input must be a tensor that requires grad"),
        (lambda x: x.detach(), (real(2),), ValueError, "no output of <lambda> requires grad"),
        (lambda x: None, (real(2),), TypeError, "must be a tensor, not None; does the function return its result"),
        (lambda x: (x, 3), (real(2),), TypeError, "output 1 of <lambda> must be a tensor, not 3"),
    ],
)
def test_bad_use_is_explained(function, inputs, kind, text):
    with pytest.raises(kind, match=text):
        gradcheck(function, inputs)


def test_one_sided_derivatives():
    x = np.array([0.0, 2.0])
    assert one_sided(np.abs, x, (0,), 1).value == pytest.approx([1, 0])
    assert one_sided(np.abs, x, (0,), -1).value == pytest.approx([-1, 0])
    smooth = one_sided(np.exp, x, (1,), 1)
    assert smooth.value[1] == pytest.approx(np.exp(2), rel=1e-9)


def test_taylor_slopes():
    x, d = np.array([0.3, 0.7]), np.array([1.0, -0.5])
    f = lambda v: float(np.exp(v).sum())
    assert taylor_slope(f, x, np.exp(x), d) == pytest.approx(2, abs=0.1)
    assert taylor_slope(f, x, 1.0005 * np.exp(x), d) < 1.9
    assert taylor_slope(lambda v: float(v.sum()), x, np.ones(2), d) == np.inf


class TestModules:
    def test_a_network_is_right_and_its_values_are_put_back(self):
        tg.manual_seed(0)
        net = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
        before = {k: v.numpy().copy() for k, v in net.state_dict().items()}
        result = check_module(net, tg.randn(6, 4))
        assert result, result
        assert [r.name for r in result.rows] == ["0.weight", "0.bias", "2.weight", "2.bias", "input 0"]
        assert result.rows[0].compared == 20
        for name, value in net.state_dict().items():
            assert value.dtype == np.float32
            assert value.numpy().tobytes() == before[name].tobytes()
        assert "2.weight" in str(result)

    def test_a_wrong_layer_is_found(self, scratch_table):
        bad = op_with(lambda g, y, x: g * 2.01 * x)

        class Squares(nn.Module):
            def forward(self, x):
                return bad(x)

        tg.manual_seed(0)
        result = check_module(nn.Sequential(nn.Linear(3, 2), Squares()), tg.randn(4, 3))
        assert not result
        assert {r.name for r in result.rows if r.verdict == "wrong"} == {"0.weight", "0.bias", "input 0"}

    def test_dropout_is_refused(self):
        with pytest.raises(ValueError, match=r"call .eval\(\) to switch dropout off"):
            check_module(nn.Sequential(nn.Linear(3, 2), nn.Dropout()), tg.randn(4, 3))

    def test_a_loss_makes_a_number_of_any_result(self):
        net = nn.Linear(3, 2)
        assert check_module(net, tg.randn(4, 3), loss=lambda y: (y * y).mean())
        frozen = nn.Linear(3, 2).requires_grad_(False)
        with pytest.raises(ValueError, match="nothing of Linear requires grad"):
            check_module(frozen, tg.tensor([[1, 2, 3]]))
