"""The tasks as a PyTorch user writes them: one text for PyTorch and for tinygrad_lab."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..tasks import Logits, Network, PerOp, Step


def per_op(torch: Any, inputs: PerOp) -> Step:
    """A chain of small operations, where the framework's own cost is nearly all there is."""
    x = torch.tensor(inputs.x)
    a = torch.tensor(inputs.a, requires_grad=True)
    b = torch.tensor(inputs.b, requires_grad=True)

    def run() -> float:
        a.grad = b.grad = None
        y = x
        for _ in range(inputs.times):
            y = y * a + b
        loss = y.sum()
        loss.backward()
        return float(loss.item())

    return Step(run, lambda: (a.grad, b.grad))


def network(torch: Any, inputs: Network) -> Step:
    """A training step of a multi-layer perceptron."""
    nn = torch.nn
    modules = []
    for weight, bias in inputs.layers:
        linear = nn.Linear(*weight.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weight.T))
            linear.bias.copy_(torch.from_numpy(bias))
        modules += [linear, nn.ReLU()]
    model = nn.Sequential(*modules[:-1])
    optimizer = torch.optim.SGD(model.parameters(), lr=inputs.lr)
    x, target = torch.from_numpy(inputs.x), torch.from_numpy(inputs.target)

    def run() -> float:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), target)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    def results() -> Sequence[Any]:
        # PyTorch keeps a weight as (out, in); the tasks' layout is (in, out).
        return [p.detach().T if p.ndim == 2 else p.detach() for p in model.parameters()]

    return Step(run, results)


def cross_entropy(torch: Any, inputs: Logits) -> Step:
    """The fused loss alone, and its gradient."""
    logits = torch.tensor(inputs.logits, requires_grad=True)
    target = torch.from_numpy(inputs.target)

    def run() -> float:
        logits.grad = None
        loss = torch.nn.functional.cross_entropy(logits, target)
        loss.backward()
        return float(loss.item())

    return Step(run, lambda: (logits.grad,))
