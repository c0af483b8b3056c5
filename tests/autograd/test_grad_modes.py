"""Grad modes as decorators: of functions and methods, with and without brackets, and of generators."""

import pytest

import tinygrad_lab as tg

x = tg.tensor([1.0, 2.0], requires_grad=True)


def test_no_grad_and_enable_grad_decorate_without_brackets():
    @tg.no_grad
    def evaluate():
        """Evaluate."""
        return x * 2

    class Model:
        @tg.inference_mode
        def predict(self):
            return x * 2

        @classmethod
        @tg.enable_grad
        def train(cls):
            return x * 2

    assert not evaluate().requires_grad
    assert (evaluate.__name__, evaluate.__doc__) == ("evaluate", "Evaluate.")
    assert not Model().predict().requires_grad
    with tg.no_grad():
        assert Model.train().requires_grad


@pytest.mark.parametrize("make", [tg.no_grad, lambda: tg.set_grad_enabled(False), tg.inference_mode])
def test_a_generator_is_in_the_mode_whenever_it_runs_and_its_caller_never(make):
    seen = []

    @make()
    def run(n):
        try:
            for i in range(n):
                try:
                    sent = yield tg.is_grad_enabled()
                except KeyError:
                    sent = "caught"
                seen.append((i, sent, tg.is_grad_enabled()))
            return "end"
        finally:
            seen.append(tg.is_grad_enabled())

    def caller():
        seen.append((yield from run(2)))

    assert list(caller()) == [False, False]
    assert seen == [(0, None, False), (1, None, False), False, "end"]
    seen.clear()
    steps = run(5)
    assert next(steps) is False
    assert tg.is_grad_enabled()
    assert steps.send("word") is False
    assert steps.throw(KeyError()) is False
    with pytest.raises(ValueError, match="mine"):
        steps.throw(ValueError("mine"))
    assert seen == [(0, "word", False), (1, "caught", False), False]
    seen.clear()
    closed = run(1)
    next(closed)
    closed.close()
    assert seen == [False]
    assert tg.is_grad_enabled()


def test_inference_mode_may_be_off():
    with tg.inference_mode():
        assert not (x * 2).requires_grad
        with tg.inference_mode(mode=False):
            assert (x * 2).requires_grad
    assert tg.is_grad_enabled()


@pytest.mark.parametrize("mode", [1, None, "no"])
def test_set_grad_enabled_takes_a_bool(mode):
    with pytest.raises(TypeError, match="set_grad_enabled: mode must be a bool, not"):
        tg.set_grad_enabled(mode)
    assert tg.is_grad_enabled()
