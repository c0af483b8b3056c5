"""The tasks as a PyTorch user writes them: one text for PyTorch and for tinygrad_lab."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..tasks import BLOCKS, HEADS, Logits, Model, Network, Numbers, PerOp, Sequences, Step


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


def model(torch: Any, inputs: Model, optimizer: Any, logits: Callable[[Any, dict[str, Any]], Any]) -> Step:
    """A training step of the network that `logits(x, parameters)` is."""
    p = {name: torch.tensor(array, requires_grad=True) for name, array in inputs.parameters.items()}
    x, target = torch.from_numpy(inputs.x), torch.from_numpy(inputs.target)
    optimizer = optimizer(p.values(), lr=inputs.lr)
    # Adam's first step is the gradient's sign: where that is rounding, the second gradients differ
    first: list[Any] = []

    def run() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(logits(x, p), target)
        loss.backward()
        if not first:
            first.extend(q.grad.clone() for q in p.values())
        optimizer.step()
        return float(loss.item())

    return Step(run, lambda: first)


def lenet(torch: Any, inputs: Model) -> Step:
    """LeNet with ReLU and maximum pooling."""
    F = torch.nn.functional

    def logits(x: Any, p: dict[str, Any]) -> Any:
        x = F.max_pool2d(F.relu(F.conv2d(x, p["c1.weight"], p["c1.bias"])), 2)
        x = F.max_pool2d(F.relu(F.conv2d(x, p["c2.weight"], p["c2.bias"])), 2)
        x = F.relu(F.linear(x.flatten(1), p["f1.weight"], p["f1.bias"]))
        x = F.relu(F.linear(x, p["f2.weight"], p["f2.bias"]))
        return F.linear(x, p["f3.weight"], p["f3.bias"])

    return model(torch, inputs, torch.optim.Adam, logits)


def vgg(torch: Any, inputs: Model) -> Step:
    """A small VGG: convolution, BatchNorm, ReLU, and pools after all but the third."""
    F = torch.nn.functional

    def logits(x: Any, p: dict[str, Any]) -> Any:
        for i in (1, 2, 3, 4):
            x = F.conv2d(x, p[f"c{i}.weight"], padding=1)
            x = F.relu(F.batch_norm(x, None, None, p[f"n{i}.weight"], p[f"n{i}.bias"], training=True))
            x = x if i == 3 else F.max_pool2d(x, 2)
        return F.linear(x.flatten(1), p["f.weight"], p["f.bias"])

    return model(torch, inputs, torch.optim.Adam, logits)


def transformer(torch: Any, inputs: Model) -> Step:
    """A decoder-only transformer with the norms before the sublayers."""
    F = torch.nn.functional

    def norm(x: Any, p: dict[str, Any], name: str) -> Any:
        return F.layer_norm(x, x.shape[-1:], p[f"{name}.weight"], p[f"{name}.bias"])

    def attention(x: Any, p: dict[str, Any], i: int) -> Any:
        n, t, d = x.shape
        q, k, v = F.linear(x, p[f"{i}.qkv.weight"]).split(d, dim=2)
        q, k, v = (z.view(n, t, HEADS, d // HEADS).transpose(1, 2) for z in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return F.linear(y.transpose(1, 2).reshape(n, t, d), p[f"{i}.out.weight"], p[f"{i}.out.bias"])

    def logits(x: Any, p: dict[str, Any]) -> Any:
        h = F.embedding(x, p["symbols"]) + p["places"]
        for i in range(BLOCKS):
            h = h + attention(norm(h, p, f"{i}.n1"), p, i)
            up = F.gelu(F.linear(norm(h, p, f"{i}.n2"), p[f"{i}.up.weight"], p[f"{i}.up.bias"]))
            h = h + F.linear(up, p[f"{i}.down.weight"], p[f"{i}.down.bias"])
        return F.linear(norm(h, p, "n"), p["head.weight"]).flatten(0, 1)

    return model(torch, inputs, torch.optim.AdamW, logits)


def lstm(torch: Any, inputs: Sequences) -> Step:
    """An LSTM layer's outputs, and the gradients of its parameters."""
    width, hidden = inputs.parameters[0].shape[1], inputs.parameters[1].shape[1]
    layer = torch.nn.LSTM(width, hidden, batch_first=True)
    p = list(layer.parameters())
    with torch.no_grad():
        for q, array in zip(p, inputs.parameters, strict=True):
            q.copy_(torch.from_numpy(array))
    x, cotangent = torch.from_numpy(inputs.x), torch.from_numpy(inputs.cotangent)

    def run() -> float:
        layer.zero_grad()
        y, _ = layer(x)
        y.backward(cotangent)
        return float(y[-1, -1, -1].item())

    return Step(run, lambda: [q.grad for q in p])


def elementwise(torch: Any, inputs: Numbers) -> Step:
    """Three transcendental functions on a large array."""
    F = torch.nn.functional
    x = torch.tensor(inputs.x, requires_grad=True)

    def run() -> float:
        x.grad = None
        y = (F.gelu(x) * torch.sigmoid(x) + torch.tanh(x)).sum()
        y.backward()
        return float(y.item())

    return Step(run, lambda: (x.grad,))
