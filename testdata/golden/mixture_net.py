#!/usr/bin/python3
"""Writes mixture_net.json: the parts of the mixture network over pixels, in float64.

    /usr/bin/python3 mixture_net.py           rewrite the file
    /usr/bin/python3 mixture_net.py --check   recompute and compare (the last decimal)

mixture_net.json  {"cases": [case, ...]}
    name
    kind     "conv", "elu", "concat_elu", "gate", "block" or "net"
    stack    of a block: "vertical" or "horizontal"
    layers   of a conv and a block: [{"name", "in", "out", "rows", "cols", "open": [top,
             bottom, left, right] of the taps that are open, "stride", "transposed"}, ...]
    height, width   of the larger of inputs and outputs
    inputs   {x0, x1, ... [H, W, C], and of each layer NAME.weight_v, in PyTorch's layout
             [Out, In, rows, cols], of a transposed convolution [In, Out, rows, cols],
             NAME.weight_g [Out] and NAME.bias [Out]: recipes as in make.py}
    dy       [H, W, C] recipe: the loss is the sum of dy*y
    y        [H, W, C]
    grads    of the loss by each of inputs, from autograd; 0 where a tap is closed
    A net has no layers, x0 and dy, but
    channels, components, filters, resolutions   with one block and 3x3 pixels
    levels   [H, W, C]; the loss is -ln p of them

Weights are g*v/|v|, |v| being the norm over open taps and inputs. Convolutions are
TensorFlow's with padding "same"; a transposed one is the gradient of such a convolution. A
gate has x0 = x and x1 = (p, q); a block has x0 = x, and x1 and x2 if there are any, whose
concatenation it sees. Results have 10 decimals. This program checks the whole network by
the published values of another implementation.
"""
import json, math, os, sys

from make import F64, HERE, dump, hash32, note, plain, plains, recipe_of, uniform
from mixture import log_prob
import torch
import torch.nn.functional as F


def rounded(t):
    return torch.round(t.contiguous(), decimals=10) + 0.0  # no -0


class Layer:
    def __init__(self, name, In, Out, rows, cols, open, stride=1, transposed=False):
        self.name, self.In, self.Out, self.rows, self.cols, self.open = name, In, Out, rows, cols, open
        self.stride, self.transposed = stride, transposed
        self.shape = (In, Out, rows, cols) if transposed else (Out, In, rows, cols)

    def members(self):
        return {"name": self.name, "in": self.In, "out": self.Out, "rows": self.rows, "cols": self.cols, "open": list(self.open), "stride": self.stride, "transposed": self.transposed}

    def recipes(self, seed):
        return {self.name + ".weight_v": (self.shape, seed, 0.5), self.name + ".weight_g": ((self.Out,), seed + 1, 1.0), self.name + ".bias": ((self.Out,), seed + 2, 0.25)}

    def weight(self, p):
        top, bottom, left, right = self.open
        mask = torch.zeros(self.rows, self.cols, dtype=p[self.name + ".bias"].dtype)
        mask[top:bottom, left:right] = 1
        v = p[self.name + ".weight_v"] * mask
        out = 1 if self.transposed else 0
        square = v.square().sum([d for d in range(4) if d != out], keepdim=True).clamp(min=1e-12)
        return v / square.sqrt() * p[self.name + ".weight_g"].reshape([-1 if d == out else 1 for d in range(4)])

    def __call__(self, p, x):
        """x and the result are [1, C, H, W]."""
        H, W = x.shape[2:]
        w, b, s = self.weight(p), p[self.name + ".bias"], self.stride
        if self.transposed:
            y = F.conv_transpose2d(x, w, b, stride=s)
            top, left = max(self.rows - s, 0) // 2, max(self.cols - s, 0) // 2
            return y[:, :, top:top + s * H, left:left + s * W]
        pad = []
        for n, k in ((W, self.cols), (H, self.rows)):
            total = max((-(-n // s) - 1) * s + k - n, 0)
            pad += [total // 2, total - total // 2]
        return F.conv2d(F.pad(x, pad), w, b, stride=s)


def conv(stack, name, In, Out):
    return Layer(name, In, Out, 3, 3, (0, 2, 0, 3) if stack == "vertical" else (0, 2, 0, 2))


def nin(name, In, Out):
    return Layer(name, In, Out, 1, 1, (0, 1, 0, 1))


def concat_elu(x):
    return F.elu(torch.cat([x, -x], 1))


def gate(x, z):
    a, g = z.chunk(2, 1)
    return x + a * torch.sigmoid(g)


def block_layers(stack, name, filters, beside):
    list = [conv(stack, name + "conv1", 2 * filters, filters)]
    if beside:
        list.append(nin(name + "nin", 2 * filters * beside, filters))
    return list + [conv(stack, name + "conv2", 2 * filters, 2 * filters)]


def block(layers, p, x, beside):
    y = layers[0](p, concat_elu(x))
    if beside:
        y = y + layers[1](p, concat_elu(torch.cat(beside, 1)))
    return gate(x, layers[-1](p, concat_elu(y)))


# Cases

def case(name, kind, forward, channels, height, width, seed, layers=(), scale=1, **more):
    """Inputs have a scale-th of the height and width."""
    recipes = {"x%d" % i: ((height // scale, width // scale, c), seed + i, 2.0) for i, c in enumerate(channels)}
    for i, l in enumerate(layers):
        recipes.update(l.recipes(seed + 10 + 3 * i))

    def run(dtype):
        p = {n: uniform(*r).to(dtype).requires_grad_() for n, r in recipes.items()}
        y = forward(p, *[p["x%d" % i].permute(2, 0, 1)[None] for i in range(len(channels))])[0].permute(1, 2, 0)
        dy = tuple(y.shape), seed + 9, 1.0
        return y.detach(), dy, dict(zip(p, torch.autograd.grad((uniform(*dy).to(dtype) * y).sum(), list(p.values()))))

    y, dy, grads = run(F64)
    y32, _, grads32 = run(torch.float32)
    note(name, (y - y32).abs().max().item())
    note(name + ": gradients", max((grads[n] - grads32[n]).abs().max().item() for n in grads))
    return {"name": name, "kind": kind, **more, "layers": [l.members() for l in layers], "height": height, "width": width,
            "inputs": {n: recipe_of(*r) for n, r in recipes.items()}, "dy": recipe_of(*dy), "y": plain(rounded(y)), "grads": plains({n: rounded(g) for n, g in grads.items()})}


def conv_case(name, height, width, seed, In, Out, rows, cols, open, stride=1, transposed=False):
    l = Layer("conv", In, Out, rows, cols, open, stride, transposed)
    return case(name, "conv", l, [In], height, width, seed, [l], stride if transposed else 1)


def block_case(name, stack, filters, beside, height, width, seed):
    layers = block_layers(stack, "block.%s." % stack, filters, beside)
    forward = lambda p, x, *a: block(layers, p, x, a)
    return case(name, "block", forward, [filters] * (1 + beside), height, width, seed, layers, stack=stack)


class Net:
    """The network with one block of a stack and 3x3 pixels. It calls value(layer) for each
    layer when that is first needed, which is the order of the specification."""

    def __init__(self, C, K, filters, resolutions, value):
        self.C, self.K, self.filters, self.resolutions, self.value, self.p = C, K, filters, resolutions, value, {}

    def apply(self, l, x):
        if l.name + ".bias" not in self.p:
            self.p.update(self.value(l))
        return l(self.p, x)

    def block(self, stack, name, x, *beside):
        layers = block_layers(stack, name + stack + ".", self.filters, len(beside))
        y = self.apply(layers[0], concat_elu(x))
        if beside:
            y = y + self.apply(layers[1], concat_elu(torch.cat(beside, 1)))
        return gate(x, self.apply(layers[-1], concat_elu(y)))

    def __call__(self, x):
        n = self.filters
        v = [self.apply(Layer("init.vertical", self.C, n, 5, 3, (0, 2, 0, 3)), x)]
        above = self.apply(Layer("init.above", self.C, n, 3, 3, (0, 1, 0, 3)), x)
        h = [above + self.apply(Layer("init.left", self.C, n, 3, 3, (0, 2, 0, 1)), x)]
        for i in range(self.resolutions):
            v.append(self.block("vertical", "down.%d.0." % i, v[-1]))
            h.append(self.block("horizontal", "down.%d.0." % i, h[-1], v[-1]))
            if i < self.resolutions - 1:
                v.append(self.apply(Layer("down.%d.stride.vertical" % i, n, n, 4, 4, (0, 2, 0, 3), 2), v[-1]))
                h.append(self.apply(Layer("down.%d.stride.horizontal" % i, n, n, 4, 4, (0, 2, 0, 2), 2), h[-1]))
        u, l = v.pop(), h.pop()
        for i in range(self.resolutions):
            for k in range(1 + (i > 0)):
                u = self.block("vertical", "up.%d.%d." % (i, k), u, v.pop())
                l = self.block("horizontal", "up.%d.%d." % (i, k), l, u, h.pop())
            if i < self.resolutions - 1:
                u = self.apply(Layer("up.%d.stride.vertical" % i, n, n, 2, 4, (0, 2, 0, 3), 2, True), u)
                l = self.apply(Layer("up.%d.stride.horizontal" % i, n, n, 2, 2, (0, 2, 0, 2), 2, True), l)
        return self.apply(nin("output", n, self.K * (2 * self.C + self.C * (self.C - 1) // 2 + 1)), F.elu(l))

    def log_prob(self, levels):
        """ln p of levels [H, W, C]."""
        levels = levels.to(F64)
        out = self((2 * levels / 255 - 1).permute(2, 0, 1)[None])[0].permute(1, 2, 0)
        return sum(log_prob(o, l, self.C, self.K) for o, l in zip(out.reshape(-1, out.shape[2]), levels.reshape(-1, self.C)))


def net_case(name, C, K, filters, resolutions, height, width, seed):
    recipes = {}

    def value(l):
        r = l.recipes(seed + 3 * len(recipes))
        recipes.update(r)
        return {n: uniform(*x).requires_grad_() for n, x in r.items()}

    net = Net(C, K, filters, resolutions, value)
    levels = torch.tensor([hash32(i, seed - 1) % 256 for i in range(height * width * C)]).reshape(height, width, C)
    loss = -net.log_prob(levels)
    grads = dict(zip(net.p, torch.autograd.grad(loss, list(net.p.values()))))
    return {"name": name, "kind": "net", "channels": C, "components": K, "filters": filters, "resolutions": resolutions, "height": height, "width": width,
            "inputs": {n: recipe_of(*r) for n, r in recipes.items()}, "levels": levels.tolist(), "loss": loss.item(), "grads": plains({n: rounded(g) for n, g in grads.items()})}


def check_published(C, K, filters, size, want):
    """The published ln p of an image; its weights are formulas in TensorFlow's layout."""
    count = 0

    def value(l):
        nonlocal count
        k, count = count, count + 1
        v = torch.sin(1 + torch.arange(math.prod(l.shape), dtype=F64) + 7 * k)
        if l.transposed:
            v = v.reshape(l.rows, l.cols, l.Out, l.In).permute(3, 2, 0, 1)
        else:
            v = v.reshape(l.rows, l.cols, l.In, l.Out).permute(3, 2, 0, 1)
        j = torch.arange(l.Out, dtype=F64)
        return {l.name + ".weight_v": v, l.name + ".weight_g": 1 + 0.1 * torch.sin(j + k), l.name + ".bias": 0.1 * torch.cos(j + k)}

    levels = torch.tensor([[[(37 * r + 11 * c + 5 * ch + 13 * (r * c % 7)) % 256 for ch in range(C)] for c in range(size)] for r in range(size)])
    got = Net(C, K, filters, 2, value).log_prob(levels).item()
    assert count == 36 and abs(got - want) < 1e-9, (C, K, filters, size, got)


def cases():
    check_published(1, 2, 4, 8, -383.256978942)  # printed as ...978
    check_published(3, 2, 4, 8, -1166.626154304)
    check_published(1, 5, 32, 32, -6155.473958012)
    yield conv_case("vertical", 4, 5, 2000, 5, 4, 3, 3, (0, 2, 0, 3))
    yield conv_case("horizontal, 5 columns", 3, 6, 2020, 4, 3, 3, 5, (0, 2, 0, 3))
    yield conv_case("first, vertical", 4, 3, 2040, 3, 5, 5, 3, (0, 2, 0, 3))
    yield conv_case("first, above", 4, 3, 2060, 3, 5, 3, 3, (0, 1, 0, 3))
    yield conv_case("first, left", 4, 3, 2080, 3, 5, 3, 3, (0, 2, 0, 1))
    yield conv_case("past one panel", 2, 3, 2100, 2, 70, 1, 3, (0, 1, 0, 2))
    yield conv_case("stride, vertical", 4, 6, 2120, 3, 4, 4, 4, (0, 2, 0, 3), 2)
    yield conv_case("stride, horizontal", 6, 4, 2140, 3, 4, 4, 4, (0, 2, 0, 2), 2)
    yield conv_case("stride, vertical, 4 rows, 5 columns", 6, 4, 2160, 3, 2, 6, 6, (0, 3, 0, 5), 2)
    yield conv_case("stride, horizontal, 5 columns", 4, 6, 2180, 2, 3, 4, 6, (0, 2, 0, 3), 2)
    yield conv_case("back, vertical", 6, 4, 2200, 3, 4, 2, 4, (0, 2, 0, 3), 2, True)
    yield conv_case("back, horizontal", 4, 6, 2220, 4, 3, 2, 2, (0, 2, 0, 2), 2, True)
    yield conv_case("back, vertical, 4 rows, 5 columns", 4, 6, 2240, 2, 3, 4, 6, (1, 4, 0, 5), 2, True)
    yield conv_case("back, horizontal, 5 columns", 6, 4, 2260, 2, 3, 2, 4, (0, 2, 1, 4), 2, True)
    yield case("elu", "elu", lambda p, x: F.elu(x), [5], 2, 3, 2300)
    yield case("concat_elu", "concat_elu", lambda p, x: concat_elu(x), [5], 2, 3, 2320)
    yield case("gate", "gate", lambda p, x, z: gate(x, z), [5, 10], 2, 3, 2340)
    yield block_case("block", "vertical", 3, 0, 3, 4, 2400)
    yield block_case("block with a skip", "vertical", 3, 1, 4, 3, 2430)
    yield block_case("block beside a stack, with a skip", "horizontal", 3, 2, 4, 3, 2460)
    yield net_case("net", 3, 1, 2, 2, 4, 2, 2500)


def same(a, b):
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return isinstance(b, (int, float)) and abs(a - b) <= 1.01e-10
    return a == b


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit("usage: mixture_net.py [--check]")
    path, made = os.path.join(HERE, "mixture_net.json"), {"cases": list(cases())}
    if not check:
        with open(path, "w") as f:
            f.write(dump(made) + "\n")
    elif not same(made, json.load(open(path))):
        sys.exit("mixture_net.py: mixture_net.json differs from what this program makes")


if __name__ == "__main__":
    main()
