#!/usr/bin/env python3
"""Times a step of the recipes video-clothes, text-wgan, text-lm and wavegan-digits in PyTorch, for table.py.

peer_sequences.py video|text-wgan|text-lm|wavegan [--mode eager|channels_last|compile|bf16|best] [--batch N] [--steps N]
prints a JSON object a mode; `best` is the fastest of the first three, printed last. Networks, losses, optimisers and
averages are those of the recipes, data are random. --check prints parameters and first losses in place of times: our
`train --dry-run` and first log line have the same, the losses up to random weights and data.
"""
import argparse
import json
import math
import statistics
import time

import torch
from torch import nn
import torch.nn.functional as F

SYMBOLS = 37


class Reshape(nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return x.reshape(len(x), *self.shape)


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


def adam(network, rate, betas, mode):
    return torch.optim.Adam(network.parameters(), rate, betas, fused=mode != "eager")


def ready(network, mode, channels_last=None):
    if mode != "eager" and channels_last:
        network = network.to(memory_format=channels_last)
    return torch.compile(network) if mode == "compile" else network


def averaged(network, decay):
    """A step of the moving average of a network's weights."""
    weights = [p.detach() for p in network.parameters()]
    averages = [w.clone() for w in weights]
    return lambda: torch._foreach_lerp_(averages, weights, 1 - decay)


def dcgan_weights(*networks):
    for module in (m for n in networks for m in n.modules()):
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm3d)):
            nn.init.normal_(module.weight, 1, .02)
        elif getattr(module, "weight", None) is not None:
            nn.init.normal_(module.weight, 0, .02)
        if getattr(module, "bias", None) is not None:
            nn.init.zeros_(module.bias)


# ---- video-clothes ----


def video(mode):
    last = torch.channels_last_3d
    g = nn.Sequential(Reshape(64, 1, 1, 1),
                      nn.ConvTranspose3d(64, 96, (2, 4, 4), bias=False), nn.BatchNorm3d(96), nn.ReLU(),
                      nn.ConvTranspose3d(96, 48, 4, 2, 1, bias=False), nn.BatchNorm3d(48), nn.ReLU(),
                      nn.ConvTranspose3d(48, 24, 4, 2, 1, bias=False), nn.BatchNorm3d(24), nn.ReLU(),
                      nn.ConvTranspose3d(24, 1, (3, 4, 4), (1, 2, 2), 1, bias=False), nn.Tanh())
    d = nn.Sequential(nn.Conv3d(1, 24, (3, 4, 4), (1, 2, 2), 1), nn.LeakyReLU(.2),
                      nn.Conv3d(24, 48, 4, 2, 1, bias=False), nn.BatchNorm3d(48), nn.LeakyReLU(.2),
                      nn.Conv3d(48, 96, 4, 2, 1, bias=False), nn.BatchNorm3d(96), nn.LeakyReLU(.2),
                      nn.Flatten(), nn.Linear(2 * 4 * 4 * 96, 1))
    dcgan_weights(g, d)
    networks = {"generator": g, "discriminator": d}
    average = averaged(g, .99)
    opt_g, opt_d = adam(g, 2e-4, (.5, .999), mode), adam(d, 2e-4, (.5, .999), mode)
    g, d = ready(g, mode, last), ready(d, mode, last)

    def step(batch):
        real = torch.rand(batch, 1, 8, 32, 32) * 2 - 1
        fake = g(torch.randn(batch, 64))
        opt_d.zero_grad(set_to_none=True)
        loss_d = F.softplus(-d(real)).mean() + F.softplus(d(fake.detach())).mean()
        loss_d.backward()
        opt_d.step()
        opt_g.zero_grad(set_to_none=True)
        loss_g = F.softplus(-d(fake)).mean()
        loss_g.backward()
        opt_g.step()
        average()
        return {"d_loss": loss_d, "g_loss": loss_g}

    return step, 32, networks


# ---- text-wgan ----


def text_block():
    return Residual(nn.ReLU(), nn.Conv1d(64, 64, 5, padding=2), nn.ReLU(), nn.Conv1d(64, 64, 5, padding=2))


def text_wgan(mode):
    g = nn.Sequential(nn.Linear(128, 2048), Reshape(64, 32), text_block(), text_block(), text_block(),
                      nn.Conv1d(64, SYMBOLS, 1), nn.Softmax(1))
    d = nn.Sequential(nn.Conv1d(SYMBOLS, 64, 1), text_block(), text_block(), text_block(), nn.Flatten(),
                      nn.Linear(2048, 1))
    for module in (m for n in (g, d) for m in n.modules()):
        if getattr(module, "weight", None) is not None:
            nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
            nn.init.zeros_(module.bias)
    networks = {"generator": g, "discriminator": d}
    average = averaged(g, .995)
    opt_g, opt_d = adam(g, 4e-4, (.5, .9), mode), adam(d, 4e-4, (.5, .9), mode)
    g, plain = ready(g, mode), d
    d = d if mode == "compile" else ready(d, mode)  # compiled graphs have no second gradient

    def step(batch):
        for _ in range(5):
            real = F.one_hot(torch.randint(SYMBOLS, (batch, 32)), SYMBOLS).transpose(1, 2).float()
            with torch.no_grad():
                fake = g(torch.randn(batch, 128))
            opt_d.zero_grad(set_to_none=True)
            u = torch.rand(batch, 1, 1)
            between = (fake + u * (real - fake)).requires_grad_()
            gradient, = torch.autograd.grad(plain(between).sum(), between, create_graph=True)
            penalty = 10 * ((gradient.square().sum((1, 2)) + 1e-12).sqrt() - 1).square().mean()
            loss_d = d(fake).mean() - d(real).mean()
            (loss_d + penalty).backward()
            opt_d.step()
        opt_g.zero_grad(set_to_none=True)
        loss_g = -d(g(torch.randn(batch, 128))).mean()
        loss_g.backward()
        opt_g.step()
        average()
        return {"d_loss": loss_d, "penalty.gradient_penalty": penalty, "g_loss": loss_g}

    return step, 64, networks


# ---- text-lm ----


class Language(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.gru = nn.Embedding(SYMBOLS + 1, 64), nn.GRU(64, 320, batch_first=True)
        self.last = nn.Linear(320, SYMBOLS)

    def forward(self, x):
        return self.last(self.gru(self.embedding(x))[0])


def text_lm(mode):
    model = Language()
    networks = {"language": model}
    optimizer = adam(model, 2e-3, (.9, .999), mode)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 6000, 2e-5)
    model = ready(model, mode)

    def step(batch):
        x = torch.randint(SYMBOLS, (batch, 96))
        before = F.pad(x[:, :-1] + 1, (1, 0))
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(before).reshape(-1, SYMBOLS), x.reshape(-1))
        loss.backward()
        optimizer.step()
        schedule.step()
        return {"loss": loss, "bits": loss.detach() / math.log(2)}

    return step, 64, networks


# ---- wavegan-digits ----


class Speaker(nn.Module):
    def __init__(self):
        super().__init__()
        self.classes = nn.Embedding(10, 32)
        layers, before = [nn.Linear(96, 4096, bias=False), Reshape(256, 16), nn.BatchNorm1d(256), nn.ReLU()], 256
        for channels in 128, 64, 32:
            layers += [nn.Upsample(scale_factor=4, mode="linear"), nn.Conv1d(before, channels, 9, padding=4, bias=False),
                       nn.BatchNorm1d(channels), nn.ReLU()]
            before = channels
        self.layers = nn.Sequential(*layers, nn.Upsample(scale_factor=4, mode="linear"),
                                    nn.Conv1d(32, 1, 25, padding=12), nn.Tanh())

    def forward(self, z, labels):
        return self.layers(torch.cat([z, self.classes(labels)], 1))


class PhaseShuffle(nn.Module):
    """Each sample shifted by up to 2, the ends filled by reflection."""

    def forward(self, x):
        length = x.shape[2]
        shift = torch.randint(-2, 3, (len(x), 1, 1))
        at = (torch.arange(length) + shift).abs()
        at = torch.where(at >= length, 2 * length - 2 - at, at)
        return x.gather(2, at.expand(-1, x.shape[1], -1))


class Listener(nn.Module):
    def __init__(self):
        super().__init__()
        layers, before = [], 1
        for channels in 32, 64, 128, 256:
            layers += [nn.Conv1d(before, channels, 25, 4, 11), nn.LeakyReLU(.2)]
            layers += [PhaseShuffle()] if channels < 256 else [nn.Flatten()]
            before = channels
        self.layers = nn.Sequential(*layers)
        self.last, self.classes = nn.Linear(4096, 1), nn.Embedding(10, 4096)

    def forward(self, x, labels):
        x = self.layers(x)
        return self.last(x) + (self.classes(labels) * x).sum(1, keepdim=True)


def wavegan(mode):
    g, d = Speaker(), Listener()
    dcgan_weights(g, d)
    nn.init.xavier_uniform_(d.classes.weight)
    networks = {"generator": g, "discriminator": d}
    average = averaged(g, .995)
    opt_g, opt_d = adam(g, 4e-4, (.5, .9), mode), adam(d, 4e-4, (.5, .9), mode)
    g, plain = ready(g, mode), d
    d = ready(d, mode)
    count = 0

    def step(batch):
        nonlocal count
        real, labels = torch.rand(batch, 1, 4096) * 2 - 1, torch.randint(10, (batch,))
        fake = g(torch.randn(batch, 64), labels)
        opt_d.zero_grad(set_to_none=True)
        loss_d = F.softplus(-d(real, labels)).mean() + F.softplus(d(fake.detach(), labels)).mean()
        loss_d.backward()
        found = {"d_loss": loss_d}
        opt_d.step()
        if count % 8 == 0:  # a step of its own, as lazy penalties are
            opt_d.zero_grad(set_to_none=True)
            x = real.clone().requires_grad_()
            gradient, = torch.autograd.grad(plain(x, labels).sum(), x, create_graph=True)
            penalty = 8 * .5 * gradient.square().sum((1, 2)).mean()
            penalty.backward()
            opt_d.step()
        count += 1
        opt_g.zero_grad(set_to_none=True)
        loss_g = F.softplus(-d(fake, labels)).mean()
        loss_g.backward()
        opt_g.step()
        average()
        return found | {"g_loss": loss_g}

    return step, 64, networks


MODELS = {"video": video, "text-wgan": text_wgan, "text-lm": text_lm, "wavegan": wavegan}


def checked(args):
    torch.manual_seed(0)
    step, batch, networks = MODELS[args.model]("eager")
    losses = step(args.batch or batch)
    return {"model": args.model, "batch": args.batch or batch, "torch": torch.__version__,
            "parameters": {name: sum(p.numel() for p in n.parameters()) for name, n in networks.items()},
            "losses": {name: float(value.detach()) for name, value in losses.items()}}


def timed(args, mode):
    torch.manual_seed(0)
    step, batch, _ = MODELS[args.model](mode)
    batch, times = args.batch or batch, []
    with torch.autocast("cpu", torch.bfloat16, enabled=mode == "bf16"):
        for i in range(3 + args.steps):
            start = time.perf_counter()
            step(batch)
            if i >= 3:
                times.append(time.perf_counter() - start)
    return {"model": args.model, "mode": mode, "batch": batch, "median_ms": 1e3 * statistics.median(times),
            "torch": torch.__version__}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=list(MODELS))
    parser.add_argument("--mode", default="eager", choices=["eager", "channels_last", "compile", "bf16", "best"])
    parser.add_argument("--batch", type=int, help="the recipe's is taken")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(2)
    if args.check:
        print(json.dumps(checked(args)))
        return
    rows = []
    for mode in ["eager", "channels_last", "compile"] if args.mode == "best" else [args.mode]:
        try:
            rows.append(timed(args, mode))
        except Exception as error:  # no compiler here
            if args.mode != "best":
                raise
            print(json.dumps({"model": args.model, "mode": mode, "failed": str(error).splitlines()[0][:120]}))
            continue
        print(json.dumps(rows[-1]), flush=True)
    if args.mode == "best":
        print(json.dumps(min(rows, key=lambda row: row["median_ms"])))


main()
