"""Speed and memory of tinygrad_lab beside its peers: ``python -m tests.benchmarks``."""
