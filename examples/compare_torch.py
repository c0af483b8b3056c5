"""The same weights in this library and in PyTorch: the same logits, gradients and statistics, for three networks.

    python examples/compare_torch.py [--out DIR] [--quick]

An MLP, a convolutional network with batch normalisation and a transformer's encoder are made here, and their weights
saved as safetensors. PyTorch reads the file into networks of its own, and both compute logits, the loss and all
gradients of the same batch, in float64 and float32. The table shows the greatest differences between the two, each
relative to the greatest number that PyTorch found.

PyTorch and safetensors are needed: pip install "tinygrad_lab[torch]". Where PyTorch isn't installed, --quick only reads
the files back into networks of this library, which must give the same bits, and says so.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from plots import CURVES, options, save

import tinygrad_lab as tg

try:
    import safetensors.torch
    import torch
except ModuleNotFoundError:
    torch = None

CLASSES, BATCH = 10, 32
ZERO = 1e-18  # where the figure has differences of nothing


def networks(library):
    """What makes each of the networks, out of the modules of `library`: one text for both."""
    nn = library.nn

    class Encoder(nn.Module):
        """Two layers of a transformer's encoder over 16 tokens, their mean, and a linear layer."""

        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(50, 32)
            layer = nn.TransformerEncoderLayer(32, nhead=4, dim_feedforward=64, dropout=0.0, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
            self.head = nn.Linear(32, CLASSES)

        def forward(self, x):
            return self.head(self.encoder(self.embedding(x)).mean(dim=1))

    def mlp():
        return nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, CLASSES))

    def cnn():
        return nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(32),
            nn.SiLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(32, CLASSES),
        )

    return {"MLP": mlp, "CNN with BatchNorm": cnn, "transformer encoder": Encoder}


def inputs(name, dtype):
    """A batch for the network, and its classes."""
    rng = np.random.default_rng(0)
    if name == "transformer encoder":
        x = rng.integers(0, 50, (BATCH, 16))
    else:
        x = rng.standard_normal((BATCH, 64) if name == "MLP" else (BATCH, 3, 16, 16)).astype(dtype)
    return x, rng.integers(0, CLASSES, BATCH)


def compute(library, model, x, labels):
    """Logits, gradients of all parameters, and the statistics that the batch left in the buffers, as arrays."""
    logits = model(library.tensor(x))
    library.nn.functional.cross_entropy(logits, library.tensor(labels)).backward()
    return {
        "logits": {"": logits.detach().numpy()},
        "gradients": {name: p.grad.numpy() for name, p in model.named_parameters()},
        "buffers": {name: b.numpy() for name, b in model.named_buffers()},
    }


def differences(ours, theirs):
    """The greatest difference of each two arrays of a name, relative to the greatest number in the second."""
    if ours.keys() != theirs.keys():
        sys.exit(f"the names differ: {sorted(ours.keys() ^ theirs.keys())}")
    return [np.abs(ours[name] - a).max() / (np.abs(a).max() or 1) for name, a in theirs.items()]


def main(args):
    peer, load = (torch, safetensors.torch.load_file) if torch else (tg, tg.load)
    if torch is None:
        if not args.quick:
            sys.exit('PyTorch and safetensors are needed: pip install "tinygrad_lab[torch]"')
        print("PyTorch isn't installed: the files are read back into this library.")
    print(f"{'greatest relative difference':30}{'weights':>10}{'logits':>12}{'gradients':>12}{'buffers':>12}")
    args.out.mkdir(parents=True, exist_ok=True)
    found = {}
    for dtype in ("float64", "float32"):
        for (name, ours), theirs in zip(networks(tg).items(), networks(peer).values()):
            tg.manual_seed(0)
            model, other = ours().to(getattr(tg, dtype)), theirs().to(getattr(peer, dtype))
            file = args.out / f"{name.replace(' ', '_')}_{dtype}.safetensors"
            tg.save(model.state_dict(), file)
            other.load_state_dict(load(file))
            batch = inputs(name, dtype)
            here, there = compute(tg, model, *batch), compute(peer, other, *batch)
            by_kind = [differences(here[kind], there[kind]) for kind in here]
            weights = sum(p.numel() for p in model.parameters())
            print(f"{name + ', ' + dtype:30}{weights:10,}", *(f"{max(d, default=0):11.1e}" for d in by_kind))
            found[name, dtype] = [d for kind in by_kind for d in kind]
    if torch is not None:
        draw(args, found)


def draw(args, found):
    """A dot for each tensor that was compared, and the precision of both dtypes."""
    figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
    names = list(dict.fromkeys(name for name, _ in found))
    for (name, dtype), values in found.items():
        color = CURVES[("float64", "float32").index(dtype)]
        height = names.index(name) + np.linspace(-0.2, 0.2, len(values))
        axes.plot(np.maximum(values, ZERO), height, ".", color=color, alpha=0.6)
    for dtype, color in zip(("float64", "float32"), CURVES):
        axes.axvline(np.finfo(dtype).eps, color=color, linestyle="--", linewidth=1)
        axes.text(np.finfo(dtype).eps, -0.62, f" precision of {dtype}", color=color, size=8)
    axes.set(xscale="log", xlabel="greatest difference, relative to the greatest number of a tensor", ylim=(2.5, -0.8))
    axes.set_xticks([ZERO, *(10.0**k for k in range(-16, -5, 2))], ["0", *(f"$10^{{{k}}}$" for k in range(-16, -5, 2))])
    axes.set_yticks(range(len(names)), names)
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, args.out / "compare_torch.png")


if __name__ == "__main__":
    parser = options(__doc__, "without PyTorch, read the files back into this library")
    main(parser.parse_args())
