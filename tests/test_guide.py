"""The guides' programs print what the guides show."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("page", ["deriving.md", "proving.md", "seeing.md", "training.md"])
def test_a_guide_is_up_to_date_and_leaves_nothing_behind(page: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    command = [sys.executable, str(ROOT / "docs/run.py"), "--check", str(ROOT / "docs" / page)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert not list(tmp_path.iterdir())
