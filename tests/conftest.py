"""Every property is tried on the same inputs in every run, with one process or many."""

import importlib
import os
import pkgutil

import hypothesis
import pytest

import tinygrad_lab

hypothesis.settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("repeatable")

# Hypothesis also draws constants that stand in the modules that are loaded: load them all, whatever test comes first.
for module in pkgutil.walk_packages(tinygrad_lab.__path__, "tinygrad_lab."):
    importlib.import_module(module.name)


def pytest_configure(config: pytest.Config) -> None:
    """Give each of pytest-xdist's processes one thread for matrix products: they have a core each, and idle threads of
    OpenBLAS spin. The processes are started after this and inherit it.
    """
    if config.getoption("numprocesses", None):
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
