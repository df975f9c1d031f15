#!/usr/bin/env python3
"""Times a step of the recipes edges-fashion (pix2pix) and trousers-dresses (CycleGAN) in PyTorch, for table.py.

peer_translation.py edges|trousers [--mode eager|channels_last|compile|bf16|best] [--batch N] [--steps N] prints a JSON
object a mode; `best` is the fastest of the first three, printed last. The networks are those of the recipes.
"""
import argparse
import itertools
import json
import random
import statistics
import time

import torch
from torch import nn
import torch.nn.functional as F


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.full = nn.Sequential(nn.Conv2d(1, 32, 3, 1, 1), nn.LeakyReLU(.2))
        self.low = nn.Sequential(nn.Conv2d(32, 64, 4, 2, 1, bias=False), nn.BatchNorm2d(64), nn.LeakyReLU(.2))
        self.inner = nn.Sequential(nn.Conv2d(64, 128, 4, 2, 1, bias=False), nn.BatchNorm2d(128), nn.ReLU(),
                                   nn.Conv2d(128, 128, 3, 1, 1, bias=False), nn.BatchNorm2d(128), nn.ReLU(),
                                   nn.ConvTranspose2d(128, 64, 4, 2, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU())
        self.up = nn.Sequential(nn.ConvTranspose2d(128, 32, 4, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU())
        self.last = nn.Sequential(nn.Conv2d(64, 1, 3, 1, 1), nn.Tanh())

    def forward(self, x):
        full = self.full(x)
        low = self.low(full)
        x = self.up(torch.cat([self.inner(low), low], 1))
        return self.last(torch.cat([x, full], 1))


def patches():
    return nn.Sequential(nn.Conv2d(2, 32, 4, 2, 1), nn.LeakyReLU(.2), nn.Conv2d(32, 64, 4, 2, 1, bias=False),
                         nn.BatchNorm2d(64), nn.LeakyReLU(.2), nn.Conv2d(64, 1, 3, 1, 1))


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


class PlainUNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.full = nn.Sequential(nn.Conv2d(1, 16, 3, 1, 1), nn.LeakyReLU(.2))
        self.low = nn.Sequential(nn.Conv2d(16, 32, 4, 2, 1), nn.LeakyReLU(.2))
        self.inner = nn.Sequential(nn.Conv2d(32, 64, 4, 2, 1), nn.LeakyReLU(.2),
                                   Residual(nn.Conv2d(64, 64, 3, 1, 1), nn.LeakyReLU(.2), nn.Conv2d(64, 64, 3, 1, 1)),
                                   nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.LeakyReLU(.2))
        self.up = nn.Sequential(nn.ConvTranspose2d(64, 16, 4, 2, 1), nn.LeakyReLU(.2))
        self.last = nn.Sequential(nn.Conv2d(32, 1, 3, 1, 1), nn.Tanh())

    def forward(self, x):
        full = self.full(x)
        low = self.low(full)
        x = self.up(torch.cat([self.inner(low), low], 1))
        return self.last(torch.cat([x, full], 1))


def whole_image():
    return nn.Sequential(nn.Conv2d(1, 32, 4, 2, 1), nn.LeakyReLU(.2), nn.Conv2d(32, 64, 4, 2, 1), nn.LeakyReLU(.2),
                         nn.Conv2d(64, 64, 3, 2, 1), nn.LeakyReLU(.2), nn.Conv2d(64, 1, 3, 1, 1))


class Pool:
    """Half of what is put in comes out again; in its place comes an earlier one."""

    def __init__(self, size=50):
        self.size, self.images = size, []

    def exchange(self, batch):
        out = []
        for image in batch.detach():
            if len(self.images) < self.size:
                self.images.append(image)
            elif random.random() < .5:
                at = random.randrange(self.size)
                image, self.images[at] = self.images[at], image
            out.append(image)
        return torch.stack(out)


def adam(networks, rate, mode):
    parameters = itertools.chain(*(n.parameters() for n in networks))
    return torch.optim.Adam(parameters, rate, (.5, .999), fused=mode != "eager")


def ready(network, mode):
    if mode != "eager":
        network = network.to(memory_format=torch.channels_last)
    return torch.compile(network) if mode == "compile" else network


def edges(mode):
    g, d = ready(UNet(), mode), ready(patches(), mode)
    opt_g, opt_d = adam([g], 1e-3, mode), adam([d], 2e-4, mode)
    bce = F.binary_cross_entropy_with_logits

    def step(x, y):
        made = g(x)
        opt_d.zero_grad(set_to_none=True)
        real, fake = d(torch.cat([x, y], 1)), d(torch.cat([x, made.detach()], 1))
        (bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))).backward()
        opt_d.step()
        opt_g.zero_grad(set_to_none=True)
        fake = d(torch.cat([x, made], 1))
        (bce(fake, torch.ones_like(fake)) + 100 * F.l1_loss(made, y)).backward()
        opt_g.step()

    return step, 32


def trousers(mode):
    forward, backward = ready(PlainUNet(), mode), ready(PlainUNet(), mode)
    judges = ready(whole_image(), mode), ready(whole_image(), mode)
    opt_g, opt_d = adam([forward, backward], 5e-4, mode), adam(judges, 5e-4, mode)
    pools = Pool(), Pool()
    weights = [p for network in (forward, backward) for p in network.parameters()]
    averages = [w.detach().clone() for w in weights]

    def step(x, y):
        to_y, to_x = forward(x), backward(y)
        opt_d.zero_grad(set_to_none=True)
        for judge, pool, real, made in (judges[0], pools[0], y, to_y), (judges[1], pools[1], x, to_x):
            (.5 * ((judge(real) - 1).square().mean() + judge(pool.exchange(made)).square().mean())).backward()
        opt_d.step()
        opt_g.zero_grad(set_to_none=True)
        loss = (judges[0](to_y) - 1).square().mean() + (judges[1](to_x) - 1).square().mean()
        loss = loss + 5 * (F.l1_loss(backward(to_y), x) + F.l1_loss(forward(to_x), y))
        (loss + 2.5 * (F.l1_loss(forward(y), y) + F.l1_loss(backward(x), x))).backward()
        opt_g.step()
        torch._foreach_lerp_(averages, [w.detach() for w in weights], .005)

    return step, 16


def timed(args, mode):
    torch.manual_seed(0)
    step, batch = {"edges": edges, "trousers": trousers}[args.model](mode)
    x, y = torch.rand(2, batch, 1, 28, 28) * 2 - 1
    times = []
    with torch.autocast("cpu", torch.bfloat16, enabled=mode == "bf16"):
        for i in range(3 + args.steps):
            start = time.perf_counter()
            step(x, y)
            if i >= 3:
                times.append(time.perf_counter() - start)
    return {"model": args.model, "mode": mode, "batch": batch, "median_ms": 1e3 * statistics.median(times),
            "torch": torch.__version__}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=["edges", "trousers"])
    parser.add_argument("--mode", default="eager", choices=["eager", "channels_last", "compile", "bf16", "best"])
    parser.add_argument("--batch", type=int, help="passed by table.py; the recipe's is taken")
    parser.add_argument("--steps", type=int, default=20)
    args = parser.parse_args()
    torch.set_num_threads(2)
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
