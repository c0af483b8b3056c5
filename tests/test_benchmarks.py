"""The benchmarks' command runs and reports; nothing here looks at how long anything took."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.benchmarks import run
from tests.benchmarks.frameworks import numpy_
from tests.benchmarks.report import Report, markdown
from tests.benchmarks.tasks import TASKS

ROOT = Path(__file__).parents[1]


def benchmarks(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command, with one step a turn and one turn."""
    command = [sys.executable, "-m", "tests.benchmarks", "--rounds", "1", "--seconds", "0"]
    return subprocess.run([*command, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_command_prints_and_writes_the_table(tmp_path: Path) -> None:
    """Every task that NumPy takes part in has its row, on the terminal, in the Markdown file and in the JSON file."""
    table, record = tmp_path / "table.md", tmp_path / "record.json"
    done = benchmarks("--frameworks", "numpy", "--markdown", table, "--json", record)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1].strip() for line in done.stdout.splitlines() if "|" in line]
    tasks = [name for name, task in TASKS.items() if hasattr(numpy_, task.builder)]
    assert rows[2:] == [*tasks, "mnist_mlp, peak memory"]
    page = table.read_text()
    assert page.startswith("# Benchmarks\n")
    assert page.endswith("\n\n" + done.stdout)
    seconds = json.loads(record.read_text())["seconds"]
    assert {task: len(times["numpy"]) for task, times in seconds.items()} == dict.fromkeys(tasks, 1)


def test_tinygrad_lab_computes_what_numpy_does() -> None:
    """Same losses, gradients and weights: the command fails otherwise."""
    done = benchmarks("--frameworks", "tinygrad_lab,numpy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tinygrad_lab / peer" in done.stdout


def test_a_different_gradient_is_reported() -> None:
    """A result off by more than rounding is a disagreement, and so is one that is NaN."""
    right = run.Turns(losses=[1.0, 0.5], results=[(2.0, 4.0)], repeats=1)
    rounded = run.Turns(losses=[1.00001, 0.5], results=[(2.001, 4.0)], repeats=1)
    wrong = run.Turns(losses=[1.0, 0.5], results=[(2.01, 4.0)], repeats=1)
    nan = run.Turns(losses=[1.0, float("nan")], results=[(2.0, 4.0)], repeats=1)
    assert run.disagreements({"spirals": {"numpy": right, "torch": rounded}}) == []
    assert run.disagreements({"spirals": {"numpy": right, "torch": wrong}}) == [
        "spirals: torch beside numpy: result 0 is off by 0.0025 of its norm"
    ]
    assert run.disagreements({"spirals": {"numpy": right, "torch": nan}}) == [
        "spirals: torch beside numpy: the loss of step 2 is nan, not 0.5"
    ]


def test_a_missing_framework_is_no_failure() -> None:
    """Its worker says so and ends; the report lists it."""
    hidden = "import sys; sys.modules['mygrad'] = None; "
    program = hidden + "from tests.benchmarks.worker import main; main('mygrad')"
    worker = [sys.executable, "-c", program]
    done = subprocess.run(worker, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"missing": "mygrad"}), done.stderr
    versions = {"numpy": "2.0"}
    report = Report("a machine", rounds=1, versions=versions, missing=["mygrad"], seconds={})
    assert "Not installed: mygrad (extra `bench`)." in markdown(report)
