#!/usr/bin/python3
"""Writes mixture.json: pixels under a mixture of rounded logistic distributions, in float64.

    /usr/bin/python3 mixture.py           rewrite the file
    /usr/bin/python3 mixture.py --check   recompute and compare (1e-12)

mixture.json  {"cases": [case, ...]}
    name, channels (C), components (K)
    out     [N, K*P] outputs of a network for N pixels, P = 2C + C(C-1)/2 + 1: per
            component the logit, C locs, C raw scales, C(C-1)/2 coefficients in the
            order (1, 0), (2, 0), (2, 1). Exact in float32
    values  [N, C] in 0..255, between levels in some pixels. Exact in float32
    logp    [N] ln p
    grad    [N, K*P] gradient of -ln p by out, from autograd

The formula is TensorFlow Probability's quantised logistic, on values of 0..255: ln P is a
difference of two logarithms of the distribution function, or of one minus it, whichever
is smaller.
"""
import json, math, os, sys

from make import F64, HERE, dump, f32, plain, same, uniform
import torch
from torch.nn.functional import softplus


def log_level(value, mean, scale):
    """ln of the probability of floor(value), for a logistic in units of 0..255."""
    y = torch.floor(value)
    inf = torch.tensor(math.inf, dtype=F64)
    upper, lower = (y + 0.5 - mean) / scale, (y - 0.5 - mean) / scale
    first, last = y == 0, y == 255
    log_cdf = torch.where(last, torch.zeros((), dtype=F64), -softplus(-upper, threshold=100))
    log_cdf_below = torch.where(first, -inf, -softplus(-lower, threshold=100))
    log_rest = torch.where(last, -inf, -softplus(upper, threshold=100))
    log_rest_below = torch.where(first, torch.zeros((), dtype=F64), -softplus(lower, threshold=100))
    right = log_rest < log_cdf
    big = torch.where(right, log_rest_below, log_cdf)
    small = torch.where(right, log_rest, log_cdf_below)
    gap = torch.where(small == -inf, torch.full_like(small, -1e4), small - big)  # a finite gradient of 0
    return big + torch.log(-torch.expm1(gap))


def log_prob(out, values, C, K):
    per = out.reshape(K, -1)
    logit, loc, raw, coefficients = per[:, 0], per[:, 1:1 + C], per[:, 1 + C:1 + 2 * C], per[:, 1 + 2 * C:]
    scale = softplus(raw, threshold=100) + math.exp(-7)
    x = 2 * values / 255 - 1
    total = torch.log_softmax(logit, 0)
    pair = 0
    for c in range(C):
        mean = loc[:, c]
        for j in range(c):
            mean = mean + coefficients[:, pair] * x[j]
            pair += 1
        total = total + log_level(values[c], 127.5 * (mean + 1), 127.5 * scale[:, c])
    return torch.logsumexp(total, 0)


def case(name, C, K, N, seed, locs, scale, spread):
    P = 2 * C + C * (C - 1) // 2 + 1
    out = uniform((N, K, P), seed, 1.0)
    out[:, :, 0] *= 4
    out[:, :, 1:1 + C] *= locs
    out[:, :, 1 + C:1 + 2 * C] = scale + spread * out[:, :, 1 + C:1 + 2 * C]
    out = f32(out.reshape(N, K * P)).clone().requires_grad_()
    values = 127.5 * (uniform((N, C), seed + 1, 1.0) + 1)
    values[::2] = torch.floor(values[::2])
    values[0], values[1] = 0, 255
    values[2, 0] = 254
    values = f32(values)
    logp = torch.stack([log_prob(o, v, C, K) for o, v in zip(out, values)])
    (-logp).sum().backward()
    return {"name": name, "channels": C, "components": K, "out": plain(out), "values": plain(values), "logp": plain(logp), "grad": plain(out.grad)}


def cases():
    for y, mean, s, want in ((0, -0.9, 0.05, -2.058175310881), (200, 1.1, 0.02, -27.498321210253), (255, 1.1, 0.02, -0.005522960816), (37, 0, math.exp(-7), -774.094178115)):
        t = [torch.tensor(float(v), dtype=F64) for v in (y, 127.5 * (mean + 1), 127.5 * s)]
        assert abs(log_level(*t).item() - want) < 1e-9 * abs(want), (y, mean, s)
    yield case("one component", 1, 1, 8, 1000, 1.0, -3.0, 3.0)
    yield case("grey", 1, 5, 12, 1010, 1.0, -3.0, 2.0)
    yield case("narrow", 1, 5, 8, 1020, 1.5, -7.0, 3.0)
    yield case("wide", 1, 3, 8, 1030, 3.0, 4.0, 4.0)
    yield case("colour", 3, 2, 12, 1040, 1.0, -3.0, 2.0)
    yield case("colour, ten", 3, 10, 8, 1050, 1.0, -2.0, 4.0)
    yield case("two channels", 2, 3, 8, 1060, 1.0, -3.0, 2.0)


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit("usage: mixture.py [--check]")
    path, made = os.path.join(HERE, "mixture.json"), {"cases": list(cases())}
    if not check:
        with open(path, "w") as f:
            f.write(dump(made) + "\n")
    elif not same(made, json.load(open(path))):
        sys.exit("mixture.py: mixture.json differs from what this program makes")


if __name__ == "__main__":
    main()
