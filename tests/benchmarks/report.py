"""What was measured, and its tables in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

from .tasks import MEMORY_GOALS, MEMORY_TASK, TASKS

OWN = "tinygrad_lab"


@dataclass
class Report:
    """One run of the command."""

    machine: str
    rounds: int
    versions: dict[str, str]
    missing: list[str]
    seconds: dict[str, dict[str, list[float]]]
    """By task and framework: the median step of each round's turn, in seconds."""
    memory: dict[str, int] = field(default_factory=dict)
    """By framework: peak bytes of one step of `MEMORY_TASK`."""
    imports: dict[str, list[float]] = field(default_factory=dict)
    """By package: seconds to import it in a fresh process."""
    disagreements: list[str] = field(default_factory=list)


def spread(values: Sequence[float], unit: str = "") -> str:
    """The median and the quartiles, in three digits."""
    if len(values) < 2:
        return f"{digits(median(values))}{unit}"
    low, middle, high = map(digits, quantiles(values, n=4, method="inclusive"))
    return f"{middle}{unit} ({low} to {high})"


def digits(value: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{value:#.3g}".rstrip(".") if value < 1000 else f"{value:.0f}"


def duration(seconds: Sequence[float]) -> str:
    """Times in the unit of their median."""
    unit, scale = ("ms", 1e3) if median(seconds) >= 1e-3 else ("us", 1e6)
    return spread([scale * s for s in seconds], f" {unit}")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, its columns aligned for those who read the source."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    ruled = [header, ["-" * width for width in widths], *rows]
    return "\n".join("| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in ruled)


def medians(report: Report) -> str:
    """A row a task, a column a framework: the time of a step; and the row of peak memory."""
    rows = [
        [task, *(duration(times[name]) if name in times else "" for name in report.versions)]
        for task, times in report.seconds.items()
    ]
    if report.memory:
        peaks = (f"{report.memory[name] / 2**20:.2f} MiB" if name in report.memory else "" for name in report.versions)
        rows.append([f"{MEMORY_TASK}, peak memory", *peaks])
    return table(["one step", *report.versions], rows)


def ratios(report: Report) -> str:
    """Time of tinygrad_lab over each peer's in the same round; and the row of peak memory."""
    peers = [name for name in report.versions if name != OWN]

    def row(title: str, cells: Mapping[str, str], goals: Mapping[str, float]) -> list[str]:
        reach = ", ".join(f"{goal} x {peer}" for peer, goal in goals.items())
        return [title, *(cells.get(peer, "") for peer in peers), reach]

    rows = []
    for task, times in report.seconds.items():
        own = times[OWN]
        cells = {
            peer: spread([x / y for x, y in zip(own, times[peer], strict=True)]) for peer in peers if peer in times
        }
        rows.append(row(task, cells, TASKS[task].goals))
    if OWN in report.memory:
        own_peak = report.memory[OWN]
        cells = {peer: digits(own_peak / peak) for peer, peak in report.memory.items()}
        rows.append(row(f"{MEMORY_TASK}, peak memory", cells, MEMORY_GOALS))
    return table([f"{OWN} / peer", *peers, "to reach, at most"], rows)


def markdown(report: Report) -> str:
    """The whole report."""
    parts = []
    if OWN in report.versions and len(report.versions) > 1:
        parts.append(ratios(report))
    parts.append(medians(report))
    parts.append("\n".join(f"- `{task}`: {TASKS[task].title}" for task in report.seconds))
    if report.imports:
        shown = ", ".join(f"{name} {duration(times)}" for name, times in report.imports.items())
        parts.append(f"Import in a fresh process: {shown}.")
    parts.append(
        f"Medians over {report.rounds} rounds, with quartiles; a ratio is taken within each round. "
        f"{report.machine}; " + ", ".join(f"{name} {version}" for name, version in report.versions.items()) + "."
    )
    if report.missing:
        parts.append(f"Not installed: {', '.join(report.missing)} (extra `bench`).")
    if report.disagreements:
        parts.append("**The frameworks disagree.**\n\n- " + "\n- ".join(report.disagreements))
    elif len(report.versions) > 1:
        parts.append("Losses, gradients and updated weights agree between all of them.")
    return "\n\n".join(parts) + "\n"
