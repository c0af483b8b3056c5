"""A character-level GPT: it reads a text, learns to say which character comes next, and writes more of the kind.

    python examples/char_gpt.py [--data FILE] [--steps N] [--out DIR] [--quick]

Without --data it reads this project's own pages and the derivations in tinygrad_lab/ops. The last tenth of each file
is held out. The network is a small GPT-2 (A. Radford et al., "Language models are unsupervised multitask learners").

Figures are drawn with matplotlib: pip install "tinygrad_lab[demo]".
"""

import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from plots import curves, options, save
from tqdm import tqdm

import tinygrad_lab as tg
import tinygrad_lab.nn.functional as F
from tinygrad_lab import nn, optim


class Attention(nn.Module):
    """Each position looks at those before it and at itself, with several heads."""

    def __init__(self, d, heads, dropout):
        super().__init__()
        self.heads, self.p = heads, dropout
        self.qkv = nn.Linear(d, 3 * d)
        self.out = nn.Linear(d, d)

    def forward(self, x):
        n, length, d = x.shape
        q, k, v = (part.view(n, length, self.heads, -1).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=self.p if self.training else 0, is_causal=True)
        return F.dropout(self.out(y.transpose(1, 2).reshape(n, length, d)), self.p, self.training)


class Block(nn.Module):
    """Attention, then two layers at each position by itself; each reads a normalised input and adds to it."""

    def __init__(self, d, heads, dropout):
        super().__init__()
        self.ln1, self.attention = nn.LayerNorm(d), Attention(d, heads, dropout)
        self.ln2 = nn.LayerNorm(d)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d), nn.Dropout(dropout))

    def forward(self, x):
        x = x + self.attention(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    """Indices `(n, length)` to logits of the next character `(n, length, vocabulary)`."""

    def __init__(self, vocabulary, context, d=128, heads=4, layers=4, dropout=0.1):
        super().__init__()
        self.context = context
        self.characters, self.places = nn.Embedding(vocabulary, d), nn.Embedding(context, d)
        self.blocks = nn.Sequential(*(Block(d, heads, dropout) for _ in range(layers)))
        self.ln, self.head = nn.LayerNorm(d), nn.Linear(d, vocabulary, bias=False)
        for p in self.parameters():
            if p.ndim == 2:
                nn.init.normal_(p, std=0.02)

    def forward(self, x):
        x = self.characters(x) + self.places(tg.arange(x.shape[1]))
        return self.head(self.ln(self.blocks(x)))

    @tg.no_grad()
    def generate(self, x, length, temperature=0.8):
        """The indices `(1, k)`, and so many more, each drawn from what the network expects."""
        self.eval()
        for _ in range(length):
            logits = self(x[:, -self.context :])[:, -1] / temperature
            x = tg.cat([x, tg.multinomial(logits.softmax(dim=-1), 1)], dim=1)
        self.train()
        return x


def loss_on(model, text, n):
    """The mean loss, in nats a character, on n parts of the text."""
    start = tg.randint(len(text) - model.context, (n, 1))
    parts = text[start + tg.arange(model.context + 1)]
    return F.cross_entropy(model(parts[:, :-1]).flatten(0, 1), parts[:, 1:].flatten())


def train(model, texts, steps, batch_size, every, lr=2e-3):
    """Returns the losses on what it reads and on what it doesn't, estimated every so many steps."""
    optimizer = optim.AdamW(model.parameters(), lr=lr, weight_decay=0.1)
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps, pct_start=0.1)
    losses, start = {name: [] for name in texts}, time.perf_counter()
    for step in (progress := tqdm(range(1, steps + 1), unit="step", mininterval=1)):
        loss = loss_on(model, texts["training"], batch_size)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        scheduler.step()
        if step % every == 0:
            for name, text in texts.items():
                losses[name].append(estimate(model, text, batch_size))
            progress.set_postfix({name: f"{values[-1]:.3f}" for name, values in losses.items()}, refresh=False)
    print(*(f"{name} loss {values[-1]:.3f}," for name, values in losses.items()), "nats a character;", end=" ")
    print(f"{(time.perf_counter() - start) / steps:.3f} s a step of {batch_size} x {model.context} characters")
    return losses


@tg.no_grad()
def estimate(model, text, batch_size, batches=10):
    """The mean loss over some batches."""
    model.eval()
    loss = np.mean([loss_on(model, text, batch_size).item() for _ in range(batches)])
    model.train()
    return loss


def main(args):
    tg.manual_seed(0)
    root, own = Path(__file__).parents[1], ("*.md", "docs/*.md", "tinygrad_lab/ops/*.py")
    files = [args.data] if args.data else sorted(file for pattern in own for file in root.glob(pattern))
    try:
        texts = [file.read_text(encoding="utf-8") for file in files]
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{args.data}: no text that can be read: {error}")
    vocabulary = sorted(set("".join(texts)))
    number = {character: i for i, character in enumerate(vocabulary)}
    parts = {"training": [t[: len(t) * 9 // 10] for t in texts], "held out": [t[len(t) * 9 // 10 :] for t in texts]}
    indices = {name: tg.tensor([number[c] for c in "".join(part)]) for name, part in parts.items()}
    steps, context, batch_size = (30, 32, 8) if args.quick else (args.steps, 64, 16)
    if len(indices["held out"]) <= context:
        sys.exit(f"{args.data}: {len(''.join(texts))} characters are too few to hold out a tenth of them")
    model = GPT(len(vocabulary), context, **({"d": 32, "heads": 2, "layers": 2} if args.quick else {}))
    weights = sum(p.numel() for p in model.parameters())
    print(f"{len(indices['training']):,} characters, {len(vocabulary)} different ones; {weights:,} weights")
    losses = train(model, indices, steps, batch_size, every := max(1, steps // 30))
    written = model.generate(tg.tensor([[number["\n"]]]), 60 if args.quick else 1000)[0]
    print("".join(vocabulary[i] for i in written.tolist()))
    figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
    curves(axes, losses, "loss, nats a character", at=range(every, steps + 1, every), over="step")
    save(figure, args.out / "char_gpt.png")


if __name__ == "__main__":
    parser = options(__doc__, "a small network for 30 steps", steps=(1200, "train for N steps"))
    parser.add_argument("--data", type=Path, metavar="FILE", help="the text to learn from")
    main(parser.parse_args())
