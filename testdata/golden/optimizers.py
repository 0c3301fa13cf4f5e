#!/usr/bin/python3
"""Writes optimizers.json: the steps of PyTorch's optimisers, in float64.

    /usr/bin/python3 optimizers.py           rewrite the file
    /usr/bin/python3 optimizers.py --check   recompute and compare (1e-12)

optimizers.json  {"cases": [case, ...]}   six steps with rates that differ
    kind     as train.ParseOptimizer reads it
    w0, b0   a weight [2, 3] and a bias [3] before the first step
    steps    [{"lr", "wg", "bg", "w", "b"}, ...]: the rate of the step, the gradients of
             both, and both after it
    All are torch.optim's own: SGD, with momentum and nesterov, and AdamW with a decay
    for the weight alone. AdamW's epsilon is 1e-7 beside the uncorrected root, see
    make.py, and its beta1 and beta2 are the float32 nearest to 0.9 and 0.999.
"""
import json, math, os, sys

from make import F64, HERE, dump, f32, plain, same, uniform
import torch

RATES = (0.125, 0.125, 0.03125, 0.5, 0.0, 0.0625)


def case(kind, make):
    w, b = uniform((2, 3), 900, 1.0).requires_grad_(), uniform((3,), 901, 1.0).requires_grad_()
    c = {"kind": kind, "w0": plain(w), "b0": plain(b), "steps": []}
    opt = make(w, b)
    for t, rate in enumerate(RATES, 1):
        w.grad, b.grad = uniform((2, 3), 910 + t, 0.5), uniform((3,), 920 + t, 0.5)
        b.grad[1] = 0  # a value that has no gradient
        for group in opt.param_groups:
            group["lr"] = rate * (0.0625 if "adam" in kind else 1)
            if "betas" in group:
                group["eps"] = 1e-7 / math.sqrt(1 - group["betas"][1] ** t)
        opt.step()
        c["steps"].append({"lr": opt.param_groups[0]["lr"], "wg": plain(w.grad), "bg": plain(b.grad), "w": plain(w), "b": plain(b)})
    return c


def cases():
    sgd, betas = torch.optim.SGD, [f32(torch.tensor(x, dtype=F64)).item() for x in (0.9, 0.999)]
    yield case("sgd", lambda w, b: sgd([w, b], lr=1.0))
    yield case("momentum:0.9", lambda w, b: sgd([w, b], lr=1.0, momentum=0.9))
    yield case("momentum:0.5", lambda w, b: sgd([w, b], lr=1.0, momentum=0.5))
    yield case("nesterov:0.9", lambda w, b: sgd([w, b], lr=1.0, momentum=0.9, nesterov=True))
    for decay in (0.01, 0.5):
        yield case("adamw:%g" % decay, lambda w, b: torch.optim.AdamW([{"params": [w]}, {"params": [b], "weight_decay": 0.0}], lr=1.0, betas=betas, weight_decay=decay))


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit("usage: optimizers.py [--check]")
    path, made = os.path.join(HERE, "optimizers.json"), {"cases": list(cases())}
    if not check:
        with open(path, "w") as f:
            f.write(dump(made) + "\n")
    elif not same(made, json.load(open(path))):
        sys.exit("optimizers.py: optimizers.json differs from what this program makes")


if __name__ == "__main__":
    main()
