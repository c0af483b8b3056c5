"""A network that solves Burgers' equation: its loss is the equation, so its own second derivatives are differentiated.

    python examples/pinn.py [--steps N] [--out DIR] [--quick]

u_t + u u_x = (0.01 / pi) u_xx for -1 < x < 1 and 0 < t < 1, with u(0, x) = -sin(pi x) and u(t, -1) = u(t, 1) = 0: a
wave that steepens to a shock. It is the first example of M. Raissi, P. Perdikaris and G. E. Karniadakis, "Physics-
informed neural networks", 2019. The network sees no solution; it is compared with the exact one, in the form of
C. Basdevant et al., "Spectral and finite difference solutions of the Burgers equation", 1986.

Figures are drawn with matplotlib: pip install "tinygrad_lab[demo]".
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from plots import CURVES, options, save
from tqdm import tqdm

import tinygrad_lab as tg
from tinygrad_lab import nn, optim

NU = 0.01 / np.pi


class Wave(nn.Module):
    """u(t, x) of points `(n, 2)`: -sin(pi x) + t (1 - x^2) N(t, x), where N is made of tanh layers of width w.

    Whatever N says, that is right at the start and at the edges.
    """

    def __init__(self, w=20, layers=4):
        super().__init__()
        hidden = [part for _ in range(layers - 1) for part in (nn.Linear(w, w), nn.Tanh())]
        self.network = nn.Sequential(nn.Linear(2, w), nn.Tanh(), *hidden, nn.Linear(w, 1))
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_normal_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, points):
        t, x = points[:, 0], points[:, 1]
        return t * (1 - x**2) * self.network(points)[:, 0] - (np.pi * x).sin()


def residual(model, points):
    """u_t + u u_x - nu u_xx, a differentiable function of the weights."""
    points = points.detach().requires_grad_()
    u = model(points)
    (du,) = tg.autograd.grad(u.sum(), points, create_graph=True)
    u_t, u_x = du[:, 0], du[:, 1]
    (du_x,) = tg.autograd.grad(u_x.sum(), points, create_graph=True)
    return u_t + u * u_x - NU * du_x[:, 1]


def exact(t, x):
    """The solution at t > 0, by the Cole-Hopf transform: two integrals against a Gaussian, of 100 nodes."""
    nodes, weights = np.polynomial.hermite.hermgauss(100)
    y = x[..., None] - np.sqrt(4 * NU * t)[..., None] * nodes
    f = weights * np.exp(-np.cos(np.pi * y) / (2 * np.pi * NU))
    return -(np.sin(np.pi * y) * f).sum(axis=-1) / f.sum(axis=-1)


def train(model, points, adam, lbfgs):
    """Adam, then L-BFGS, on the mean square of the residual. Returns the losses."""
    losses = []

    def closure():
        optimizer.zero_grad()
        loss = residual(model, points).square().mean()
        loss.backward()
        losses.append(loss.item())
        progress.update()
        progress.set_postfix(loss=f"{losses[-1]:.1e}", refresh=False)
        return loss

    with tqdm(total=adam + lbfgs, unit="evaluation", mininterval=1) as progress:
        optimizer = optim.Adam(model.parameters(), lr=5e-3)
        for _ in range(adam):
            optimizer.step(closure)
        optimizer = optim.LBFGS(
            model.parameters(), max_iter=lbfgs, max_eval=lbfgs, history_size=50, line_search_fn="strong_wolfe"
        )
        optimizer.step(closure)
    return losses


def main(args):
    tg.manual_seed(0)
    tg.set_default_dtype(tg.float64)
    n, (adam, lbfgs) = (200, (30, 50)) if args.quick else (2000, (300, args.steps))
    points = tg.rand(n, 2) * tg.tensor([1.0, 2.0]) - tg.tensor([0.0, 1.0])
    model = Wave()
    print(f"{sum(p.numel() for p in model.parameters()):,} weights")
    began = time.perf_counter()
    losses = train(model, points, adam, lbfgs)
    seconds = time.perf_counter() - began
    t, x = np.meshgrid(np.linspace(0.005, 1, 200), np.linspace(-1, 1, 257), indexing="ij")
    with tg.no_grad():
        u = model(tg.tensor(np.stack([t, x], axis=-1).reshape(-1, 2))).numpy().reshape(t.shape)
    right = exact(t, x)
    error = np.linalg.norm(u - right) / np.linalg.norm(right)
    print(f"loss {losses[-1]:.1e}, relative error {error:.1e}; {seconds / len(losses):.3f} s an evaluation")
    draw(args, t, x, u, right, losses, error)


def draw(args, t, x, u, right, losses, error):
    figure, panels = plt.subplots(2, 2, figsize=(9, 6), layout="constrained")
    for axes, values, label, colours, limit in (
        (panels[0, 0], u, "$u$", "RdBu_r", 1),
        (panels[0, 1], u - right, "error of $u$", "PuOr", np.abs(u - right).max()),
    ):
        shown = axes.pcolormesh(t, x, values, cmap=colours, vmin=-limit, vmax=limit, rasterized=True)
        axes.set(xlabel="$t$", ylabel="$x$")
        figure.colorbar(shown, ax=axes, label=label)
    for when, color in zip((0.25, 0.5, 0.75), CURVES):
        i = np.abs(t[:, 0] - when).argmin()
        panels[1, 0].plot(x[i], right[i], color=color, linewidth=4, alpha=0.35)
        panels[1, 0].plot(x[i], u[i], "--", color=color, label=f"$t = {when}$")
    panels[1, 0].set(xlabel="$x$", ylabel="$u$", xlim=(-1, 1))
    panels[1, 0].set_title("exact (broad) and network (dashed)", size=10)
    panels[1, 0].legend(frameon=False)
    panels[1, 1].semilogy(losses, color=CURVES[0])
    panels[1, 1].set(xlabel="evaluation", ylabel="loss", xlim=(0, len(losses)))
    panels[1, 1].set_title(f"relative error at the end {error:.1e}", size=10)
    for axes in panels[1]:
        axes.spines[["top", "right"]].set_visible(False)
    save(figure, args.out / "pinn.png")


if __name__ == "__main__":
    parser = options(__doc__, "a few evaluations at few points", steps=(2000, "evaluations of the loss by L-BFGS"))
    main(parser.parse_args())
