#!/usr/bin/python3
"""Writes the small ONNX files of this folder.

    /usr/bin/python3 make.py [DIR]    rewrite them, or write them into DIR

NAME.onnx are networks that PyTorch exports, NAME.pb their inputs and outputs: the bytes
of TensorProto messages, each with its length in front (uint32, little-endian), input
first. Weights come from a fixed generator. tensors.onnx has one tensor of each type in
both encodings. On Debian 12: python3-torch 1.13.1, python3-onnx 1.12.0.
"""
import os, struct, sys

sys.path = sys.path[1:] + sys.path[:1]  # installed packages go before the files of this folder

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

HERE = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))


class Text(nn.Module):
    """An embedding, two LSTM, logits."""

    def __init__(self):
        super().__init__()
        self.embedding, self.rnn, self.head = nn.Embedding(6, 2), nn.LSTM(2, 3, 2, batch_first=True), nn.Linear(3, 6)

    def forward(self, x):
        return torch.log_softmax(self.head(self.rnn(self.embedding(x))[0]), -1)


class Both(nn.Module):
    """A GRU in both directions, over sequences in the first dimension."""

    def __init__(self):
        super().__init__()
        self.rnn, self.drop, self.head = nn.GRU(2, 3, 2, bidirectional=True), nn.Dropout(0.5), nn.Linear(6, 4)

    def forward(self, x):
        return torch.softmax(self.head(self.drop(self.rnn(x)[0])), 2)


class Last(nn.Module):
    """An RNN with ReLU, of which the last position goes on."""

    def __init__(self):
        super().__init__()
        self.rnn, self.head = nn.RNN(2, 3, batch_first=True, nonlinearity="relu", bias=False), nn.Linear(3, 2, bias=False)

    def forward(self, x):
        return torch.tanh(self.head(self.rnn(x)[0][:, -1]))


class Hidden(nn.Module):
    """A GRU, of which the final state goes on."""

    def __init__(self):
        super().__init__()
        self.rnn, self.head = nn.GRU(1, 3), nn.Linear(3, 1)

    def forward(self, x):
        return torch.sigmoid(self.head(self.rnn(x)[1][-1]))


class Stacked(nn.Module):
    """Two GRU in both directions, of which the last one's final states go on."""

    def __init__(self):
        super().__init__()
        self.rnn, self.head = nn.GRU(2, 3, 2, bidirectional=True, batch_first=True), nn.Linear(6, 2)

    def forward(self, x):
        h = self.rnn(x)[1]
        return self.head(torch.cat((h[-2], h[-1]), 1))


class Top(nn.Module):
    """Two LSTM, of which the last one's final state goes on."""

    def __init__(self):
        super().__init__()
        self.rnn, self.head = nn.LSTM(2, 3, 2, batch_first=True), nn.Linear(3, 2)

    def forward(self, x):
        return self.head(self.rnn(x)[1][0][-1])


class Carried(nn.Module):
    """Two LSTM whose state goes in and out."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(2, 3, 2, batch_first=True)

    def forward(self, x, h, c):
        y, (h, c) = self.rnn(x, (h, c))
        return y, h, c


class Pixels(nn.Module):
    """Convolutions over pixels."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(2, 3, 3, padding=1), nn.Conv2d(3, 2, (1, 2), padding=(0, 2), dilation=(1, 2), bias=False)

    def forward(self, x):
        return self.b(torch.relu(self.a(x)))


class Masked(nn.Conv2d):
    """A convolution whose kernel is multiplied by a mask of type A or B."""

    def __init__(self, cin, cout, k, mask):
        super().__init__(cin, cout, k, padding=k // 2)
        m = torch.zeros(k * k)
        m[: k * k // 2 + (mask == "B")] = 1
        self.register_buffer("mask", m.reshape(1, 1, k, k))

    def forward(self, x):
        return nn.functional.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


class Block(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(f, f // 2, 1), Masked(f // 2, f // 2, 3, "B"), nn.Conv2d(f // 2, f, 1)

    def forward(self, x):
        return x + torch.relu(self.c(torch.relu(self.b(torch.relu(self.a(x))))))


class PixelCNN(nn.Module):
    """The PixelCNN of the book, of 4 levels."""

    def __init__(self, f=6):
        super().__init__()
        self.net = nn.Sequential(Masked(1, f, 5, "A"), nn.ReLU(), Block(f), Block(f), Masked(f, f, 1, "B"), nn.ReLU(), Masked(f, f, 1, "B"), nn.ReLU(), nn.Conv2d(f, 4, 1))

    def forward(self, x):
        return self.net(x)


def export(name, net, inputs, dynamic=None, **options):
    net.eval()
    random = np.random.RandomState(5)
    for p in net.parameters():
        p.data = torch.from_numpy(random.uniform(-1, 1, p.shape).astype(np.float32))
    outputs = net(*inputs)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    names = {"input_names": ["x", "h", "c"][: len(inputs)], "output_names": ["y", "h_n", "c_n"][: len(outputs)]}
    torch.onnx.export(net, inputs, os.path.join(HERE, name + ".onnx"), dynamic_axes=dynamic, verbose=False, **names, **options)
    outputs = outputs if name != "pixelcnn" else (net.double()(*(x.double() for x in inputs)),)
    with open(os.path.join(HERE, name + ".pb"), "wb") as f:
        for n, t in zip(names["input_names"] + names["output_names"], inputs + outputs):
            b = numpy_helper.from_array(t.detach().numpy(), n).SerializeToString()
            f.write(struct.pack("<I", len(b)) + b)


def numbers(*shape):
    n = np.arange(np.prod(shape), dtype=np.float64)
    return torch.from_numpy(np.sin(7 * n + 1).reshape(shape).astype(np.float32))


def tensors():
    """One tensor of each type, as its own field of numbers and as raw bytes."""
    made = []
    for kind in ("FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16", "INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64", "BOOL"):
        number = getattr(TensorProto, kind)
        values = [0.0, 1.0, -2.5, 0.09375, 300.0] if "FLOAT" in kind or kind == "DOUBLE" else [0, 1, 1, 0, 1] if kind == "BOOL" else [0, 1, 2, 100, 127]
        if kind in ("INT8", "INT16", "INT32", "INT64"):
            values[2] = -2
        made.append(helper.make_tensor("typed_" + kind.lower(), number, [5], values))
        raw = b"".join(
            struct.pack("<H", struct.unpack("<I", struct.pack("<f", v))[0] >> 16) if kind == "BFLOAT16" else np.array(v, {"FLOAT": "<f4", "DOUBLE": "<f8", "FLOAT16": "<f2", "BOOL": "?"}.get(kind, kind.lower())).tobytes()
            for v in values
        )
        made.append(helper.make_tensor("raw_" + kind.lower(), number, [5, 1], raw, raw=True))
    made.append(helper.make_tensor("scalar", TensorProto.INT64, [], [-7]))
    made.append(helper.make_tensor("empty", TensorProto.FLOAT, [0, 3], []))
    made.append(helper.make_tensor("text", TensorProto.STRING, [1], [b"a"]))
    branch = helper.make_graph([], "branch", [], [])
    node = helper.make_node("If", ["scalar"], ["out"], "choose", then_branch=branch, else_branch=branch, i=3, f=0.5, s="text", ints=[1, -1], floats=[1.5, 2], strings=["a", ""], t=made[0])
    graph = helper.make_graph([node, helper.make_node("Other", ["", "raw_float"], ["", "z"], domain="example")], "all", [helper.make_tensor_value_info("in", TensorProto.FLOAT, ["batch", 3, None])], [helper.make_tensor_value_info("out", TensorProto.INT64, [])], made, "a graph")
    model = helper.make_model(graph, producer_name="make.py", producer_version="1", doc_string="a model", opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("example", 1)])
    helper.set_model_props(model, {"key": "value"})
    with open(os.path.join(HERE, "tensors.onnx"), "wb") as f:
        f.write(model.SerializeToString())


def main():
    free = {"x": {0: "batch", 1: "time"}}
    export("text", Text(), (torch.tensor([[1, 5, 0, 3], [2, 2, 4, 1]]),), free, opset_version=13)
    export("both", Both(), (numbers(4, 2, 2),), {"x": {0: "time", 1: "batch"}}, opset_version=11)
    export("last", Last(), (numbers(2, 4, 2),), free, opset_version=14)
    export("hidden", Hidden(), (numbers(4, 2, 1),), opset_version=9)
    export("carried", Carried(), (numbers(2, 3, 2), numbers(2, 2, 3), -numbers(2, 2, 3)), free, opset_version=14)
    export("stacked", Stacked(), (numbers(2, 4, 2),), free, opset_version=14)
    export("top", Top(), (numbers(2, 4, 2),), free, opset_version=9)
    export("pixels", Pixels(), (numbers(1, 2, 4, 3),), opset_version=13)
    export("pixelcnn", PixelCNN(), (torch.arange(42).mul(5).remainder(7).remainder(4).reshape(1, 1, 6, 7) / 4,), {"x": {0: "batch"}}, opset_version=13, do_constant_folding=False)
    export("unfolded", Text(), (torch.tensor([[1, 5, 0, 3], [2, 2, 4, 1]]),), free, opset_version=13, do_constant_folding=False)
    tensors()


if __name__ == "__main__":
    main()
