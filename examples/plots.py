"""What the labs and the other examples share: curves named at their ends, the plane coloured by class, and options."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinygrad_lab as tg

# Okabe and Ito's colours, which colour-blind people can tell apart.
CLASSES = np.array(["#e69f00", "#56b4e9", "#cc79a7"])
CURVES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#000000"]


def curves(axes, named, label, *, at=None, over="epoch", log=False):
    """Curves over the epochs, or over `at`, their names written at their ends."""
    for values, color in zip(named.values(), CURVES):
        at = range(len(values)) if at is None else at
        axes.plot(at, values, color=color)
    axes.set(xlabel=over, ylabel=label, xlim=(at[0], at[-1]), yscale="log" if log else "linear")
    axes.spines[["top", "right"]].set_visible(False)
    ends = axes.transData.transform([(at[-1], values[-1]) for values in named.values()])
    heights = axes.transAxes.inverted().transform(ends)[:, 1]
    for name, height, color in zip(named, spread(heights, 0.06), CURVES):
        axes.text(1.02, height, name, color=color, va="center", transform=axes.transAxes)


def spread(heights, gap):
    """The heights, moved until any two are `gap` apart."""
    order = np.argsort(heights, kind="stable")
    heights = heights[order]
    for _ in range(100):
        push = np.maximum(0, gap - np.diff(heights)) / 2
        heights[1:] += push
        heights[:-1] -= push
    return heights[np.argsort(order)]


def plane(axes, classify, points, labels, edge):
    """The plane coloured by `classify(points)`, with points in the colours of `labels`; None: a plane left white."""
    if classify is not None:
        side = np.linspace(*edge, 300)
        with tg.no_grad():
            predicted = classify(np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)).reshape(300, 300)
        colours = plt.matplotlib.colors.to_rgba_array(CLASSES)
        axes.imshow(colours[predicted] * [1, 1, 1, 0.35], extent=(*edge, *edge), origin="lower")
    axes.scatter(*points.T, s=24, color=CLASSES[labels], edgecolor="black", linewidth=0.5)
    axes.set(xlabel="$x_1$", ylabel="$x_2$", xlim=edge, ylim=edge, aspect="equal")


def save(figure, path, *, quiet=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    plt.close(figure)
    if not quiet:
        print(f"wrote {path}")


def options(doc, quick, **numbers):
    """A parser with what every example takes: --out and --quick, and numbers with their defaults and meanings."""
    plt.switch_backend("agg")
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, metavar="DIR", default=Path("example-pictures"), help="for the figure")
    parser.add_argument("--quick", action="store_true", help=quick)
    for name, (default, meaning) in numbers.items():
        parser.add_argument(
            f"--{name}", type=int, metavar="N", default=default, help=f"{meaning}; by default {default}"
        )
    return parser
