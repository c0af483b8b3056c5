"""Learning to learn: weights from which one step of gradient descent on ten points finds a sine wave.

    python examples/maml.py [--steps N] [--out DIR] [--quick]

C. Finn, P. Abbeel and S. Levine, "Model-agnostic meta-learning for fast adaptation of deep networks", 2017, section
5.1: the loss after the step is differentiated through the step, so the gradient of a gradient is taken. Beside it a
network of the same kind is trained on all waves together, without the inner step, as they do for comparison.

Figures are drawn with matplotlib: pip install "tinygrad_lab[demo]".
"""

import time
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from plots import CURVES, curves, options, save
from tqdm import tqdm

import tinygrad_lab as tg
from tinygrad_lab import nn, optim

POINTS, STEP = 10, 0.01  # how many of a wave are seen, and the rate of the inner gradient descent


def waves(n):
    """Sine waves of amplitudes from 0.1 to 5 and any phase, each at 2 x 10 points x from -5 to 5."""
    amplitude, phase = 0.1 + 4.9 * tg.rand(n, 1, 1), np.pi * tg.rand(n, 1, 1)
    x = 10 * tg.rand(2, n, POINTS, 1) - 5
    return x, amplitude * (x + phase).sin(), (amplitude, phase)


def weights_of(*sizes):
    """A matrix and a bias for each layer."""
    weights = []
    for n_in, n_out in pairwise(sizes):
        bound = 1 / np.sqrt(n_in)
        weights += [nn.Parameter(nn.init.uniform_(tg.empty(n, n_out), -bound, bound)) for n in (n_in, 1)]
    return weights


def network(weights, x):
    """Its values at points `(*, points, 1)`; the weights may have the batch's dimensions too, and differ along them."""
    *hidden, (w, b) = zip(weights[::2], weights[1::2])
    for v, c in hidden:
        x = (x @ v + c).relu()
    return x @ w + b


def errors(weights, x, y):
    """The mean squared error on each wave."""
    return (network(weights, x) - y).square().mean(dim=(1, 2))


def adapt(weights, x, y, steps, create_graph=False):
    """Weights of its own for each wave, after so many steps of gradient descent on its points.

    The errors are added up and differentiated at once: each depends on its own wave's weights only.
    """
    weights = [w.expand(len(x), *w.shape[-2:]) for w in weights]
    for _ in range(steps):
        gradients = tg.autograd.grad(errors(weights, x, y).sum(), weights, create_graph=create_graph)
        weights = [w - STEP * g for w, g in zip(weights, gradients)]
    return weights


def train(name, inner, steps, batch_size=25):
    """Weights that are good after `inner` steps on each wave, and the seconds of an outer step."""
    weights = weights_of(1, 40, 40, 1)
    optimizer = optim.Adam(weights, lr=1e-3)
    start, recent = time.perf_counter(), 0
    for step in (progress := tqdm(range(1, steps + 1), desc=name, unit="step", mininterval=1)):
        (x, x_new), (y, y_new), _ = waves(batch_size)
        loss = errors(adapt(weights, x, y, inner, create_graph=True), x_new, y_new).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        recent += (loss.item() - recent) / min(step, 100)
        progress.set_postfix(loss=f"{recent:.3f}", refresh=False)
    return weights, (time.perf_counter() - start) / steps


def evaluate(weights, n, most=10):
    """The mean error on n new waves after 0, 1, ... gradient steps."""
    (x, x_new), (y, y_new), _ = waves(n)
    found = []
    for _ in range(most + 1):
        found.append(errors(weights, x_new, y_new).mean().item())
        weights = adapt(weights, x, y, 1)
    return found


def main(args):
    tg.manual_seed(0)
    weights, found = {}, {}
    for name, inner in (("pretrained", 0), ("MAML", 1)):
        weights[name], seconds = train(name, inner, 200 if args.quick else args.steps)
        found[name] = evaluate(weights[name], 100 if args.quick else 600)
        print(f"{name}: {seconds:.4f} s a step; error before adaptation {found[name][0]:.3f}, after one step ", end="")
        print(f"{found[name][1]:.3f}, after {len(found[name]) - 1} steps {found[name][-1]:.3f}")
    draw(args, weights, found)


def draw(args, weights, found):
    """One wave, and what the networks make of it before and after they see ten points; the errors over the steps."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
    (x, _), (y, _), (amplitude, phase) = waves(1)
    line = tg.linspace(-5, 5, 200).unsqueeze(1)
    truth = amplitude[0] * (line + phase[0]).sin()
    for axes, name in ((left, "MAML"), (middle, "pretrained")):
        axes.plot(line[:, 0], truth[:, 0], color="#aaaaaa", linewidth=5, label="wave")
        axes.plot(x.flatten(), y.flatten(), "o", color="black", label="seen", zorder=3)
        for steps, color, style in ((0, CURVES[4], ":"), (1, CURVES[0], "--"), (10, CURVES[1], "-")):
            guess = network(adapt(weights[name], x, y, steps), line)[0].detach()
            axes.plot(line[:, 0], guess[:, 0], style, color=color, label=f"{steps} step{'s' * (steps != 1)}")
        axes.set(title=name, xlabel="$x$", ylabel="$y$", xlim=(-5, 5))
        axes.spines[["top", "right"]].set_visible(False)
    middle.sharey(left)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=5, frameon=False)
    right.set_ylim(0, 1.05 * max(map(max, found.values())))
    curves(right, found, "mean squared error on new waves", over="gradient steps")
    save(figure, args.out / "maml.png")


if __name__ == "__main__":
    parser = options(__doc__, "200 steps", steps=(15_000, "train for N steps"))
    main(parser.parse_args())
