#!/usr/bin/env python3
"""Times one layer of PyTorch, forward and back to input and weights, for table.py: peer_layers.py NAME prints JSON.

The fastest of the ways that PyTorch has is what counts: both memory formats of a volume.
"""
import json
import statistics
import sys
import time

import torch
import torch.nn.functional as F


class Attention(torch.nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.maps = torch.nn.ModuleList(torch.nn.Linear(channels, channels) for _ in range(4))

    def forward(self, x):
        query, key, value, output = self.maps
        return output(F.scaled_dot_product_attention(query(x), key(x), value(x)))


class Product(torch.nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.other = torch.nn.Parameter(torch.randn(shape))

    def forward(self, x):
        return torch.bmm(x, self.other)


LAYERS = {
    "conv1d": (lambda: torch.nn.Conv1d(64, 128, 25, 4, 11), (16, 64, 4096), [None]),
    "conv3d": (lambda: torch.nn.Conv3d(32, 64, 4, 2, 1), (16, 32, 8, 16, 16), [None, torch.channels_last_3d]),
    "gru": (lambda: torch.nn.GRU(256, 256, batch_first=True), (64, 64, 256), [None]),
    "attention": (lambda: Attention(64), (64, 256, 64), [None]),
    "products": (lambda: Product(256, 64, 64), (256, 64, 64), [None]),
}


def step_ms(layer, x):
    y = layer(x)
    dy = torch.randn_like(y[0] if isinstance(y, tuple) else y)

    def step():
        x.grad = None
        layer.zero_grad()
        y = layer(x)
        (y[0] if isinstance(y, tuple) else y).backward(dy)

    times, repeat = [], 1
    for sample in range(10):
        start = time.perf_counter()
        for _ in range(repeat):
            step()
        seconds = time.perf_counter() - start
        if sample == 0:
            repeat = max(1, int(0.1 / seconds))
        else:
            times.append(seconds / repeat)
    return 1e3 * statistics.median(times)


def main():
    make, shape, formats = LAYERS[sys.argv[1]]
    best = None
    for memory_format in formats:
        layer, x = make(), torch.randn(shape)
        if memory_format:
            layer, x = layer.to(memory_format=memory_format), x.to(memory_format=memory_format)
        ms = step_ms(layer, x.requires_grad_())
        best = ms if best is None else min(best, ms)
    print(json.dumps({"median_ms": best, "torch": torch.__version__}))


main()
