"""Three spirals, one network, three learning rates: the training runs of the demo.

The network is 2-10-3 with ReLU, trained by plain gradient descent on the whole batch. Everything is
float64 but the points, which are made float32 first: so the figures are the same on every machine
(86.0, 98.3 and 33.3 % of the test points, losses 0.3805, 0.1782 and 1.0986 after 1000 epochs).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .. import nn, optim
from ..creation import tensor
from ..datasets import spirals
from ..graph import no_grad
from ..nn import functional as F
from ..tensor import Tensor

SIZES = (2, 10, 3)
RATES = (0.2, 1.0, 5.0)
EPOCHS = 1000
COLUMNS = (
    "train_loss",
    "train_accuracy",
    "test_loss",
    "test_accuracy",
    *(f"amplitude_{i}" for i in range(1, len(SIZES))),
)
"""What is written down of every epoch; an amplitude is the mean of |W| of one layer."""


@dataclass(frozen=True)
class Data:
    """The points and classes to train on, and those to test with."""

    x: Tensor
    t: Tensor
    x_test: Tensor
    t_test: Tensor


@dataclass(frozen=True)
class Run:
    """One training run. `history[e]` holds the `COLUMNS` after e epochs, `history[0]` before training."""

    rate: float
    model: nn.Sequential
    history: NDArray[np.float64]
    alive: int
    seconds: float

    @property
    def epochs(self) -> int:
        return len(self.history) - 1

    def curve(self, column: str) -> NDArray[np.float64]:
        """The values of one column, epoch by epoch."""
        return self.history[:, COLUMNS.index(column)]

    def final(self, column: str) -> float:
        """The last value of one column."""
        return float(self.curve(column)[-1])


def load() -> Data:
    """The spirals, 100 points on each of three arms to train on, and as many to test with."""
    (x, t), (x_test, t_test) = spirals()
    return Data(tensor(x).double(), tensor(t), tensor(x_test).double(), tensor(t_test))


def network() -> nn.Sequential:
    """The network before training: He's normal weights from a fixed seed, biases 1."""
    rng = np.random.RandomState(1234)
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(SIZES):
        layer = nn.Linear(n_in, n_out, dtype=np.float64)
        with no_grad():
            layer.weight.copy_(tensor(rng.normal(0, math.sqrt(2 / n_in), (n_in, n_out)).T))
            layer.bias.fill_(1)
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def train(rate: float, epochs: int, data: Data, advance: Callable[[], object] = lambda: None) -> Run:
    """Train a new network with learning rate `rate`; `advance` is called after every epoch."""
    start = time.perf_counter()
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=rate)
    weights = [p for name, p in model.named_parameters() if name.endswith("weight")]
    history = np.empty((epochs + 1, len(COLUMNS)))
    for epoch in range(epochs + 1):
        logits = model(data.x)
        loss = F.cross_entropy(logits, data.t)
        with no_grad():
            logits_test = model(data.x_test)
            loss_test = F.cross_entropy(logits_test, data.t_test)
            history[epoch] = (
                loss.item(),
                accuracy(logits, data.t),
                loss_test.item(),
                accuracy(logits_test, data.t_test),
                *(w.abs().mean().item() for w in weights),
            )
        if epoch < epochs:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            advance()
    with no_grad():
        alive = (model[1](model[0](data.x)) > 0).any(dim=0).sum().item()
    return Run(rate, model, history, alive, time.perf_counter() - start)


def accuracy(logits: Tensor, t: Tensor) -> float:
    """The share of rows whose greatest logit is at the class `t`."""
    return float((logits.argmax(dim=1) == t).double().mean().item())
