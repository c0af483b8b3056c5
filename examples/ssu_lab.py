"""The backpropagation lab: a multilayer perceptron, its losses, and four experiments.

    python examples/ssu_lab.py xor|spirals|unstable|mnist [--data DIR] [--out DIR] [--quick]

xor       2-4-2 on the four corners of a square: accuracy, and the plane coloured by class.
spirals   2-10-3 at three learning rates: too small, right, too great.
unstable  a deep network on MNIST with softmax and cross-entropy apart: where the first NaN comes from.
mnist     the same network with the two fused: loss, accuracy and weight amplitudes over 100 epochs.

Figures are drawn with matplotlib: pip install "tinygrad_lab[demo]".
"""

import argparse
from functools import partial
from itertools import pairwise
from pathlib import Path

import images
import matplotlib.pyplot as plt
import numpy as np
from plots import curves, plane, save
from tqdm import tqdm

import tinygrad_lab as tg
import tinygrad_lab.nn.functional as F
from tinygrad_lab import datasets, nn, optim
from tinygrad_lab.utils.data import DataLoader, TensorDataset

# ------------------------------------------------------------------------------ the lab's modules


class LinearLayer(nn.Module):
    """`x W + b` for rows x, with W of shape (n_in, n_out)."""

    def __init__(self, n_in, n_out, rng, dtype):
        super().__init__()
        self.W = nn.Parameter(rng.normal(0, np.sqrt(2 / n_in), (n_in, n_out)).astype(dtype))
        self.b = nn.Parameter(np.ones(n_out, dtype))

    def forward(self, x):
        return x @ self.W + self.b


class ReLULayer(nn.Module):
    """max(0, x)."""

    def forward(self, x):
        return x.relu()


class SoftmaxLayer(nn.Module):
    """p_k = exp(s_k) / sum_c exp(s_c), as the formula stands: great logits overflow."""

    def forward(self, s):
        e = s.exp()
        return e / e.sum(dim=1, keepdim=True)


class LossCrossEntropy(nn.Module):
    """-sum_k t_k log p_k of probabilities p and one-hot targets t, mean over the batch."""

    def forward(self, p, t):
        return -(t * p.log()).sum(dim=1).mean()


class LossCrossEntropyForSoftmaxLogits(nn.Module):
    """-sum_k t_k (s_k - log sum_c exp(s_c)) of logits s, with the gradient p - t: never overflows."""

    def forward(self, s, t):
        return F.cross_entropy(s, t.argmax(dim=1))


class MLP(nn.Sequential):
    """Linear layers with ReLU between them; MLP(2, 10, 3) has 2 inputs, 10 hidden units, 3 outputs."""

    def __init__(self, *sizes, dtype=np.float64):
        rng = np.random.RandomState(1234)
        layers = []
        for n_in, n_out in pairwise(sizes):
            layers += [LinearLayer(n_in, n_out, rng, dtype), ReLULayer()]
        super().__init__(*layers[:-1])

    def amplitudes(self):
        """The mean of |W| of each linear layer."""
        return [layer.W.abs().mean().item() for layer in self if isinstance(layer, LinearLayer)]


# ------------------------------------------------------------------------------ training


def train(model, loss_fn, batches, *, lr, epochs, measure):
    """Plain gradient descent. Returns what `measure()` gives before training and after each epoch."""
    optimizer = optim.SGD(model.parameters(), lr=lr)
    history = [measure()]
    for _ in tqdm(range(epochs), desc=f"lr {lr:g}", unit="epoch"):
        for x, t in batches:
            optimizer.zero_grad()
            loss = loss_fn(model(x), t)
            loss.backward()
            optimizer.step()
        history.append(measure())
    return np.array(history)


@tg.no_grad()
def evaluate(model, loss_fn, x, t):
    """The loss, and the share of rows whose greatest output is at the target's 1."""
    y = model(x)
    hit = y.argmax(dim=1) == t.argmax(dim=1)
    return loss_fn(y, t).item(), hit.double().mean().item()


def classifier(model):
    """The class of each point of an array."""
    return lambda points: model(tg.tensor(points)).argmax(dim=1).numpy()


def one_hot(labels, classes, dtype=np.float64):
    return tg.tensor(np.eye(classes, dtype=dtype)[labels])


# ------------------------------------------------------------------------------ experiments


def xor(args):
    """After 100 epochs of this small step two of the four points are right; all four are after 216."""
    points, labels = datasets.xor()
    x, t = tg.tensor(points).double(), one_hot(labels, 2)
    model, loss_fn = MLP(2, 4, 2), LossCrossEntropyForSoftmaxLogits()
    measure = partial(evaluate, model, loss_fn, x, t)
    history = train(model, loss_fn, [(x, t)], lr=0.1, epochs=100, measure=measure)
    print(f"xor: loss {history[-1, 0]:.4f}, accuracy {100 * history[-1, 1]:.0f} %")

    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
    curves(left, {"": 100 * history[:, 1]}, "accuracy, %")
    left.set_ylim(0, 104)
    plane(right, classifier(model), points, labels, edge=(-0.5, 1.5))
    save(figure, args.out / "xor.png")


def spirals(args):
    """Test accuracy 86.0, 98.3 and 33.3 %, test loss 0.3805, 0.1782 and 1.0986 = ln 3: all units are dead."""
    (x, labels), (x_test, labels_test) = datasets.spirals()
    x, x_test = tg.tensor(x).double(), tg.tensor(x_test).double()
    t, t_test = one_hot(labels, 3), one_hot(labels_test, 3)
    loss_fn = LossCrossEntropyForSoftmaxLogits()

    figure, panels = plt.subplots(2, 3, figsize=(10, 6.6), sharey="row", layout="constrained")
    for above, below, lr in zip(*panels, (0.2, 1, 5)):
        model = MLP(2, 10, 3)
        measure = partial(evaluate, model, loss_fn, x_test, t_test)
        history = train(model, loss_fn, [(x, t)], lr=lr, epochs=100 if args.quick else 1000, measure=measure)
        loss, accuracy = history[-1]
        print(f"spirals: lr {lr:g}: test loss {loss:.4f}, test accuracy {100 * accuracy:.1f} %")
        plane(above, classifier(model), x_test.numpy(), labels_test, edge=(-2.9, 2.9))
        above.set_title(f"learning rate {lr:g}: {100 * accuracy:.1f} % right")
        curves(below, {"": history[:, 0]}, "test loss" if lr == 0.2 else "", log=True)
    save(figure, args.out / "spirals.png")


def unstable(args):
    """In the second batch a softmax gives 0 for a class, and its logarithm is infinite."""
    x, t, *_ = digits(args, np.float32)
    batches = DataLoader(TensorDataset(x, t), batch_size=len(x) // 20)
    model = nn.Sequential(MLP(784, 64, 64, 64, 64, 64, 10, dtype=np.float32), SoftmaxLayer())
    loss_fn = LossCrossEntropy()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    try:
        # NumPy would only warn of an overflow or a division by zero; the detector says where and why.
        with np.errstate(all="ignore"), tg.autograd.detect_anomaly():
            for i, (x, t) in enumerate(batches, 1):
                print(f"unstable: epoch 1, batch {i} of {len(batches)}: ", end="")
                optimizer.zero_grad()
                loss = loss_fn(model(x), t)
                print(f"loss {loss.item():.4f}")
                loss.backward()
                optimizer.step()
    except tg.autograd.NonFiniteError as error:
        print(f"the loss isn't finite any more, because of `{error.op}`.\n  {error}")
        print("Use LossCrossEntropyForSoftmaxLogits: softmax and cross-entropy fused never overflow.")
    else:
        print("unstable: the loss stayed finite for one epoch")


def mnist(args):
    """Training loss 0.0203, training accuracy 0.996, test accuracy 0.960.

    To the last digit that takes pixels standardised in float32 and a network in float64. All in float32 is faster,
    and its test accuracy lies between 0.959 and 0.960.
    """
    x, t, x_test, t_test = digits(args, np.float64)
    batches = DataLoader(TensorDataset(x, t), batch_size=len(x) // 20)
    model, loss_fn = MLP(784, 64, 64, 64, 64, 64, 10), LossCrossEntropyForSoftmaxLogits()

    def measure():
        return *evaluate(model, loss_fn, x, t), *evaluate(model, loss_fn, x_test, t_test), *model.amplitudes()

    history = train(model, loss_fn, batches, lr=0.1, epochs=3 if args.quick else 100, measure=measure)
    (loss, accuracy, loss_test, accuracy_test), growth = history[:, :4].T, history[:, 4:] / history[0, 4:]
    print(
        f"mnist: training loss {loss[-1]:.4f}, training accuracy {accuracy[-1]:.3f}, "
        f"test accuracy {accuracy_test[-1]:.3f}\n"
        f"mnist: weight amplitudes, relative to before training: {' '.join(f'{a:.2f}' for a in growth[-1])}"
    )

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
    curves(left, {"training": loss, "test": loss_test}, "loss", log=True)
    curves(middle, {"training": 100 * accuracy, "test": 100 * accuracy_test}, "accuracy, %")
    layers = {f"layer {i}": column for i, column in enumerate(growth.T, 1)}
    curves(right, layers, "mean |W|, relative to before training")
    save(figure, args.out / "mnist.png")


def digits(args, dtype):
    """Standardised pixels and one-hot classes, to train on and to test with: MNIST, or made-up digits if quick."""
    (pixels, labels), (pixels_test, labels_test) = images.digits(args, 2000, 400)
    pixels, pixels_test = (p.reshape(-1, 784) / np.float32(255) for p in (pixels, pixels_test))
    mean = pixels.mean(axis=0, dtype=np.float64).astype(np.float32)
    std = pixels.std(axis=0, dtype=np.float64).astype(np.float32)
    std[std == 0] = 1
    x, x_test = (tg.tensor(((p - mean) / std).astype(dtype)) for p in (pixels, pixels_test))
    return x, one_hot(labels, 10, dtype), x_test, one_hot(labels_test, 10, dtype)


RUNS = {"xor": xor, "spirals": spirals, "unstable": unstable, "mnist": mnist}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", choices=RUNS, help="the experiment; by default all four")
    parser.add_argument("--data", type=Path, metavar="DIR", help="the folder with MNIST's files")
    parser.add_argument("--out", type=Path, metavar="DIR", default=Path("ssu-lab"), help="for figures")
    parser.add_argument("--quick", action="store_true", help="few epochs on made-up digits")
    args = parser.parse_args()
    plt.switch_backend("agg")
    for name in [args.run] if args.run else RUNS:
        RUNS[name](args)
