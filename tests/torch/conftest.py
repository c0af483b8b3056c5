"""These tests are collected where the extra `torch` is installed."""

from importlib.util import find_spec

if find_spec("torch") is None or find_spec("expecttest") is None:
    collect_ignore_glob = ["test_*.py"]
