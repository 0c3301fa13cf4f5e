"""Writes files as PyTorch's users save them, and what their networks give:

    /usr/bin/python3 torch.py

needs python3-torch; safetensors are written here, without that library. torch.json has the
inputs and, computed by torch in float64 from the values as they are in the file, the outputs.
"""
import json
import os
import struct
import sys

sys.path = sys.path[1:]  # this file is not the library

import torch
from torch import nn

os.chdir(os.path.dirname(os.path.abspath(__file__)))
torch.manual_seed(11)
cases = {}


def case(name, modules, run, x):
    """Keeps what run gives for x with the modules in float64."""
    for m in modules.values():
        m.double()
    with torch.no_grad():
        y = run(x)
    cases[name] = {"x": x.tolist(), "y": y.tolist()}


def state(modules):
    return {"%s.%s" % (name, k): v.clone() for name, m in modules.items() for k, v in m.state_dict().items()}


def safetensors(path, tensors, dtype):
    names = {torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64", torch.float32: "F32"}
    header, data = {}, b""
    for name, t in sorted(tensors.items()):
        t = t.to(dtype).contiguous()
        b = bytes(t.view(torch.int16).numpy() if dtype == torch.bfloat16 else t.numpy())
        header[name] = {"dtype": names[dtype], "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(b)]}
        data += b
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + data)


def inputs(*shape):
    return (torch.rand(shape) * 2 - 1).double()


# Modules in the order in which they are used; two layers in one, both directions.
m = {"encoder": nn.LSTM(3, 4, 2), "rnn": nn.GRU(4, 3, bidirectional=True), "head": nn.Linear(6, 2)}
torch.save(state(m), "stack.pt")
case("stack.pt", m, lambda x: m["head"](m["rnn"](m["encoder"](x)[0])[0]), inputs(7, 3))

# Modules in another order, with functions between them that a file does not have, a cell,
# modules without biases, and one that is not used.
m = {"b": nn.Linear(4, 3, bias=False), "a": nn.RNN(2, 4, nonlinearity="relu"), "unused": nn.Linear(9, 1), "c.cell": nn.LSTMCell(3, 2), "c.out": nn.Linear(2, 1)}
torch.save({"state_dict": state(m), "epoch": 3}, "map.pt")


def run(x):
    x, out, s = torch.relu(m["b"](m["a"](x)[0])), [], None
    for v in x:
        s = m["c.cell"](v, s)
        out.append(torch.sigmoid(m["c.out"](s[0])))
    return torch.stack(out)


case("map.pt", m, run, inputs(7, 2))

# A model of text, in each type of number. As the names lie in the file, the order of the
# modules is that of their names.
for dtype, name in (torch.float16, "F16"), (torch.bfloat16, "BF16"), (torch.float64, "F64"), (torch.float32, "F32"):
    m = {"embed": nn.Embedding(5, 3), "gru": nn.GRU(3, 4), "lin": nn.Linear(4, 5)}
    safetensors("%s.safetensors" % name, state(m), dtype)
    for part in m.values():
        part.to(dtype).float()  # as the values are read
    case("%s.safetensors" % name, m, lambda x: m["lin"](m["gru"](m["embed"](x))[0]), torch.tensor([1, 4, 2, 0, 3, 3]))

json.dump(cases, open("torch.json", "w"))
