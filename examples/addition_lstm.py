"""An LSTM reads a sum, character by character, and another one writes the result: "365+87" gives "452".

    python examples/addition_lstm.py [--steps N] [--out DIR] [--quick]

Two thousand sums of numbers up to 999 are held out. Nobody tells the network what a digit or a carry is. I. Sutskever,
O. Vinyals and Q. V. Le, "Sequence to sequence learning with neural networks", 2014: as there, the input is reversed.

Figures are drawn with matplotlib: pip install "tinygrad_lab[demo]".
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from plots import curves, options, save
from tqdm import tqdm

import tinygrad_lab as tg
import tinygrad_lab.nn.functional as F
from tinygrad_lab import nn, optim

CHARACTERS = "0123456789+ "  # a space fills up what is shorter, and begins each result
BEGIN = CHARACTERS.index(" ")


class Adder(nn.Module):
    """One LSTM reads the question; its state is where the one begins that writes the answer."""

    def __init__(self, hidden=128):
        super().__init__()
        self.embedding = nn.Embedding(len(CHARACTERS), 16)
        self.reader = nn.LSTM(16, hidden, batch_first=True)
        self.writer = nn.LSTM(16, hidden, batch_first=True)
        self.head = nn.Linear(hidden, len(CHARACTERS))

    def forward(self, question, answer):
        """Logits of each character of the answer, given the question and the characters before it."""
        _, state = self.reader(self.embedding(question))
        before = F.pad(answer[:, :-1], (1, 0), value=BEGIN)
        written, _ = self.writer(self.embedding(before), state)
        return self.head(written)

    @tg.no_grad()
    def answer(self, question, length):
        """The likeliest characters, one after another, each given those that the network wrote before."""
        _, state = self.reader(self.embedding(question))
        character, written = tg.full((len(question), 1), BEGIN), []
        for _ in range(length):
            y, state = self.writer(self.embedding(character), state)
            character = self.head(y).argmax(dim=-1)
            written.append(character)
        return tg.cat(written, dim=1)


def encode(strings, length):
    """The strings, filled up with spaces, as indices `(n, length)`."""
    return tg.tensor([[CHARACTERS.index(c) for c in s.ljust(length)] for s in strings])


def sums(pairs, digits):
    """Questions, reversed, and answers of pairs of numbers."""
    questions = encode([f"{a}+{b}"[::-1] for a, b in pairs], 2 * digits + 1)
    return questions, encode([str(a + b) for a, b in pairs], digits + 1)


def train(model, pairs, held_out, digits, steps, every, lr=4e-3):
    """Returns the steps at which it was tested, the mean loss since the last test, and the share of right sums."""
    question, answer = sums(pairs, digits)
    question_test, answer_test = sums(held_out, digits)
    optimizer = optim.Adam(model.parameters(), lr=lr)
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    at, losses, accuracies, seconds, recent = [], [], [], 0, []
    for step in (progress := tqdm(range(1, steps + 1), unit="step", mininterval=1)):
        start = time.perf_counter()
        rows = tg.randint(len(question), (128,))
        q, a = question[rows], answer[rows]
        loss = F.cross_entropy(model(q, a).flatten(0, 1), a.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        scheduler.step()
        seconds += time.perf_counter() - start
        recent.append(loss.item())
        if step % every == 0:
            right = (model.answer(question_test, digits + 1) == answer_test).all(dim=1)
            at.append(step)
            losses.append(np.mean(recent))
            accuracies.append(100 * right.double().mean().item())
            progress.set_postfix(loss=f"{losses[-1]:.4f}", right=f"{accuracies[-1]:.1f} %", refresh=False)
            recent = []
    print(f"{accuracies[-1]:.2f} % of {len(held_out)} held-out sums right; {seconds / steps:.4f} s a step of 128")
    return at, losses, accuracies


def main(args):
    tg.manual_seed(0)
    digits, size, steps, hidden = (1, 80, 200, 64) if args.quick else (3, 50_000, args.steps, 128)
    drawn = np.random.RandomState(0).permutation(10 ** (2 * digits))
    pairs = np.stack(np.divmod(drawn, 10**digits), axis=1).tolist()
    pairs, held_out = pairs[:size], pairs[-min(2000, 10 ** (2 * digits) - size) :]
    model = Adder(hidden)
    print(f"{len(pairs)} sums to learn from; {sum(p.numel() for p in model.parameters()):,} weights")
    at, losses, accuracies = train(model, pairs, held_out, digits, steps, every=steps // 40)
    written = model.answer(sums(held_out[:8], digits)[0], digits + 1)
    for (a, b), row in zip(held_out, written.tolist()):
        result = "".join(CHARACTERS[i] for i in row).strip()
        print(f"{a}+{b}={result}" + ("" if result == str(a + b) else f"  (wrong: {a + b})"))
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    curves(left, {"": losses}, "training loss, nats a character", at=at, over="step", log=True)
    curves(right, {"": accuracies}, "held-out sums right, %", at=at, over="step")
    right.set_ylim(0, 102)
    save(figure, args.out / "addition_lstm.png")


if __name__ == "__main__":
    parser = options(__doc__, "a small network that adds digits", steps=(10_000, "train for N steps"))
    main(parser.parse_args())
