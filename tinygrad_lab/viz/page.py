"""A record as one page."""

from .palette import Theme
from .record import Record


def to_html(found: Record, theme: Theme = "light", title: str = "graph") -> str:
    """Soon."""
    return found.to_json()
