"""A variational autoencoder on handwritten digits: each image is a point of the plane, each point an image.

    python examples/vae.py --data DIR [--epochs N] [--out DIR] [--quick]

DIR holds the four IDX files of MNIST or, since they are alike, Fashion-MNIST. D. P. Kingma and M. Welling,
"Auto-encoding variational Bayes", 2013: the loss is the negative of their bound, in nats an image.

Figures are drawn with matplotlib: pip install "tinygrad_lab[demo]".
"""

import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from images import digits
from plots import options, save
from tqdm import tqdm

import tinygrad_lab as tg
import tinygrad_lab.nn.functional as F
from tinygrad_lab import nn, optim
from tinygrad_lab.utils.data import DataLoader, TensorDataset


class VAE(nn.Module):
    """Convolutions from 28 x 28 pixels to a Gaussian in the plane, transposed convolutions back."""

    def __init__(self, latent=2, w=16):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, w, 4, stride=2, padding=1),  # 14 x 14
            nn.ReLU(),
            nn.Conv2d(w, 2 * w, 4, stride=2, padding=1),  # 7 x 7
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(2 * w * 49, 128),
            nn.ReLU(),
            nn.Linear(128, 2 * latent),
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent, 128),
            nn.ReLU(),
            nn.Linear(128, 2 * w * 49),
            nn.ReLU(),
            nn.Unflatten(1, (2 * w, 7, 7)),
            nn.ConvTranspose2d(2 * w, w, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(w, 1, 4, stride=2, padding=1),
        )

    def forward(self, x):
        """The logits of each pixel, and the mean and log-variance of the Gaussian that they were drawn from."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        z = mean + (log_variance / 2).exp() * tg.randn_like(mean)
        return self.decoder(z), mean, log_variance

    def decode(self, z):
        return self.decoder(z).sigmoid()


def loss_fn(logits, mean, log_variance, x):
    """How badly the image is guessed, and how far its Gaussian is from the standard one; means over the batch."""
    guess = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
    divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum() / len(x)
    return guess, divergence


def train(model, images, test_images, epochs, lr=2e-3):
    """Adam, with one cycle of the learning rate."""
    loader = DataLoader(TensorDataset(images), batch_size=128, shuffle=True, drop_last=True)
    optimizer = optim.Adam(model.parameters(), lr=lr)
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, lr, epochs=epochs, steps_per_epoch=len(loader))
    seconds = 0
    for epoch in range(1, epochs + 1):
        for (x,) in tqdm(loader, desc=f"epoch {epoch} of {epochs}", unit="batch", leave=False, mininterval=1):
            start = time.perf_counter()
            guess, divergence = loss_fn(*model(x), x)
            optimizer.zero_grad()
            (guess + divergence).backward()
            optimizer.step()
            scheduler.step()
            seconds += time.perf_counter() - start
        guess, divergence = evaluate(model, test_images)
        print(f"epoch {epoch}: test loss {guess + divergence:.2f} = {guess:.2f} + {divergence:.2f} nats an image")
    print(f"{seconds / (epochs * len(loader)):.4f} s a step of 128 images")


@tg.no_grad()
def evaluate(model, images):
    """The two parts of the loss, over all images."""
    parts = [[p.item() for p in loss_fn(*model(x), x)] for (x,) in DataLoader(TensorDataset(images), batch_size=500)]
    return np.mean(parts, axis=0)


@tg.no_grad()
def draw(args, model, images, labels):
    """Images and what becomes of them; where the images are in the plane; what image each point of the plane is."""
    figure = plt.figure(figsize=(10, 5.6), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1, 2.6))
    again = model.decode(model.encoder(images[:12]).chunk(2, dim=1)[0])
    for axes, rows, name in zip(above.subplots(2, 1), (images[:12], again), ("image", "decoded")):
        axes.imshow(np.concatenate(rows.numpy()[:, 0], axis=1), cmap="gray_r")
        axes.set(xticks=[], yticks=[])
        axes.set_ylabel(name, rotation=0, ha="right", va="center")
    left, right = below.subplots(1, 2)
    mean = model.encoder(images[:1500]).chunk(2, dim=1)[0].numpy()
    for number in range(10):
        left.scatter(*mean[labels[:1500] == number].T, marker=f"${number}$", s=22, linewidths=0.3)
    (x0, y0), (x1, y1) = np.quantile(mean, (0.005, 0.995), axis=0)
    left.set(xlabel="$z_1$", ylabel="$z_2$", xlim=(x0, x1), ylim=(y0, y1))
    side = np.linspace(-2.2, 2.2, 15, dtype=np.float32)
    grid = tg.tensor(np.stack(np.meshgrid(side, side[::-1]), axis=-1).reshape(-1, 2))
    tiles = model.decode(grid).numpy().reshape(15, 15, 28, 28)
    right.imshow(tiles.transpose(0, 2, 1, 3).reshape(15 * 28, 15 * 28), cmap="gray_r", extent=(-2.36, 2.36) * 2)
    right.set(xlabel="$z_1$", ylabel="$z_2$")
    save(figure, args.out / "vae.png")


def main(args):
    tg.manual_seed(0)
    (pixels, _), (pixels_test, labels) = digits(args, 1000, 300)
    images, images_test = (tg.tensor(p.reshape(-1, 1, 28, 28) / np.float32(255)) for p in (pixels, pixels_test))
    model = VAE()
    print(f"{sum(p.numel() for p in model.parameters()):,} weights")
    train(model, images, images_test, 2 if args.quick else args.epochs)
    draw(args, model, images_test, labels)


if __name__ == "__main__":
    parser = options(__doc__, "two epochs on made-up images", epochs=(5, "times through the training set"))
    parser.add_argument("--data", type=Path, metavar="DIR", help="the folder with the IDX files")
    main(parser.parse_args())
