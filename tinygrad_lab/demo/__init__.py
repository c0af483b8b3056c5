"""The demo: three training runs, and a lab report of them."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import viz
from ..autograd import grad
from ..graph import no_grad
from ..nn import functional as F
from ..viz.drawing import write
from . import figures, page
from .train import COLUMNS, EPOCHS, RATES, SIZES, Data, Run, load, network, train

__all__ = ["demo"]

QUICK_EPOCHS = 100


def demo(out: Path, quick: bool = False) -> None:
    """Train the three runs, write the report and everything in it to the folder `out`, print the table.

    Files of earlier runs are replaced, each as a whole.

    Args:
        out: made if it isn't there.
        quick: 100 epochs instead of 1000, to see that everything works.

    Raises:
        ImportError: matplotlib or tqdm isn't installed.
        OSError: `out` isn't a folder, or can't be made or written to.
    """
    figures.require()
    from tqdm import tqdm

    _make(out)
    data = load()
    epochs = QUICK_EPOCHS if quick else EPOCHS
    with tqdm(total=len(RATES) * epochs, unit="epoch", desc="training") as bar:
        runs = [train(rate, epochs, data, bar.update) for rate in RATES]
    for name, content in _files(runs, data, out):
        write(out / name, content)
    print(table(runs))
    print(f"\nThe report is {out / 'report.html'}")


def _make(out: Path) -> None:
    """The folder `out`, made if it isn't there, before any time is spent on what goes into it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise NotADirectoryError(f"{out} isn't a folder, or lies below a file; name a folder for the report") from None
    if not os.access(out, os.W_OK | os.X_OK):
        raise PermissionError(f"{out} is a folder that you can't write to; name another")


def table(runs: Sequence[Run]) -> str:
    """The results as text."""
    lines = ["learning rate   train loss  accuracy   test loss  accuracy   hidden units alive"]
    for run in runs:
        shown = [
            f"{run.rate:13g}",
            f"{run.final('train_loss'):11.4f}",
            f"{page.percent(run.final('train_accuracy')):>8}",
            f"{run.final('test_loss'):10.4f}",
            f"{page.percent(run.final('test_accuracy')):>8}",
            f"{run.alive:12d} of {SIZES[1]}",
        ]
        lines.append("  ".join(shown))
    return "\n".join(lines)


def _files(runs: Sequence[Run], data: Data, out: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file; the report comes last, when all that it shows is there."""
    yield "results.json", (json.dumps(_results(runs), indent=2) + "\n").encode()
    yield (
        "results.csv",
        _csv(
            ["learning_rate", *COLUMNS[:4], "alive"],
            [[run.rate, *map(run.final, COLUMNS[:4]), run.alive] for run in runs],
        ),
    )
    yield (
        "history.csv",
        _csv(
            ["learning_rate", "epoch", *COLUMNS],
            [[run.rate, epoch, *row.tolist()] for run in runs for epoch, row in enumerate(run.history)],
        ),
    )

    shown = {}
    plots = {
        "convergence": (figures.convergence(runs), *_CONVERGENCE),
        "regions": (figures.regions(runs, data), *_REGIONS),
        "amplitudes": (figures.amplitudes(runs), *_AMPLITUDES),
    }
    for name, (figure, alt, caption) in plots.items():
        yield f"{name}.png", figures.picture(figure, "png")
        yield f"{name}.svg", (svg := figures.picture(figure, "svg"))
        shown[name] = page.image(svg, alt, caption)

    for name, (drawing, caption) in _drawings(data).items():
        yield f"{name}.dot", drawing.source.encode()
        try:
            yield f"{name}.svg", (svg := drawing.render("svg"))
        except ImportError as error:
            print(f"{name}.svg is left out, {name}.dot is there: {error}")
            shown[name] = page.missing_drawing(str(error), f"{name}.dot")
        else:
            shown[name] = page.drawing(svg, name, caption)
    yield "report.html", page.page(runs, shown, _check(data)).encode()


def _drawings(data: Data) -> dict[str, tuple[viz.Drawing, str]]:
    """The graph of the first step's forward pass, and that of forward and backward pass."""
    model = network()
    logits = model(data.x)
    loss = F.cross_entropy(logits, data.t)
    parameters = dict(model.named_parameters())
    names = {**parameters, "x": data.x, "target": data.t, "logits": logits, "loss": loss}
    gradients = grad(loss, list(parameters.values()), create_graph=True)
    names |= {f"∂loss/∂{name}": g for name, g in zip(parameters, gradients, strict=True) if g is not None}
    return {
        "forward": (viz.draw(loss, names, direction="LR", fold=False, legend=False), _FORWARD),
        "step": (
            viz.draw([loss, *(g for g in gradients if g is not None)], names, limit=None, fold=False, legend=False),
            _STEP,
        ),
    }


def _check(data: Data) -> page.Check:
    """Three opinions on the gradient of one point's loss for its logits."""
    with no_grad():
        s = network()(data.x_test[:1])
    t = data.t_test[:1]
    logits = s.detach().requires_grad_()
    F.cross_entropy(logits, t).backward()
    assert logits.grad is not None
    h = 1e-5
    steps = h * np.eye(SIZES[-1])
    difference = [
        (F.cross_entropy(s + step, t).item() - F.cross_entropy(s - step, t).item()) / (2 * h) for step in steps
    ]
    return {
        "s": s[0].tolist(),
        "p": s.softmax(dim=1)[0].tolist(),
        "t": np.eye(SIZES[-1])[t.item()].tolist(),
        "backward": logits.grad[0].tolist(),
        "difference": difference,
    }


def _results(runs: Sequence[Run]) -> list[dict[str, Any]]:
    return [
        {
            "learning_rate": run.rate,
            "epochs": run.epochs,
            **{name: run.final(name) for name in COLUMNS},
            **{f"{name}_at_start": float(run.curve(name)[0]) for name in COLUMNS[4:]},
            "hidden_units_alive": run.alive,
            "seconds": round(run.seconds, 3),
        }
        for run in runs
    ]


def _csv(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([head, *rows])
    return text.getvalue().encode()


_CONVERGENCE = (
    "Loss and accuracy over the epochs for learning rates 0.2, 1 and 5.",
    "<b>Figure 1.</b> Loss (on a logarithmic axis) and accuracy after each epoch, on the training "
    "points (solid) and on the test points (dashed).",
)
_REGIONS = (
    "The plane coloured by the arm that each network predicts, with the test points.",
    "<b>Figure 2.</b> What each network predicts after the last epoch: the plane takes the colour of "
    "the most probable arm. Markers are the test points in the colour of their true arm; those with "
    "a black outline are wrong.",
)
_AMPLITUDES = (
    "The mean weight amplitude of both layers over the epochs, relative to before training.",
    "<b>Figure 3.</b> The mean of |<i>W</i>| of each layer, divided by its value before training. "
    "The weights of a network that learns grow; at lr 5 they jump in the first steps and then stand "
    "still, because no gradient reaches them any more.",
)
_FORWARD = (
    '<b>Figure 4.</b> The forward pass of one step. <span class="key leaf">Parameters</span> ask for '
    'their gradient, <span class="key constant">constants</span> don’t; every '
    '<span class="key op">operation</span> shows the shape of its result. The loss has a thick border.'
)
_STEP = (
    "<b>Figure 5.</b> The whole step: the forward pass in blue as in figure 4, "
    '<span class="key back">the backward pass</span> in green with a dashed border. Its results, with '
    "thick borders, are the gradients that gradient descent subtracts from the parameters. The constants "
    "on the way are the one-hot target and the 1/300 of the mean."
)
