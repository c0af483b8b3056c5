"""The pytest plugin: fixtures, a marker, `--gradient-examples N`, and a line in the summary. Loaded by its entry point.

It imports hypothesis, and what checks gradients, only where a test uses them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

GIVEN = "tinygrad_lab.testing.given"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    group = parser.getgroup("tinygrad_lab", "gradients")
    group.addoption(
        "--gradient-examples",
        type=int,
        default=None,
        metavar="N",
        help="how many inputs each gradient property tries (default: 50)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and pass the option on."""
    config.addinivalue_line("markers", "gradient: checks a gradient against numeric derivatives")
    examples = config.getoption("--gradient-examples")
    if examples is not None:
        if examples < 1:
            raise pytest.UsageError(f"--gradient-examples must be positive, not {examples}")
        from . import given

        given.EXAMPLES = examples


@pytest.fixture
def gradcheck() -> Callable[..., Any]:
    """`tinygrad_lab.testing.gradcheck`."""
    from ..autograd.gradcheck import gradcheck

    return gradcheck


@pytest.fixture
def gradgradcheck() -> Callable[..., Any]:
    """`tinygrad_lab.testing.gradgradcheck`."""
    from ..autograd.gradcheck import gradgradcheck

    return gradgradcheck


@pytest.fixture
def check_derivation() -> Callable[..., Any]:
    """`tinygrad_lab.testing.check_derivation`, with `--gradient-examples` inputs."""
    from .derivation import check_derivation

    return check_derivation


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how much was checked."""
    module = sys.modules.get(GIVEN)
    if module is not None and module.checked:
        functions, derivatives = len(module.checked), sum(module.checked.values())
        terminalreporter.write_line(f"gradients: {functions} functions, {derivatives:,} derivatives compared")
