class Layer(nn.Module):
    """A recurrent layer, or two in both directions. torch.nn computes what it knows; other
    activations, and a GRU that resets before its product, go step by step."""

    def __init__(self, spec, inputs):
        super().__init__()
        self.both, self.merge, cell = spec["type"] == "bidirectional", spec.get("merge", "concat"), spec.get("layer", spec)
        self.kind, self.units, self.cell = cell["type"], cell["units"], cell
        self.plain = not {"activation", "recurrent_activation", "reset"} & set(cell)
        make = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[self.kind]
        self.net = make(inputs, self.units, batch_first=True, bidirectional=self.both)
        self.outputs = self.units * (2 if self.both and self.merge == "concat" else 1)
        self.act = {"relu": torch.relu, "sigmoid": torch.sigmoid, "linear": lambda x: x}.get(cell.get("activation"), torch.tanh)
        self.gate = {"hard_sigmoid_keras2": lambda x: (0.2 * x + 0.5).clamp(0, 1),
                     "hard_sigmoid_keras3": lambda x: ((x + 3) / 6).clamp(0, 1)}.get(cell.get("recurrent_activation"), torch.sigmoid)

    def forward(self, x, state=None):
        if self.plain:
            y, state = self.net(x, state)
        elif self.both:
            y, state = torch.cat([self.steps(x, None, "")[0], self.steps(x.flip(1), None, "_reverse")[0].flip(1)], 2), None
        else:
            y, state = self.steps(x, state, "")
        if self.both and self.merge != "concat":
            a, b = y.chunk(2, 2)
            y = {"sum": a + b, "average": (a + b) / 2, "multiply": a * b}[self.merge]
        return y, state

    def steps(self, x, state, suffix):
        w, u, b, c = (getattr(self.net, n + "_l0" + suffix) for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        h, m = state or (x.new_zeros(len(x), self.units),) * 2
        z, out, before = x @ w.T + b, [], self.cell.get("reset") == "before"
        if self.kind != "gru" or before:
            z = z + c
        for t in range(x.shape[1]):
            if self.kind == "lstm":
                i, f, g, o = (z[:, t] + h @ u.T).chunk(4, 1)
                m = self.gate(f) * m + self.gate(i) * self.act(g)
                h = self.gate(o) * self.act(m)
            elif self.kind == "gru":
                zr, zz, zn = z[:, t].chunk(3, 1)
                ur, uz, un = u.chunk(3)
                cr, cz, cn = (torch.zeros_like(c) if before else c).chunk(3)
                r, k = self.gate(zr + h @ ur.T + cr), self.gate(zz + h @ uz.T + cz)
                n = self.act(zn + ((r * h) @ un.T if before else r * (h @ un.T + cn)))
                h = (1 - k) * n + k * h
            else:
                h = self.act(z[:, t] + h @ u.T)
            out.append(h)
        return torch.stack(out, 1), (h, m)


class Model(nn.Module):
    def __init__(self, tensors, meta):
        super().__init__()
        self.meta, self.config = meta, json.loads(meta["config"])
        self.embedding = nn.Embedding(self.config["symbols"], self.config["embedding"])
        self.layers, width = nn.ModuleList(), self.config["embedding"]
        for spec in self.config["layers"]:
            self.layers.append(Layer(spec, width))
            width = self.layers[-1].outputs
        self.output = nn.Linear(width, len(self.config.get("classes", range(self.config["symbols"]))))
        if self.config.get("tied"):
            self.output.weight = self.embedding.weight
        with torch.no_grad():
            for name, p in self.tensors().items():
                p.copy_(tensors[name])

    def tensors(self):
        """The parameters under their names in the file."""
        named = {"embedding.weight": self.embedding.weight, "output.bias": self.output.bias}
        if not self.config.get("tied"):
            named["output.weight"] = self.output.weight
        for i, (spec, layer) in enumerate(zip(self.config["layers"], self.layers)):
            for name, p in layer.net.named_parameters():
                named[spec["type"] + "." + name.replace("_l0", "_l%d" % i)] = p
        return named

    def forward(self, ids, states=None):
        """Logits after each of ids [batch, steps], and the states of the layers."""
        x, after = self.embedding(ids), []
        for layer, state in zip(self.layers, states or [None] * len(self.layers)):
            x, state = layer(x, state)
            after.append(state)
        return self.output(x), after
