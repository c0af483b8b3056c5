"""The command `tinygrad-lab`, and what the demo writes."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import pytest

from tinygrad_lab import cli

pytest.importorskip("matplotlib")
pytest.importorskip("tqdm")

PLOTS = ("convergence", "regions", "amplitudes")
GRAPHS = ("forward", "step")


class Finished(NamedTuple):
    """A quick demo into a folder in use: where, and what it printed."""

    folder: Path
    out: str
    err: str


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("demo")
    (folder / "report.html").write_text("of an earlier run")
    (folder / "mine.txt").write_text("kept")
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        assert cli.main(["demo", "--quick", "--out", str(folder)]) == 0
    return Finished(folder, out.getvalue(), err.getvalue())


class Page(HTMLParser):
    """The tags of a page, whether each is closed, and every place that it would load something from."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.loads: list[str] = []
        self.feed(text)
        self.close()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in ("meta", "img"):
            self.open.pop()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "img"):
            self.open.append(tag)
        self.loads += [v for k, v in attrs if k in ("src", "href", "xlink:href", "data") and v]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another tag"


def test_every_file_is_there(finished: Finished) -> None:
    wanted = {"results.json", "results.csv", "history.csv", "report.html"}
    wanted |= {f"{name}.{suffix}" for name in PLOTS for suffix in ("svg", "png")}
    wanted |= {f"{name}.{suffix}" for name in GRAPHS for suffix in ("svg", "dot")}
    assert {path.name for path in finished.folder.iterdir()} == {*wanted, "mine.txt"}
    assert all(path.stat().st_size for path in finished.folder.iterdir())


def test_the_report_stands_alone(finished: Finished) -> None:
    text = (finished.folder / "report.html").read_text(encoding="utf-8")
    assert not re.findall(r"https?:|@import|url\((?!#)", text), "it loads something from elsewhere"
    page = Page(text)
    assert not page.open, "unclosed tags"
    assert all(place.startswith(("data:", "#")) for place in page.loads)
    assert page.tags.count("figure") == len(PLOTS) + len(GRAPHS)
    assert page.tags.count("img") == len(PLOTS)
    assert page.tags.count("svg") == len(GRAPHS)
    assert "math" in page.tags


def test_ids_of_the_report_are_unique(finished: Finished) -> None:
    ids = re.findall(r'\bid="([^"]*)"', (finished.folder / "report.html").read_text(encoding="utf-8"))
    assert len(ids) == len(set(ids)) > 0


def test_results_agree(finished: Finished) -> None:
    results = json.loads((finished.folder / "results.json").read_text())
    with open(finished.folder / "results.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(finished.folder / "history.csv", newline="") as file:
        history = list(csv.DictReader(file))
    assert [run["learning_rate"] for run in results] == [0.2, 1.0, 5.0]
    assert len(history) == sum(run["epochs"] + 1 for run in results)
    for run, row in zip(results, rows, strict=True):
        last = [h for h in history if float(h["learning_rate"]) == run["learning_rate"]][-1]
        for name in ("train_loss", "train_accuracy", "test_loss", "test_accuracy"):
            assert run[name] == float(row[name]) == float(last[name])


def test_the_table_is_printed(finished: Finished) -> None:
    lines = finished.out.splitlines()
    assert "learning rate" in lines[0]
    assert [line.split()[0] for line in lines[1:4]] == ["0.2", "1", "5"]
    assert str(finished.folder / "report.html") in finished.out
    assert "100%" in finished.err, "the progress bar"


def test_a_folder_in_use_is_fine(finished: Finished) -> None:
    assert (finished.folder / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert (finished.folder / "mine.txt").read_text() == "kept"


def test_without_graphviz_all_else_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    assert cli.main(["demo", "--quick", "--out", str(tmp_path)]) == 0
    assert 'pip install "tinygrad_lab[render]"' in capsys.readouterr().out
    names = {path.name for path in tmp_path.iterdir()}
    assert {"forward.dot", "step.dot", "report.html"} <= names
    assert not {"forward.svg", "step.svg"} & names
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "step.dot" in page
    assert "tinygrad_lab[render]" in page


@pytest.mark.parametrize("missing", ["matplotlib", "tqdm"])
def test_without_an_extra_the_cure_is_named(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    assert cli.main(["demo", "--out", str(tmp_path / "new")]) == 1
    assert 'pip install "tinygrad_lab[demo]"' in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        assert cli.main(["demo", "--quick", "--out", str(out)]) == 1
        said = capsys.readouterr().err
        assert f"demo: {out} isn't a folder, or lies below a file; name a folder" in said
        assert "epoch" not in said  # nothing was trained


def test_a_folder_that_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)  # who runs the tests may be allowed everything
    assert cli.main(["demo", "--quick", "--out", str(tmp_path)]) == 1
    assert f"demo: {tmp_path} is a folder that you can't write to; name another" in capsys.readouterr().err


def test_an_interrupted_command_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tinygrad_lab.demo.demo", interrupted)
    assert cli.main(["demo"]) == 130
    assert capsys.readouterr().err == "\ntinygrad-lab demo: interrupted\n"


def test_help_and_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main([])
    assert stop.value.code == 2
    with pytest.raises(SystemExit) as stop:
        cli.main(["demo", "--help"])
    assert stop.value.code == 0
    assert "tinygrad-lab-demo" in capsys.readouterr().out
