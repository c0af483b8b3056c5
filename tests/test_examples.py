"""The lab's figures, exactly, and every example as a user starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("tqdm")

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name: str, *args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, str(EXAMPLES / name), *args]
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent)}
    return subprocess.run(program, cwd=cwd, env=environment, capture_output=True, text=True)


def test_spirals_to_the_last_digit() -> None:
    from tinygrad_lab.demo.train import EPOCHS, RATES, load, train

    found = []
    for rate in RATES:
        done = train(rate, EPOCHS, load())
        found.append((rate, f"{done.final('test_accuracy'):.1%}", f"{done.final('test_loss'):.4f}"))
    assert found == [(0.2, "86.0%", "0.3805"), (1.0, "98.3%", "0.1782"), (5.0, "33.3%", "1.0986")]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the four quick runs of the lab print, and where they ran."""
    cwd = tmp_path_factory.mktemp("lab")
    done = run("ssu_lab.py", "--quick", cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    return done.stdout, cwd


class TestLab:
    """examples/ssu_lab.py"""

    def test_every_run_says_its_figures(self, lab: tuple[str, Path]) -> None:
        for name in ("xor: ", "spirals: lr 0.2: ", "spirals: lr 1: ", "spirals: lr 5: ", "mnist: "):
            assert name in lab[0]

    def test_figures_are_drawn(self, lab: tuple[str, Path]) -> None:
        assert {p.name for p in (lab[1] / "ssu-lab").iterdir()} == {"xor.png", "spirals.png", "mnist.png"}

    def test_the_unstable_run_names_the_operation_and_the_cure(self, lab: tuple[str, Path]) -> None:
        assert "because of `log`" in lab[0]
        assert "Use LossCrossEntropyForSoftmaxLogits" in lab[0]

    @pytest.mark.parametrize("name", ["mnist", "unstable"])
    def test_without_data_it_says_how_to_get_them(self, name: str, tmp_path: Path) -> None:
        done = run("ssu_lab.py", name, cwd=tmp_path)
        assert done.returncode == 1
        assert "--data DIR" in done.stderr
        assert "download=True" in done.stderr

    def test_a_wrong_folder(self, tmp_path: Path) -> None:
        done = run("ssu_lab.py", "mnist", "--data", "nowhere", cwd=tmp_path)
        assert done.returncode == 1
        assert "nowhere: no such folder" in done.stderr
        assert "Traceback" not in done.stderr
