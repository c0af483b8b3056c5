"""The lab on a network by hand: two layers of sigmoids, five experiments, and what its report derives.

    python examples/dlp_lab.py linear|xor|rates|units|identity|derivations [--out DIR] [--quick]

linear       2-10-10-1 on 100 points on the two sides of a line: truth, prediction, learning curve.
xor          2-100-100-1 on the two diagonals of a square: the same.
rates        the first at three learning rates: their loss curves.
units        both with 2 to 100 hidden units: accuracy.
identity     both without the hidden sigmoids: only the line can be learnt.
derivations  the report's formulas, right and wrong, against numeric derivatives (needs hypothesis).

Figures are drawn with matplotlib: pip install "tinygrad_lab[demo]".
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from plots import curves, plane, save
from tqdm import tqdm

import tinygrad_lab as tg
from tinygrad_lab import datasets, nn, optim
from tinygrad_lab.testing.report import check_file

# ------------------------------------------------------------------------------ the lab's modules


class Layer(nn.Module):
    """`x W` for rows x, with W of shape (n_in, n_out) and no bias; W is standard normal."""

    def __init__(self, n_in, n_out, rng):
        super().__init__()
        self.W = nn.Parameter(rng.standard_normal((n_in, n_out)))

    def forward(self, x):
        return x @ self.W


class Sigmoid(nn.Module):
    """1 / (1 + exp(-z))."""

    def forward(self, z):
        return tg.sigmoid(z)


class Network(nn.Sequential):
    """2-n-n-1, a sigmoid after each layer; or after the last one only."""

    def __init__(self, n, hidden=Sigmoid):
        rng = np.random.RandomState(1234)
        super().__init__(Layer(2, n, rng), hidden(), Layer(n, n, rng), hidden(), Layer(n, 1, rng), Sigmoid())

    def classify(self, points):
        """1 where the network gives more than 1/2, else 0."""
        return (self(tg.tensor(points)).numpy()[:, 0] > 0.5).astype(int)


class BinaryCrossEntropy(nn.Module):
    """-sum t ln y + (1 - t) ln(1 - y), over all the data."""

    def forward(self, y, t):
        return tg.nn.functional.binary_cross_entropy(y, t, reduction="sum")


# ------------------------------------------------------------------------------ training

SETS = {"linear": datasets.linear, "xor": datasets.xor_diagonal}
RATE = {"linear": 1e-2, "xor": 2e-2}
UNITS = {"linear": 10, "xor": 100}


def train(name, epochs, *, units=None, lr=None, hidden=Sigmoid):
    """Whole-batch gradient descent on one of the sets. Returns network, loss before each step, accuracy at the end."""
    points, labels = SETS[name]()
    x, t = tg.tensor(points).double(), tg.tensor(labels).double().unsqueeze(1)
    network, loss_fn = Network(units or UNITS[name], hidden), BinaryCrossEntropy()
    optimizer = optim.SGD(network.parameters(), lr=lr or RATE[name])
    losses = []
    for _ in tqdm(range(epochs), desc=name, unit="epoch", leave=False):
        optimizer.zero_grad()
        loss = loss_fn(network(x), t)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with tg.no_grad():
        return network, losses, np.mean(network.classify(x.numpy()) == labels)


# ------------------------------------------------------------------------------ experiments


def linear(args):
    """Accuracy 1.00 after 3000 epochs."""
    learn("linear", args)


def xor(args):
    """Accuracy 1.00 after 3000 epochs."""
    learn("xor", args)


def learn(name, args):
    network, losses, accuracy = train(name, args.epochs)
    print(f"{name}: loss {losses[-1]:.4f}, accuracy {accuracy:.2f}")
    points, labels = SETS[name]()
    with tg.no_grad():
        predicted = network.classify(points.astype(float))
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
    plane(left, None, points, labels, edge=(-0.05, 1.05))
    left.set_title("truth")
    plane(middle, network.classify, points, predicted, edge=(-0.05, 1.05))
    middle.set_title(f"prediction: {100 * accuracy:.0f} % right")
    curves(right, {"": losses}, "loss", log=True)
    save(figure, args.out / f"{name}.png")


def rates(args):
    """The greater of these three rates, the faster."""
    named = {}
    for lr in (1e-3, 1e-2, 1e-1):
        _, losses, accuracy = train("linear", args.epochs, lr=lr)
        print(f"rates: lr {lr:g}: loss {losses[-1]:.4f}, accuracy {accuracy:.2f}")
        named[f"lr {lr:g}"] = losses
    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    curves(axes, named, "loss", log=True)
    save(figure, args.out / "rates.png")


def units(args):
    """Two units in each layer learn the line; the diagonals take five."""
    counts = (2, 10, 100) if args.quick else (2, 3, 5, 10, 20, 50, 100)
    named = {}
    for name in SETS:
        named[name] = [100 * train(name, args.epochs, units=n)[2] for n in counts]
        print(f"units: {name}: {', '.join(f'{n}: {a:.0f} %' for n, a in zip(counts, named[name]))}")
    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    axes.set_xscale("log")
    curves(axes, named, "accuracy, %", at=counts, over="hidden units in each layer")
    axes.set_xticks(counts, map(str, counts))
    axes.minorticks_off()
    axes.set_ylim(45, 102)
    save(figure, args.out / "units.png")


def identity(args):
    """Without hidden sigmoids the network is one matrix: accuracy 1.00 on the line, 0.52 on the diagonals."""
    figure, panels = plt.subplots(1, 2, figsize=(8, 3.8), layout="constrained")
    for axes, name in zip(panels, SETS):
        network, losses, accuracy = train(name, args.epochs, units=10, hidden=nn.Identity)
        print(f"identity: {name}: loss {losses[-1]:.4f}, accuracy {accuracy:.2f}")
        plane(axes, network.classify, *SETS[name](), edge=(-0.05, 1.05))
        axes.set_title(f"{name} without hidden sigmoids: {100 * accuracy:.0f} % right")
    save(figure, args.out / "identity.png")


def derivations(args):
    """The right formulas survive, those of the report don't."""
    folder = Path(__file__).parent / "derivations"
    examples = 20 if args.quick else 100
    for file in ("dlp.py", "dlp_as_reported.py"):
        print(f"derivations: {file}")
        check_file(str(folder / file), examples)


RUNS = {f.__name__: f for f in (linear, xor, rates, units, identity, derivations)}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", choices=RUNS, help="the experiment; by default all")
    parser.add_argument("--out", type=Path, metavar="DIR", default=Path("dlp-lab"), help="for figures")
    parser.add_argument("--quick", action="store_true", help="200 epochs instead of 3000")
    args = parser.parse_args()
    args.epochs = 200 if args.quick else 3000
    plt.switch_backend("agg")
    for name in [args.run] if args.run else RUNS:
        RUNS[name](args)
