"""ResNet-20 on CIFAR-10: residual blocks, random crops and flips, one cycle of the learning rate.

    python examples/resnet_cifar.py --data DIR [--epochs N] [--out DIR] [--quick]

The network of K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition", 2015, section 4.2,
with its shortcuts without parameters: 270 thousand weights. Theirs reached 91.25 % after 164 epochs.

Figures are drawn with matplotlib: pip install "tinygrad_lab[demo]".
"""

import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from images import photographs
from plots import curves, options, save
from tqdm import tqdm

import tinygrad_lab as tg
import tinygrad_lab.nn.functional as F
from tinygrad_lab import datasets, nn, optim
from tinygrad_lab.datasets.transforms import Compose, Normalize, RandomCrop, RandomHorizontalFlip
from tinygrad_lab.utils.data import DataLoader, Dataset, TensorDataset

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


class Block(nn.Module):
    """Two 3x3 convolutions beside the identity; where the size halves, the identity skips pixels and pads channels."""

    def __init__(self, n_in, n_out, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.stride, self.more = stride, n_out - n_in

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.stride > 1:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.more // 2, self.more // 2))
        return F.relu(y + x)


class ResNet(nn.Module):
    """6 n + 2 layers: three stages of n blocks with w, 2 w and 4 w channels; n = 3 and w = 16 is ResNet-20."""

    def __init__(self, n=3, w=16, classes=10):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, w, 3, padding=1, bias=False), nn.BatchNorm2d(w), nn.ReLU())
        stages = []
        for n_in, n_out, stride in ((w, w, 1), (w, 2 * w, 2), (2 * w, 4 * w, 2)):
            stages += [Block(n_in, n_out, stride), *(Block(n_out, n_out) for _ in range(n - 1))]
        self.stages = nn.Sequential(*stages)
        self.fc = nn.Linear(4 * w, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        return self.fc(self.stages(self.stem(x)).mean(dim=(2, 3)))


class Transformed(Dataset):
    """Images, each transformed anew whenever it is asked for, and their classes."""

    def __init__(self, pixels, labels, transform):
        self.pixels, self.labels, self.transform = pixels, labels, transform

    def __getitem__(self, i):
        return self.transform(tg.tensor(self.pixels[i] / np.float32(255))), int(self.labels[i])

    def __len__(self):
        return len(self.pixels)


def train(model, loader, test_set, epochs, lr):
    """Returns the loss of each step, the accuracies in training and in the test of each epoch, and a step's seconds."""
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.9, weight_decay=5e-4, nesterov=True)
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, lr, epochs=epochs, steps_per_epoch=len(loader))
    losses, accuracies, seconds = [], {"training": [], "test": []}, 0
    for epoch in range(1, epochs + 1):
        hits = []
        for x, t in tqdm(loader, desc=f"epoch {epoch} of {epochs}", unit="batch", leave=False, mininterval=1):
            start = time.perf_counter()
            y = model(x)
            loss = F.cross_entropy(y, t)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            seconds += time.perf_counter() - start
            losses.append(loss.item())
            hits.append((y.argmax(dim=1) == t).double().mean().item())
        accuracies["training"].append(100 * np.mean(hits))
        accuracies["test"].append(100 * np.mean(predict(model, test_set) == test_set.tensors[1].numpy()))
        mean = np.mean(losses[-len(loader) :])
        print(f"epoch {epoch}: loss {mean:.3f}, test accuracy {accuracies['test'][-1]:.2f} %")
    return losses, accuracies, seconds / len(losses)


@tg.no_grad()
def predict(model, test_set):
    """The class of each test image."""
    model.eval()
    found = [model(x).argmax(dim=1) for x, _ in DataLoader(test_set, batch_size=250)]
    model.train()
    return tg.cat(found).numpy()


def main(args):
    tg.manual_seed(0)
    train_set, (pixels, labels) = photographs(args, 256, 100)
    model, epochs, lr = (ResNet(n=1, w=8), 4, 0.1) if args.quick else (ResNet(), args.epochs, 0.4)
    normalize = Normalize(MEAN, STD)
    augmented = Transformed(*train_set, Compose([RandomCrop(32, padding=4), RandomHorizontalFlip(), normalize]))
    test_set = TensorDataset(normalize(tg.tensor(pixels / np.float32(255))), tg.tensor(labels))
    loader = DataLoader(augmented, batch_size=32 if args.quick else 128, shuffle=True, drop_last=True)
    print(f"{sum(p.numel() for p in model.parameters()):,} weights")
    losses, accuracies, seconds = train(model, loader, test_set, epochs, lr)
    print(f"test accuracy {accuracies['test'][-1]:.2f} % after {epochs} epochs; {seconds:.3f} s a step")
    draw(args, losses, accuracies, pixels, labels, predict(model, test_set))


def draw(args, losses, accuracies, pixels, labels, predicted):
    """The curves, and the first test images with the class that each was given."""
    figure = plt.figure(figsize=(9, 5.6), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1.1, 1))
    left, right = above.subplots(1, 2)
    epochs = len(accuracies["test"])
    parts = np.array_split(losses, min(len(losses), 100))  # of the training; of each the mean is drawn
    curves(left, {"": [part.mean() for part in parts]}, "training loss", at=np.linspace(0, epochs, len(parts)))
    curves(right, accuracies, "accuracy, %", at=range(1, epochs + 1))
    right.xaxis.get_major_locator().set_params(integer=True)
    for axes, image, label, found in zip(below.subplots(2, 8).flat, pixels, labels, predicted):
        axes.imshow(image.transpose(1, 2, 0))
        axes.set_axis_off()
        right, names = label == found, datasets.CIFAR10.classes
        axes.set_title(names[found] if right else f"not {names[found]}", color="black" if right else "#d55e00", size=8)
    save(figure, args.out / "resnet_cifar.png")


if __name__ == "__main__":
    parser = options(__doc__, "a small network on made-up images", epochs=(15, "times through the training set"))
    parser.add_argument("--data", type=Path, metavar="DIR", help="the folder with CIFAR-10's files")
    main(parser.parse_args())
