"""Writes the files of this directory and expected.json, with Debian's python3-torch (1.13):

    python3 make.py [DIR]

DIR, if given, is the directory that AUTOREG_DATA names, whose models are then described in
real.json. Each tensor is described by its dtype, its shape, and the SHA-256 of its numbers as
float32, little-endian and row-major. Files of the older form and script.jit differ from one run
to the next, for they hold addresses of memory; the others do not.
"""
import argparse, collections, hashlib, io, json, os, pickle, pickletools, struct, sys, tarfile, warnings, zipfile

import torch

warnings.filterwarnings("ignore")
# The older form has the source of modules and where it was: not a path of some machine.
torch.serialization.get_source_lines_and_file = lambda cls: ([f"class {cls.__name__}: ...\n"], 1, "make.py")
os.chdir(os.path.dirname(os.path.abspath(__file__)))
torch.manual_seed(1)
NAMES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
         torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}


def describe(tensors):
    return [[name, NAMES[t.dtype], list(t.shape), hashlib.sha256(t.detach().to(torch.float32).contiguous().numpy().tobytes()).hexdigest()]
            for name, t in tensors]


def flat(value, name=""):
    if isinstance(value, torch.Tensor):
        yield name, value
    elif isinstance(value, (dict, list, tuple)):
        for key, v in value.items() if isinstance(value, dict) else enumerate(value):
            yield from flat(v, f"{name}.{key}" if name else str(key))


expected = {}


def save(file, obj, wanted=None, **kw):
    torch.save(obj, file, **kw)
    expected[file] = describe(flat(obj if wanted is None else wanted))


# Every dtype, views, shared storages.
every = collections.OrderedDict()
for dtype, name in NAMES.items():
    every["dtype." + name] = (torch.randn(2, 3) * 50).to(dtype)
every["scalar"] = torch.tensor(2.5)
every["none"] = torch.zeros(2, 0, 3)
every["specials"] = torch.tensor([0.0, -0.0, float("inf"), -float("inf"), float("nan"), 1e-45])
every["double.range"] = torch.tensor([1e300, -1e300, 1e-300, 1 + 2**-24, 1 + 3 * 2**-24, 1e-46], dtype=torch.float64)
every["long.range"] = torch.tensor([2**24 + 1, 2**24 + 3, -2**63, 2**63 - 1])
base = torch.arange(60.0)
every["view.offset"] = base[7:19]
every["view.transposed"] = base.view(5, 12).t()
every["view.stepped"] = base.view(5, 12)[1::2, 2::3]
every["view.permuted"] = base.view(3, 4, 5).permute(2, 0, 1)
every["view.bool"] = (base > 30).view(6, 10).t()
every["expanded"] = torch.tensor([[1.5], [2.5]]).expand(2, 4)
every["channels_last"] = torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
every["parameter"] = torch.nn.Parameter(torch.randn(3))
every["tied"] = every["parameter"]
every["cut"] = torch.randn(3, 1, 4)[1:2]
save("every.zip.pt", every)
save("every.zip4.pt", every, pickle_protocol=4)
save("every.legacy.pt", every, _use_new_zipfile_serialization=False)
save("every.legacy5.pt", every, _use_new_zipfile_serialization=False, pickle_protocol=5)

# More numbers than a buffer has, transposed and not.
long = torch.arange(90 * 92, dtype=torch.float64).view(90, 92) / 3
save("long.pt", {"rows": long, "columns": long.t()})

net = torch.nn.LSTM(3, 4, num_layers=2, bidirectional=True)
save("lstm.pt", net.state_dict())
save("nested.pt", {"encoder": net.state_dict(), "heads": [torch.ones(2), {"b": torch.zeros(1)}], "epoch": 3, "names": ["a", ("b", None)], "rate": 0.5})


class Scale(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(2))

    def forward(self, x):
        return self.scale * x


# As Lightning and training programs write: foreign classes beside the weights.
class Callback:
    def __init__(self):
        self.best, self.history = torch.ones(2), [1, 2]


class AttributeDict(dict):
    pass


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.head = torch.nn.GRU(2, 3), torch.nn.Linear(3, 2)
        self.register_buffer("mask", torch.ones(2, 2).tril() > 0)

    def forward(self, x):
        return self.head(self.rnn(x)[0])


net = Net()
adam = torch.optim.Adam(net.parameters())
net(torch.zeros(1, 1, 2)).sum().backward()
adam.step()
lightning = {
    "epoch": 7, "global_step": 1234, "pytorch-lightning_version": "1.9.0", "state_dict": net.state_dict(), "seed": 2**70,
    "callbacks": {"Checkpoint{'monitor': None}": {"best": torch.tensor(0.5), "object": Callback()}, Callback: 1}, "optimizer_states": [adam.state_dict()],
    "hparams_name": "kwargs", "hyper_parameters": AttributeDict(hidden=3, names=["a", "b"], ratio=0.25, use=True, none=None, dtype=torch.float16, device=torch.device("cuda", 1)),
    "args": argparse.Namespace(lr=1e-3, size=torch.Size([2, 3]), layout=torch.strided, tags={"x"}),
}
save("lightning.ckpt", lightning, net.state_dict())
save("lightning.legacy.ckpt", lightning, net.state_dict(), _use_new_zipfile_serialization=False)
save("training.pt", {"model": net.state_dict(), "optimizer": adam.state_dict(), "epoch": 1, "args": argparse.Namespace(lr=1)}, net.state_dict())
save("plain.pt", {"w": torch.ones(2), "args": argparse.Namespace(lr=1)})

# What is refused.
torch.save(net, "module.pt")
torch.save(net, "module.legacy.pt", _use_new_zipfile_serialization=False)
torch.save({"model": net, "epoch": 1}, "module.under.pt")
torch.save({"state_dict": {"w": torch.ones(2), "extra": Callback()}}, "object.pt")
torch.save({"w": torch.ones(2), "callback": Callback()}, "object.root.pt")
torch.save({"w": torch.ones(2, dtype=torch.complex64)}, "complex.pt")
torch.save(torch.ones(2), "tensor.pt")
torch.save({"w": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)}, "quantised.pt")
torch.save({"epoch": 1}, "empty.pt")
torch.jit.save(torch.jit.script(Scale()), "script.jit")


class Evil:
    def __init__(self, f, *args):
        self.f, self.args = f, args

    def __reduce__(self):
        return self.f, self.args


evil = {"state_dict": {"w": torch.ones(2)}, "callbacks": Evil(os.system, "echo hostile > hostile")}
torch.save(evil, "system.pt")
torch.save(evil, "system.legacy.pt", _use_new_zipfile_serialization=False)
evil["callbacks"] = Evil(eval, "1+1")
torch.save(evil, "eval.pt", pickle_protocol=4)
with open("plain.pkl", "wb") as f:
    pickle.dump({"w": [1.0, 2.0]}, f, 2)


# The tar form, as torch/serialization.py describes it in its reader.
def old_tar(file):
    a, b = torch.arange(6.0), torch.arange(4)
    storages, tensors = io.BytesIO(), io.BytesIO()
    pickle.dump(2, storages, 2)
    for key, cls, t, fmt in [(94763835818864, torch.FloatStorage, a, "f"), (2, torch.LongStorage, b, "q")]:
        pickle.dump((key, "cuda:0" if key == 2 else "cpu", cls), storages, 2)
        storages.write(struct.pack("<q", t.numel()) + t.numpy().tobytes())
    pickle.dump([(3, 94763835818864, 2, 4)], storages, 2)
    pickle.dump(3, tensors, 2)
    for key, storage, size, stride, offset in [(11, 94763835818864, (3, 2), (1, 3), 0), (12, 2, (3,), (1,), 1), (13, 3, (2, 2), (2, 1), 0)]:
        pickle.dump((key, storage, torch.FloatTensor), tensors, 2)
        tensors.write(struct.pack("<ii", len(size), 0) + struct.pack(f"<{2 * len(size)}q", *size, *stride) + struct.pack("<q", offset))

    class Pickler(pickle._Pickler):
        def persistent_id(self, obj):
            return obj[1] if isinstance(obj, tuple) and obj[:1] == ("tensor",) else None

    body = io.BytesIO()
    Pickler(body, 2).dump(collections.OrderedDict(a=("tensor", "11"), b=("tensor", "12"), c=("tensor", "13")))
    system = pickle.dumps({"protocol_version": 1000, "little_endian": True}, 2)
    with tarfile.open(file, "w:", format=tarfile.PAX_FORMAT) as tar:
        for name, data in [("sys_info", system), ("pickle", body.getvalue()), ("tensors", tensors.getvalue()), ("storages", storages.getvalue())]:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1.5  # a fraction, which needs a header of its own
            tar.addfile(info, io.BytesIO(data))
    expected[file] = describe(flat(torch.load(file, map_location="cpu")))


old_tar("old.tar.pt")
with open("expected.json", "w") as f:
    f.write("{\n" + ",\n".join(f"{json.dumps(k)}: [\n" + ",\n".join(json.dumps(t) for t in v) + "\n]" for k, v in expected.items()) + "\n}\n")

if len(sys.argv) > 1:
    models = os.path.join(sys.argv[1], "models")
    pixels = torch.load(os.path.join(models, "phlippe", "PixelCNN.ckpt"), map_location="cpu")
    with open(os.path.join(models, "silero", "silero_vad_16k.safetensors"), "rb") as f:
        size = struct.unpack("<Q", f.read(8))[0]
        header, data = json.loads(f.read(size)), f.read()
    header.pop("__metadata__", None)
    silero = [(name, torch.frombuffer(bytearray(data[slice(*t["data_offsets"])]), dtype=torch.float32).view(t["shape"])) for name, t in header.items()]
    real = {"PixelCNN": describe(flat(pixels["state_dict"])), "silero": describe(silero)}
    with open("real.json", "w") as f:
        f.write("{\n" + ",\n".join(f"{json.dumps(k)}: [\n" + ",\n".join(json.dumps(t) for t in v) + "\n]" for k, v in real.items()) + "\n}\n")
