"""Programs as people write them for PyTorch, run on PyTorch and on us, with the same numbers and weights.

Sequences, language models, graphs, reinforcement learning, and code that differentiates in unusual ways. Each program
is given the library under PyTorch's name, and `data`; what it returns must be equal.
"""

import copy
import math
from collections import namedtuple

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


def gradients(model):
    return {name: p.grad for name, p in model.named_parameters()}


# ---------------------------------------------------------------------------------------------------------- sequences


@program
def language_model_in_pieces(torch, data):
    """Words in columns, states handed from piece to piece, the embedding tied to the output."""
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self, words, width, layers):
            super().__init__()
            self.encoder = nn.Embedding(words, width)
            self.rnn = nn.LSTM(width, width, layers)
            self.decoder = nn.Linear(width, words)
            self.decoder.weight = self.encoder.weight
            self.width, self.layers, self.words = width, layers, words

        def forward(self, x, hidden):
            y, hidden = self.rnn(self.encoder(x), hidden)
            return self.decoder(y.view(-1, self.width)).log_softmax(dim=1), hidden

        def init_hidden(self, size):
            weight = next(self.parameters()).data
            return tuple(weight.new(self.layers, size, self.width).zero_() for _ in range(2))

    words = data.integers(11, 103)
    columns = words.narrow(0, 0, 100).view(4, -1).t().contiguous()
    model, losses = data.weights(Model(11, 8, 2)), []
    hidden = model.init_hidden(4)
    for i in range(0, len(columns) - 1, 5):
        x, y = columns[i : i + 5], columns[i + 1 : i + 6]
        hidden = tuple(h.detach() for h in hidden)
        model.zero_grad()
        logp, hidden = model(x[: len(y)], hidden)
        loss = nn.NLLLoss()(logp, y.view(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-2.0)
        losses.append(loss.item())
    return losses, hidden, gradients(model), f"ppl {math.exp(losses[-1]):8.2f} | loss {loss:5.2f}"


@program
def packed_classifier(torch, data):
    nn, rnn = torch.nn, torch.nn.utils.rnn
    sequences = [data.integers(9, n) + 1 for n in (5, 3, 7, 2)]
    lengths = torch.LongTensor([len(s) for s in sequences])
    x = rnn.pad_sequence(sequences, batch_first=True)
    embed, lstm = nn.Embedding(10, 6, padding_idx=0), nn.LSTM(6, 5, 2, batch_first=True, bidirectional=True)
    model = data.weights(nn.ModuleDict({"embed": embed, "lstm": lstm, "head": nn.Linear(10, 2)}))
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), []
    for _ in range(3):
        packed = rnn.pack_padded_sequence(embed(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        packed, (h, _) = lstm(packed)
        y, n = rnn.pad_packed_sequence(packed, batch_first=True)
        mask = torch.arange(y.size(1))[None] < n[:, None]
        mean = (y * mask.unsqueeze(-1)).sum(1) / n[:, None]
        peak = y.masked_fill(~mask[..., None], float("-inf")).max(dim=1)[0]
        last = y[torch.arange(len(y)), n - 1]
        logits = model["head"](torch.cat((h[-2], h[-1]), dim=1) + mean + peak + last)
        loss = nn.functional.cross_entropy(logits, torch.tensor([0, 1, 1, 0]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss)
    ids = rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    return losses, y, gradients(model), rnn.pad_packed_sequence(ids, batch_first=True)


@program
def conditional_random_field(torch, data):
    nn = torch.nn
    emissions, tags, lengths = data(3, 6, 4).requires_grad_(), data.integers(4, 3, 6), torch.tensor([6, 4, 2])
    mask = torch.arange(6).expand(3, 6) < lengths.unsqueeze(1)
    transitions, start = nn.Parameter(data(4, 4)), nn.Parameter(torch.Tensor([0.1, 0.2, -0.3, 0.4]))
    rows = torch.arange(3)
    score, alpha, best, back = start[tags[:, 0]] + emissions[rows, 0, tags[:, 0]], *[start + emissions[:, 0]] * 2, []
    for t in range(1, 6):
        score += (transitions[tags[:, t - 1], tags[:, t]] + emissions[rows, t, tags[:, t]]) * mask[:, t]
        grown = torch.logsumexp(alpha.unsqueeze(2) + transitions + emissions[:, t].unsqueeze(1), dim=1)
        alpha = torch.where(mask[:, t].unsqueeze(1), grown, alpha)
        grown, pointers = (best.unsqueeze(2) + transitions + emissions[:, t].unsqueeze(1)).max(dim=1)
        best = torch.where(mask[:, t].unsqueeze(1), grown, best)
        back.append(pointers)
    loss = (alpha.logsumexp(1) - score).sum() / mask.float().sum()
    loss.backward()
    paths = []
    for b, n in enumerate(lengths.tolist()):
        path = [best[b].argmax().item()]
        for pointers in reversed(back[: n - 1]):
            path.append(pointers[b][path[-1]].item())
        paths.append(path[::-1])
    return loss, emissions.grad, transitions.grad, start.grad, paths


# ---------------------------------------------------------------------------------------------------- language models


@program
def small_gpt(torch, data):
    """Weight decay for matrices only, a warm-up by hand, sampling among the best few."""
    nn, F = torch.nn, torch.nn.functional
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    class Block(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.attn, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
            self.register_buffer("causal", torch.tril(torch.ones(8, 8)).view(1, 1, 8, 8))

        def forward(self, x):
            n, length, width = x.size()
            q, k, v = self.attn(self.ln_1(x)).split(width, dim=2)
            q, k, v = (t.view(n, length, 2, width // 2).transpose(1, 2) for t in (q, k, v))
            scores = (q @ k.transpose(-2, -1)) / math.sqrt(q.size(-1))
            scores = scores.masked_fill(self.causal[:, :, :length, :length] == 0, -1e9)
            y = (F.softmax(scores, dim=-1) @ v).transpose(1, 2).contiguous().view(n, length, width)
            x = x + self.proj(y)
            return x + self.mlp(self.ln_2(x))

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.wte, self.wpe, self.head = nn.Embedding(13, 16), nn.Embedding(8, 16), nn.Linear(16, 13, bias=False)
            self.blocks = nn.Sequential(Block(16), Block(16))
            self.wte.weight = self.head.weight

        def forward(self, ids):
            return self.head(self.blocks(self.wte(ids) + self.wpe(torch.arange(ids.size(1), device=ids.device))))

    model = data.weights(GPT(), 0.2).to(device)
    decay, rest = ([p for p in model.parameters() if (p.dim() >= 2) == wide] for wide in (True, False))
    groups = [{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}]
    optimizer, text, found = torch.optim.AdamW(groups, lr=1e-2), data.integers(13, 60).to(device), []
    for it in range(3):
        for group in optimizer.param_groups:
            group["lr"] = 1e-2 * (it + 1) / 3
        starts = data.random.integers(0, 50, 4)
        x, y = (torch.stack([text[i + k : i + k + 8] for i in starts]) for k in (0, 1))
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(x).view(-1, 13), y.view(-1), ignore_index=-1)
        loss.backward()
        found += [loss.item(), nn.utils.clip_grad_norm_(model.parameters(), 1.0)]
        optimizer.step()
    ids = torch.zeros((1, 1), dtype=torch.long, device=device)
    with torch.no_grad():
        for _ in range(6):
            logits = model(ids[:, -8:])[:, -1, :] / 0.8
            top, _ = torch.topk(logits, 3)
            logits[logits < top[:, [-1]]] = -float("Inf")
            ids = torch.cat((ids, logits.argmax(-1, keepdim=True)), dim=1)
    return found, gradients(model), ids, F.softmax(logits, dim=-1), str(model.blocks[0].mlp)


@program
def rotary_attention_with_a_cache(torch, data):
    """Rotary positions, grouped heads and RMS norms; steps with a cache must give what the whole text gives."""
    nn, F = torch.nn, torch.nn.functional
    heads, groups, width = 4, 2, 4
    model = nn.ModuleDict({name: nn.Linear(16, n * width, bias=False) for name, n in (("q", 4), ("k", 2), ("v", 2))})
    model["norm"] = nn.RMSNorm(16, eps=1e-5)
    model["up"], model["gate"], model["down"] = nn.Linear(16, 24), nn.Linear(16, 24), nn.Linear(24, 16)
    model = data.weights(model)
    angles = torch.outer(torch.arange(9).float(), 1.0 / (10000 ** (torch.arange(0, width, 2).float() / width)))
    cos, sin = angles.cos()[None, :, None], angles.sin()[None, :, None]
    cache = [torch.zeros(2, 9, groups, width) for _ in range(2)]

    def rotate(x, at):
        a, b = x.reshape(*x.shape[:-1], -1, 2).unbind(-1)
        c, s = cos[:, at : at + x.size(1)], sin[:, at : at + x.size(1)]
        return torch.stack([a * c - b * s, a * s + b * c], dim=-1).flatten(3)

    def run(x, at=0, cached=False):
        n, length, _ = x.shape
        h = model["norm"](x)
        q, k, v = (model[name](h).view(n, length, -1, width) for name in "qkv")
        q, k = rotate(q, at), rotate(k, at)
        if cached:
            cache[0][:n, at : at + length], cache[1][:n, at : at + length] = k, v
            k, v = (c[:n, : at + length] for c in cache)
        k, v = (t[:, :, :, None].expand(-1, -1, -1, 2, -1).reshape(n, -1, heads, width) for t in (k, v))
        mask = torch.full((length, length), torch.finfo(x.dtype).min).triu(diagonal=1)
        mask = torch.hstack([torch.zeros(length, at), mask])
        scores = torch.einsum("blhd,bmhd->bhlm", q, k) / math.sqrt(width) + mask
        x = x + torch.einsum("bhlm,bmhd->blhd", scores.softmax(-1), v).flatten(2)
        return x + model["down"](F.silu(model["gate"](x)) * model["up"](x))

    x = data(2, 9, 16).requires_grad_()
    whole = run(x)
    whole.pow(2).mean().backward()
    with torch.inference_mode():
        steps = torch.cat([run(x[:, :5], 0, True), *(run(x[:, i : i + 1], i, True) for i in range(5, 9))], dim=1)
    return whole, steps, x.grad, gradients(model), torch.allclose(whole, steps, atol=1e-5)


# ------------------------------------------------------------------------------------- graphs, reinforcement learning


@program
def graph_attention(torch, data):
    nn, F = torch.nn, torch.nn.functional
    nodes, edges = 9, 30
    adjacency = torch.zeros(nodes, nodes).index_put(
        (data.integers(nodes, edges), data.integers(nodes, edges)), torch.ones(1)
    )
    adjacency.fill_diagonal_(1.0)
    source, target = adjacency.nonzero(as_tuple=True)
    lin, att = data.weights(nn.Linear(4, 6, bias=False)), nn.Parameter(data(2, 2, 3))
    x, labels = data(nodes, 4).requires_grad_(), data.integers(3, nodes)
    h = lin(x).view(-1, 2, 3)
    scores = F.leaky_relu((h * att[0]).sum(-1)[source] + (h * att[1]).sum(-1)[target], 0.2)
    peak = torch.full((nodes, 2), float("-inf"))
    peak = peak.scatter_reduce(0, target[:, None].expand_as(scores), scores, reduce="amax", include_self=True)
    weights = (scores - peak[target]).exp()
    weights = weights / torch.zeros(nodes, 2).index_add_(0, target, weights)[target]
    messages = h[source] * weights.unsqueeze(-1)
    out = torch.zeros_like(h).scatter_add_(0, target.view(-1, 1, 1).expand_as(messages), messages).mean(1)
    loss = F.cross_entropy(out, labels)
    loss.backward()
    degree = torch.bincount(target, minlength=nodes).clamp(min=1).type_as(x)
    pooled = x.new_zeros(nodes, 4).index_add_(0, target, x.detach()[source]) / degree[:, None]
    accuracy = out.max(1)[1].type_as(labels).eq(labels).double().mean()
    return loss, weights, x.grad, att.grad, lin.weight.grad, pooled, adjacency, f"acc {accuracy:.2%}"


@program
def deep_q_learning(torch, data):
    nn = torch.nn
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))
    policy = data.weights(nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))).to(device)
    target = copy.deepcopy(policy)
    optimizer, losses = torch.optim.AdamW(policy.parameters(), lr=1e-2, amsgrad=True), []
    for _ in range(4):
        memory = []
        for i in range(8):
            state = torch.tensor(data.random.standard_normal(4), dtype=torch.float32, device=device).unsqueeze(0)
            with torch.no_grad():
                action = policy(state).max(1).indices.view(1, 1)
            following = None if i % 3 == 0 else data(1, 4).to(device)
            memory.append(Transition(state, action, following, torch.tensor([float(i)], device=device)))
        batch = Transition(*zip(*memory))
        alive = torch.tensor([s is not None for s in batch.next_state], device=device, dtype=torch.bool)
        values = policy(torch.cat(batch.state)).gather(1, torch.cat(batch.action))
        following = torch.zeros(8, device=device)
        with torch.no_grad():
            following[alive] = target(torch.cat([s for s in batch.next_state if s is not None])).max(1).values
        loss = nn.SmoothL1Loss()(values, (following * 0.99 + torch.cat(batch.reward)).unsqueeze(1))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(policy.parameters(), 100)
        optimizer.step()
        mine, its = policy.state_dict(), target.state_dict()
        target.load_state_dict({key: mine[key] * 0.05 + its[key] * 0.95 for key in mine})
        losses.append(loss.item())
    return losses, policy.state_dict(), target.state_dict()


# ------------------------------------------------------------------------------------------------- unusual derivatives


@program
def physics_informed_network(torch, data):
    """Burgers' equation by Adam and then L-BFGS: the loss holds second derivatives."""
    nn, grad = torch.nn, torch.autograd.grad
    model = data.weights(nn.Sequential(nn.Linear(2, 10), nn.Tanh(), nn.Linear(10, 10), nn.Tanh(), nn.Linear(10, 1)))
    x, t = (data.uniform(20, 1).requires_grad_() for _ in range(2))
    x0 = torch.linspace(-1, 1, 15).unsqueeze(1)

    def loss():
        u = model(torch.cat([x, t], dim=1))
        ux, ut = grad(
            u, [x, t], grad_outputs=torch.ones_like(u), retain_graph=True, create_graph=True, only_inputs=True
        )
        (uxx,) = grad(ux.sum(), x, create_graph=True)
        start = model(torch.cat([x0, torch.zeros_like(x0)], dim=1)) + torch.sin(math.pi * x0)
        return (ut + u * ux - 0.01 / math.pi * uxx).pow(2).mean() + start.pow(2).mean()

    def closure():
        optimizer.zero_grad()
        found = loss()
        found.backward()
        return found

    losses = []
    for optimizer, steps in (
        (torch.optim.Adam(model.parameters(), lr=1e-2), 3),
        (torch.optim.LBFGS(model.parameters(), max_iter=5, line_search_fn="strong_wolfe"), 2),
    ):
        losses += [optimizer.step(closure).item() for _ in range(steps)]
    return losses, gradients(model)


@program
def functions_of_ones_own(torch, data):
    class CubeRoot(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.sign() * x.abs() ** (1 / 3)
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, g):
            (y,) = ctx.saved_tensors
            return g / (3 * y**2)

    class Sort(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y, order = x.sort()
            ctx.mark_non_differentiable(order)
            ctx.save_for_backward(order)
            return y, order

        @staticmethod
        def backward(ctx, g, _):
            (order,) = ctx.saved_tensors
            return torch.empty_like(g).zero_().index_add_(0, order, g)

    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, g):
            return 2 * g

    x = (data.uniform(5) + 0.5).double().requires_grad_()
    y = CubeRoot.apply(x)
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    checks = torch.autograd.gradcheck(CubeRoot.apply, (x,)), torch.autograd.gradgradcheck(CubeRoot.apply, (x,))
    z, order = Sort.apply(CubeRoot.apply(x))
    (Twice.apply(z * 1) * torch.arange(5)).sum().backward()
    return y, first, second, all(map(bool, checks)), z, order, order.requires_grad, x.grad


@program
def gradients_that_hooks_change(torch, data):
    nn = torch.nn
    model, seen = data.weights(nn.Sequential(nn.Linear(3, 6), nn.LeakyReLU(0.2), nn.Linear(6, 1))), []
    handles = [p.register_hook(lambda g: seen.append(g.norm().item())) for p in model[2].parameters()]
    model[0].weight.register_hook(lambda g: g.clamp(-0.1, 0.1))
    real, fake = data(6, 3), data(6, 3)
    mixed = (data.uniform(6, 1) * (real - fake) + fake).requires_grad_(True)
    score = model(mixed)
    (g,) = torch.autograd.grad(
        score, mixed, torch.ones_like(score), create_graph=True, retain_graph=True, only_inputs=True
    )
    penalty = ((g.norm(2, dim=1) - 1) ** 2).mean()
    (penalty + model(fake).mean() - model(real).mean()).backward()
    for handle in handles:
        handle.remove()
    hidden = model[0](real)
    hidden.retain_grad()
    rounded = hidden + (hidden.round() - hidden).detach()
    (rounded * torch.linspace(0, 1, 6)).sum().backward()
    with torch.no_grad():
        model[0].bias.mul_(2).add_(1).clamp_(max=2.5)
        model[0].bias[0] = 7.0
    return penalty, sorted(seen), gradients(model), hidden.grad, model[0].bias, repr(real[:2])


@program
def optimiser_and_schedule_of_ones_own(torch, data):
    nn = torch.nn

    class Lion(torch.optim.Optimizer):
        def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
            super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

        @torch.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in (p for p in group["params"] if p.grad is not None):
                    state = self.state[p]
                    if len(state) == 0:
                        state["average"] = torch.zeros_like(p, memory_format=torch.preserve_format)
                    average, (a, b) = state["average"], group["betas"]
                    p.data.mul_(1 - group["lr"] * group["weight_decay"])
                    p.add_(torch.sign(average * a + p.grad * (1 - a)), alpha=-group["lr"])
                    average.mul_(b).add_(p.grad, alpha=1 - b)

    class Warmup(torch.optim.lr_scheduler._LRScheduler):
        def get_lr(self):
            return [base * min(1.0, (self.last_epoch + 1) / 3) for base in self.base_lrs]

    model, x, y = data.weights(nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1))), data(12, 3), data(12, 1)
    optimizer = Lion(model.parameters(), lr=1e-2, weight_decay=0.1)
    schedule, losses = Warmup(optimizer), []
    for _ in range(4):
        loss = nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses += [loss.item(), *schedule.get_last_lr()]
    return losses, model.state_dict(), sorted(optimizer.state_dict())


@program
def gaussian_process_and_principal_components(torch, data):
    x = torch.linspace(0, 1, 12)[:, None]
    y = torch.sin(6 * x) + 0.1 * data(12, 1)
    length, noise = torch.tensor(0.3, requires_grad=True), torch.tensor(0.1, requires_grad=True)
    k = torch.exp(-0.5 * torch.cdist(x, x).pow(2) / length**2) + noise * torch.eye(len(x))
    factor = torch.linalg.cholesky(k)
    alpha = torch.cholesky_solve(y, factor)
    loss = 0.5 * (y.T @ alpha).squeeze() + factor.diagonal().log().sum() + 6 * math.log(2 * math.pi)
    loss.backward()
    points = data(30, 2) @ data(2, 5) + 3
    _, s, v = torch.pca_lowrank(points, q=2)
    area = torch.trapezoid(y[:, 0], x[:, 0])
    return loss, length.grad, noise.grad, s, (points @ v).var(0), area, torch.gradient(y[:, 0], spacing=(x[:, 0],))[0]
