"""The labs' figures, exactly, and every example as a user starts it."""

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
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(cwd), str(EXAMPLES.parent)])}
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


@pytest.fixture(scope="module")
def network_by_hand(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the six quick runs of the lab print, and where they ran."""
    cwd = tmp_path_factory.mktemp("dlp")
    done = run("dlp_lab.py", "--quick", cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    return done.stdout, cwd


class TestNetworkByHand:
    """examples/dlp_lab.py"""

    def test_every_run_says_its_figures(self, network_by_hand: tuple[str, Path]) -> None:
        lines = network_by_hand[0].splitlines()
        for start, end in (
            ("linear: loss ", "accuracy 1.00"),
            ("xor: loss ", "accuracy 1.00"),
            ("rates: lr 0.1: loss ", "accuracy 1.00"),
            ("units: linear: 2: ", "100: 100 %"),
            ("units: xor: 2: ", "100: 100 %"),
            ("identity: linear: loss ", "accuracy 1.00"),
            ("identity: xor: loss ", "accuracy 0.52"),
        ):
            assert any(line.startswith(start) and line.endswith(end) for line in lines), (start, end)

    def test_figures_are_drawn(self, network_by_hand: tuple[str, Path]) -> None:
        figures = {p.stem for p in (network_by_hand[1] / "dlp-lab").iterdir()}
        assert figures == {"linear", "xor", "rates", "units", "identity"}

    def test_the_derivations_are_judged(self, network_by_hand: tuple[str, Path]) -> None:
        right, wrong = network_by_hand[0].split("derivations: dlp_as_reported.py")
        assert right.split("derivations: dlp.py")[1].count(": right, ") == 7
        assert wrong.count(": wrong (sign): ") == 3


@pytest.mark.parametrize(("file", "status"), [("dlp.py", 0), ("dlp_as_reported.py", 1), ("uva.py", 0)])
def test_derivations_from_the_command_line(file: str, status: int) -> None:
    from tinygrad_lab.cli import main

    assert main(["check", str(EXAMPLES / "derivations" / file), "--examples", "10"]) == status


class TestImages:
    """examples/uva_lab.py"""

    def test_every_run_says_its_figures_and_draws_them(self, tmp_path: Path) -> None:
        done = run("uva_lab.py", "--quick", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "Warning" not in done.stderr
        for name in ("mlp", "deep"):
            assert f"{name}: test accuracy 100.00 % at the end" in done.stdout
        assert "cnn: step 12: loss " in done.stdout
        assert done.stdout.count(": right, ") == 10
        assert {p.stem for p in (tmp_path / "uva-lab").iterdir()} == {"mlp", "deep", "cnn"}

    def test_without_data_it_says_how_to_get_them(self, tmp_path: Path) -> None:
        done = run("uva_lab.py", "mlp", cwd=tmp_path)
        assert done.returncode == 1
        assert "--data DIR" in done.stderr

    def test_a_wrong_folder(self, tmp_path: Path) -> None:
        done = run("uva_lab.py", "mlp", "--data", "nowhere", cwd=tmp_path)
        assert done.returncode == 1
        assert "nowhere: no such folder" in done.stderr
        assert "Traceback" not in done.stderr


# What each prints, in this order, and the figure that it draws.
MODELS = {
    "addition_lstm.py": (["80 sums to learn from", "% of 20 held-out sums right", "+"], True),
    "char_gpt.py": (["different ones", "training loss ", "held out loss "], True),
    "compare_torch.py": (["MLP, float64", "CNN with BatchNorm, float32", "transformer encoder, float32"], False),
    "maml.py": (["pretrained: ", "MAML: ", "error before adaptation", "after 10 steps"], True),
    "pinn.py": (["weights", "loss ", "relative error "], True),
    "reinforce.py": (["seed 0: ", "seed 1: ", "steps before learning"], True),
    "resnet_cifar.py": (["weights", "epoch 4: loss ", "test accuracy ", "after 4 epochs"], True),
    "vae.py": (["weights", "epoch 1: test loss ", "epoch 2: test loss ", "s a step of 128 images"], True),
}


def without(module: str, folder: Path) -> None:
    """Let programs that run in the folder, which is on their path, find no such module."""
    (folder / f"{module}.py").write_text(f"raise ModuleNotFoundError('No module named {module}')")


class TestModels:
    """What lies beyond the labs: examples/char_gpt.py and the other seven."""

    @pytest.mark.slow
    @pytest.mark.parametrize("name", MODELS)
    def test_every_run_says_its_figures_and_draws_them(self, name: str, tmp_path: Path) -> None:
        says, draws = MODELS[name]
        without("torch", tmp_path)
        done = run(name, "--quick", "--out", "pictures", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "Warning" not in done.stderr
        rest = done.stdout
        for text in says:
            assert text in rest, text
            rest = rest.split(text, 1)[1]
        figures = {p.name for p in (tmp_path / "pictures").glob("*.png")}
        assert figures == ({f"{Path(name).stem}.png"} if draws else set())

    def test_the_same_weights_read_back_give_the_same_bits(self, tmp_path: Path) -> None:
        without("torch", tmp_path)
        done = run("compare_torch.py", "--quick", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "PyTorch isn't installed" in done.stdout
        assert len(done.stdout.splitlines()) == 8
        for line in done.stdout.splitlines()[2:]:
            assert line.endswith(3 * "     0.0e+00")

    def test_the_comparison_says_what_to_install(self, tmp_path: Path) -> None:
        without("torch", tmp_path)
        done = run("compare_torch.py", cwd=tmp_path)
        assert done.returncode == 1
        assert done.stderr.splitlines() == ['PyTorch and safetensors are needed: pip install "tinygrad_lab[torch]"']

    @pytest.mark.torch
    def test_the_same_weights_give_the_same_in_pytorch(self, tmp_path: Path) -> None:
        done = run("compare_torch.py", "--quick", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        rows = [line.split() for line in done.stdout.splitlines()[1:7]]
        for bound, of_dtype in ((1e-13, rows[:3]), (1e-5, rows[3:])):
            assert all(0 <= float(number) < bound for row in of_dtype for number in row[-3:])
            assert all(float(row[-3]) > 0 for row in of_dtype), "the logits of two libraries differ in some bit"

    @pytest.mark.parametrize("name", ["resnet_cifar.py", "vae.py"])
    def test_without_data_it_says_how_to_get_them(self, name: str, tmp_path: Path) -> None:
        done = run(name, cwd=tmp_path)
        assert done.returncode == 1
        assert "--data DIR" in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_text_that_is_not_there_or_too_short(self, tmp_path: Path) -> None:
        (tmp_path / "short.txt").write_text("to be or not to be")
        for name, says in (("nowhere.txt", "no text that can be read"), ("short.txt", "too few")):
            done = run("char_gpt.py", "--data", name, cwd=tmp_path)
            assert done.returncode == 1
            assert f"{name}: " in done.stderr
            assert says in done.stderr
            assert "Traceback" not in done.stderr

    def test_the_table_has_every_example(self) -> None:
        shared, labs = {"images.py", "plots.py"}, {"dlp_lab.py", "ssu_lab.py", "uva_lab.py"}
        assert {p.name for p in EXAMPLES.glob("*.py")} == shared | labs | MODELS.keys()
