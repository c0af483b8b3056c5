"""Pages in headless Chromium."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def browser() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert found, "this test needs Chromium: apt-get install chromium"
    return found


def opened(path: Path, fragment: str, profile: Path) -> str:
    """The document after its scripts ran."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", f"--user-data-dir={profile}"]
    command = [browser(), *options, "--dump-dom", f"file://{path}#{fragment}"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    console = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    assert not console, "\n".join(console)
    return run.stdout
