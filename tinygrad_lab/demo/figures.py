"""The figures of the demo, drawn with matplotlib."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..creation import tensor
from ..graph import no_grad
from .train import SIZES, Data, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which colour-blind people can tell apart: three for the learning rates,
# three others for the arms of the spirals.
RATE_COLOURS = ("#0072b2", "#009e73", "#d55e00")
ARM_COLOURS = ("#e69f00", "#56b4e9", "#cc79a7")
ARM_MARKERS = ("o", "s", "^")

_DASHES = (0, (2.5, 1.2))

_STYLE: Any = {
    "font.size": 10,
    "font.family": "DejaVu Sans",
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "svg.hashsalt": "tinygrad_lab",
    "figure.constrained_layout.use": True,
}


def require() -> None:
    """Say at once if what draws the figures isn't installed.

    Raises:
        ImportError: names the extra that brings it.
    """
    try:
        import matplotlib  # noqa: F401
        import tqdm  # noqa: F401
    except ImportError as error:
        raise ImportError(f'the demo needs {error.name}: pip install "tinygrad_lab[demo]"') from error


@contextlib.contextmanager
def _figure(*args: Any, **kwargs: Any) -> Iterator[tuple[Figure, Any]]:
    """A figure and its axes in the demo's style, drawn without a display."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=kwargs.pop("figsize"))
        FigureCanvasAgg(figure)
        yield figure, figure.subplots(*args, **kwargs)


def picture(figure: Figure, format: str) -> bytes:
    """The figure as "svg" or "png", the same bytes for the same figure."""
    content = io.BytesIO()
    metadata = {"Date": None} if format == "svg" else {"Software": None}
    figure.savefig(content, format=format, dpi=200, metadata=metadata)
    return content.getvalue()


def _name_ends(axes: Axes, curves: Sequence[tuple[str, float, str]], gap: float = 0.075) -> None:
    """Write names at the right ends of curves, moved until they are `gap` of the axis' height apart."""
    scale = np.log if axes.get_yscale() == "log" else np.asarray
    low, high = scale(axes.get_ylim())
    curves = sorted(curves, key=lambda curve: curve[1])
    heights = (scale([y for _, y, _ in curves]) - low) / (high - low)
    for _ in range(100):
        push = np.maximum(0, gap - np.diff(heights)) / 2
        heights[1:] += push
        heights[:-1] -= push
    for (text, _, colour), height in zip(curves, heights, strict=True):
        axes.text(1.02, height, text, color=colour, transform=axes.transAxes, va="center")


def convergence(runs: Sequence[Run]) -> Figure:
    """Loss and accuracy of every run, epoch by epoch, on training and test points."""
    with _figure(1, 2, figsize=(9.6, 3.5)) as (figure, (left, right)):
        for axes, quantity, scale in ((left, "loss", 1), (right, "accuracy", 100)):
            ends = []
            for run, colour in zip(runs, RATE_COLOURS, strict=True):
                train, test = (scale * run.curve(f"{part}_{quantity}") for part in ("train", "test"))
                axes.plot(train, color=colour, lw=1.6)
                axes.plot(test, color=colour, lw=1, ls=_DASHES)
                ends.append((f"lr {run.rate:g}", train[-1], colour))
            axes.set_xlim(0, runs[0].epochs)
            axes.set_xlabel("epoch")
            if quantity == "loss":
                axes.set_title("Cross-entropy loss")
                axes.set_yscale("log")
                axes.yaxis.set_major_formatter("{x:g}")
                axes.plot([], [], color="#505050", lw=1.6, label="training points")
                axes.plot([], [], color="#505050", lw=1, ls=_DASHES, label="test points")
                axes.legend(frameon=False, labelcolor="#505050", loc="upper right")
            else:
                axes.set_title("Accuracy, %")
                axes.set_ylim(0, 102)
            _name_ends(axes, ends)
        return figure


def regions(runs: Sequence[Run], data: Data) -> Figure:
    """The plane coloured by predicted arm, with the test points; those that are wrong stand out."""
    edge = 2.9
    side = np.linspace(-edge, edge, 480)
    grid = tensor(np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2))
    points, truth = data.x_test.numpy(), data.t_test.numpy()
    pale = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in ARM_COLOURS]) * 0.35 + 255 * 0.65
    with _figure(1, len(runs), figsize=(9.6, 3.55), sharey=True) as (figure, panels):
        for axes, run in zip(panels, runs, strict=True):
            with no_grad():
                plane = run.model(grid).argmax(dim=1).numpy().reshape(len(side), -1)
                found = run.model(data.x_test).argmax(dim=1).numpy()
            axes.imshow(
                pale.astype(np.uint8)[plane],
                extent=(-edge, edge, -edge, edge),
                origin="lower",
                interpolation="nearest",
            )
            for arm, (colour, marker) in enumerate(zip(ARM_COLOURS, ARM_MARKERS, strict=True)):
                for wrong in (False, True):
                    chosen = (truth == arm) & ((found != arm) == wrong)
                    axes.scatter(
                        *points[chosen].T,
                        s=16,
                        marker=marker,
                        color=colour,
                        edgecolor="black" if wrong else "white",
                        linewidth=0.9 if wrong else 0.4,
                    )
            axes.set_title(f"lr {run.rate:g}: {100 * run.final('test_accuracy'):.1f} % right")
            axes.grid(False)
            axes.set_xlabel("$x_1$")
        panels[0].set_ylabel("$x_2$")
        return figure


def amplitudes(runs: Sequence[Run]) -> Figure:
    """The mean of |W| of each layer over the epochs, relative to its value before training."""
    with _figure(1, len(SIZES) - 1, figsize=(9.6, 3.3), sharey=True) as (figure, panels):
        ends: dict[Axes, list[tuple[str, float, str]]] = {axes: [] for axes in panels}
        for i, axes in enumerate(panels, 1):
            for run, colour in zip(runs, RATE_COLOURS, strict=True):
                curve = run.curve(f"amplitude_{i}") / run.curve(f"amplitude_{i}")[0]
                axes.plot(curve, color=colour, lw=1.6)
                ends[axes].append((f"lr {run.rate:g}", curve[-1], colour))
            axes.set_xlim(0, runs[0].epochs)
            axes.set_xlabel("epoch")
            axes.set_title(f"Layer {i}: $\\overline{{|W|}}$, relative to before training")
        for axes in panels:  # the y axis is shared, so its limits are known when all is drawn
            _name_ends(axes, ends[axes])
        return figure
