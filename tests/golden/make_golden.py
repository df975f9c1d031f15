#!/usr/bin/python3
"""Writes the .inc files beside it: what PyTorch (float64, on the CPU) gives where frameworks'
conventions differ.

Run by hand with Debian's python3-torch: /usr/bin/python3 make_golden.py
The tests beside it hold the graph, run by the reference interpreter, to these values.
"""
import contextlib
import pathlib

import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)


def tensor(*shape):
    """Multiples of 1/8 in [-2, 2): exact in float."""
    return torch.randint(-16, 16, shape).double() / 8


def numbers(t):
    return ", ".join("%.17g" % v for v in t.detach().reshape(-1).tolist())


def array(name, t):
    print("static const double %s[] = {%s};" % (name, numbers(t)))


def braces(values):
    return "{" + ", ".join(str(v) for v in values) + "}"


def convolution(name, rows, function):
    """Rows (x shape, w shape, stride, padding, output padding)."""
    lines = []
    for i, (xs, ws, stride, padding, output_padding) in enumerate(rows):
        x, w = tensor(*xs).requires_grad_(), tensor(*ws).requires_grad_()
        more = {"output_padding": output_padding} if function is F.conv_transpose2d else {}
        y = function(x, w, stride=stride, padding=padding, **more)
        dy = tensor(*y.shape)
        (y * dy).sum().backward()
        own = "%s_%d" % (name, i)
        for part, t in (("x", x), ("w", w), ("y", y), ("dy", dy), ("dx", x.grad), ("dw", w.grad)):
            array("%s_%s" % (own, part), t)
        shapes = ", ".join(braces(s) for s in (xs, ws, y.shape, stride, padding, output_padding))
        values = ", ".join("%s_%s" % (own, part) for part in ("x", "w", "y", "dy", "dx", "dw"))
        lines.append("    {%s, %s}," % (shapes, values))
    print("static const golden_conv %s[] = {\n%s\n};" % (name, "\n".join(lines)))


def pooling(name, rows, function):
    """Rows (x shape, kernel, stride, padding, tied): tied inputs are all equal, which shows who gets the gradient."""
    lines = []
    for i, (xs, kernel, stride, padding, tied) in enumerate(rows):
        x = (torch.ones(xs) if tied else tensor(*xs)).requires_grad_()
        y = function(x, kernel, stride=stride, padding=padding)
        dy = tensor(*y.shape)
        (y * dy).sum().backward()
        own = "%s_%d" % (name, i)
        for part, t in (("x", x), ("y", y), ("dy", dy), ("dx", x.grad)):
            array("%s_%s" % (own, part), t)
        shapes = ", ".join(braces(s) for s in (xs, y.shape, kernel, stride, padding))
        values = ", ".join("%s_%s" % (own, part) for part in ("x", "y", "dy", "dx"))
        lines.append("    {%s, %s}," % (shapes, values))
    print("static const golden_pool %s[] = {\n%s\n};" % (name, "\n".join(lines)))


def activations():
    x = torch.tensor([-30.0, -3.0, -0.5, 0.0, 0.25, 2.0, 15.0])
    array("activation_x", x)
    for name, function in (("relu", F.relu), ("leaky_relu", lambda v: F.leaky_relu(v, 0.2)), ("softplus", F.softplus),
                           ("sigmoid", torch.sigmoid), ("tanh", torch.tanh), ("abs", torch.abs)):
        v = x.clone().requires_grad_()
        y = function(v)
        y.sum().backward()
        array(name + "_y", y)
        array(name + "_dx", v.grad)


def ties():
    """Equal values: the maximum over an axis and the element-wise minimum share the gradient."""
    x = torch.tensor([[1.0, 2.0, 2.0], [3.0, 3.0, 3.0]]).requires_grad_()
    x.amax(1).sum().backward()
    array("max_ties_x", x)
    array("max_ties_dx", x.grad)
    a = torch.tensor([1.0, 2.0, 3.0]).requires_grad_()
    b = torch.tensor([2.0, 2.0, 2.0]).requires_grad_()
    torch.minimum(a, b).sum().backward()
    array("minimum_ties_a", a)
    array("minimum_ties_b", b)
    array("minimum_ties_da", a.grad)
    array("minimum_ties_db", b.grad)


def choices():
    """Softmax along an axis, cross-entropy of labels (one of them ignored), Gumbel softmax with the noise that it drew.
    Under seeds of their own: what comes behind keeps its numbers."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        x, dy = tensor(2, 3, 4), tensor(2, 3, 4)
        array("softmax_x", x)
        array("softmax_dy", dy)
        for axis in range(3):
            for name, function in (("softmax", F.softmax), ("log_softmax", F.log_softmax)):
                v = x.clone().requires_grad_()
                y = function(v, axis)
                (y * dy).sum().backward()
                array("%s_%d_y" % (name, axis), y)
                array("%s_%d_dx" % (name, axis), v.grad)
        logits, labels = tensor(3, 4, 2).requires_grad_(), torch.tensor([[0, 3], [-100, 1], [2, 2]])
        loss = F.cross_entropy(logits, labels)
        loss.backward()
        for part, t in (("logits", logits), ("labels", labels.double()), ("loss", loss), ("dlogits", logits.grad)):
            array("label_entropy_" + part, t)
        logits = tensor(2, 4, 3).requires_grad_()
        torch.manual_seed(2)
        array("gumbel_noise", -torch.empty_like(logits).exponential_().log())
        array("gumbel_logits", logits)
        dy = tensor(2, 4, 3)
        array("gumbel_dy", dy)
        for name, hard in (("soft", False), ("hard", True)):
            torch.manual_seed(2)
            logits.grad = None
            y = F.gumbel_softmax(logits, tau=0.75, hard=hard, dim=1)
            (y * dy).sum().backward()
            array("gumbel_%s_y" % name, y)
            array("gumbel_%s_dx" % name, logits.grad)


def cross_entropy():
    logit, target = tensor(2, 4).requires_grad_(), torch.tensor([[0.0, 1.0, 0.5, 0.9], [1.0, 0.0, 0.1, 1.0]])
    with torch.no_grad():
        logit[0, 0], logit[1, 0] = 40, -40
    loss = F.binary_cross_entropy_with_logits(logit, target)
    loss.backward()
    for part, t in (("logit", logit), ("target", target), ("loss", loss), ("dlogit", logit.grad)):
        array("cross_entropy_" + part, t)


def batch_norm(name, *shape):
    """Two batches in training, then one in evaluation."""
    kinds = {4: torch.nn.BatchNorm2d, 5: torch.nn.BatchNorm3d}
    layer = kinds.get(len(shape), torch.nn.BatchNorm1d)(shape[1])
    with torch.no_grad():
        layer.weight.copy_(tensor(shape[1]))
        layer.bias.copy_(tensor(shape[1]))
    array(name + "_weight", layer.weight)
    array(name + "_bias", layer.bias)
    for batch in ("first", "second"):
        x = tensor(*shape).requires_grad_()
        layer.zero_grad()
        y = layer(x)
        dy = tensor(*shape)
        (y * dy).sum().backward()
        for part, t in (("x", x), ("y", y), ("dy", dy), ("dx", x.grad), ("dweight", layer.weight.grad),
                        ("dbias", layer.bias.grad), ("mean", layer.running_mean), ("variance", layer.running_var)):
            array("%s_%s_%s" % (name, batch, part), t)
    layer.eval()
    x = tensor(*shape)
    array(name + "_eval_x", x)
    array(name + "_eval_y", layer(x))


class Maxout(torch.nn.Module):
    def __init__(self, features, units, pieces):
        super().__init__()
        self.linear, self.pieces = torch.nn.Linear(features, units * pieces), pieces

    def forward(self, x):
        return self.linear(x).unflatten(1, (self.pieces, -1)).amax(1)


class ChannelNorm(torch.nn.LayerNorm):
    """As transformers use it: the channels stand last meanwhile."""
    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class MinibatchStddev(torch.nn.Module):
    """As StyleGAN2's program computes it, of one feature."""
    def __init__(self, group):
        super().__init__()
        self.group = group

    def forward(self, x):
        y = x.unflatten(0, (self.group, -1))
        y = (y - y.mean(0)).square().mean(0)
        y = (y + 1e-8).sqrt().mean(tuple(range(1, x.dim())))
        y = y.repeat(self.group).reshape([-1] + [1] * (x.dim() - 1)).expand(-1, 1, *x.shape[2:])
        return torch.cat([x, y], 1)


LAYERS = [
    # name, the recipe's settings, input, PyTorch's layer; powers of two share a mean, so that 1/n is exact in float
    ("layer_norm", dict(), (3, 4), torch.nn.LayerNorm([4])),
    ("layer_norm", dict(), (2, 2, 2, 4), torch.nn.LayerNorm([2, 2, 4])),
    ("instance_norm", dict(), (2, 2, 2, 4), torch.nn.InstanceNorm2d(2)),
    ("instance_norm", dict(affine=True), (2, 2, 2, 4), torch.nn.InstanceNorm2d(2, affine=True)),
    ("group_norm", dict(groups=2), (2, 4, 1, 4), torch.nn.GroupNorm(2, 4)),
    ("group_norm", dict(groups=3, epsilon=0.5), (3, 6), torch.nn.GroupNorm(3, 6, eps=0.5)),
    ("conv", dict(channels=6, kernel=(3, 2), stride=(2, 1), padding=1, groups=2), (1, 4, 4, 3),
     torch.nn.Conv2d(4, 6, (3, 2), (2, 1), 1, groups=2)),
    ("conv", dict(channels=3, kernel=2, groups=3, bias=False), (1, 3, 3, 3),
     torch.nn.Conv2d(3, 3, 2, groups=3, bias=False)),
    ("conv_transpose", dict(channels=4, kernel=(4, 3), stride=(2, 1), padding=1, groups=2), (1, 2, 2, 3),
     torch.nn.ConvTranspose2d(2, 4, (4, 3), (2, 1), 1, groups=2)),
    ("upsample", dict(factor=(2, 3)), (1, 2, 2, 2), torch.nn.Upsample(scale_factor=(2, 3))),
    ("upsample", dict(factor=(3, 2), mode="bilinear"), (1, 2, 3, 2),
     torch.nn.Upsample(scale_factor=(3, 2), mode="bilinear", align_corners=False)),
    ("upsample", dict(factor=(1, 4), mode="bilinear"), (2, 1, 2, 1),
     torch.nn.Upsample(scale_factor=(1, 4), mode="bilinear", align_corners=False)),
    ("maxout", dict(units=2, pieces=3), (3, 4), Maxout(4, 2, 3)),
    ("layer_norm", dict(), (2, 2, 4), torch.nn.LayerNorm([2, 4])),
    ("layer_norm", dict(over="channels"), (2, 4, 3), ChannelNorm(4)),
    ("layer_norm", dict(over="channels", epsilon=0.5), (1, 4, 1, 2, 2), ChannelNorm(4, eps=0.5)),
    ("instance_norm", dict(), (2, 2, 4), torch.nn.InstanceNorm1d(2)),
    ("instance_norm", dict(affine=True), (2, 2, 2, 1, 2), torch.nn.InstanceNorm3d(2, affine=True)),
    ("group_norm", dict(groups=2), (2, 4, 4), torch.nn.GroupNorm(2, 4)),
    ("group_norm", dict(groups=2), (1, 4, 1, 2, 2), torch.nn.GroupNorm(2, 4)),
    ("conv", dict(channels=2, kernel=(3, 2), padding=(2, 1), padding_mode="reflect"), (1, 2, 3, 4),
     torch.nn.Conv2d(2, 2, (3, 2), padding=(2, 1), padding_mode="reflect")),
    ("conv", dict(channels=4, kernel=3, stride=2, padding=2, groups=2, padding_mode="replicate"), (1, 2, 3, 4),
     torch.nn.Conv2d(2, 4, 3, 2, 2, groups=2, padding_mode="replicate")),
    ("pad", dict(size=2, mode="reflect"), (2, 1, 4), torch.nn.ReflectionPad1d(2)),
    ("pad", dict(size=(1, 2), after=(2, 0), mode="reflect"), (1, 2, 3, 3), torch.nn.ReflectionPad2d((2, 0, 1, 2))),
    ("pad", dict(size=1, mode="reflect"), (1, 1, 2, 3, 2), torch.nn.ReflectionPad3d(1)),
    ("pad", dict(size=3, after=1, mode="replicate"), (2, 1, 2), torch.nn.ReplicationPad1d((3, 1))),
    ("pad", dict(size=(2, 1), mode="replicate"), (1, 2, 2, 2), torch.nn.ReplicationPad2d((1, 1, 2, 2))),
    ("pad", dict(size=1, mode="replicate"), (1, 1, 1, 2, 2), torch.nn.ReplicationPad3d(1)),
    ("pixel_shuffle", dict(factor=2), (1, 8, 2, 3), torch.nn.PixelShuffle(2)),
    ("pixel_shuffle", dict(factor=3), (2, 9, 1, 2), torch.nn.PixelShuffle(3)),
    ("pixel_unshuffle", dict(factor=2), (1, 2, 4, 6), torch.nn.PixelUnshuffle(2)),
    ("minibatch_stddev", dict(group=4), (8, 2, 1, 2), MinibatchStddev(4)),
    ("conv", dict(channels=3, kernel=3, stride=2, padding=1), (2, 2, 7), torch.nn.Conv1d(2, 3, 3, 2, 1)),
    ("conv", dict(channels=2, kernel=4, same=True), (1, 2, 5), torch.nn.Conv1d(2, 2, 4, padding="same")),
    ("conv", dict(channels=2, kernel=3, padding=3, dilation=2), (1, 2, 5, 4),
     torch.nn.Conv2d(2, 2, 3, padding=3, dilation=2)),
    ("conv", dict(channels=2, kernel=(2, 3, 2), stride=(2, 1, 1), padding=(1, 1, 0), dilation=(1, 1, 2), groups=2),
     (1, 2, 4, 3, 3), torch.nn.Conv3d(2, 2, (2, 3, 2), (2, 1, 1), (1, 1, 0), (1, 1, 2), 2)),
    ("conv", dict(channels=1, kernel=3, padding=1, padding_mode="reflect"), (1, 1, 2, 3, 2),
     torch.nn.Conv3d(1, 1, 3, padding=1, padding_mode="reflect")),
    ("conv_transpose", dict(channels=3, kernel=4, stride=2, padding=1, output_padding=1), (2, 2, 3),
     torch.nn.ConvTranspose1d(2, 3, 4, 2, 1, 1)),
    ("conv_transpose", dict(channels=2, kernel=3, padding=1, dilation=2), (1, 2, 4, 3),
     torch.nn.ConvTranspose2d(2, 2, 3, padding=1, dilation=2)),
    ("conv_transpose", dict(channels=2, kernel=(2, 4, 3), stride=(1, 2, 2), padding=(0, 1, 1)), (1, 2, 2, 2, 2),
     torch.nn.ConvTranspose3d(2, 2, (2, 4, 3), (1, 2, 2), (0, 1, 1))),
    ("conv_transpose", dict(channels=1, kernel=4, stride=2, same=True), (1, 2, 3, 2),
     torch.nn.ConvTranspose2d(2, 1, 4, 2, 1)),
    ("average_pool", dict(kernel=3, stride=2, padding=1), (1, 2, 7), torch.nn.AvgPool1d(3, 2, 1)),
    ("average_pool", dict(kernel=(2, 1, 2), padding=(1, 0, 1)), (1, 2, 4, 2, 3),
     torch.nn.AvgPool3d((2, 1, 2), padding=(1, 0, 1))),
    ("max_pool", dict(kernel=3, stride=2), (2, 2, 7), torch.nn.MaxPool1d(3, 2)),
    ("max_pool", dict(kernel=(2, 3, 2), stride=(1, 2, 2), padding=(1, 1, 0)), (1, 2, 3, 4, 4),
     torch.nn.MaxPool3d((2, 3, 2), (1, 2, 2), (1, 1, 0))),
    ("upsample", dict(factor=3), (1, 2, 3), torch.nn.Upsample(scale_factor=3)),
    ("upsample", dict(factor=2, mode="bilinear"), (1, 2, 3),
     torch.nn.Upsample(scale_factor=2, mode="linear", align_corners=False)),
    ("upsample", dict(factor=(2, 1, 3)), (1, 2, 2, 2, 2), torch.nn.Upsample(scale_factor=(2, 1, 3))),
    ("upsample", dict(factor=(2, 4, 1), mode="bilinear"), (1, 1, 2, 3, 2),
     torch.nn.Upsample(scale_factor=(2, 4, 1), mode="trilinear", align_corners=False)),
]


def settings(values):
    """A recipe's settings as C: key, value and, of a list, the others."""
    if not values:
        return "{{NULL}}"
    rows = [[key] + (list(map(str, value)) if isinstance(value, tuple) else [str(value).lower()])
            for key, value in values.items()]
    return "{%s}" % ", ".join("{%s}" % ", ".join('"%s"' % word for word in row) for row in rows)


def ours(layer, t):
    """A dense weight or its gradient in our order (in, out)."""
    return t.t() if isinstance(layer, (torch.nn.Linear, Maxout)) and t.dim() == 2 else t


def layers():
    """Each layer with random weights: output, and gradients by the input and by what it trains."""
    lines = []
    for i, (name, values, shape, layer) in enumerate(LAYERS):
        for p in layer.parameters():
            p.data.copy_(tensor(*p.shape))
        x = tensor(*shape).requires_grad_()
        y = layer(x)
        dy = tensor(*y.shape)
        (y * dy).sum().backward()
        own, trained = "layer_%d" % i, list(layer.parameters())  # weight, then bias
        parts = [("x", x), ("y", y), ("dy", dy), ("dx", x.grad)]
        for part, p in zip(("weight", "bias"), trained):
            parts += [(part, ours(layer, p)), ("d" + part, ours(layer, p.grad))]
        for part, t in parts:
            array("%s_%s" % (own, part), t)
        names = dict(parts)
        arrays = ["%s_%s" % (own, part) if part in names else "NULL"
                  for part in ("x", "y", "dy", "dx", "weight", "dweight", "bias", "dbias")]
        lines.append('    {"%s", %s, {%d, %s}, {%d, %s}, %s},' % (name, settings(values), len(shape), braces(shape),
                                                               y.dim(), braces(y.shape), ", ".join(arrays)))
    print("static const golden_layer layers[] = {\n%s\n};" % "\n".join(lines))


RECURRENT = [
    # name, the recipe's settings, input, PyTorch's layer
    ("gru", dict(units=3), (2, 2, 9), torch.nn.GRU(2, 3, batch_first=True)),
    ("gru", dict(units=2, layers=2, bidirectional=True), (2, 3, 4),
     torch.nn.GRU(3, 2, 2, bidirectional=True, batch_first=True)),
    ("gru", dict(units=2, layers=2, bidirectional=True, last=True), (1, 2, 3),
     torch.nn.GRU(2, 2, 2, bidirectional=True, batch_first=True)),
    ("lstm", dict(units=2, layers=2), (2, 3, 9), torch.nn.LSTM(3, 2, 2, batch_first=True)),
    ("lstm", dict(units=2, bidirectional=True, last=True), (2, 2, 3),
     torch.nn.LSTM(2, 2, bidirectional=True, batch_first=True)),
]


def recurrent():
    """Each layer with random weights: output, and gradients by the input and by all weights, in PyTorch's order."""
    lines = []
    for i, (name, values, shape, layer) in enumerate(RECURRENT):
        for p in layer.parameters():
            p.data.copy_(tensor(*p.shape))
        x = tensor(*shape).requires_grad_()
        y, state = layer(x.transpose(1, 2))
        if values.get("last"):
            state = state[0] if name == "lstm" else state
            y = torch.cat(tuple(state[-2:] if layer.bidirectional else state[-1:]), 1)
        else:
            y = y.transpose(1, 2)
        dy = tensor(*y.shape)
        (y * dy).sum().backward()
        parts = [("x", x), ("y", y), ("dy", dy), ("dx", x.grad),
                 ("weights", torch.cat([p.detach().reshape(-1) for p in layer.parameters()])),
                 ("dweights", torch.cat([p.grad.reshape(-1) for p in layer.parameters()]))]
        for part, t in parts:
            array("recurrent_%d_%s" % (i, part), t)
        arrays = ", ".join("recurrent_%d_%s" % (i, part) for part, _ in parts)
        lines.append('    {"%s", %s, {3, %s}, {%d, %s}, %d, %s},' %
                     (name, settings(values), braces(shape), y.dim(), braces(y.shape),
                      len(list(layer.parameters())), arrays))
    print("static const golden_recurrent layers[] = {\n%s\n};" % "\n".join(lines))


SPECTRAL_STEPS = 3


def spectral(name, layer, dim, shape):
    """Steps that apply the layer twice in training and then change the weight; at the end, after many more, once in
    evaluation."""
    layer = torch.nn.utils.spectral_norm(layer, dim=dim)
    layer.weight_orig.data.copy_(tensor(*layer.weight_orig.shape))
    layer.weight_u.copy_(tensor(*layer.weight_u.shape) + 1 / 16)
    array(name + "_u", layer.weight_u)
    array(name + "_weight", ours(layer, layer.weight_orig))
    xs, ys, dys, dws, dxs, moves, us = [], [], [], [], [], [], []
    for _ in range(SPECTRAL_STEPS):
        layer.zero_grad()
        for _ in range(2):  # as real, then fake images
            x = tensor(*shape).requires_grad_()
            y = layer(x)
            dy = tensor(*y.shape)
            dx, = torch.autograd.grad((y * dy).sum(), x, create_graph=True)
            ((y * dy).sum() + (dx * dx).sum()).backward()  # with a gradient penalty
            for values, t in ((xs, x), (ys, y), (dys, dy), (dxs, dx)):
                values.append(t.detach().clone())
        dws.append(ours(layer, layer.weight_orig.grad).clone())
        us.append(layer.weight_u.clone())
        move = tensor(*layer.weight_orig.shape) / 16
        moves.append(ours(layer, move).clone())
        layer.weight_orig.data.add_(move)
    for part, values in (("x", xs), ("y", ys), ("dy", dys), ("dx", dxs), ("dweight", dws), ("move", moves), ("us", us)):
        array("%s_%s" % (name, part), torch.stack(values))
    for _ in range(400):
        layer(x)
    layer.eval()
    array(name + "_eval_y", layer(xs[0]))


class Attention(torch.nn.Module):
    """Linear maps around PyTorch's attention, over the positions of (N, C, ...)."""
    def __init__(self, channels, key, value, heads=1, causal=False, scale=True, bias=False, gate=True):
        super().__init__()
        for name, size, to in (("query", channels, key), ("key", channels, key), ("value", channels, value),
                               ("output", value, channels)):
            setattr(self, name, torch.nn.Linear(size, to, bias=bias))
        if gate:
            self.gate = torch.nn.Parameter(torch.zeros(1))
        self.heads, self.causal, self.scale, self.gated = heads, causal, None if scale else 1.0, gate

    def forward(self, x):
        positions = x.flatten(2).transpose(1, 2)
        q, k, v = (m(positions).unflatten(2, (self.heads, -1)).transpose(1, 2) for m in (self.query, self.key, self.value))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal, scale=self.scale)
        y = self.output(y.transpose(1, 2).flatten(2)).transpose(1, 2).reshape(x.shape)
        return x + self.gate * y if self.gated else y


class MultiheadAttention(torch.nn.Module):
    """PyTorch's own layer, whose parameters are those of Attention in another order."""
    def __init__(self, channels, heads):
        super().__init__()
        self.inner = torch.nn.MultiheadAttention(channels, heads, batch_first=True)

    def forward(self, x):
        x = x.transpose(1, 2)
        mask = torch.nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        return self.inner(x, x, x, attn_mask=mask, need_weights=False)[0].transpose(1, 2)

    def ordered(self, of=lambda p: p):
        weights, biases = of(self.inner.in_proj_weight).chunk(3), of(self.inner.in_proj_bias).chunk(3)
        out = self.inner.out_proj
        return [t for pair in zip(weights, biases) for t in pair] + [of(out.weight), of(out.bias)]


ATTENTIONS = [
    # the recipe's settings, input, PyTorch's layer
    (dict(scale=False, key=2), (2, 3, 2, 2), Attention(3, 2, 2, scale=False)),
    (dict(heads=2, key=4, value=2, causal=True, bias=True), (2, 3, 4), Attention(3, 4, 2, 2, True, bias=True)),
    (dict(heads=2, key=4, causal=True, bias=True, gate=False), (2, 4, 5), MultiheadAttention(4, 2)),
]


def attentions():
    """Output and gradients, by the input and by all weights one after the other."""
    lines = []
    for i, (values, shape, layer) in enumerate(ATTENTIONS):
        for p in layer.parameters():
            p.data.copy_(tensor(*p.shape) / 2)
        x = tensor(*shape).requires_grad_()
        y = layer(x)
        dy = tensor(*y.shape)
        (y * dy).sum().backward()
        if isinstance(layer, MultiheadAttention):
            weights, gradients = layer.ordered(), layer.ordered(lambda p: p.grad)
        else:
            own = [p for n, p in layer.named_parameters() if n != "gate"] + ([layer.gate] if layer.gated else [])
            weights, gradients = own, [p.grad for p in own]
        flat = [torch.cat([t.reshape(-1) for t in ts]) for ts in (weights, gradients)]
        for part, t in (("x", x), ("y", y), ("dy", dy), ("dx", x.grad), ("weights", flat[0]), ("gradients", flat[1])):
            array("attention_%d_%s" % (i, part), t)
        arrays = ", ".join("attention_%d_%s" % (i, p) for p in ("x", "y", "dy", "dx", "weights", "gradients"))
        lines.append("    {%s, {%d, %s}, %d, %s}," % (settings(values), len(shape), braces(shape), len(weights), arrays))
    print("static const golden_attention attentions[] = {\n%s\n};" % "\n".join(lines))


def modulated(x, style, affine, bias, weight, offset, demodulate):
    """StyleGAN2's convolution as it is defined: weights of each sample's own, as groups of one convolution."""
    scales = style @ affine + bias + 1
    own = weight[None] * scales[:, None, :, None, None]
    if demodulate:
        own = own * (own.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8).rsqrt()
    count, channels = x.shape[:2]
    y = F.conv2d(x.reshape(1, count * channels, *x.shape[2:]), own.flatten(0, 1), groups=count,
                 padding=[k // 2 for k in weight.shape[2:]])
    return y.reshape(count, -1, *y.shape[2:]) + offset[:, None, None]


def modulations():
    """Output and gradients, by the input, the style and all weights one after the other."""
    lines = []
    for i, (demodulate, kernel) in enumerate([(True, (3, 3)), (False, (1, 3))]):
        x, style = tensor(3, 2, 4, 3).requires_grad_(), tensor(3, 5).requires_grad_()
        weights = [(tensor(*shape) / 2).requires_grad_() for shape in ((5, 2), (2,), (4, 2, *kernel), (4,))]
        y = modulated(x, style, *weights, demodulate)
        dy = tensor(*y.shape)
        (y * dy).sum().backward()
        flat = [torch.cat([t.reshape(-1) for t in ts]) for ts in (weights, [w.grad for w in weights])]
        parts = (("x", x), ("style", style), ("y", y), ("dy", dy), ("dx", x.grad), ("dstyle", style.grad),
                 ("weights", flat[0]), ("gradients", flat[1]))
        for part, t in parts:
            array("modulated_%d_%s" % (i, part), t)
        arrays = ", ".join("modulated_%d_%s" % (i, part) for part, _ in parts)
        lines.append("    {%s, {%d, %d}, %s}," % ("false" if demodulate else "true", *kernel, arrays))
    print("static const golden_modulation modulations[] = {\n%s\n};" % "\n".join(lines))


OPTIMIZERS = [
    # name, C settings, PyTorch's
    ("sgd", "GM_OPTIMIZER_SGD, .rate = 0.1", torch.optim.SGD, dict(lr=0.1)),
    ("sgd_decay", "GM_OPTIMIZER_SGD, .rate = 0.1, .weight_decay = 0.25", torch.optim.SGD, dict(lr=0.1, weight_decay=0.25)),
    ("sgd_momentum", "GM_OPTIMIZER_SGD, .rate = 0.1, .momentum = 0.9", torch.optim.SGD, dict(lr=0.1, momentum=0.9)),
    ("sgd_nesterov", "GM_OPTIMIZER_SGD, .rate = 0.1, .momentum = 0.9, .nesterov = true, .weight_decay = 0.25",
     torch.optim.SGD, dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.25)),
    ("rmsprop", "GM_OPTIMIZER_RMSPROP, .rate = 0.01, .alpha = 0.99, .epsilon = 1e-8", torch.optim.RMSprop, dict(lr=0.01)),
    ("rmsprop_epsilon", "GM_OPTIMIZER_RMSPROP, .rate = 0.01, .alpha = 0.9, .epsilon = 0.5", torch.optim.RMSprop,
     dict(lr=0.01, alpha=0.9, eps=0.5)),
    ("rmsprop_centered", "GM_OPTIMIZER_RMSPROP, .rate = 0.01, .alpha = 0.9, .epsilon = 1e-3, .momentum = 0.5, "
     ".centered = true, .weight_decay = 0.25", torch.optim.RMSprop,
     dict(lr=0.01, alpha=0.9, eps=1e-3, momentum=0.5, centered=True, weight_decay=0.25)),
    ("adam", "GM_OPTIMIZER_ADAM, .rate = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8", torch.optim.Adam,
     dict(lr=0.01)),
    ("adam_epsilon", "GM_OPTIMIZER_ADAM, .rate = 0.01, .beta1 = 0.5, .beta2 = 0.9, .epsilon = 0.5", torch.optim.Adam,
     dict(lr=0.01, betas=(0.5, 0.9), eps=0.5)),
    ("adam_no_beta1", "GM_OPTIMIZER_ADAM, .rate = 0.01, .beta1 = 0, .beta2 = 0.99, .epsilon = 1e-8", torch.optim.Adam,
     dict(lr=0.01, betas=(0.0, 0.99))),
    ("adam_decay", "GM_OPTIMIZER_ADAM, .rate = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = 0.25",
     torch.optim.Adam, dict(lr=0.01, weight_decay=0.25)),
    ("adamw", "GM_OPTIMIZER_ADAMW, .rate = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = 0.25",
     torch.optim.AdamW, dict(lr=0.01, weight_decay=0.25)),
]
STEPS, SIZE = 6, 3


def optimizers():
    start, gradients = tensor(SIZE), tensor(STEPS, SIZE)
    gradients[0, 1] = 0  # a first gradient of zero divides by epsilon alone
    print("enum { OPTIMIZER_STEPS = %d, OPTIMIZER_SIZE = %d };" % (STEPS, SIZE))
    array("optimizer_start", start)
    array("optimizer_gradients", gradients)
    lines = []
    for name, settings, kind, arguments in OPTIMIZERS:
        p = start.clone().requires_grad_()
        optimizer, path = kind([p], **arguments), []
        for g in gradients:
            p.grad = g.clone()
            optimizer.step()
            path.append(p.detach().clone())
        array("optimizer_" + name, torch.stack(path))
        lines.append('    {"%s", {.kind = %s}, optimizer_%s},' % (name, settings, name))
    print("static const golden_optimizer optimizers[] = {\n%s\n};" % "\n".join(lines))


@contextlib.contextmanager
def writing(name):
    with open(pathlib.Path(__file__).parent / name, "w") as file, contextlib.redirect_stdout(file):
        print("// Written by make_golden.py (PyTorch %s); do not edit.\n// clang-format off" % torch.__version__)
        yield


torch.manual_seed(0)
with writing("operations.inc"):
    convolution("convs", [
        ((2, 3, 5, 4), (2, 3, 3, 2), (1, 1), (0, 0), (0, 0)),
        ((1, 2, 6, 5), (3, 2, 3, 3), (2, 1), (1, 2), (0, 0)),
        ((1, 1, 8, 7), (2, 1, 4, 4), (2, 2), (1, 1), (0, 0)),
        ((1, 2, 3, 3), (1, 2, 3, 3), (3, 2), (0, 1), (0, 0)),
    ], F.conv2d)
    convolution("conv_transposes", [
        ((2, 2, 2, 3), (2, 3, 3, 2), (1, 1), (0, 0), (0, 0)),
        ((1, 2, 3, 2), (2, 1, 4, 4), (2, 2), (1, 1), (0, 0)),
        ((1, 2, 3, 2), (2, 2, 3, 3), (2, 2), (1, 1), (1, 1)),
        ((1, 1, 2, 3), (1, 2, 2, 3), (3, 2), (0, 1), (2, 0)),
    ], F.conv_transpose2d)
    pooling("average_pools", [
        ((1, 2, 4, 4), (2, 2), (2, 2), (0, 0), False),
        ((1, 1, 5, 6), (3, 2), (2, 1), (1, 1), False),
    ], F.avg_pool2d)
    pooling("max_pools", [
        ((1, 2, 4, 4), (2, 2), (2, 2), (0, 0), False),
        ((1, 1, 5, 6), (3, 3), (2, 2), (1, 1), False),
        ((1, 1, 4, 4), (3, 2), (1, 1), (1, 0), False),
        ((1, 1, 3, 4), (2, 2), (1, 2), (1, 1), True),
    ], F.max_pool2d)
    activations()
    ties()
    choices()
with writing("training.inc"):
    cross_entropy()
    batch_norm("batch_norm_images", 2, 2, 2, 3)
    batch_norm("batch_norm_vectors", 4, 3)
    optimizers()
    batch_norm("batch_norm_sequences", 2, 3, 4)
    batch_norm("batch_norm_volumes", 2, 2, 2, 1, 2)
with writing("layers.inc"):
    layers()
    print("enum { SPECTRAL_STEPS = %d };" % SPECTRAL_STEPS)
    spectral("spectral_dense", torch.nn.Linear(4, 3, bias=False), 0, (2, 4))
    spectral("spectral_conv", torch.nn.Conv2d(4, 4, (2, 3), groups=2, bias=False), 0, (1, 4, 3, 3))
    spectral("spectral_conv_transpose", torch.nn.ConvTranspose2d(3, 2, (2, 3), bias=False), 1, (1, 3, 2, 1))
torch.manual_seed(1)
with writing("attention.inc"):
    attentions()
torch.manual_seed(1)
with writing("recurrent.inc"):
    recurrent()
torch.manual_seed(1)
with writing("style.inc"):
    modulations()
