"""The assignment on image classification: a perceptron, a deep one and a convolutional network on CIFAR-10.

    python examples/uva_lab.py mlp|deep|cnn|derivations [--data DIR] [--out DIR] [--steps N] [--quick]

mlp          3072-100-10, SGD: loss and accuracy over 1500 steps.
deep         3072-700-700-700-10, Adam, over 10,000 steps.
cnn          eight 3x3 convolutions with batch normalisation, five poolings, Adam, over 5000 steps.
derivations  the assignment's formulas against numeric derivatives (needs hypothesis).

Figures are drawn with matplotlib: pip install "tinygrad_lab[demo]".
"""

import argparse
import time
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from images import photographs
from plots import curves, save
from tqdm import tqdm

import tinygrad_lab as tg
import tinygrad_lab.nn.functional as F
from tinygrad_lab import nn, optim
from tinygrad_lab.testing.report import check_file
from tinygrad_lab.utils.data import DataLoader, TensorDataset

# ------------------------------------------------------------------------------ the assignment's modules


class MLP(nn.Sequential):
    """Linear layers with ReLU between them; MLP(3072, 100, 10) has 100 hidden units."""

    def __init__(self, *sizes):
        layers = [nn.Flatten()]
        for n_in, n_out in pairwise(sizes):
            layers += [nn.Linear(n_in, n_out), nn.ReLU()]
        super().__init__(*layers[:-1])


class CNN(nn.Sequential):
    """Convolutions of the given numbers of channels, each normalised and rectified; None is a pooling."""

    def __init__(self, *channels):
        layers, n_in = [], 3
        for n_out in channels:
            if n_out is None:
                layers.append(nn.MaxPool2d(3, stride=2, padding=1))
            else:
                layers += [nn.Conv2d(n_in, n_out, 3, padding=1), nn.BatchNorm2d(n_out), nn.ReLU()]
                n_in = n_out
        super().__init__(*layers, nn.Flatten(), nn.Linear(n_in, 10))


# ------------------------------------------------------------------------------ training


def train(name, model, optimizer, args, *, batch_size, steps, every):
    """Train for so many steps; test at every so many. Draws and prints loss and accuracies."""
    steps, every = (12, 4) if args.quick else (args.steps or steps, every)
    x, t, x_test, t_test = images(args)
    loader = DataLoader(TensorDataset(x, t), batch_size=batch_size, shuffle=True, drop_last=True)
    batches = (batch for _ in range(steps) for batch in loader)
    at, losses, accuracies, seconds = [], [], {"training batches": [], "test": []}, 0
    recent = []
    progress = tqdm(range(1, steps + 1), desc=name, unit="step")
    for step, (x, t) in zip(progress, batches):
        start = time.perf_counter()
        optimizer.zero_grad()
        y = model(x)
        loss = F.cross_entropy(y, t)
        loss.backward()
        optimizer.step()
        seconds += time.perf_counter() - start
        recent.append((loss.item(), (y.argmax(dim=1) == t).double().mean().item()))
        if step % every == 0 or step == steps:
            at.append(step)
            losses.append(np.mean(recent, axis=0)[0])
            accuracies["training batches"].append(100 * np.mean(recent, axis=0)[1])
            accuracies["test"].append(100 * accuracy(model, x_test, t_test))
            progress.write(f"{name}: step {step}: loss {losses[-1]:.4f}, test accuracy {accuracies['test'][-1]:.2f} %")
            recent = []
            draw(name, at, losses, accuracies, args)
    end, best = accuracies["test"][-1], max(accuracies["test"])
    print(f"{name}: test accuracy {end:.2f} % at the end, {best:.2f} % at its best; {seconds / steps:.3f} s a step")
    print(f"wrote {args.out / name}.png")


@tg.no_grad()
def accuracy(model, x, t):
    """The share of images whose class the model gives the greatest logit."""
    model.eval()
    hits = [model(x[i : i + 250]).argmax(dim=1) == t[i : i + 250] for i in range(0, len(x), 250)]
    model.train()
    return tg.cat(hits).double().mean().item()


def draw(name, at, losses, accuracies, args):
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    if len(at) > 1:
        curves(left, {"": losses}, "training loss", at=at, over="step")
        curves(right, accuracies, "accuracy, %", at=at, over="step")
    save(figure, args.out / f"{name}.png", quiet=True)


# ------------------------------------------------------------------------------ experiments


def mlp(args):
    """Test accuracy at least 0.45 at the end and 0.49 at its best."""
    tg.manual_seed(42)
    model = MLP(3072, 100, 10)
    train("mlp", model, optim.SGD(model.parameters(), lr=0.05), args, batch_size=200, steps=1500, every=100)


def deep(args):
    """Test accuracy from 0.52 to 0.53 at the end, 0.54 at its best."""
    tg.manual_seed(42)
    model = MLP(3072, *(3 * [50 if args.quick else 700]), 10)
    train("deep", model, optim.Adam(model.parameters(), lr=1e-3), args, batch_size=200, steps=10_000, every=500)


def cnn(args):
    """Test accuracy 0.76."""
    tg.manual_seed(42)
    w = 4 if args.quick else 64
    model = CNN(w, None, 2 * w, None, 4 * w, 4 * w, None, 8 * w, 8 * w, None, 8 * w, 8 * w, None)
    train("cnn", model, optim.Adam(model.parameters(), lr=1e-4), args, batch_size=32, steps=5000, every=250)


def derivations(args):
    check_file(str(Path(__file__).parent / "derivations" / "uva.py"), 20 if args.quick else 100)


def images(args):
    """Images of unit variance in each channel and their classes, to train on and to test with."""
    (pixels, labels), (pixels_test, labels_test) = photographs(args, 400, 200)
    mean = pixels.mean(axis=(0, 2, 3), keepdims=True, dtype=np.float64).astype(np.float32)
    std = pixels.std(axis=(0, 2, 3), keepdims=True, dtype=np.float64).astype(np.float32)
    x, x_test = (tg.tensor((p - mean) / std) for p in (pixels, pixels_test))
    return x, tg.tensor(labels), x_test, tg.tensor(labels_test)


RUNS = {f.__name__: f for f in (mlp, deep, cnn, derivations)}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", choices=RUNS, help="the experiment; by default all")
    parser.add_argument("--data", type=Path, metavar="DIR", help="the folder with CIFAR-10's files")
    parser.add_argument("--out", type=Path, metavar="DIR", default=Path("uva-lab"), help="for figures")
    parser.add_argument("--steps", type=int, metavar="N", help="train for N steps")
    parser.add_argument("--quick", action="store_true", help="few steps of small networks on made-up images")
    args = parser.parse_args()
    plt.switch_backend("agg")
    for name in [args.run] if args.run else RUNS:
        RUNS[name](args)
