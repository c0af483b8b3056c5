"""REINFORCE learns to balance a pole on a cart, from nothing but how long it stays up.

    python examples/reinforce.py [--updates N] [--seeds N] [--out DIR] [--quick]

Sixteen poles are balanced at a time, each until it falls or for 500 steps of 0.02 s; then the policy is changed once.
The cart is that of A. G. Barto, R. S. Sutton and C. W. Anderson, "Neuronlike adaptive elements that can solve difficult
learning control problems", 1983, without friction; the rule of R. J. Williams, "Simple statistical gradient-following
algorithms for connectionist reinforcement learning", 1992, with the other poles' mean return as baseline.

Figures are drawn with matplotlib: pip install "tinygrad_lab[demo]".
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from plots import CURVES, options, save
from tqdm import tqdm

import tinygrad_lab as tg
from tinygrad_lab import nn, optim

POLES, LONGEST = 16, 500


class CartPoles:
    """Poles on carts; a row of the state is position, velocity, angle and angular velocity, in m, s and rad.

    A cart of 1 kg carries a pole of 0.1 kg and 1 m, and is pushed with 10 N to one side or the other.
    """

    def __init__(self, n, rng):
        self.state = rng.uniform(-0.05, 0.05, (n, 4)).astype(np.float32)

    def step(self, right):
        """Push those carts to the right and the others to the left, for 0.02 s. Returns which poles have fallen."""
        v, angle, omega = self.state.T[1:]
        force, sin, cos = np.where(right, 10.0, -10.0), np.sin(angle), np.cos(angle)
        gravity, mass, pole, half = 9.8, 1.1, 0.1, 0.5
        push = (force + pole * half * omega**2 * sin) / mass
        alpha = (gravity * sin - cos * push) / (half * (4 / 3 - pole * cos**2 / mass))
        a = push - pole * half * alpha * cos / mass
        self.state = (self.state + 0.02 * np.stack([v, a, omega, alpha], axis=1)).astype(np.float32)
        return (np.abs(self.state[:, 0]) > 2.4) | (np.abs(self.state[:, 2]) > np.radians(12))


def play(policy, poles):
    """The states `(steps, n, 4)`, what was done in each, and whether the pole still stood."""
    states, actions, standing = [], [], []
    stands = np.ones(len(poles.state), bool)
    while stands.any() and len(states) < LONGEST:
        with tg.no_grad():
            state = tg.from_numpy(poles.state)
            action = tg.multinomial(policy(state).softmax(dim=-1), 1)[:, 0]
        states.append(state)
        actions.append(action)
        standing.append(stands)
        stands = stands & ~poles.step(action.numpy() == 1)
    return tg.stack(states), tg.stack(actions), np.array(standing)


def learn(seed, updates):
    """The mean number of steps that the poles stood, before each update of the policy."""
    tg.manual_seed(seed)
    rng = np.random.default_rng(seed)
    policy = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 2))
    optimizer = optim.Adam(policy.parameters(), lr=0.01)
    lengths = []
    for _ in (progress := tqdm(range(updates), desc=f"seed {seed}", unit="update", leave=False, mininterval=1)):
        states, actions, standing = play(policy, CartPoles(POLES, rng))
        lengths.append(standing.sum() / POLES)
        returns = standing[::-1].cumsum(axis=0)[::-1]  # the steps still to come
        others = (returns.sum(axis=1, keepdims=True) - returns) / (POLES - 1)
        advantage = tg.tensor((returns - others) * standing / LONGEST).float()
        chosen = policy(states).log_softmax(dim=-1).gather(-1, actions.unsqueeze(-1)).squeeze(-1)
        loss = -(advantage * chosen).sum() / standing.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        progress.set_postfix(steps=f"{lengths[-1]:.0f}", refresh=False)
    return np.array(lengths)


def main(args):
    updates, seeds = (15, 2) if args.quick else (args.updates, args.seeds)
    start = time.perf_counter()
    curves = []
    for seed in range(seeds):
        curves.append(learn(seed, updates))
        print(f"seed {seed}: {curves[-1][0]:.0f} steps before learning, {curves[-1][-10:].mean():.0f} at the end")
    print(f"{time.perf_counter() - start:.0f} s")
    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for curve in curves:
        axes.plot(curve, color=CURVES[0], alpha=0.3, linewidth=1)
    axes.plot(np.median(curves, axis=0), color=CURVES[1], linewidth=2)
    axes.set(xlabel="update of the policy", ylabel="steps that the pole stands", xlim=(0, updates - 1), ylim=(0, 510))
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(f"{seeds} seeds (blue) and their median (red)", size=10)
    save(figure, args.out / "reinforce.png")


if __name__ == "__main__":
    parser = options(
        __doc__,
        "15 updates with two seeds",
        updates=(100, "of the policy, with each seed"),
        seeds=(5, "how often to learn anew"),
    )
    main(parser.parse_args())
