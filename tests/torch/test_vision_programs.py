"""Programs as people write them for PyTorch, run on PyTorch and on us, with the same numbers and weights.

Images, generative models, training loops and the machinery of modules. Each program is given the library under
PyTorch's name, and `data`; what it returns must be equal.
"""

import copy
import math
import os
import tempfile

import pytest

import tinygrad_lab as tg
from tests.torch.programs import check_equal

pytestmark = pytest.mark.torch
THEIRS = pytest.importorskip("torch")
PROGRAMS = []


def program(function):
    PROGRAMS.append(function)
    return function


@pytest.mark.parametrize("run", PROGRAMS, ids=lambda run: run.__name__)
def test_the_program_gives_what_it_gives_on_pytorch(run):
    check_equal(run, tg, THEIRS)


def trained(model, optimizer, loss_of, steps=3):
    losses = []
    for _ in range(steps):
        loss = loss_of(model)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@program
def residual_network_with_zero_initialised_branches(torch, data):
    nn, F = torch.nn, torch.nn.functional

    class BasicBlock(nn.Module):
        def __init__(self, inplanes, planes, stride=1, downsample=None):
            super().__init__()
            self.conv1 = nn.Conv2d(inplanes, planes, 3, stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(planes)
            self.relu = nn.ReLU(inplace=True)
            self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(planes)
            self.downsample = downsample

        def forward(self, x):
            identity = x if self.downsample is None else self.downsample(x)
            out = self.relu(self.bn1(self.conv1(x)))
            out = self.bn2(self.conv2(out))
            out += identity
            return self.relu(out)

    class ResNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(3, 4, 7, 2, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(True))
            self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
            shortcut = nn.Sequential(nn.Conv2d(4, 8, 1, 2, bias=False), nn.BatchNorm2d(8))
            self.layers = nn.Sequential(BasicBlock(4, 4), BasicBlock(4, 8, 2, shortcut))
            self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
            self.fc = nn.Linear(8, 5)
            for m in self.modules():
                if isinstance(m, nn.Conv2d):
                    nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
                elif isinstance(m, BasicBlock):
                    nn.init.constant_(m.bn2.weight, 0)

        def forward(self, x):
            x = self.avgpool(self.layers(self.maxpool(self.stem(x))))
            return self.fc(x.view(x.size(0), -1))

    model, x, y = ResNet(), data(4, 3, 33, 33), data.integers(5, 4)
    zero = model.layers[0].bn2.weight.abs().sum().item()
    data.weights(model, 0.1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    losses = trained(model, optimizer, lambda m: F.cross_entropy(m(x), y))
    model.eval()
    return zero, losses, (model(x).argmax(1) == y).type(torch.float).sum().item(), model.state_dict(), repr(model)


@program
def unet_with_dice_loss(torch, data):
    nn, F = torch.nn, torch.nn.functional

    def double(i, o):
        return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))

    class UNet(nn.Module):
        def __init__(self, bilinear):
            super().__init__()
            self.inc, self.down = double(1, 4), nn.Sequential(nn.MaxPool2d(2), double(4, 8))
            self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            if not bilinear:
                self.up = nn.ConvTranspose2d(8, 8, kernel_size=2, stride=2)
            self.outc = nn.Sequential(double(12, 4), nn.Conv2d(4, 1, kernel_size=1))

        def forward(self, x):
            x2 = self.inc(x)
            x1 = self.up(self.down(x2))
            dy, dx = x2.size()[2] - x1.size()[2], x2.size()[3] - x1.size()[3]
            x1 = F.pad(x1, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
            return self.outc(torch.cat([x2, x1], dim=1))

    def dice_loss(inputs, targets, smooth=1):
        inputs, targets = torch.sigmoid(inputs).view(-1), targets.view(-1)
        intersection = (inputs * targets).sum()
        return 1 - (2.0 * intersection + smooth) / (inputs.sum() + targets.sum() + smooth)

    x, mask = data(2, 1, 13, 15), (data.uniform(2, 1, 13, 15) > 0.5).float()
    results = []
    for bilinear in (True, False):
        model = data.weights(UNet(bilinear))
        optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3, momentum=0.9)
        criterion = nn.BCEWithLogitsLoss()
        results.append(trained(model, optimizer, lambda m: criterion(m(x), mask) + dice_loss(m(x), mask)))  # noqa: B023
        found = (torch.sigmoid(model(x)) > 0.5).int()
        iou = (found & mask.int()).float().sum((1, 2, 3)) / (found | mask.int()).float().sum((1, 2, 3))
        results += [iou, model(x)]
    return results


@program
def vision_transformer_with_a_class_token(torch, data):
    nn, F = torch.nn, torch.nn.functional

    class Attention(nn.Module):
        def __init__(self, dim, num_heads):
            super().__init__()
            self.num_heads, self.scale = num_heads, (dim // num_heads) ** -0.5
            self.qkv, self.proj = nn.Linear(dim, dim * 3, bias=False), nn.Linear(dim, dim)

        def forward(self, x):
            B, N, C = x.shape
            qkv = self.qkv(x).reshape(B, N, 3, self.num_heads, C // self.num_heads).permute(2, 0, 3, 1, 4)
            q, k, v = qkv[0], qkv[1], qkv[2]
            attn = ((q @ k.transpose(-2, -1)) * self.scale).softmax(dim=-1)
            return self.proj((attn @ v).transpose(1, 2).reshape(B, N, C))

    class ViT(nn.Module):
        def __init__(self, dim=12, depth=2, patches=16):
            super().__init__()
            self.proj = nn.Conv2d(3, dim, kernel_size=4, stride=4)
            self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
            self.pos_embed = nn.Parameter(torch.zeros(1, patches + 1, dim))
            self.blocks = nn.ModuleList(nn.ModuleList([nn.LayerNorm(dim), Attention(dim, 3)]) for _ in range(depth))
            self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, 5)
            nn.init.trunc_normal_(self.pos_embed, std=0.02)

        def forward(self, x):
            x = self.proj(x).flatten(2).transpose(1, 2)
            x = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), dim=1) + self.pos_embed
            for norm, attention in self.blocks:
                x = x + attention(norm(x))
            return self.head(self.norm(x)[:, 0])

    model, x, y = data.weights(ViT()), data(3, 3, 16, 16), data.integers(5, 3)
    decay = [p for n, p in model.named_parameters() if p.ndim > 1 and n not in {"pos_embed", "cls_token"}]
    rest = [p for p in model.parameters() if not any(p is q for q in decay)]
    groups = [{"params": rest, "weight_decay": 0.0}, {"params": decay, "weight_decay": 0.3}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=5)
    results = []
    for _ in range(4):
        results += trained(model, optimizer, lambda m: F.cross_entropy(m(x), y, label_smoothing=0.1), steps=1)
        schedule.step()
        results += [group[key] for group in optimizer.param_groups for key in ("lr", "weight_decay", "betas")]
    return results, model.state_dict()


@program
def shifted_windows(torch, data):
    def window_partition(x, ws):
        B, H, W, C = x.shape
        x = x.view(B, H // ws, ws, W // ws, ws, C)
        return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, ws, ws, C)

    def window_reverse(windows, ws, H, W):
        B = int(windows.shape[0] / (H * W / ws / ws))
        x = windows.view(B, H // ws, W // ws, ws, ws, -1)
        return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(B, H, W, -1)

    ws, shift = 4, 2
    coords = torch.stack(torch.meshgrid([torch.arange(ws), torch.arange(ws)], indexing="ij")).flatten(1)
    relative = (coords[:, :, None] - coords[:, None, :]).permute(1, 2, 0).contiguous()
    relative[:, :, 0] += ws - 1
    relative[:, :, 1] += ws - 1
    relative[:, :, 0] *= 2 * ws - 1
    index = relative.sum(-1)
    img_mask = torch.zeros((1, 8, 8, 1))
    slices = (slice(0, -ws), slice(-ws, -shift), slice(-shift, None))
    for i, h in enumerate(slices):
        for j, w in enumerate(slices):
            img_mask[:, h, w, :] = 3 * i + j
    regions = window_partition(img_mask, ws).view(-1, ws * ws)
    mask = regions.unsqueeze(1) - regions.unsqueeze(2)
    mask = mask.masked_fill(mask != 0, -100.0).masked_fill(mask == 0, 0.0)
    table = data((2 * ws - 1) ** 2).requires_grad_()
    x = data(2, 8, 8, 6).requires_grad_()
    windows = window_partition(torch.roll(x, shifts=(-shift, -shift), dims=(1, 2)), ws).view(-1, ws * ws, 6)
    bias = table[index.view(-1)].view(ws * ws, ws * ws)
    attn = (windows @ windows.transpose(-2, -1) + bias).view(2, -1, ws * ws, ws * ws) + mask
    mixed = (attn.softmax(-1).view(-1, ws * ws, ws * ws) @ windows).view(-1, ws, ws, 6)
    y = torch.roll(window_reverse(mixed, ws, 8, 8), shifts=(shift, shift), dims=(1, 2))
    (y * torch.arange(6.0)).sum().backward()
    return index, mask, y, x.grad, table.grad


@program
def wasserstein_critic_with_gradient_penalty(torch, data):
    nn = torch.nn
    layers = nn.Conv2d(1, 4, 3, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(4, 8, 3, 2, 1), nn.InstanceNorm2d(8, affine=True)
    critic = data.weights(nn.Sequential(*layers, nn.LeakyReLU(0.2, True), nn.Flatten(), nn.Linear(8 * 4, 1)))

    def gradient_penalty(real, fake):
        alpha = data.uniform(real.size(0), 1, 1, 1)
        between = torch.autograd.Variable(alpha * real + (1 - alpha) * fake, requires_grad=True)
        judged = critic(between)
        ones = torch.Tensor(real.shape[0], 1).fill_(1.0)
        gradients = torch.autograd.grad(
            outputs=judged, inputs=between, grad_outputs=ones, create_graph=True, retain_graph=True, only_inputs=True
        )[0]
        return ((gradients.view(gradients.size(0), -1).norm(2, dim=1) - 1) ** 2).mean()

    optimizer = torch.optim.RMSprop(critic.parameters(), lr=1e-3)
    losses = []
    for _ in range(3):
        real, fake = data(5, 1, 8, 8), data(5, 1, 8, 8)
        optimizer.zero_grad()
        loss = -torch.mean(critic(real)) + torch.mean(critic(fake)) + 10 * gradient_penalty(real.data, fake.data)
        loss.backward()
        optimizer.step()
        for p in critic[0].parameters():
            p.data.clamp_(-0.3, 0.3)
        losses.append(f"{loss:.3f}")
    return losses, critic[0].weight, critic[-1].weight.grad


@program
def denoising_diffusion(torch, data):
    nn, F = torch.nn, torch.nn.functional

    def extract(a, t, x_shape):
        return a.gather(-1, t).reshape(t.shape[0], *((1,) * (len(x_shape) - 1)))

    class Denoiser(nn.Module):
        def __init__(self, steps=8, dim=8):
            super().__init__()
            self.dim, self.steps = dim, steps
            self.mlp = nn.Sequential(nn.Linear(dim, 16), nn.GELU(), nn.Linear(16, 2 * dim))
            self.proj, self.norm, self.out = nn.Conv2d(1, dim, 3, padding=1), nn.GroupNorm(2, dim), nn.Conv2d(dim, 1, 1)
            betas = torch.linspace(1e-4, 0.02, steps, dtype=torch.float64)
            alphas_cumprod = torch.cumprod(1.0 - betas, dim=0)
            self.register_buffer("betas", betas.to(torch.float32))
            self.register_buffer("signal", alphas_cumprod.sqrt().float())
            self.register_buffer("noise", torch.sqrt(1.0 - alphas_cumprod).float())

        def forward(self, x, time):
            half = self.dim // 2
            emb = torch.exp(torch.arange(half, device=x.device) * -(math.log(10000) / (half - 1)))
            emb = time[:, None] * emb[None, :]
            scale, shift = self.mlp(torch.cat((emb.sin(), emb.cos()), dim=-1))[..., None, None].chunk(2, dim=1)
            return self.out(F.silu(self.norm(self.proj(x)) * (scale + 1) + shift))

        def loss(self, x, t, noise):
            noisy = extract(self.signal, t, x.shape) * x + extract(self.noise, t, x.shape) * noise
            return F.mse_loss(self(noisy, t), noise, reduction="none").flatten(1).mean(-1).mean()

        @torch.no_grad()
        def sample(self, x):
            for i in reversed(range(self.steps)):
                t = torch.full((x.shape[0],), i, dtype=torch.long)
                step = extract(self.betas, t, x.shape) * self(x, t) / extract(self.noise, t, x.shape)
                x = (x - step) / torch.sqrt(1 - extract(self.betas, t, x.shape))
                x.clamp_(-3.0, 3.0)
            return x

    model, x = data.weights(Denoiser()), data(3, 1, 8, 8)
    ema = copy.deepcopy(model).requires_grad_(False)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(3):
        t, noise = data.integers(8, 3), data(3, 1, 8, 8)
        losses += trained(model, optimizer, lambda m: m.loss(x, t, noise), steps=1)  # noqa: B023
        for p, e in zip(model.parameters(), ema.parameters()):
            e.data.mul_(0.9).add_(p.data, alpha=1 - 0.9)
    return losses, ema.state_dict(), model.sample(data(2, 1, 8, 8))


@program
def style_transfer(torch, data):
    nn, F = torch.nn, torch.nn.functional
    cnn = data.weights(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(4, 6, 3)))

    def gram_matrix(input):
        a, b, c, d = input.size()
        features = input.view(a * b, c * d)
        return torch.mm(features, features.t()).div(a * b * c * d)

    class StyleLoss(nn.Module):
        def __init__(self, target):
            super().__init__()
            self.target = gram_matrix(target).detach()

        def forward(self, input):
            self.loss = F.mse_loss(gram_matrix(input), self.target)
            return input

    content, style, model, found = data.uniform(1, 3, 8, 8), data.uniform(1, 3, 8, 8), nn.Sequential(), []
    for i, layer in enumerate(cnn.children()):
        model.add_module(f"layer_{i}", nn.ReLU(inplace=False) if isinstance(layer, nn.ReLU) else layer)
        if isinstance(layer, nn.Conv2d):
            found.append(StyleLoss(model(style).detach()))
            model.add_module(f"style_loss_{i}", found[-1])
    model.eval().requires_grad_(False)
    image = content.clone().requires_grad_(True)
    optimizer, losses = torch.optim.LBFGS([image], max_iter=5), []

    def closure():
        with torch.no_grad():
            image.clamp_(0, 1)
        optimizer.zero_grad()
        model(image)
        style_score = 0
        for layer in found:
            style_score += layer.loss
        loss = 100 * style_score + F.l1_loss(image, content)
        loss.backward()
        losses.append(loss.item())
        return loss

    optimizer.step(closure)
    return losses, [name for name, _ in model.named_children()]


@program
def where_a_network_looks(torch, data):
    nn, F = torch.nn, torch.nn.functional
    features = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3), nn.ReLU())
    model = data.weights(nn.Sequential(features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 5))).eval()
    kept = {}
    handles = [
        features[3].register_forward_hook(lambda module, input, output: kept.update(value=output.detach())),
        features[3].register_full_backward_hook(lambda module, grad_in, grad_out: kept.update(grad=grad_out[0])),
    ]
    x = data(1, 3, 10, 10).requires_grad_()
    logit = model(x)
    logit[:, logit.max(1)[-1]].squeeze().backward()
    for handle in handles:
        handle.remove()
    b, k, _, _ = kept["grad"].size()
    weights = kept["grad"].view(b, k, -1).mean(2).view(b, k, 1, 1)
    cam = F.relu((weights * kept["value"]).sum(1, keepdim=True))
    cam = F.interpolate(cam, size=x.shape[-2:], mode="bilinear", align_corners=False)
    cam = (cam - cam.min()).div(cam.max() - cam.min() + 1e-8).data
    saliency, _ = torch.max(x.grad.data.abs(), dim=1)
    return cam, saliency, torch.clamp(x + 0.1 * x.grad.sign(), 0, 1), kept


@program
def boxes_anchors_and_their_suppression(torch, data):
    F = torch.nn.functional

    def box_iou(a, b):
        wh = (torch.min(a[:, None, 2:], b[:, 2:]) - torch.max(a[:, None, :2], b[:, :2])).clamp(min=0)
        inter = wh[:, :, 0] * wh[:, :, 1]
        area = [(x[:, 2] - x[:, 0]) * (x[:, 3] - x[:, 1]) for x in (a, b)]
        return inter / (area[0][:, None] + area[1] - inter)

    def nms(boxes, scores, threshold):
        keep, order = [], scores.argsort(descending=True)
        while order.numel() > 0:
            i = order[0]
            keep.append(i.item())
            order = order[1:][box_iou(boxes[i].unsqueeze(0), boxes[order[1:]]).squeeze(0) <= threshold]
        return torch.LongTensor(keep)

    ratios, scales = torch.as_tensor([0.5, 1, 2]), torch.as_tensor([8.0, 16])
    ws, hs = ((r[:, None] * scales[None, :]).view(-1) for r in (1 / ratios.sqrt(), ratios.sqrt()))
    base = (torch.stack([-ws, -hs, ws, hs], dim=1) / 2).round()
    yy, xx = torch.meshgrid(torch.arange(3) * 8, torch.arange(4) * 8, indexing="ij")
    shifts = torch.stack((xx, yy, xx, yy), dim=-1).view(-1, 1, 4)
    anchors = (shifts + base.view(1, -1, 4)).reshape(-1, 4)
    truth = torch.tensor([[2.0, 3.0, 14.0, 16.0], [10, 4, 30, 20]])
    iou = box_iou(truth, anchors)
    values, which = iou.max(dim=0)
    labels = torch.full((anchors.shape[0],), -1.0)
    labels[values < 0.2] = 0
    labels[values >= 0.4] = 1
    labels[iou.argmax(1)] = 1
    positive = torch.where(labels == 1)[0]
    offsets, scores = data(len(anchors), 4).requires_grad_(), data(len(anchors)).requires_grad_()
    moved = anchors + offsets
    loss = F.smooth_l1_loss(moved[positive], truth[which[positive]], beta=1 / 9)
    loss = loss + F.binary_cross_entropy_with_logits(scores[labels >= 0], labels[labels >= 0])
    loss.backward()
    clipped = moved.detach().clone()
    clipped[..., [0, 2]] = clipped[..., [0, 2]].clamp(0, 32)
    clipped[:, 1::2].clamp_(0, 24)
    return anchors, labels, loss, offsets.grad, scores.grad, nms(clipped, scores.detach(), 0.3), clipped


@program
def sharpness_aware_minimisation(torch, data):
    nn, F = torch.nn, torch.nn.functional

    class SAM(torch.optim.Optimizer):
        def __init__(self, params, base_optimizer, rho=0.05, **kwargs):
            super().__init__(params, {"rho": rho, **kwargs})
            self.base_optimizer = base_optimizer(self.param_groups, **kwargs)
            self.param_groups = self.base_optimizer.param_groups
            self.defaults.update(self.base_optimizer.defaults)

        @torch.no_grad()
        def first_step(self):
            gradients = [p.grad for group in self.param_groups for p in group["params"]]
            assert not any(g.is_sparse for g in gradients)
            norm = torch.norm(torch.stack([g.norm(p=2) for g in gradients]), p=2)
            for group in self.param_groups:
                for p in group["params"]:
                    self.state[p]["old_p"] = p.data.clone()
                    p.add_(p.grad * (group["rho"] / (norm + 1e-12)).to(p))
            self.zero_grad()

        @torch.no_grad()
        def second_step(self):
            for group in self.param_groups:
                for p in group["params"]:
                    p.data = self.state[p]["old_p"]
            self.base_optimizer.step()
            self.zero_grad()

    model, x, y = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)), data(7, 4), data.integers(3, 7)
    optimizer, losses = SAM(data.weights(model).parameters(), torch.optim.SGD, lr=0.1, momentum=0.9), []
    for _ in range(3):
        for step in (optimizer.first_step, optimizer.second_step):
            losses.append(F.cross_entropy(model(x), y))
            losses[-1].backward()
            step()
    return losses, model.state_dict(), sorted(optimizer.defaults)


@program
def vector_quantisation_straight_through(torch, data):
    nn, F = torch.nn, torch.nn.functional

    book, latent = data.weights(nn.Embedding(6, 4)), data(2, 4, 3, 3).requires_grad_()
    z = latent.permute(0, 2, 3, 1).contiguous()
    flat = z.view(-1, 4)
    distance = (flat**2).sum(1, keepdim=True) + (book.weight**2).sum(1) - 2 * flat @ book.weight.t()
    index = torch.argmin(distance, dim=1).unsqueeze(1)
    one_hot = torch.zeros(index.shape[0], 6).scatter_(1, index, 1)
    q = torch.matmul(one_hot, book.weight).view(z.shape)
    loss = 0.25 * F.mse_loss(q.detach(), z) + F.mse_loss(q, z.detach())
    q = (z + (q - z).detach()).permute(0, 3, 1, 2).contiguous()
    used = one_hot.mean(0)
    perplexity = torch.exp(-torch.sum(used * torch.log(used + 1e-10)))
    (loss + (q.view(2, -1) ** 2).mean()).backward()
    return loss, perplexity, latent.grad, book.weight.grad


@program
def surgery_on_a_model_and_a_resumed_training(torch, data):
    nn, F = torch.nn, torch.nn.functional

    def replace(module):
        for name, child in reversed(module._modules.items()):
            if len(list(child.children())) > 0:
                module._modules[name] = replace(child)
            if isinstance(child, nn.ReLU):
                module._modules[name] = nn.SiLU(inplace=True)
        return module

    def make():
        inner = nn.ModuleDict({"body": nn.Sequential(nn.Linear(3, 4, bias=False), nn.BatchNorm1d(4), nn.ReLU())})
        inner["head"] = nn.Linear(4, 2)
        model = replace(nn.Sequential(inner["body"], inner["head"]))
        optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-2)
        return model, optimizer, torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)

    x, y = data(6, 3), data.integers(2, 6)
    model, optimizer, schedule = make()
    data.weights(model)
    path = os.path.join(tempfile.mkdtemp(), "checkpoint.npz")
    losses = []
    for epoch in range(4):
        if epoch == 2:
            state = {"model": model, "optimizer": optimizer, "schedule": schedule}
            torch.save({"epoch": epoch, **{name: part.state_dict() for name, part in state.items()}}, path)
            model, optimizer, schedule = make()
            loaded = torch.load(path, map_location=torch.device("cpu"), weights_only=True)
            for name, part in (("model", model), ("optimizer", optimizer), ("schedule", schedule)):
                part.load_state_dict(loaded[name])
        losses += trained(model, optimizer, lambda m: F.cross_entropy(m(x), y), steps=1)
        schedule.step()
    return losses, model.state_dict(), schedule.get_last_lr(), repr(model), list(model[0][1]._buffers)
