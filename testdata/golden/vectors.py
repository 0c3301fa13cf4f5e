#!/usr/bin/python3
"""Writes vectors.json: reference values for networks over sequences of vectors.

    /usr/bin/python3 vectors.py           rewrite the file
    /usr/bin/python3 vectors.py --check   recompute and compare; write nothing

All is float64, from inputs that float32 holds exactly; see make.py for recipes. torch.nn
computes LSTM, GRU, RNN and Linear layers with their usual functions; what PyTorch has not
(other activations, hard sigmoids, GRU with the reset before) is written out below with
PyTorch's functions, and this program checks that the written-out layers are torch.nn's to
1e-12 where both exist.

SCHEMA. vectors.json  {"cases": [case, ...]}
    layers   as autoreg writes a list of layers: "lstm:7:activation=relu,dense:3"
    in, steps (T)
    inputs   recipes of x [1, T, In] and of the parameters under their names: layer k of kind
             K has K.weight_ih_lk and so on, a dense layer dense.weight_lk and dense.bias_lk
    y        {"shape": [1, T, Out], "data"}, rounded to 9 decimals
"""
import json, os, sys

import torch

sys.dont_write_bytecode = True
from make import F64, HERE, dump, f32, note, uniform
from recurrent import GATE, GATES, rounded, same

UNIT = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid, "linear": lambda z: z,
        "softmax": lambda z: torch.softmax(z, -1)}
GATE = {"sigmoid": GATE["sigmoid"], "hard_sigmoid_keras2": GATE["keras2"], "hard_sigmoid_keras3": GATE["keras3"]}


def parse(text):
    """Kind, units and words of each layer, and whether it lies in both directions."""
    for word in text.split(","):
        both = word.startswith("bidirectional(")
        kind, units, *words = word.replace("bidirectional(", "").replace(")", "").split(":")
        yield kind, int(units), dict(w.split("=") for w in words), both


def parts(text, In):
    """Name, shape and scale of each parameter."""
    for k, (kind, H, words, both) in enumerate(parse(text)):
        name = ("bidirectional" if both else kind) + "."
        if kind == "dense":
            yield name + "weight_l%d" % k, (H, In), 1.0
            yield name + "bias_l%d" % k, (H,), 0.25
            In = H
            continue
        for s in ["_l%d" % k] + (["_l%d_reverse" % k] if both else []):
            G = GATES[kind]
            yield name + "weight_ih" + s, (G * H, In), 0.5
            yield name + "weight_hh" + s, (G * H, H), 0.5
            yield name + "bias_ih" + s, (G * H,), 0.25
            if words.get("reset") != "before":
                yield name + "bias_hh" + s, (G * H,), 0.25
        In = 2 * H if both else H


def written_out(kind, H, words, x, wih, whh, bih, bhh):
    """One direction of a recurrent layer over x [T, In]."""
    act, gate = UNIT[words.get("activation", "tanh")], GATE[words.get("recurrent_activation", "sigmoid")]
    h, c, out = torch.zeros(H, dtype=x.dtype), torch.zeros(H, dtype=x.dtype), []
    for row in x:
        wx, U = wih @ row + bih, lambda a, b, v: whh[a * H:b * H] @ v + bhh[a * H:b * H]
        if kind == "rnn":
            h = act(wx + U(0, 1, h))
        elif kind == "lstm":
            i, f, g, o = (wx + U(0, 4, h)).chunk(4)
            c = gate(f) * c + gate(i) * act(g)
            h = gate(o) * act(c)
        else:
            r, z = gate(wx[:2 * H] + U(0, 2, h)).chunk(2)
            n = act(wx[2 * H:] + (U(2, 3, r * h) if words.get("reset") == "before" else r * U(2, 3, h)))
            h = (1 - z) * n + z * h
        out.append(h)
    return torch.stack(out)


def by_torch(kind, H, words, x, wih, whh, bih, bhh):
    """The same by torch.nn, or None."""
    act = words.get("activation", "tanh")
    if words.get("reset") == "before" or "recurrent_activation" in words or act not in (("tanh", "relu") if kind == "rnn" else ("tanh",)):
        return None
    m = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[kind](
        x.shape[-1], H, **({"nonlinearity": act} if kind == "rnn" else {})).double()
    with torch.no_grad():
        for to, v in zip((m.weight_ih_l0, m.weight_hh_l0, m.bias_ih_l0, m.bias_hh_l0), (wih, whh, bih, bhh)):
            to.copy_(v)
        return m(x[:, None])[0][:, 0]


def network(text, p):
    x = p["x"][0]
    for k, (kind, H, words, both) in enumerate(parse(text)):
        name = ("bidirectional" if both else kind) + "."
        if kind == "dense":
            x = UNIT[words.get("activation", "linear")](
                torch.nn.functional.linear(x, p[name + "weight_l%d" % k], p[name + "bias_l%d" % k]))
            continue
        outs = []
        for s in ["_l%d" % k] + (["_l%d_reverse" % k] if both else []):
            w = [p[name + n + s] for n in ("weight_ih", "weight_hh", "bias_ih")]
            w.append(p.get(name + "bias_hh" + s, torch.zeros_like(w[2])))
            turn = (lambda v: v.flip(0)) if s.endswith("_reverse") else (lambda v: v)
            y = written_out(kind, H, words, turn(x), *w)
            if x.dtype == F64:
                t = by_torch(kind, H, words, turn(x), *w)
                assert t is None or (t - y).abs().max() < 1e-12, "the layer is not PyTorch's"
                y = y if t is None else t
            outs.append(turn(y))
        x = torch.cat(outs, -1)
    return x[None]


def case(text, In, T, seed, x=1.0):
    shapes = {"x": ((1, T, In), seed, x)}
    for name, shape, scale in parts(text, In):
        shapes[name] = shape, seed + len(shapes), scale
    p = {k: uniform(*v) for k, v in shapes.items()}
    assert all(torch.equal(t, f32(t)) for t in p.values())
    y = network(text, p)
    note("vectors " + text, (y - network(text, {k: t.to(torch.float32) for k, t in p.items()})).abs().max().item())
    return {"layers": text, "in": In, "steps": T, "inputs": {k: {"shape": list(v[0]), "seed": v[1], "scale": v[2]} for k, v in shapes.items()},
            "y": rounded(y)}


def make():
    texts = ["dense:5:activation=%s,dense:3" % a if a != "linear" else "dense:5" for a in UNIT]
    texts += ["dense:8:activation=tanh,lstm:8,dense:1", "gru:8,dense:8:activation=sigmoid,dense:1", "lstm:16,lstm:16,dense:2",
              "gru:9,gru:9,gru:9,dense:1", "rnn:7,rnn:5:activation=relu,dense:4:activation=softmax", "lstm:70,dense:65:activation=relu",
              "bidirectional(lstm:5),dense:3", "dense:4:activation=relu,bidirectional(gru:6),bidirectional(rnn:3),dense:2:activation=softmax"]
    gates = list(GATE)
    for i, a in enumerate(("relu", "sigmoid", "linear")):
        texts.append("rnn:6:activation=%s,dense:2" % a)
        for g in gates:
            gate = "" if g == "sigmoid" else ":recurrent_activation=" + g
            texts += ["lstm:6:activation=%s%s,dense:2" % (a, gate), "gru:17:activation=%s%s,dense:2" % (a, gate),
                      "gru:6:reset=before:activation=%s%s,dense:2" % (a, gate)]
    for g in gates[1:]:
        texts += [k % g for k in ("lstm:6:recurrent_activation=%s,dense:2", "gru:6:recurrent_activation=%s,dense:2")]
    return {"cases": [case(text, 3, 12, 20000 + 100 * n, x=2.0) for n, text in enumerate(texts)]}


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit("usage: vectors.py [--check]")
    path, made = os.path.join(HERE, "vectors.json"), make()
    if check:
        if not same(made, json.load(open(path))):
            sys.exit("vectors.py: vectors.json differs from what this program makes: run vectors.py and look at the changes")
        print("vectors.json is up to date")
    else:
        with open(path, "w") as f:
            f.write(dump(made) + "\n")
        print("vectors.json %d bytes, %d cases" % (os.path.getsize(path), len(made["cases"])))


if __name__ == "__main__":
    main()
