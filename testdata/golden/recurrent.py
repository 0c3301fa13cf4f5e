#!/usr/bin/python3
"""Writes recurrent.json: reference values for SimpleRNN, GRU, LSTM, stacks of
them and both directions, and their gradients.

    /usr/bin/python3 recurrent.py           rewrite the file
    /usr/bin/python3 recurrent.py --check   recompute and compare; write nothing

All is float64, from inputs that float32 holds exactly. A written-out step loop
computes every case. Where PyTorch has the layer (tanh and ReLU RNN, GRU with the
reset after the recurrent product, LSTM with sigmoid gates), torch.nn computes
the stored values, ragged batches by pack_padded_sequence, and this program
checks that the loop agrees to 1e-12. Where PyTorch has none (GRU with the reset
before, hard sigmoids, merges other than concat), the loop's values are stored.
Gradients come from autograd through whichever of the two is stored.

SCHEMA. Tensors are row-major. An input is a recipe {"shape", "seed", "scale"}, as
in the long case of lstm.json (make.py), or {"shape", "data"}. A result is
{"shape", "data"}, rounded to 9 decimals. t counts from 0.

recurrent.json  {"cases": [case, ...]}
    name, in, steps (T), batch (B)
    layers   [{"kind": "rnn", "gru" or "lstm", "hidden": H, ...}, ...], the first
             takes x, each other the y of the one before; beside these
      activation   rnn: "tanh" or "relu"
      reset_after  gru: whether the reset gate multiplies after the product
      gate         gru, lstm: "sigmoid"; "keras2", clip(0.2 z + 0.5, 0, 1);
                   "keras3", min(max(z + 3, 0), 6)/6
      merge        both directions: "concat", "sum", "average", "multiply"; absent
                   where there is one direction
    lengths  [B] steps of each sequence; absent where all have T
    inputs   x [B, T, In] and for layer k = 0, 1, ..., In_k its number of inputs
             weight_ih_lk [G*H, In_k], weight_hh_lk [G*H, H], bias_ih_lk [G*H],
             bias_hh_lk [G*H], and the same with the suffix _reverse for the second
             direction. G and the order of gates are PyTorch's: rnn 1; lstm 4: i, f,
             g, o; gru 3: r, z, n. GRU with the reset before has no bias_hh_lk.
             h0_lk [B, H], c0_lk [B, H] where a sequence does not start from zero.
             Both biases of a gate lie on one grid of 2^24 values, so their sum is
             exact in float32.
    y        [B, T, D*H] of the last layer; 0 past the end of a sequence
    final    {h_lk, c_lk, and _reverse: [B, H]} states after the last step of each
             sequence; of the second direction, after its step on position 0
    published  [T, H] what a publication says of y, in 12 decimals (cases "spec")
  and where gradients are wanted
    r        recipe [B, T, D*H]
    s        recipe [B, D*H], weighs the last states h_lk and h_lk_reverse of the
             last layer, merged as y is; then r is absent
    loss     L = sum of r*y, or of s*(last states), not rounded
    grads    {every input: dL/d}
             bias_hh_lk only for GRU with the reset after: otherwise it equals that
             of bias_ih_lk

Equations, W x = weight_ih x + bias_ih, U h = weight_hh h + bias_hh, a gate's rows
of them by its letter, s the gate function:
    rnn   h' = act(W x + U h)
    gru   r = s(W_r x + U_r h)   z = s(W_z x + U_z h)   h' = (1-z) n + z h
          reset after:  n = tanh(W_n x + r (U_n h))
          reset before: n = tanh(W_n x + U_n (r h))
    lstm  i, f, o = s(W x + U h)   g = tanh(W_g x + U_g h)
          c' = f c + i g           h' = o tanh(c')
"""
import json, math, os, sys

import torch

sys.dont_write_bytecode = True
from make import F64, HERE, dump, f32, note, uniform, wave

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
GATE = {
    "sigmoid": torch.sigmoid,
    "keras2": lambda z: (0.2 * z + 0.5).clamp(0, 1),
    "keras3": lambda z: (z + 3).clamp(0, 6) / 6,
}
MERGE = {
    "sum": lambda a, b: a + b,
    "average": lambda a, b: (a + b) / 2,
    "multiply": lambda a, b: a * b,
    "concat": lambda a, b: torch.cat((a, b), -1),
}


# Layers, as the schema has them

def rnn(H, activation="tanh", **more):
    return {"kind": "rnn", "hidden": H, "activation": activation, **more}


def gru(H, reset_after=True, gate="sigmoid", **more):
    return {"kind": "gru", "hidden": H, "reset_after": reset_after, "gate": gate, **more}


def lstm(H, gate="sigmoid", **more):
    return {"kind": "lstm", "hidden": H, "gate": gate, **more}


def suffixes(k, layer):
    """Of the weights of layer k, one a direction."""
    return ["_l%d" % k] + (["_l%d_reverse" % k] if "merge" in layer else [])


def width(layer):
    return layer["hidden"] * (2 if layer.get("merge") == "concat" else 1)


def two_biases(layer):
    return layer.get("reset_after", True)


def in_torch(layers):
    """Whether one torch.nn module is the whole stack."""
    one = layers[0]
    return (all(l == one for l in layers) and one.get("gate", "sigmoid") == "sigmoid"
            and two_biases(one) and one.get("merge", "concat") == "concat")


# The written-out loop

def step(layer, p, suffix, x, h, c):
    """The next h and c [B, H] from x [B, In]."""
    wx = x @ p["weight_ih" + suffix].t() + p["bias_ih" + suffix]
    U = p["weight_hh" + suffix]
    b = p["bias_hh" + suffix] if two_biases(layer) else torch.zeros(len(U), dtype=x.dtype)
    H, kind = layer["hidden"], layer["kind"]
    if kind == "rnn":
        z = wx + h @ U.t() + b
        return (torch.tanh(z) if layer["activation"] == "tanh" else torch.relu(z)), c
    s = GATE[layer["gate"]]
    if kind == "lstm":
        i, f, g, o = (wx + h @ U.t() + b).chunk(4, -1)
        c = s(f) * c + s(i) * torch.tanh(g)
        return s(o) * torch.tanh(c), c
    r, z = s(wx[:, : 2 * H] + h @ U[: 2 * H].t() + b[: 2 * H]).chunk(2, -1)
    if layer["reset_after"]:
        n = torch.tanh(wx[:, 2 * H :] + r * (h @ U[2 * H :].t() + b[2 * H :]))
    else:
        n = torch.tanh(wx[:, 2 * H :] + (r * h) @ U[2 * H :].t())
    return (1 - z) * n + z * h, c


def loop(layers, p, lengths):
    """y [B, T, D*H] and the final states."""
    x, final = p["x"], {}
    B, T = x.shape[:2]
    lengths = torch.tensor(lengths or [T] * B)
    for k, layer in enumerate(layers):
        outs = []
        for suffix in suffixes(k, layer):
            zero = torch.zeros(B, layer["hidden"], dtype=x.dtype)
            h, c = p.get("h0" + suffix, zero), p.get("c0" + suffix, zero)
            out = [None] * T
            for t in reversed(range(T)) if suffix.endswith("_reverse") else range(T):
                inside = (t < lengths)[:, None]
                h2, c2 = step(layer, p, suffix, x[:, t], h, c)
                h, c = torch.where(inside, h2, h), torch.where(inside, c2, c)
                out[t] = torch.where(inside, h, zero)
            outs.append(torch.stack(out, 1))
            final["h" + suffix] = h
            if layer["kind"] == "lstm":
                final["c" + suffix] = c
        x = outs[0] if len(outs) == 1 else MERGE[layer["merge"]](*outs)
    return x, final


# The same by torch.nn

def module(layers, p, lengths):
    one, x = layers[0], p["x"]
    H, names = one["hidden"], [s for k, l in enumerate(layers) for s in suffixes(k, l)]
    m = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[one["kind"]](
        x.shape[-1], H, len(layers), batch_first=True, bidirectional="merge" in one,
        **({"nonlinearity": one["activation"]} if one["kind"] == "rnn" else {})).to(x.dtype)
    for name, old in list(m.named_parameters()):
        assert old.shape == p[name].shape, name
        delattr(m, name)
        setattr(m, name, p[name])  # not a Parameter, so that autograd reaches p
    m._flat_weights = [p[n] for n in m._flat_weights_names]
    zero = torch.zeros(len(x), H, dtype=x.dtype)
    state = tuple(torch.stack([p.get(v + s, zero) for s in names]) for v in ("h0", "c0"))
    state = state if one["kind"] == "lstm" else state[0]
    if lengths:
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
        y, last = m(packed, state)
        y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])
    else:
        y, last = m(x, state)
    h, c = last if one["kind"] == "lstm" else (last, None)
    final = {}
    for i, s in enumerate(names):
        final["h" + s] = h[i]
        if c is not None:
            final["c" + s] = c[i]
    return y, final


# Cases

def recipes(In, layers, B, T, seed, weight, bias, x, state):
    """Recipes of all inputs; scales are powers of two, state 0 for none."""
    r, n = {"x": ((B, T, In), seed, x)}, In
    for k, layer in enumerate(layers):
        G, H = GATES[layer["kind"]], layer["hidden"]
        for s in suffixes(k, layer):
            def add(name, shape, scale):
                r[name + s] = shape, seed + len(r), scale
            add("weight_ih", (G * H, n), weight)
            add("weight_hh", (G * H, H), weight)
            add("bias_ih", (G * H,), bias)
            if two_biases(layer):
                add("bias_hh", (G * H,), bias)
            if state:
                add("h0", (B, H), state)
                if layer["kind"] == "lstm":
                    add("c0", (B, H), 2 * state)
        n = width(layer)
    return r


def rounded(t):
    return {"shape": list(t.shape), "data": [round(v, 9) + 0.0 for v in t.detach().reshape(-1).tolist()]}


def diff(a, b):
    return max((a[k] - b[k]).abs().max().item() for k in a)


def run(layers, p, lengths):
    """What is stored, checked against the loop."""
    y, final = loop(layers, p, lengths)
    if in_torch(layers) and p["x"].dtype == F64:
        y2, final2 = module(layers, p, lengths)
        assert final.keys() == final2.keys()
        assert diff({"y": y, **final}, {"y": y2, **final2}) < 1e-12, "the loop is not PyTorch"
        return y2, final2
    return y, final


def case(name, In, layers, B, T, seed, weight=0.5, bias=0.25, x=1.0, state=0.0, lengths=None, grad=None, inputs=None, published=None):
    """grad: None; "y", with r; "last", with s."""
    recipe = None
    if inputs is None:
        recipe = recipes(In, layers, B, T, seed, weight, bias, x, state)
        inputs = {k: uniform(*v) for k, v in recipe.items()}
    assert all(torch.equal(t, f32(t)) for t in inputs.values())
    y, final = run(layers, inputs, lengths)
    y32, final32 = loop(layers, {k: t.to(torch.float32) for k, t in inputs.items()}, lengths)
    note("recurrent " + name, diff({"y": y, **final}, {"y": y32, **final32}))

    out = {"name": name, "in": In, "layers": layers, "batch": B, "steps": T}
    if lengths:
        out["lengths"] = lengths
    as_recipe = lambda v: {"shape": list(v[0]), "seed": v[1], "scale": v[2]}
    out["inputs"] = ({k: as_recipe(v) for k, v in recipe.items()} if recipe else
                     {k: {"shape": list(t.shape), "data": t.reshape(-1).tolist()} for k, t in inputs.items()})
    out["y"] = rounded(y)
    out["final"] = {k: rounded(t) for k, t in final.items()}
    if published:
        out["published"] = {"shape": [T, len(published[0])], "data": sum(published, [])}
    if grad:
        def weighed(y, final):
            if grad == "y":
                return "r", y
            last = [final["h" + s] for s in suffixes(len(layers) - 1, layers[-1])]
            return "s", MERGE[layers[-1]["merge"]](*last) if len(last) == 2 else last[0]

        key, v = weighed(y, final)
        weigh = tuple(v.shape), seed + 90, 1.0

        def grads(dtype):
            p = {k: t.to(dtype).clone().requires_grad_() for k, t in inputs.items()}
            loss = (uniform(*weigh).to(dtype) * weighed(*run(layers, p, lengths))[1]).sum()
            loss.backward()
            return loss.item(), {k: t.grad for k, t in p.items()}

        loss, g = grads(F64)
        g32 = grads(torch.float32)[1]
        note("  gradients up to %.2g, " % max(t.abs().max().item() for t in g.values()) + name, diff(g, g32))
        for k, layer in enumerate(layers):
            for s in suffixes(k, layer):
                if layer["kind"] != "gru":
                    assert (g["bias_ih" + s] - g["bias_hh" + s]).abs().max() < 1e-12
                    del g["bias_hh" + s]
        out.update({key: as_recipe(weigh)}, loss=loss, grads={k: rounded(t) for k, t in g.items()})
    return out


# Published values: in 3, H 2, T 3, x[t, d] = cos(3t + d), and in Keras' layouts,
# [in, 3*H], [H, 3*H], gates z, r, h: weights 0.5 sin(1+i), 0.5 sin(2+i), biases
# 0.1 sin(3+i), i the flat index; two rows of biases where the reset is after.

SPEC = {
    True: [[-0.157051928520, 0.002769678798], [0.355204674099, 0.222546462794], [0.081685847281, 0.111563794664]],
    False: [[-0.167021425591, -0.011539300404], [0.355561667508, 0.179367068815], [0.068039090116, 0.083063060481]],
}


def spec(reset_after):
    In, H, T = 3, 2, 3

    def torch_order(t):  # last axis z, r, h -> r, z, n, which then goes first
        z, r, n = t.chunk(3, -1)
        return torch.cat((r, z, n), -1).t().contiguous()

    p = {
        "x": torch.tensor([[[math.cos(3 * t + d) for d in range(In)] for t in range(T)]], dtype=F64),
        "weight_ih_l0": torch_order(wave(math.sin, In * 3 * H, 0.5, 1).reshape(In, 3 * H)),
        "weight_hh_l0": torch_order(wave(math.sin, H * 3 * H, 0.5, 2).reshape(H, 3 * H)),
    }
    bias = wave(math.sin, (2 if reset_after else 1) * 3 * H, 0.1, 3).reshape(-1, 3 * H)
    for name, row in zip(("bias_ih_l0", "bias_hh_l0"), bias):
        p[name] = torch_order(row[None])[:, 0]
    layers = [gru(H, reset_after)]
    y, _ = run(layers, p, None)
    assert (y[0] - torch.tensor(SPEC[reset_after], dtype=F64)).abs().max() < 6e-13, "published values not met"
    return case("gru reset %s, spec" % ("after" if reset_after else "before"), In, layers, 1, T, 0,
                inputs={k: f32(t) for k, t in p.items()}, published=SPEC[reset_after])


def make():
    kinds = [
        ("rnn tanh", rnn, {}),
        ("rnn relu", rnn, {"activation": "relu"}),
        ("gru reset after", gru, {}),
        ("gru reset before", gru, {"reset_after": False}),
        ("lstm", lstm, {}),
    ]
    cases = [spec(True), spec(False)]
    for n, (kind, layer, opts) in enumerate(kinds):
        seed = 3000 + 1000 * n
        one = lambda H, **more: layer(H, **opts, **more)
        cat = lambda H: one(H, merge="concat")
        cases += [
            case(kind + ", 5 to 7", 5, [one(7)], 1, 11, seed, state=0.5),
            case(kind + ", 5 to 7, two layers, both directions, ragged", 5, [cat(7)] * 2, 3, 11, seed + 100, lengths=[11, 4, 7]),
            case(kind + ", 3 to 16, three layers", 3, [one(16)] * 3, 2, 11, seed + 200, weight=0.25, state=0.5),
            case(kind + ", 16 to 33, both directions", 16, [cat(33)], 1, 9, seed + 300, weight=0.25),
            case(kind + ", 8 to 64", 8, [one(64)], 1, 11, seed + 400, weight=0.125),
            case(kind + ", 200 steps", 3, [one(3)], 1, 200, seed + 500),
            case(kind + ", gradient", 3, [one(5)], 2, 6, seed + 600, grad="y"),
            case(kind + ", gradient, two layers, ragged", 3, [one(4)] * 2, 3, 6, seed + 700, lengths=[4, 6, 1], grad="y"),
            case(kind + ", gradient, both directions, ragged", 3, [cat(4)], 3, 5, seed + 800, lengths=[5, 3, 1], grad="y"),
        ]
    # Gates at and past their limits.
    for n, (kind, layer) in enumerate((("gru reset after, saturated", gru(3)), ("gru reset before, saturated", gru(3, False)))):
        cases.append(case(kind, 2, [layer], 1, 6, 8000 + 100 * n, weight=8.0, bias=2.0, state=0.5))
    hard = [(kind, layer, opts, gate) for kind, layer, opts in kinds[2:] for gate in ("keras2", "keras3")]
    for n, (kind, layer, opts, gate) in enumerate(hard):
        name, seed = "%s, hard sigmoid of %s" % (kind, gate), 9000 + 200 * n
        # Of these gates, 17 to 43 % are at 0 or 1.
        cases += [
            case(name, 5, [layer(7, gate=gate, **opts)] * 2, 2, 11, seed, weight=1.0, bias=1.0, x=4.0),
            case(name + ", gradient", 3, [layer(5, gate=gate, **opts)], 2, 5, seed + 100, weight=2.0, bias=1.0, x=2.0, grad="y"),
        ]
    for n, merge in enumerate(("sum", "average", "multiply")):
        for m, (kind, layer) in enumerate((("rnn tanh", rnn), ("gru reset after", gru), ("lstm", lstm))):
            seed = 11000 + 1000 * n + 100 * m
            cases.append(case("%s, both directions, merge %s" % (kind, merge), 4, [layer(5, merge=merge), layer(3, merge=merge)], 2, 6, seed, lengths=[6, 3]))
        cases.append(case("gru reset after, gradient, merge " + merge, 3, [gru(4, merge=merge)], 2, 4, 11500 + 1000 * n, lengths=[4, 3], grad="y"))
    # Last states, as a classifier takes them.
    for m, (kind, layers) in enumerate((
        ("gru reset after, both directions", [gru(4, merge="concat")]),
        ("lstm, both directions", [lstm(4, merge="concat")]),
        ("gru reset before, merge average", [gru(3, False, merge="average")]),
        ("gru reset after, merge multiply", [gru(3, merge="multiply")]),
        ("rnn tanh, two layers", [rnn(4)] * 2),
    )):
        cases.append(case(kind + ", gradient of the last states, ragged", 3, layers, 3, 5, 14000 + 100 * m, lengths=[2, 5, 1], grad="last"))
    # Unlike layers.
    cases.append(case("lstm, gru, rnn", 5, [lstm(7), gru(6), rnn(4)], 2, 9, 15000, grad="y"))
    cases.append(case("both directions, then one", 4, [gru(3, merge="concat"), lstm(5), rnn(3, "relu", merge="sum")], 2, 6, 15100, lengths=[6, 4]))
    return {"cases": cases}


def same(a, b):
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return isinstance(b, (int, float)) and abs(a - b) <= 1.01e-9 * max(1.0, abs(a))
    return a == b


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit("usage: recurrent.py [--check]")
    path = os.path.join(HERE, "recurrent.json")
    made = make()
    names = [c["name"] for c in made["cases"]]
    assert len(set(names)) == len(names)
    if check:
        if not same(made, json.load(open(path))):
            sys.exit("recurrent.py: recurrent.json differs from what this program makes: run recurrent.py and look at the changes")
        print("recurrent.json is up to date")
    else:
        with open(path, "w") as f:
            f.write(dump(made) + "\n")
        print("recurrent.json %d bytes, %d cases" % (os.path.getsize(path), len(names)))


if __name__ == "__main__":
    main()
