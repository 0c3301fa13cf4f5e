"""The small Penn Treebank model of Zaremba et al. in PyTorch, for comparison:

    python3 docs/ptb_torch.py ptb.train.txt ptb.valid.txt [--threads N] [--epochs N] [--steps N]

The recipe is that of docs/results.md. --steps ends after so many steps and prints words a
second.
"""
import argparse
import math
import time

import torch
from torch import nn

p = argparse.ArgumentParser()
p.add_argument("train")
p.add_argument("valid")
p.add_argument("--threads", type=int, default=1)
p.add_argument("--epochs", type=int, default=13)
p.add_argument("--steps", type=int, default=0)
a = p.parse_args()
torch.set_num_threads(a.threads)
torch.manual_seed(1)

B, T, H = 20, 20, 200
words = {}


def read(path):
    with open(path, encoding="utf-8") as f:
        tokens = [w for line in f for w in line.split() + ["\n"]]
    return torch.tensor([words.setdefault(w, len(words)) for w in tokens])


def tracks(ids):
    n = len(ids) // B
    return ids[: n * B].view(B, n).t().contiguous()


train, valid = tracks(read(a.train)), tracks(read(a.valid))
V = len(words)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(V, H)
        self.lstm = nn.LSTM(H, H, 2)
        self.output = nn.Linear(H, V)
        for w in self.parameters():
            nn.init.uniform_(w, -0.1, 0.1)

    def forward(self, x, state):
        y, state = self.lstm(self.embedding(x), state)
        return self.output(y).view(-1, V), tuple(s.detach() for s in state)


m, loss = Model(), nn.CrossEntropyLoss()
zero = torch.zeros(2, B, H)


def run(data, rate):
    state, total, n, start, step = (zero, zero), 0.0, 0, time.time(), 0
    for i in range(0, len(data) - 1, T):
        x, y = data[i : i + T], data[i + 1 : i + 1 + T]
        x = x[: len(y)]
        out, state = m(x, state)
        l = loss(out, y.reshape(-1))
        if rate:
            m.zero_grad()
            l.backward()
            nn.utils.clip_grad_norm_(m.parameters(), 0.25)
            with torch.no_grad():
                for w in m.parameters():
                    w -= rate * w.grad
        total, n, step = total + l.item() * y.numel(), n + y.numel(), step + 1
        if rate and step == a.steps:
            print(f"{n / (time.time() - start):.0f} words a second over {step} steps, {a.threads} threads")
            raise SystemExit
    return total / n, n / (time.time() - start)


for epoch in range(1, a.epochs + 1):
    l, speed = run(train, 20 * 0.5 ** max(0, epoch - 4))
    with torch.no_grad():
        v, _ = run(valid, 0)
    print(f"epoch {epoch}: perplexity {math.exp(l):.2f}, validation {math.exp(v):.2f}, {speed:.0f} words a second", flush=True)
