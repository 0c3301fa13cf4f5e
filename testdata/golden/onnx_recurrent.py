#!/usr/bin/python3
"""Writes onnx_recurrent.json: ONNX' own test cases for RNN, GRU and LSTM.

    /usr/bin/python3 onnx_recurrent.py           rewrite the file
    /usr/bin/python3 onnx_recurrent.py --check   compare instead; write nothing

Every node case of these three operators in Debian's libonnx-testdata is taken
over as it is, also those that this library refuses; layers/onnx_test.go keeps the
table. Numbers are float32 as the shortest decimal that gives back the same
float32.

SCHEMA. {"cases": [case, ...]}
    name        the folder below data/node
    op          RNN, GRU, LSTM
    opset       version of the operator set
    attributes  {name: value}, those that the node states; the rest are defaults
                of the ONNX operator (direction forward, layout 0, sigmoid and
                tanh, linear_before_reset 0)
    inputs, outputs  {ONNX name: {"shape", "data"}}, absent where the node leaves
                them out. ONNX' layouts: X [T, B, In] (layout 1: [B, T, In]);
                W [D, G*H, In], R [D, G*H, H], B [D, 2*G*H], of W then of R; gates
                of LSTM i, o, f, c, of GRU z, r, h; P [D, 3*H], peepholes i, o, f;
                Y [T, D, B, H] (layout 1: [B, T, D, H]), Y_h [D, B, H] (layout 1:
                [B, D, H])
"""
import glob, json, os, sys

sys.path = sys.path[1:] + sys.path[:1]  # installed packages go before the files of this folder

import numpy as np
import onnx
from onnx import helper, numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = "/usr/share/libonnx-testdata/data"


def tensors(names, kind, folder):
    """The tensors that a case has for the inputs or outputs that its node names."""
    names = [n for n in names if n]  # an empty name is one left out
    files = glob.glob(os.path.join(folder, kind + "_*.pb"))
    assert len(files) == len(names), folder
    out = {}
    for i, name in enumerate(names):
        t = onnx.TensorProto()
        with open(os.path.join(folder, "%s_%d.pb" % (kind, i)), "rb") as f:
            t.ParseFromString(f.read())
        assert t.name == name, folder
        a = numpy_helper.to_array(t)
        assert a.dtype in (np.float32, np.int32)
        number = int if a.dtype == np.int32 else lambda v: float(str(v))
        out[name] = {"shape": list(a.shape), "data": [number(v) for v in a.reshape(-1)]}
    return out


def plain(v):
    return v.decode() if isinstance(v, bytes) else [plain(x) for x in v] if isinstance(v, list) else v


def make():
    cases = []
    for path in sorted(glob.glob(os.path.join(DATA, "*", "*", "model.onnx"))):
        model = onnx.load(path)
        if not any(n.op_type in ("RNN", "GRU", "LSTM") for n in model.graph.node):
            continue
        assert len(model.graph.node) == 1 and len(model.opset_import) == 1, path
        node, folder = model.graph.node[0], os.path.dirname(path)
        sets = glob.glob(os.path.join(folder, "test_data_set_*"))
        assert len(sets) == 1, path
        cases.append({
            "name": os.path.basename(folder), "op": node.op_type, "opset": model.opset_import[0].version,
            "attributes": {a.name: plain(helper.get_attribute_value(a)) for a in node.attribute},
            "inputs": tensors(node.input, "input", sets[0]),
            "outputs": tensors(node.output, "output", sets[0]),
        })
    return {"cases": cases}


def dump(made):
    lines = []
    for c in made["cases"]:
        rows = ["  %s: %s" % (json.dumps(k), json.dumps(v, separators=(",", ":"))) for k, v in c.items() if k not in ("inputs", "outputs")]
        for k in ("inputs", "outputs"):
            inner = ",\n".join("   %s: %s" % (json.dumps(n), json.dumps(t, separators=(",", ":"))) for n, t in c[k].items())
            rows.append('  "%s": {\n%s\n  }' % (k, inner))
        lines.append(" {\n" + ",\n".join(rows) + "\n }")
    return '{"cases": [\n' + ",\n".join(lines) + "\n]}\n"


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit("usage: onnx_recurrent.py [--check]")
    path = os.path.join(HERE, "onnx_recurrent.json")
    made = make()
    if check:
        if made != json.load(open(path)):
            sys.exit("onnx_recurrent.py: onnx_recurrent.json differs from what this program makes")
        print("onnx_recurrent.json is up to date")
    else:
        with open(path, "w") as f:
            f.write(dump(made))
        print("onnx_recurrent.json %d bytes, %d cases" % (os.path.getsize(path), len(made["cases"])))


if __name__ == "__main__":
    main()
