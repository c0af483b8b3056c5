"""Getting the official files of a data set, with a progress bar, and checking their MD5 sums."""

from __future__ import annotations

from pathlib import Path


def fetch(who: str, url: str, md5: str, folder: Path) -> Path:
    """The file at `url`, in `folder` under its own name; what is there already with that sum isn't fetched again.

    Raises:
        ImportError: pooch or tqdm isn't installed (the extra `data`).
        ValueError: the file that was fetched has another sum.
    """
    try:
        import pooch
        import tqdm  # noqa: F401  # pooch draws its progress bar with it
    except ImportError as error:
        raise ImportError(f'{who}: download=True needs pooch and tqdm; pip install "tinygrad_lab[data]"') from error
    name = url.rpartition("/")[2]
    return Path(pooch.retrieve(url, f"md5:{md5}", fname=name, path=folder, progressbar=True))
