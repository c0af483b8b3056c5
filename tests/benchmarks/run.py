"""The parent: starts a worker a framework, gives them turns, compares what they computed, reports.

Workers take turns, one at a time, for many rounds, and every round starts one framework later, so
that what the machine does meanwhile meets all alike. No framework gets a BLAS that another doesn't:
pins are cleared for all.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Self

from .frameworks import ALLOCATE_WITH_NUMPY, FRAMEWORKS
from .report import Report, markdown
from .tasks import MEMORY_TASK, TASKS

ROOT = Path(__file__).parents[2]

PINS = (
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "OPENBLAS_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "MKL_NUM_THREADS",
    "MKL_ENABLE_INSTRUCTIONS",
    "MKL_DYNAMIC",
)
"""Settings that reach one framework's BLAS and not another's. OMP_NUM_THREADS, which all of them
heed, is left as the user has it."""

PAUSE = 0.05
"""Seconds before a turn: idle threads of the last worker's BLAS and OpenMP spin for some 30 ms."""

REFERENCE = "numpy"
"""What the others' results are compared with, where it takes part; else the first framework."""
LOSS_TOLERANCE = 1e-4
"""Largest relative difference of two frameworks' losses."""


PAGE = """# Benchmarks

Written by `python -m tests.benchmarks --markdown docs/benchmarks.md`; it needs the `bench` extra and a quiet machine.

"""

IMPORTED = ("numpy", "tinygrad_lab")


class Worker:
    """A framework's process, and the lines exchanged with it."""

    def __init__(self, framework: str) -> None:
        self.framework = framework
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.worker", framework],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name not in PINS},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        greeting = self.answer()
        self.version: str | None = greeting.get("version")
        self.tasks: Sequence[str] = greeting.get("tasks", ())

    def ask(self, *request: object) -> dict[str, Any]:
        """Send a request, wait for its answer."""
        assert self.process.stdin is not None
        print(*request, file=self.process.stdin, flush=True)
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The next line, or an end that names the framework: its traceback is on stderr."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"benchmarks: the worker of {self.framework} failed, see above")
        record: dict[str, Any] = json.loads(line)
        return record

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.communicate()


@dataclass
class Turns:
    """What one framework computed on one task, and how fast."""

    losses: Sequence[float]
    results: Sequence[tuple[float, float]]
    repeats: int
    medians: list[float] = field(default_factory=list)
    """Seconds a step, the median of each turn."""


def disagreement(own: Turns, other: Turns, tolerance: float) -> str | None:
    """Where the two computed different things, if they did: their products with the same noise are compared."""
    for step, (x, y) in enumerate(zip(own.losses, other.losses, strict=True), start=1):
        if not abs(x - y) <= LOSS_TOLERANCE * abs(y):
            return f"the loss of step {step} is {x:.7g}, not {y:.7g}"
    if len(own.results) != len(other.results):
        return f"{len(own.results)} results, not {len(other.results)}"
    for index, ((x, _), (y, norm)) in enumerate(zip(own.results, other.results, strict=True)):
        if not abs(x - y) <= tolerance * norm:
            return f"result {index} is off by {abs(x - y) / norm:.2g} of its norm"
    return None


def disagreements(turns: Mapping[str, Mapping[str, Turns]]) -> list[str]:
    """Every framework that computed something else than `REFERENCE` did, task by task."""
    found = []
    for task, by_framework in turns.items():
        reference = REFERENCE if REFERENCE in by_framework else next(iter(by_framework))
        for framework, own in by_framework.items():
            if text := disagreement(own, by_framework[reference], TASKS[task].tolerance):
                found.append(f"{task}: {framework} beside {reference}: {text}")
    return found


def take_turns(
    workers: Sequence[Worker], tasks: Sequence[str], rounds: int, seconds: float
) -> dict[str, dict[str, Turns]]:
    """All turns of all rounds, by task and framework."""
    turns: dict[str, dict[str, Turns]] = {}
    tasks = [task for task in tasks if any(task in worker.tasks for worker in workers)]
    for task in tasks:
        turns[task] = {}
        for worker in (worker for worker in workers if task in worker.tasks):
            trial = worker.ask("run", task, 3)
            repeats = max(1, round(seconds / min(trial["seconds"])))
            turns[task][worker.framework] = Turns(trial["losses"], trial["results"], repeats)
    for index in range(rounds):
        print(f"\rround {index + 1} of {rounds}", end="", file=sys.stderr, flush=True)
        start = index % len(workers)
        for task in tasks:
            for worker in (*workers[start:], *workers[:start]):
                if task in worker.tasks:
                    time.sleep(PAUSE)
                    own = turns[task][worker.framework]
                    own.medians.append(median(worker.ask("run", task, own.repeats)["seconds"]))
    print(file=sys.stderr)
    return turns


def peaks(workers: Sequence[Worker]) -> dict[str, int]:
    """Peak bytes of a step, by framework, of those whose allocations can be seen."""
    return {
        worker.framework: worker.ask("memory", MEMORY_TASK)["bytes"]
        for worker in workers
        if worker.framework in ALLOCATE_WITH_NUMPY and MEMORY_TASK in worker.tasks
    }


def import_times(rounds: int) -> dict[str, list[float]]:
    """Seconds that importing NumPy, and the package with it, takes in fresh processes.

    From bytecode, as pip leaves it: an uncounted round compiles both, whatever the environment says of bytecode.
    """
    code = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"
    times: dict[str, list[float]] = {name: [] for name in IMPORTED}
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds + 1):
            for name in IMPORTED:
                command = [sys.executable, "-X", f"pycache_prefix={folder}", "-c", code.format(name)]
                ran = subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True)
                times[name].append(float(ran.stdout))
    return {name: seconds[1:] for name, seconds in times.items()}


def machine() -> str:
    """The processor, its cores and Python's version."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = models[0] if models else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}"


def measure(frameworks: Sequence[str], tasks: Sequence[str], rounds: int, seconds: float) -> Report:
    """Start the workers, measure everything, end them."""
    with ExitStack() as stack:
        started = [stack.enter_context(Worker(framework)) for framework in frameworks]
        workers = [worker for worker in started if worker.version is not None]
        turns = take_turns(workers, tasks, rounds, seconds)
        return Report(
            machine=machine(),
            rounds=rounds,
            versions={worker.framework: str(worker.version) for worker in workers},
            missing=[worker.framework for worker in started if worker.version is None],
            seconds={
                task: {framework: own.medians for framework, own in by_framework.items()}
                for task, by_framework in turns.items()
            },
            memory=peaks(workers) if MEMORY_TASK in tasks else {},
            imports=import_times(rounds),
            disagreements=disagreements(turns),
        )


def names(known: Collection[str]) -> Callable[[str], list[str]]:
    """An argument type: names from `known`, separated by commas."""

    def parse(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := [name for name in chosen if name not in known]:
            raise argparse.ArgumentTypeError(f"{unknown[0]} isn't one of {', '.join(known)}")
        return chosen

    return parse


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the tables; 1 if the frameworks didn't compute the same."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--tasks", type=names(TASKS), default=list(TASKS), metavar="A,B")
    parser.add_argument("--frameworks", type=names(FRAMEWORKS), default=list(FRAMEWORKS), metavar="A,B")
    parser.add_argument("--rounds", type=int, default=10, help="turns of every framework (10)")
    parser.add_argument(
        "--seconds", type=float, default=0.5, help="length of a turn's timed part (0.5): some steps of the slowest"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every turn's median there")
    options = parser.parse_args(argv)

    report = measure(options.frameworks, options.tasks, options.rounds, options.seconds)
    text = markdown(report)
    print(text, end="")
    if options.markdown:
        options.markdown.write_text(PAGE + text)
    if options.json:
        options.json.write_text(json.dumps(asdict(report), indent=1) + "\n")
    return 1 if report.disagreements else 0
