"""The guides' programs print what the guides show."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_guide_is_up_to_date():
    command = [sys.executable, "docs/run.py", "--check", "docs/proving.md"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_guide_to_seeing_is_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    command = [sys.executable, str(ROOT / "docs/run.py"), "--check", str(ROOT / "docs/seeing.md")]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"abc.html", "network.txt"}
