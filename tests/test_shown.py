"""The commands that look at a user's file: `tinygrad-lab derive` and `tinygrad-lab draw`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tinygrad_lab import cli

PROGRAM = """\
from beside import number
import tinygrad_lab as tg
from tinygrad_lab import nn

x = tg.tensor([[1.0, 2.0]])
W = tg.tensor([[0.5], [number]], requires_grad=True)
loss = ((x @ W) ** 2).sum()
model = nn.Sequential(nn.Linear(2, 3), nn.Tanh())


def hidden():
    h = tg.sigmoid(x @ W)
    return h.sum()


def of_model():
    return model(x).sum(), model


def with_names(scale=2.0):
    w = tg.ones(2, requires_grad=True)
    return (w * scale).exp().sum(), {"weights": w}


def needs(an_argument):
    return an_argument


def wrong():
    return loss @ x


def text():
    return "loss"


if __name__ == "__main__":
    raise AssertionError("it isn't run as a program")
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(PROGRAM)
    (tmp_path / "beside.py").write_text("number = -1.0\n")
    yield path
    sys.modules.pop("beside", None)


def shown(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    assert cli.main(list(args)) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    assert cli.main(list(args)) == 1
    printed = capsys.readouterr()
    assert not printed.out
    return printed.err


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("loss", "∂loss/∂W = 2 xᵀ z\n"),
        ("hidden", "∂L/∂W = xᵀ (h ⊙ (1 − h))\n"),
        ("with_names", "∂L/∂weights = 2 u\n"),
    ],
)
def test_a_tensor_or_a_function_is_derived(
    name: str, ends: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(capsys, "derive", f"{file}::{name}")
    assert ends in re.sub(r" +", " ", text.split("Result")[1])
    assert str(file.parent.resolve()) not in sys.path


def test_parameters_have_their_paths(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "derive", f"{file}::of_model", "--wrt", "0.bias", "--values")
    assert "∂L/∂b = 1ᵀ (1 − h²)" in text
    assert "0.weight; " in text


def test_every_format_and_file(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = f"{file}::loss"
    assert r"\begin{align*}" in shown(capsys, "derive", target, "--format", "latex")
    assert "$$" in shown(capsys, "derive", target, "--format", "markdown")
    assert "<math" in shown(capsys, "derive", target, "--format", "html")
    for name, inside in (("a.html", "<math"), ("a.tex", r"\documentclass"), ("a.txt", "∂loss/∂W"), ("a.md", "$$")):
        assert shown(capsys, "derive", target, "-o", str(tmp_path / name)) == f"wrote {tmp_path / name}\n"
        assert inside in (tmp_path / name).read_text(encoding="utf-8")
    shown(capsys, "derive", target, "-o", str(tmp_path / "note"), "--format", "markdown")
    assert "$$" in (tmp_path / "note").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("args", "inside"),
    [
        (["-o", "a.txt"], "tanh"),
        (["-o", "a.txt", "--depth", "0"], "0 · affine  (9 parameters; 1 × 3)"),
        (["-o", "a.dot", "--direction", "LR", "--theme", "dark"], "rankdir=LR"),
        (["-o", "a.txt", "--view", "overlay"], "gradient"),
        (["-o", "a.txt", "--view", "backward"], "∂/∂0.weight"),
    ],
)
def test_a_graph_is_drawn(
    args: list[str], inside: str, file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    assert shown(capsys, "draw", f"{file}::of_model", *args) == f"wrote {args[1]}\n"
    assert inside in Path(args[1]).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [["derive"], ["draw", "-o", "never.txt"]])
def test_what_it_cannot_show_it_says(command: list[str], file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = "it has W, loss, hidden, of_model, with_names, wrong, text"
    assert f"without arguments for 'losses'; {there}" in refused(capsys, *command, f"{file}::losses")
    assert "for a name, as in FILE.py::loss" in refused(capsys, *command, str(file))
    assert "for 'needs'" in refused(capsys, *command, f"{file}::needs")
    assert "must return a tensor, or a tensor and names" in refused(capsys, *command, f"{file}::text")
    assert "there is no file" in refused(capsys, *command, f"{file.parent / 'other.py'}::loss")
    assert not Path("never.txt").exists()


def test_bad_arguments_are_explained(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = f"{file}::loss"
    assert "no tensor named 'V'; named are W" in refused(capsys, "derive", target, "--wrt", "V")
    assert "has no gradient with respect to x" in refused(capsys, "derive", target, "--wrt", "x")
    assert "more than limit=1" in refused(capsys, "derive", target, "--limit", "1")
    assert "must end in" in refused(capsys, "derive", target, "-o", str(tmp_path / "a.docx"))
    assert "must end in" in refused(capsys, "draw", target, "-o", str(tmp_path / "a.docx"))


def test_an_error_in_the_file_is_shown_from_its_own_line_on(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, "derive", f"{file}::wrong")
    lines = said.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].strip() == f'File "{file}", line 30, in wrong'
    assert "matmul" in lines[-1]
    file.write_text("import tinygrad_lab as tg\n1 / 0\n")
    for command in (["derive"], ["draw", "-o", "never.txt"], ["check"]):
        said = refused(capsys, *command, f"{file}::wrong")
        assert said.splitlines()[1].strip() == f'File "{file}", line 2, in <module>'
        assert said.splitlines()[-1] == "ZeroDivisionError: division by zero"


def test_help_says_what_a_name_may_be(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("derive", "draw"):
        with pytest.raises(SystemExit) as stop:
            cli.main([command, "--help"])
        assert stop.value.code == 0
        assert "a function in it without arguments" in " ".join(capsys.readouterr().out.split())
