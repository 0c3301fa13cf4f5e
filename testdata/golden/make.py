#!/usr/bin/python3
"""Writes the golden files of this folder: reference values for the Go tests.

    /usr/bin/python3 make.py           rewrite the files
    /usr/bin/python3 make.py --check   recompute and compare (1e-12); write nothing

PyTorch computes everything in float64. Whatever a float32 implementation takes
as input (weights, biases, inputs, states, gradients, scores) is rounded to
float32 first, so both sides start from the same numbers and a difference is
the implementation's rounding alone. Numbers are printed as the shortest
decimal that gives back the same float64 (17 digits at most); converting an
input to float32 is exact.

SCHEMA. A tensor is {"shape": [...], "data": [...]}, row-major. Weights have
PyTorch's names and layouts: weight_ih_l0 [4H, In], weight_hh_l0 [4H, H],
bias_ih_l0 [4H], Linear weight [Out, In]; gate order i, f, g, o. There is one
bias a gate: bias_hh_l0 is zero, is not stored and is never trained. Sequences
are [T, ...] or, with a batch, [B, T, ...]. t counts from 0.

lstm.json  {"cases": [case, ...]}   nn.LSTM over one sequence
    name, in, hidden, steps
    inputs   {weight_ih_l0, weight_hh_l0, bias_ih_l0: tensors,
              x [T, In], h0 [H], c0 [H]}
    h        [T, H] every output              (cases that store their inputs)
    rows     [{"t": t, "h": [H]}, ...]        (the long case, instead of h)
    c        [H] cell state after the last step
    The long case stores a recipe in place of each tensor:
    {"shape": [...], "seed": s, "scale": a}. Element i (flat index) is
        u = i*0x9E3779B1 + s                                   modulo 2^32
        u ^= u>>16; u *= 0x85EBCA6B; u ^= u>>13; u *= 0xC2B2AE35; u ^= u>>16
        (u>>8 - 2^23) * (a * 2^-23)
    with unsigned 32-bit u; a is 0 or a power of two, so each value is a float32
    exactly, on every machine. It lies in [-a, a).
    The case "spec" has the formula weights 0.5 sin(1+i), 0.5 sin(2+i),
    0.1 sin(3+i) in Keras' layouts and x[t, d] = cos(3t + d); this program checks
    that without rounding they give the published h and c to 12 decimals.

lstm_grad.json   gradients of L = sum over b, t, j of v[b, t, j] * h[b, t, j]
    in, hidden, steps, batch
    inputs   as above, x [B, T, In], h0 and c0 [B, H] (zero), v [B, T, H]
    loss     L
    h        [B, T, H]
    grads    {weight_ih_l0, weight_hh_l0, bias_ih_l0, x, h0, c0: tensors}

train.json   ten steps of training of Embedding -> LSTM -> Linear
    vocab, embed, hidden, steps_per_row (T), batch
    adam     {lr, beta1, beta2, epsilon}
    ids      [3, B, T+1] integers; inputs are columns 0..T-1, targets 1..T;
             0 is padding. Step s = 0..9 trains on ids[s mod 3]
    initial  {embedding.weight [V, E], lstm.weight_ih_l0, lstm.weight_hh_l0,
              lstm.bias_ih_l0, linear.weight [V, H], linear.bias [V]: tensors}
    runs     [{ignore_padding: bool, losses [10], grads, final}, ...]
             losses[s] is that of step s before its update, the mean over all
             B*T positions, or over those whose target is not 0; grads are those
             of step 0, unscaled; final are the weights after step 9
    Adam is Keras': see adam.json.

adam.json  {"cases": [case, ...]}   Keras' Adam on 7 weights, 5 steps, t = 1..5
        m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g g
        w = w - lr_t m / (sqrt(v) + eps);  lr_t = lr sqrt(1-b2^t) / (1-b1^t)
    name, lr, beta1, beta2, epsilon
    w0 [7], steps [{"g", "lr_t", "w", "m", "v"}, ...] with values after the step
    "decimal" takes beta 0.9 and 0.999; "float32" the float32 nearest to them
    (and eps, lr), for an implementation that computes 1-beta in float32: there
    1-0.999 is off by 4.7e-5 of itself.

pixelcnn.json   masked convolutions, and whole networks of them
    convs    [{"name", "in", "out", "kernel", "mask": "A" or "B", "groups",
               "height", "width", inputs, y}, ...]
             inputs {weight [Out, In, k, k], bias [Out], x [H, W, In]: recipes as
             in the long case of lstm.json}; y [H, W, Out] before any activation.
             Weights are full kernels: the mask multiplies them before use. Group g
             of n channels has channels floor(g n/groups) to floor((g+1) n/groups)-1.
    nets     [{"name", "channels", "levels" (L), "filters", "blocks", "kernel",
               "height", "width", adam, images, weights, scores, losses, grads,
               final}, ...]
             images [N, B, H, W, C] levels; step s = 0..5 trains on batch s mod N,
             inputs are level/L. weights {NAME.weight, NAME.bias: recipes}, in the
             order of execution; scores [H, W, C, L] of the first image before
             training; losses [6], each before its update, the mean over all
             B*H*W*C values; grads those of step 0; final the weights after step 5,
             0 where the mask is closed, as in grads. Adam is Keras' as float32
             has its constants: the case "float32" of adam.json.

softmax_ce.json  {"rows": [row, ...]}
    name, logits [n], target
    lse      log sum exp of the logits
    loss     lse - logits[target]
    grad     [n] of the loss: softmax(logits) - onehot(target)
"""
import json, math, os, sys

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
F64 = torch.float64
HERE = os.path.dirname(os.path.abspath(__file__))
LSTM_WEIGHTS = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0")
TEXT_WEIGHTS = ("embedding.weight", "lstm.weight_ih_l0", "lstm.weight_hh_l0", "lstm.bias_ih_l0", "linear.weight", "linear.bias")


# Values that are the same on every machine

def hash32(i, seed):
    u = (i * 0x9E3779B1 + seed) & 0xFFFFFFFF
    u ^= u >> 16
    u = u * 0x85EBCA6B & 0xFFFFFFFF
    u ^= u >> 13
    u = u * 0xC2B2AE35 & 0xFFFFFFFF
    return u ^ u >> 16


def uniform(shape, seed, scale):
    """The tensor of the recipe {"shape", "seed", "scale"} above."""
    n = math.prod(shape)
    return torch.tensor([((hash32(i, seed) >> 8) - (1 << 23)) * (scale * 2.0**-23) for i in range(n)], dtype=F64).reshape(shape)


def wave(fn, n, amplitude, first):
    """amplitude * fn(first + i) for i = 0..n-1"""
    return torch.tensor([amplitude * fn(first + i) for i in range(n)], dtype=F64)


def f32(t):
    """t rounded to float32, held in float64"""
    return t.to(torch.float32).to(F64)


# JSON

def plain(t):
    return {"shape": list(t.shape), "data": t.detach().reshape(-1).tolist()}


def plains(d):
    return {k: plain(t) for k, t in d.items()}


def dump(v, indent=""):
    """One line a key or object; numbers in compact lists."""
    inner = indent + " "
    if isinstance(v, dict) and "data" not in v and "seed" not in v:
        return "{\n" + ",\n".join(inner + json.dumps(k) + ": " + dump(x, inner) for k, x in v.items()) + "\n" + indent + "}"
    if isinstance(v, list) and v and isinstance(v[0], dict):
        return "[\n" + ",\n".join(inner + dump(x, inner) for x in v) + "\n" + indent + "]"
    return json.dumps(v, separators=(",", ":"), allow_nan=False)


# LSTM

def lstm(inputs, x=None):
    """Outputs [B, T, H] and the last cell state [B, H], by the function behind nn.LSTM."""
    x = inputs["x"] if x is None else x
    weights = [inputs[k] for k in LSTM_WEIGHTS]
    weights.append(torch.zeros_like(weights[-1]))  # bias_hh_l0
    state = inputs["h0"][None], inputs["c0"][None]
    # bias, layers, dropout, training, bidirectional, batch first
    h, _, c = torch._VF.lstm(x, state, weights, True, 1, 0.0, False, False, True)
    return h, c[0]


def lstm_inputs(In, H, shape, seed, weight, bias, x, state):
    """Random inputs; shape is () or (B,) before [T, In] and [H]; scales are powers of two."""
    T, batch = shape[-1], shape[:-1]
    return {
        "weight_ih_l0": ((4 * H, In), seed, weight),
        "weight_hh_l0": ((4 * H, H), seed + 1, weight),
        "bias_ih_l0": ((4 * H,), seed + 2, bias),
        "x": (batch + (T, In), seed + 3, x),
        "h0": (batch + (H,), seed + 4, state),
        "c0": (batch + (H,), seed + 5, 2 * state),
    }


def run_sequence(inputs):
    """h [T, H] and c [H] of one sequence in float64, and how far float32 strays."""
    one = {k: t[None] if k in ("x", "h0", "c0") else t for k, t in inputs.items()}
    h, c = lstm(one)
    h32, c32 = lstm({k: t.to(torch.float32) for k, t in one.items()})
    stray = max((h - h32).abs().max().item(), (c - c32).abs().max().item())
    return h[0], c[0], stray


def lstm_case(name, In, H, T, recipe=None, inputs=None, rows=None):
    if inputs is None:
        inputs = {k: uniform(*r) for k, r in recipe.items()}
    assert all(torch.equal(t, f32(t)) for t in inputs.values())
    h, c, stray = run_sequence(inputs)
    note("lstm " + name, stray)
    case = {"name": name, "in": In, "hidden": H, "steps": T}
    if rows is None:
        case["inputs"] = plains(inputs)
        case["h"] = plain(h)
    else:
        case["inputs"] = {k: {"shape": list(s), "seed": seed, "scale": a} for k, (s, seed, a) in recipe.items()}
        case["rows"] = [{"t": t, "h": plain(h[t])} for t in rows]
    case["c"] = plain(c)
    return case


def spec_inputs():
    In, H, T = 3, 2, 3
    return {
        "weight_ih_l0": wave(math.sin, In * 4 * H, 0.5, 1).reshape(In, 4 * H).t().contiguous(),
        "weight_hh_l0": wave(math.sin, H * 4 * H, 0.5, 2).reshape(H, 4 * H).t().contiguous(),
        "bias_ih_l0": wave(math.sin, 4 * H, 0.1, 3),
        "x": torch.tensor([[math.cos(3 * t + d) for d in range(In)] for t in range(T)], dtype=F64),
        "h0": torch.zeros(H, dtype=F64),
        "c0": torch.zeros(H, dtype=F64),
    }


SPEC_H = [[-0.195804077148, 0.084458922306], [-0.000362057658, 0.015277561430], [-0.120519053104, 0.115292011019]]
SPEC_C = [-0.184827724162, 0.197412631037]


def make_lstm():
    spec = spec_inputs()
    h, c, _ = run_sequence(spec)
    for got, want in ((h, SPEC_H), (c, SPEC_C)):
        assert (got - torch.tensor(want, dtype=F64)).abs().max() < 6e-13, "published values not met"
    return {"cases": [
        lstm_case("spec", 3, 2, 3, inputs={k: f32(t) for k, t in spec.items()}),
        lstm_case("one", 1, 1, 1, lstm_inputs(1, 1, (1,), 100, 1.0, 0.5, 1.0, 0.5)),
        lstm_case("odd", 5, 7, 11, lstm_inputs(5, 7, (11,), 200, 0.5, 0.25, 1.0, 0.0)),
        lstm_case("odd with state", 5, 7, 11, lstm_inputs(5, 7, (11,), 300, 0.5, 0.25, 1.0, 0.5)),
        lstm_case("saturated", 2, 3, 6, lstm_inputs(2, 3, (6,), 400, 32.0, 8.0, 2.0, 0.5)),
        lstm_case("past one vector", 17, 33, 40, lstm_inputs(17, 33, (40,), 500, 0.25, 0.25, 1.0, 0.0)),
        lstm_case("long", 100, 128, 200, lstm_inputs(100, 128, (200,), 600, 0.125, 0.25, 0.5, 0.0), rows=(0, 1, 10, 50, 199)),
    ]}


def make_lstm_grad():
    In, H, T, B = 5, 7, 11, 3
    recipe = lstm_inputs(In, H, (B, T), 700, 0.5, 0.25, 1.0, 0.0)
    recipe["v"] = ((B, T, H), 706, 1.0)
    inputs = {k: uniform(*r) for k, r in recipe.items()}
    wanted = LSTM_WEIGHTS + ("x", "h0", "c0")

    def grads(dtype):
        p = {k: t.to(dtype).clone().requires_grad_(k in wanted) for k, t in inputs.items()}
        h, _ = lstm(p)
        loss = (p["v"] * h).sum()
        loss.backward()
        return loss, h, {k: p[k].grad for k in wanted}

    loss, h, g = grads(F64)
    note("lstm_grad", max((g[k] - t).abs().max().item() for k, t in grads(torch.float32)[2].items()))
    return {"in": In, "hidden": H, "steps": T, "batch": B, "inputs": plains(inputs),
            "loss": loss.item(), "h": plain(h), "grads": plains(g)}


# Adam and training

def adam_rate(a, t):
    return a["lr"] * math.sqrt(1 - a["beta2"] ** t) / (1 - a["beta1"] ** t)


def adam_step(a, t, w, m, v, g):
    """Updates w, m, v in place; the form written in the schema."""
    m.mul_(a["beta1"]).add_((1 - a["beta1"]) * g)
    v.mul_(a["beta2"]).add_((1 - a["beta2"]) * g * g)
    w.sub_(adam_rate(a, t) * m / (v.sqrt() + a["epsilon"]))


def torch_adam(a, w0, gradients):
    """The same by PyTorch's optimiser, whose epsilon stands beside the corrected root."""
    w = w0.clone().requires_grad_()
    opt = torch.optim.Adam([w], lr=a["lr"], betas=(a["beta1"], a["beta2"]))
    for t, g in enumerate(gradients, 1):
        opt.param_groups[0]["eps"] = a["epsilon"] / math.sqrt(1 - a["beta2"] ** t)
        w.grad = g.clone()
        opt.step()
    return w.detach()


def make_adam():
    # Columns: constant; alternating; absent for two steps; below epsilon; large; never; varied.
    g = f32(torch.tensor([
        [0.25, 1.0, 0.0, 3e-9, 5e4, 0.0, 0.7],
        [0.25, -1.0, 0.0, -2e-9, -1e4, 0.0, -0.013],
        [0.25, 1.0, 0.5, 4e-8, 3e4, 0.0, 0.4],
        [0.25, -1.0, 0.0, 1e-7, 0.0, 0.0, -1.9],
        [0.25, 1.0, -0.125, -6e-7, 2e4, 0.0, 0.08],
    ], dtype=F64))
    w0 = uniform((7,), 800, 1.0)
    decimal = {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}
    rounded = {k: f32(torch.tensor(x, dtype=F64)).item() for k, x in decimal.items()}
    cases = []
    for name, a in (("decimal", decimal), ("float32", rounded)):
        w, m, v = w0.clone(), torch.zeros(7, dtype=F64), torch.zeros(7, dtype=F64)
        steps = []
        for t in range(1, 6):
            adam_step(a, t, w, m, v, g[t - 1])
            steps.append({"g": plain(g[t - 1]), "lr_t": adam_rate(a, t), "w": plain(w), "m": plain(m), "v": plain(v)})
        assert (w - torch_adam(a, w0, g)).abs().max() < 1e-15, "torch.optim.Adam disagrees"
        cases.append({"name": name, **a, "w0": plain(w0), "steps": steps})
    return {"cases": cases}


def text_loss(p, ids, ignore_padding):
    """Mean cross-entropy of a batch of rows [B, T+1] under the whole model."""
    x, y = ids[:, :-1], ids[:, 1:]
    H = p["lstm.weight_hh_l0"].shape[1]
    zero = torch.zeros(len(ids), H, dtype=p["linear.bias"].dtype)
    inputs = {k: p["lstm." + k] for k in LSTM_WEIGHTS}
    h, _ = lstm(dict(inputs, h0=zero, c0=zero), p["embedding.weight"][x])
    scores = h @ p["linear.weight"].t() + p["linear.bias"]
    return F.cross_entropy(scores.reshape(-1, scores.shape[-1]), y.reshape(-1), ignore_index=0 if ignore_padding else -100)


def train_run(initial, ids, a, ignore_padding, dtype=F64):
    p = {k: t.to(dtype).clone().requires_grad_() for k, t in initial.items()}
    m = {k: torch.zeros_like(t) for k, t in initial.items()}
    v = {k: torch.zeros_like(t) for k, t in initial.items()}
    losses, first = [], None
    for s in range(10):
        loss = text_loss(p, ids[s % len(ids)], ignore_padding)
        losses.append(loss.item())
        g = dict(zip(p, torch.autograd.grad(loss, list(p.values()))))
        first = first or g
        with torch.no_grad():
            for k in p:
                adam_step(a, s + 1, p[k], m[k], v[k], g[k])
    return losses, first, p


def make_train():
    V, E, H, T, B = 23, 5, 7, 9, 4
    a = {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}
    shapes = dict(zip(TEXT_WEIGHTS, ((V, E), (4 * H, E), (4 * H, H), (4 * H,), (V, H), (V,))))
    initial = {k: uniform(s, 900 + n, 0.5) for n, (k, s) in enumerate(shapes.items())}
    # Rows of unlike lengths; each ends in padding but the first of a batch. Word 22 never occurs.
    ids = [[[2 + hash32(t, 1000 + 10 * n + b) % 20 if b == 0 or t < T - 2 * b else 0 for t in range(T + 1)] for b in range(B)] for n in range(3)]
    rows = torch.tensor(ids)
    runs = []
    for ignore in (False, True):
        losses, first, final = train_run(initial, rows, a, ignore)
        single = train_run(initial, rows, a, ignore, torch.float32)
        name = "train, padding ignored" if ignore else "train"
        note(name + ": losses", max(abs(x - y) for x, y in zip(losses, single[0])))
        note(name + ": final weights", max((final[k] - single[2][k]).abs().max().item() for k in final))
        runs.append({"ignore_padding": ignore, "losses": losses, "grads": plains(first), "final": plains(final)})
    return {"vocab": V, "embed": E, "hidden": H, "steps_per_row": T, "batch": B, "adam": a,
            "ids": ids, "initial": plains(initial), "runs": runs}


# Softmax cross-entropy

def make_softmax_ce():
    wide = uniform((5,), 1100, 4.0)
    extreme = uniform((100,), 1105, 1.0)
    extreme[3], extreme[42], extreme[99] = 80.0, -80.0, 79.5
    rows = [
        ("one", torch.tensor([3.5], dtype=F64), 0),
        ("two", torch.tensor([0.5, -1.25], dtype=F64), 1),
        ("two equal", torch.tensor([0.0, 0.0], dtype=F64), 0),
        ("five", wide, 3),
        ("five, far apart, likely", torch.tensor([80.0, -80.0, 0.0, 79.0, -80.0], dtype=F64), 0),
        ("five, far apart, unlikely", torch.tensor([80.0, -80.0, 0.0, 79.0, -80.0], dtype=F64), 1),
        ("five, all high", wide + 80.0, 2),
        ("five, all low", f32(wide - 80.0), 4),
        ("seventeen", uniform((17,), 1102, 8.0), 16),
        ("seventeen equal", torch.full((17,), -80.0, dtype=F64), 5),
        ("hundred", uniform((100,), 1103, 8.0), 64),
        ("hundred, narrow", uniform((100,), 1104, 0.125), 0),
        ("hundred, far apart", extreme, 42),
    ]
    out = []
    for name, x, target in rows:
        x = f32(x).requires_grad_()
        loss = F.cross_entropy(x[None], torch.tensor([target]))
        loss.backward()
        out.append({"name": name, "logits": plain(x), "target": target, "lse": torch.logsumexp(x, 0).item(), "loss": loss.item(), "grad": plain(x.grad)})
    return {"rows": out}


# PixelCNN

def group(c, n, groups):
    """The group of channel c of n."""
    return next(g for g in range(groups) if c < (g + 1) * n // groups)


def mask(kind, In, Out, k, groups):
    """1 where an output may look, [Out, In, k, k]."""
    m = torch.zeros(Out, In, k, k, dtype=F64)
    m[:, :, : k // 2, :] = 1
    m[:, :, k // 2, : k // 2] = 1
    for o in range(Out):
        for i in range(In):
            a, b = group(i, In, groups), group(o, Out, groups)
            m[o, i, k // 2, k // 2] = a < b or kind == "B" and a == b
    return m


def recipe_of(shape, seed, scale):
    return {"shape": list(shape), "seed": seed, "scale": scale}


def conv_case(name, kind, In, Out, k, groups, height, width, seed):
    recipe = {"weight": ((Out, In, k, k), seed, 0.5), "bias": ((Out,), seed + 1, 0.25), "x": ((height, width, In), seed + 2, 1.0)}
    inputs = {n: uniform(*r) for n, r in recipe.items()}

    def run(dtype):
        w, b, x = (inputs[n].to(dtype) for n in ("weight", "bias", "x"))
        y = F.conv2d(x.permute(2, 0, 1)[None], w * mask(kind, In, Out, k, groups).to(dtype), b, padding=k // 2)
        return y[0].permute(1, 2, 0)

    y = run(F64)
    note("masked convolution, " + name, (y - run(torch.float32)).abs().max().item())
    return {"name": name, "in": In, "out": Out, "kernel": k, "mask": kind, "groups": groups, "height": height, "width": width,
            "inputs": {n: recipe_of(*r) for n, r in recipe.items()}, "y": plain(y.contiguous())}


def pixel_layers(C, L, filters, blocks, k):
    """Name, mask, In, Out, kernel of each layer."""
    half = filters // 2
    layers = [("input", "A", C, filters, k)]
    for b in range(blocks):
        layers += [("blocks.%d.conv1" % b, "B", filters, half, 1), ("blocks.%d.conv2" % b, "B", half, half, 3), ("blocks.%d.conv3" % b, "B", half, filters, 1)]
    return layers + [("hidden.0", "B", filters, filters, 1), ("hidden.1", "B", filters, filters, 1), ("output", "B", filters, C * L, 1)]


def pixel_scores(p, layers, C, L, blocks, levels):
    """Scores [B, H, W, C, L] of levels [B, H, W, C]."""
    dtype = p["input.bias"].dtype
    x = (levels.to(dtype) / L).permute(0, 3, 1, 2)

    def conv(i, x):
        name, kind, In, Out, k = layers[i]
        return F.conv2d(x, p[name + ".weight"] * mask(kind, In, Out, k, C).to(dtype), p[name + ".bias"], padding=k // 2)

    h = F.relu(conv(0, x))
    for b in range(blocks):
        u = h
        for i in range(1 + 3 * b, 4 + 3 * b):
            u = F.relu(conv(i, u))
        h = h + u
    for i in (-3, -2):
        h = F.relu(conv(i, h))
    B, _, H, W = x.shape
    return conv(-1, h).permute(0, 2, 3, 1).reshape(B, H, W, C, L)


def pixel_case(name, C, L, filters, blocks, k, height, width, batch, seed):
    layers = pixel_layers(C, L, filters, blocks, k)
    recipe, initial = {}, {}
    for i, (layer, kind, In, Out, kernel) in enumerate(layers):
        scale = 2.0 ** round(math.log2(3 / math.sqrt(In * kernel * kernel)))
        recipe[layer + ".weight"] = (Out, In, kernel, kernel), seed + 2 * i, scale
        recipe[layer + ".bias"] = (Out,), seed + 2 * i + 1, 0.25
        initial[layer + ".weight"] = uniform(*recipe[layer + ".weight"]) * mask(kind, In, Out, kernel, C)
        initial[layer + ".bias"] = uniform(*recipe[layer + ".bias"])
    shape = 2, batch, height, width, C
    levels = torch.tensor([hash32(i, seed + 99) % L for i in range(math.prod(shape))]).reshape(shape)
    a = {"lr": 0.01, **{n: f32(torch.tensor(x, dtype=F64)).item() for n, x in (("beta1", 0.9), ("beta2", 0.999), ("epsilon", 1e-7))}}

    def run(dtype):
        p = {n: t.to(dtype).clone().requires_grad_() for n, t in initial.items()}
        m, v = ({n: torch.zeros_like(t) for n, t in p.items()} for _ in range(2))
        losses, first, scores = [], None, None
        for s in range(6):
            x = pixel_scores(p, layers, C, L, blocks, levels[s % 2])
            scores = x.detach()[0] if s == 0 else scores
            loss = F.cross_entropy(x.reshape(-1, L), levels[s % 2].reshape(-1))
            losses.append(loss.item())
            g = dict(zip(p, torch.autograd.grad(loss, list(p.values()))))
            first = first or g
            with torch.no_grad():
                for n in p:
                    adam_step(a, s + 1, p[n], m[n], v[n], g[n])
        return scores, losses, first, p

    scores, losses, grads, final = run(F64)
    single = run(torch.float32)
    stray = lambda x, y: max((x[n] - y[n]).abs().max().item() for n in x)
    note("pixelcnn, %s: scores" % name, (scores - single[0]).abs().max().item())
    note("pixelcnn, %s: losses" % name, max(abs(x - y) for x, y in zip(losses, single[1])))
    note("pixelcnn, %s: gradients" % name, stray(grads, single[2]))
    note("pixelcnn, %s: final weights" % name, stray(final, single[3]))
    return {"name": name, "channels": C, "levels": L, "filters": filters, "blocks": blocks, "kernel": k, "height": height, "width": width,
            "adam": a, "images": levels.tolist(), "weights": {n: recipe_of(*r) for n, r in recipe.items()},
            "scores": plain(scores), "losses": losses, "grads": plains(grads), "final": plains(final)}


def make_pixelcnn():
    return {
        "convs": [
            conv_case("A 1x1 sees nothing", "A", 4, 3, 1, 1, 2, 3, 1200),
            conv_case("B 1x1", "B", 5, 7, 1, 1, 3, 2, 1210),
            conv_case("A 3x3", "A", 5, 3, 3, 1, 5, 6, 1220),
            conv_case("B 3x3", "B", 7, 9, 3, 1, 4, 5, 1230),
            conv_case("A 5x5", "A", 3, 5, 5, 1, 6, 4, 1240),
            conv_case("B 5x5", "B", 2, 4, 5, 1, 3, 7, 1250),
            conv_case("A 7x7", "A", 1, 17, 7, 1, 7, 5, 1260),
            conv_case("B 7x7", "B", 2, 3, 7, 1, 5, 8, 1270),
            conv_case("larger than the image", "A", 2, 3, 7, 1, 2, 1, 1280),
            conv_case("past one panel", "B", 17, 70, 3, 1, 2, 3, 1290),
            conv_case("A 7x7 in colour", "A", 3, 8, 7, 3, 4, 5, 1300),
            conv_case("B 3x3 in colour", "B", 7, 8, 3, 3, 5, 3, 1310),
            conv_case("A 1x1 in colour", "A", 6, 5, 1, 3, 2, 3, 1320),
            conv_case("B 1x1 in colour", "B", 10, 20, 1, 3, 2, 2, 1330),
        ],
        "nets": [
            pixel_case("grey", 1, 4, 6, 2, 5, 5, 4, 3, 1400),
            pixel_case("colour", 3, 3, 8, 2, 3, 3, 4, 2, 1500),
        ],
    }


# Main

def note(what, stray):
    """Tells how far PyTorch's own float32 strays from float64: what a tolerance has to allow."""
    print("  float32 differs by %.1e  %s" % (stray, what))


def same(a, b):
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return isinstance(b, (int, float)) and abs(a - b) <= 1e-12 * max(1.0, abs(a))
    return a == b


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit("usage: make.py [--check]")
    for name, make in (("lstm", make_lstm), ("lstm_grad", make_lstm_grad), ("train", make_train), ("adam", make_adam), ("softmax_ce", make_softmax_ce), ("pixelcnn", make_pixelcnn)):
        path = os.path.join(HERE, name + ".json")
        made = make()
        if check:
            if not same(made, json.load(open(path))):
                sys.exit("make.py: " + name + ".json differs from what this program makes: run make.py and look at the changes")
            print(name + ".json is up to date")
        else:
            with open(path, "w") as f:
                f.write(dump(made) + "\n")
            print("%s.json %d bytes" % (name, os.path.getsize(path)))


if __name__ == "__main__":
    main()
