"""Writes files as Keras lays them out, and what their networks give, in float64:

    python3 keras.py

needs python3-h5py and numpy, not Keras: the layouts are those of ../../internal/hdf5's real
files, and the equations those of Keras' documentation. Weights are drawn, small and different
in each gate, so that an exchange of two shows.
"""
import io
import json
import zipfile

import h5py
import numpy as np

rng = np.random.default_rng(11)


def draw(*shape):
    return rng.uniform(-0.7, 0.7, shape).astype(np.float32)


sigmoid = lambda x: 1 / (1 + np.exp(-x))
functions = {
    "tanh": np.tanh, "sigmoid": sigmoid, "relu": lambda x: np.maximum(x, 0), "linear": lambda x: x,
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    "hard2": lambda x: np.clip(0.2 * x + 0.5, 0, 1), "hard3": lambda x: np.clip((x + 3) / 6, 0, 1),
}


def recurrent(kind, x, k, r, b, act, gate, after):
    """Outputs [T, u] of a layer over x [T, in]; b may be None."""
    u = r.shape[0]
    b = np.zeros((2, k.shape[1]) if after else k.shape[1]) if b is None else b
    h, c, out = np.zeros(u), np.zeros(u), []
    for v in x:
        if kind == "GRU":
            bi, bh = (b[0], b[1]) if after else (b, np.zeros_like(b))
            zx, zh = v @ k + bi, h @ r + bh
            z, s = gate(zx[:u] + zh[:u]), gate(zx[u:2 * u] + zh[u:2 * u])
            n = act(zx[2 * u:] + (s * zh[2 * u:] if after else (s * h) @ r[:, 2 * u:]))
            h = z * h + (1 - z) * n
        elif kind == "LSTM":
            i, f, g, o = np.split(v @ k + h @ r + b, 4)
            c = gate(f) * c + gate(i) * act(g)
            h = gate(o) * act(c)
        else:
            h = act(v @ k + h @ r + b)
        out.append(h)
    return np.array(out)


class Net:
    """Layers with their configurations and arrays."""

    def __init__(self, version, inputs):
        self.version, self.width, self.first, self.layers, self.run = version, inputs, inputs, [], []
        self.three = version.startswith("3")

    def add(self, cls, name, arrays, run, width, **config):
        if not self.layers and cls != "Embedding":
            config["batch_input_shape" if not self.three else "batch_shape"] = [None, None, self.first]
        config["name"] = name
        self.layers.append((cls, config, arrays))
        self.run.append(run)
        self.width = width
        return self

    def embedding(self, tokens, width, name="embedding"):
        e = draw(tokens, width)
        return self.add("Embedding", name, {"embeddings": e}, lambda x: e[x].astype(np.float64), width,
                        input_dim=tokens, output_dim=width, mask_zero=True)

    def cell(self, kind, u, act="tanh", gate="sigmoid", after=True, bias=True):
        g = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}[kind]
        after = kind == "GRU" and after
        a = {"kernel": draw(self.width, g * u), "recurrent_kernel": draw(u, g * u)}
        if bias:
            a["bias"] = draw(2, g * u) if after else draw(g * u)
        f = functions["hard3" if self.three else "hard2"] if gate == "hard_sigmoid" else functions[gate]
        config = dict(units=u, activation=act, use_bias=bias, return_sequences=True, return_state=False, go_backwards=False, stateful=False)
        if kind != "SimpleRNN":
            config["recurrent_activation"] = gate
        if kind == "GRU":
            config["reset_after"] = after
        run = lambda x: recurrent(kind, x, *(a.get(n) if a.get(n) is None else a[n].astype(np.float64) for n in ("kernel", "recurrent_kernel", "bias")), functions[act], f, after)
        return config, a, run

    def rnn(self, kind, u, name, **k):
        config, a, run = self.cell(kind, u, **k)
        return self.add(kind, name, a, run, u, **config)

    def bidirectional(self, kind, u, name, merge, **k):
        config, a, forward = self.cell(kind, u, **k)
        _, b, backward = self.cell(kind, u, **k)
        arrays = dict(a, **{"backward/" + n: v for n, v in b.items()})
        join = {"concat": lambda p, q: np.concatenate([p, q], 1), "sum": np.add, "ave": lambda p, q: (p + q) / 2, "mul": np.multiply}[merge]
        inner = dict(config, name=kind.lower())
        return self.add("Bidirectional", name, arrays, lambda x: join(forward(x), backward(x[::-1])[::-1]), 2 * u if merge == "concat" else u,
                        layer={"class_name": kind, "config": inner}, merge_mode=merge)

    def dense(self, u, name, act="linear", bias=True, distributed=False):
        a = {"kernel": draw(self.width, u)}
        if bias:
            a["bias"] = draw(u)
        run = lambda x: functions[act](x @ a["kernel"].astype(np.float64) + a.get("bias", np.zeros(u, np.float32)))
        config = dict(units=u, activation=act, use_bias=bias)
        if distributed:
            return self.add("TimeDistributed", name, a, run, u, layer={"class_name": "Dense", "config": dict(config, name="dense")})
        return self.add("Dense", name, a, run, u, **config)

    def other(self, cls, name, run=lambda x: x, **config):
        return self.add(cls, name, {}, run, self.width, **config)

    def config(self, functional=False):
        layers, before = [], None
        for cls, config, _ in self.layers:
            l = {"class_name": cls, "config": config}
            if functional:
                l["name"] = config["name"]
                l["inbound_nodes"] = []
                if before and self.three:
                    history = {"class_name": "__keras_tensor__", "config": {"shape": [None], "dtype": "float32", "keras_history": [before, 0, 0]}}
                    l["inbound_nodes"] = [{"args": [history], "kwargs": {}}]
                elif before:
                    l["inbound_nodes"] = [[[before, 0, 0, {}]]]
                before = config["name"]
            layers.append(l)
        return {"class_name": "Functional" if functional else "Sequential", "config": {"name": "net", "layers": layers}, "keras_version": self.version}

    def outputs(self, x):
        for f in self.run:
            x = f(x)
        return x

    def h5(self, path, whole=True):
        """The form of whole models and weights before Keras 3."""
        with h5py.File(path, "w") as f:
            f.attrs["keras_version"] = self.version.encode()
            f.attrs["backend"] = b"tensorflow"
            top = f
            if whole:
                f.attrs["model_config"] = json.dumps(self.config()).encode()
                top = f.create_group("model_weights")
                slots = f.create_group("optimizer_weights")
                slots.create_dataset("adam/m:0", data=draw(5))
            top.attrs["layer_names"] = [config["name"].encode() for _, config, _ in self.layers]
            for cls, config, arrays in self.layers:
                name = config["name"]
                g = top.create_group(name)
                for a, v in arrays.items():
                    inner = "%s/%s_%s/" % (name, "backward" if "/" in a else "forward", cls.lower()) if cls == "Bidirectional" else name + "/"
                    g.create_dataset(inner + a.split("/")[-1] + ":0", data=v)

    def weights_h5(self, target):
        """model.weights.h5 of Keras 3."""
        snake = lambda s: {"SimpleRNN": "simple_rnn", "TimeDistributed": "time_distributed"}.get(s, s.lower())
        order = ["embeddings", "kernel", "recurrent_kernel", "bias"]
        counts = {}
        with h5py.File(target, "w") as f:
            for cls, config, arrays in self.layers:
                n = counts.get(cls, 0)
                counts[cls] = n + 1
                g = f.create_group("layers/" + snake(cls) + ("_%d" % n if n else ""))
                for part in ("", "backward/"):
                    names = [a for a in order if part + a in arrays]
                    where = {"Bidirectional": "backward_layer/cell/" if part else "forward_layer/cell/", "TimeDistributed": "layer/"}.get(cls, "cell/" if "recurrent_kernel" in arrays else "")
                    for i, a in enumerate(names):
                        g.create_dataset(where + "vars/%d" % i, data=arrays[part + a])
            f.create_dataset("optimizer/vars/0", data=draw(3))

    def keras(self, path, functional=False, assets={}):
        b = io.BytesIO()
        self.weights_h5(b)
        with zipfile.ZipFile(path, "w") as z:
            for name, text in [("metadata.json", json.dumps({"keras_version": self.version})), ("config.json", json.dumps(self.config(functional)))] + list(assets.items()):
                z.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), text)
            z.writestr(zipfile.ZipInfo("model.weights.h5", (2024, 1, 1, 0, 0, 0)), b.getvalue())


cases = {}


def case(name, net, x):
    cases[name] = {"x": x.tolist(), "y": net.outputs(x).tolist()}


def numbers(net, steps=7):
    return rng.uniform(-1, 1, (steps, net.first)).astype(np.float32).astype(np.float64)


n = Net("2.2.4", 3).rnn("LSTM", 5, "lstm_1", gate="hard_sigmoid").other("Dropout", "drop", rate=0.5).rnn("GRU", 4, "gru_1", gate="hard_sigmoid", after=False)
n.dense(2, "dense_1", "sigmoid")
n.h5("old.h5")
case("old.h5", n, numbers(n))

n = Net("3.3.3", 2).rnn("GRU", 5, "gru", gate="hard_sigmoid").rnn("GRU", 4, "gru_1", after=False, act="relu").rnn("SimpleRNN", 3, "rnn", act="relu", bias=False)
n.dense(4, "time_distributed", "tanh", distributed=True).dense(3, "dense", bias=False).other("Activation", "act", functions["softmax"], activation="softmax")
n.keras("new.keras")
case("new.keras", n, numbers(n))

for merge in "concat", "sum", "ave", "mul":
    n = Net("3.5.0", 3).bidirectional("LSTM", 4, "both", merge).bidirectional("GRU", 3, "both_1", merge).dense(2, "dense")
    n.keras("both_%s.keras" % merge, functional=True)
    case("both_%s.keras" % merge, n, numbers(n))

n = Net("2.15.0", 3).bidirectional("LSTM", 4, "both", "concat").dense(2, "dense")
n.h5("both.h5")
case("both.h5", n, numbers(n))

n = Net("2.9.0", 2).rnn("LSTM", 4, "lstm", act="sigmoid").dense(2, "dense")
n.h5("weights.h5", whole=False)
json.dump(n.config(functional=True), open("weights.json", "w"))
case("weights.h5", n, numbers(n))

words = ["", "[UNK]", "and", "salt", "pepper", "the", "oil"]
n = Net("3.11.2", len(words)).embedding(len(words), 4).rnn("LSTM", 5, "lstm").dense(len(words), "dense", "softmax")
text = n.config()
n.layers.insert(0, ("TextVectorization", {"name": "text_vectorization", "max_tokens": 7, "standardize": "lower", "vocabulary": None}, {}))
n.keras("text.keras", assets={"assets/layers/text_vectorization/vocabulary.txt": "\n".join(words)})
case("text.keras", n, np.array([3, 2, 4, 1, 6]))

json.dump(cases, open("keras.json", "w"))
