"""One framework in one process: reads a request a line on stdin, answers a line of JSON on stdout.

``run <task> <repeats>``
    Build the task, take `CHECKED` steps whose losses and results are answered for comparison, then
    time `repeats` more. Every run starts from the same weights.
``memory <task>``
    Peak bytes allocated, by tracemalloc, during one step after two, above the level before the
    model was built: the parameters, the gradients, the step's own arrays and the tape's objects
    count, the batch doesn't.

The first line answered greets: the framework's version, or that it isn't installed.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import tracemalloc
from collections.abc import Callable
from importlib import metadata
from time import perf_counter
from typing import Any

import numpy as np

from .tasks import TASKS, Step

CHECKED = 2
"""Steps before the timed ones: the second's loss sees the first's update."""


def signature(result: Any) -> list[float]:
    """An array in two numbers: its product with fixed noise, and its norm, the product's scale."""
    values = np.asarray(result, dtype=np.float64).ravel()
    noise = np.random.RandomState(0).normal(size=values.size)
    # Sums, not BLAS: its threads would spin into the timed steps of a framework that has its own.
    return [float((noise * values).sum()), float(np.sqrt((values * values).sum()))]


def build(framework: Any, task: str) -> Step:
    """The task as the framework's file builds it."""
    step: Step = getattr(framework, TASKS[task].builder)(TASKS[task].inputs())
    return step


def run(framework: Any, task: str, repeats: str) -> dict[str, Any]:
    """Losses and signatures of the checked steps, then the timed steps in seconds."""
    step = build(framework, task)
    losses = [step.run() for _ in range(CHECKED)]
    results = [signature(result) for result in step.results()]
    gc.collect()
    seconds = []
    for _ in range(int(repeats)):
        start = perf_counter()
        step.run()
        seconds.append(perf_counter() - start)
    return {"losses": losses, "results": results, "seconds": seconds}


def memory(framework: Any, task: str) -> dict[str, Any]:
    """Peak bytes of one step."""
    TASKS[task].inputs()
    gc.collect()
    tracemalloc.start()
    step = build(framework, task)
    for _ in range(CHECKED):
        step.run()
    tracemalloc.reset_peak()
    step.run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {"bytes": peak}


def version(name: str) -> str:
    """The installed version; a checkout that isn't installed has none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "checkout"


def main(name: str) -> None:
    """Serve requests until stdin ends."""
    answers, sys.stdout = sys.stdout, sys.stderr

    def answer(record: dict[str, Any]) -> None:
        print(json.dumps(record), file=answers, flush=True)

    try:
        framework = importlib.import_module(f".frameworks.{name}_", __package__)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return answer({"missing": name})
    supported = [task for task, record in TASKS.items() if hasattr(framework, record.builder)]
    answer({"version": version(name), "tasks": supported})
    requests: dict[str, Callable[..., dict[str, Any]]] = {"run": run, "memory": memory}
    for line in sys.stdin:
        request, *arguments = line.split()
        answer(requests[request](framework, *arguments))


if __name__ == "__main__":
    main(sys.argv[1])
