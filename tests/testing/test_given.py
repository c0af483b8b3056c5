"""Gradients as property tests: strategies of tensors, `given_gradient`, and the pytest plugin."""

import os
import subprocess
import sys

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

import tinygrad_lab as tg
from tinygrad_lab import nn, op
from tinygrad_lab.domain import Reals
from tinygrad_lab.op import table
from tinygrad_lab.testing import GradcheckError, given
from tinygrad_lab.testing.given import given_gradient, op_property
from tinygrad_lab.testing.tensors import (
    LAYOUTS,
    broadcastable_tensors,
    cotangents,
    matmul_pairs,
    module_inputs,
    tensors,
)


@pytest.fixture
def scratch_table():
    before = dict(table)
    yield
    table.clear()
    table.update(before)


def drawn(strategy, count=300):
    """Some of what `strategy` draws, the same in every run."""
    found = []

    @hypothesis.settings(max_examples=count, derandomize=True, database=None, deadline=None)
    @hypothesis.given(strategy)
    def collect(value):
        found.append(value)

    collect()
    return found


class TestStrategies:
    def test_tensors_cover_what_a_rule_may_meet(self):
        found = drawn(tensors())
        shapes = {t.shape for t in found}
        assert () in shapes
        assert any(0 in s for s in shapes)
        assert any(t.array.size == 1 and t.ndim for t in found)
        strides = [t.array.strides for t in found if t.array.size > 1]
        assert any(min(s) < 0 for s in strides), "negative strides"
        assert any(0 in s for s in strides), "stride 0"
        assert any(t.array.flags.f_contiguous and not t.array.flags.c_contiguous for t in found), "Fortran order"
        assert all(t.requires_grad and t.dtype == np.float64 for t in found)

    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_a_layout_can_be_asked_for(self, layout):
        assert all(t.shape == (2, 3) for t in drawn(tensors(shape=(2, 3), layout=layout), 20))

    def test_an_unknown_layout_is_refused(self):
        with pytest.raises(ValueError, match="layout must be one of C, F, reversed, strided, expanded, not 'Z'"):
            drawn(tensors(layout="Z"), 1)

    def test_elements_lie_in_the_domain_and_off_its_kinks(self):
        for t in drawn(tensors(domain=Reals(low=0, high=2, kinks=(1,)))):
            assert np.all((t.array > 0) & (t.array < 2) & (t.array != 1))
        for t in drawn(tensors(shape=(5,), domain=Reals(distinct=True)), 50):
            assert len(set(t.tolist())) == 5

    def test_other_dtypes(self):
        assert all(t.dtype == np.int64 and not t.requires_grad for t in drawn(tensors(dtype=np.int64), 20))
        assert all(t.dtype == bool for t in drawn(tensors(dtype=bool), 20))
        assert all(t.dtype == np.float32 and t.requires_grad for t in drawn(tensors(dtype=np.float32), 20))

    def test_they_shrink_to_the_smallest_tensor_with_the_simplest_numbers(self):
        settings = hypothesis.settings(derandomize=True, database=None, deadline=None)
        found = hypothesis.find(tensors(), lambda t: t.array.size >= 2 and t.array.max() > 1, settings=settings)
        assert found.array.size == 2
        assert sorted(found.array.ravel().tolist()) == [0, 2]

    def test_broadcastable_tensors_broadcast_and_may_be_the_same(self):
        found = drawn(broadcastable_tensors())
        assert all(np.broadcast_shapes(a.shape, b.shape) is not None for a, b in found)
        assert any(a is b for a, b in found)
        assert any(a.shape != b.shape for a, b in found)

    def test_matmul_pairs_multiply(self):
        found = drawn(matmul_pairs())
        assert {(a.ndim, b.ndim) for a, b in found} >= {(1, 1), (1, 2), (2, 1), (2, 2)}
        assert any(a.shape[:-2] != b.shape[:-2] and max(a.ndim, b.ndim) > 2 for a, b in found), "broadcasting batches"
        for a, b in found:
            tg.matmul(a, b)

    def test_inputs_of_a_module(self):
        net = nn.Sequential(nn.Linear(5, 2), nn.ReLU())
        assert {t.shape for t in drawn(module_inputs(net), 50)} == {(1, 5), (2, 5), (3, 5)}
        with pytest.raises(ValueError, match="no layer of ReLU says what input it takes"):
            drawn(module_inputs(nn.ReLU()), 1)

    def test_cotangents_have_no_zero(self):
        y = tg.zeros(2, 3)
        assert all(g.shape == (2, 3) and np.all(g.array != 0) for g in drawn(cotangents(y), 50))


class TestGivenGradient:
    def test_a_right_function_passes_and_is_counted(self):
        def swish(x):
            return x * x.sigmoid()

        test = given_gradient(tensors(), reference=lambda x: x / (1 + np.exp(-x)), max_examples=20)(swish)
        assert test.__name__ == "swish"
        test()
        assert given.checked["swish"] > 0

    def test_a_wrong_value_fails(self):
        test = given_gradient(tensors(), reference=np.cos, max_examples=20)(lambda x: x.sin())
        with pytest.raises(AssertionError, match="the value isn't the reference's"):
            test()

    def test_a_wrong_gradient_fails_with_a_program_that_runs_by_itself(self, tmp_path):
        (tmp_path / "mine.py").write_text(
            "import numpy as np\nfrom tinygrad_lab import op\n\n"
            '@op(lambda g, y, x: g * 3 * x)\ndef square_of(x):\n    "A square."\n    return x * x\n'
        )
        (tmp_path / "run.py").write_text(
            "from mine import square_of\n"
            "from tinygrad_lab.testing.given import given_gradient\n"
            "from tinygrad_lab.testing.tensors import tensors\n"
            "try:\n    given_gradient(tensors())(square_of)()\n"
            "except Exception as error:\n    print(error.__notes__[-1].partition('\\n\\n')[2] if 'shows it' in "
            "error.__notes__[-1] else [n for n in error.__notes__ if 'shows it' in n][0].partition('\\n\\n')[2])\n"
        )
        made = subprocess.run([sys.executable, "run.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert "gradcheck(square_of, [x0])" in made.stdout, made.stdout + made.stderr
        (tmp_path / "again.py").write_text(made.stdout)
        again = subprocess.run([sys.executable, "again.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert "GradcheckError" in again.stderr
        assert "likely factor" in again.stderr

    def test_wrong_at_second_order_only_fails(self, scratch_table):
        @op(lambda g, y, x: g * 2 * (x.detach() if isinstance(x, tg.Tensor) else x))
        def square_once(x):
            """A square."""
            return x * x

        with pytest.raises(GradcheckError, match="the gradient of square_once"):
            given_gradient(tensors(), max_examples=20)(square_once)()
        given_gradient(tensors(), max_examples=20, second_order=False)(square_once)()

    def test_several_strategies_and_plain_values(self):
        given_gradient(tensors(), st.integers(1, 3), max_examples=20)(lambda x, n: x**n)()
        given_gradient(broadcastable_tensors(), max_examples=20)(lambda a, b: a * b)()

    def test_kinks_are_passed_over(self):
        given_gradient(tensors(), max_examples=50)(tg.relu)()

    def test_an_op_is_held_to_the_property_of_the_library_s_own(self, scratch_table):
        @op(lambda g, y, x: g * 3 * x * x, tex="{x}^3", analytic=True)
        def cube(x):
            """Cube: the cotangent is multiplied with 3 x^2."""
            return x * x * x

        op_property(cube, reference=lambda x: x**3, max_examples=20)
        with pytest.raises(AssertionError, match="by the reference"):
            op_property("cube", reference=lambda x: x**2 + 0 * x, max_examples=20)
        with pytest.raises(TypeError, match="isn't in the table of ops; define it with @op, or use given_gradient"):
            op_property(lambda x: x)


TESTS = """
import numpy as np
import pytest
import tinygrad_lab as tg
from tinygrad_lab.testing.given import given_gradient
from tinygrad_lab.testing.tensors import tensors

pytestmark = pytest.mark.gradient


@given_gradient(tensors())
def test_swish(x):
    return x * x.sigmoid()


def test_fixtures(gradcheck, gradgradcheck, check_derivation):
    x = tg.tensor([1.0, 2.0], dtype=np.float64, requires_grad=True)
    assert gradcheck(tg.exp, x)
    assert gradgradcheck(tg.exp, x)
    assert check_derivation(tg.exp, lambda g, x: g * np.exp(x), np.array([1.0]))
"""


class TestPlugin:
    def run(self, tmp_path, *options):
        (tmp_path / "test_mine.py").write_text(TESTS)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tinygrad_lab.testing.plugin", "-p", "no:cacheprovider"]
        return subprocess.run(
            [*command, "--strict-markers", "--rootdir", str(tmp_path), *options, "test_mine.py"],
            cwd=tmp_path,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # or the installed plugin is there twice
            capture_output=True,
            text=True,
            timeout=120,
        )

    def test_it_gives_fixtures_a_marker_and_a_summary(self, tmp_path):
        ran = self.run(tmp_path)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "gradients: 1 functions, " in ran.stdout

    def test_the_option_says_how_many(self, tmp_path):
        def compared(*options):
            line = next(x for x in self.run(tmp_path, *options).stdout.splitlines() if x.startswith("gradients:"))
            return int(line.split(", ")[1].split()[0].replace(",", ""))

        assert compared("--gradient-examples", "5") < compared("--gradient-examples", "60")
        assert "must be positive, not 0" in self.run(tmp_path, "--gradient-examples", "0").stderr
