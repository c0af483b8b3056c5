"""The guide's programs print what the guide shows."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_guide_is_up_to_date():
    command = [sys.executable, "docs/run.py", "--check", "docs/proving.md"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr
