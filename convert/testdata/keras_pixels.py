"""Writes the PixelCNN of the book's chapter 5 as Keras saves it, small, and its logits in float64:

    python3 keras_pixels.py

needs python3-h5py and numpy, not Keras. MaskedConv2D and ResidualBlock are classes of the
book, whose get_config() gives the configuration of a layer without any of their own. Taps
outside the masks are not 0, as after a step of training.
"""
import io
import json
import zipfile

import h5py
import numpy as np

rng = np.random.default_rng(7)
SIDE, LEVELS, F, BLOCKS, KERNEL = 8, 4, 8, 2, 5


def conv(k, cin, cout):
    return (rng.uniform(-1, 1, (k, k, cin, cout)) * 1.7 / np.sqrt(k * k * cin)).astype(np.float32), rng.uniform(-0.3, 0.3, cout).astype(np.float32)


first = conv(KERNEL, 1, F)
blocks = [(conv(1, F, F // 2), conv(3, F // 2, F // 2), conv(1, F // 2, F)) for _ in range(BLOCKS)]
hidden = [conv(1, F, F), conv(1, F, F)]
output = conv(1, F, LEVELS)


def apply(x, weights, mask):
    """x [H, W, Cin], "same" padding; mask None, "A" or "B"."""
    w, b = (v.astype(np.float64) for v in weights)
    k = w.shape[0]
    m = np.ones((k, k))
    if mask:
        m = np.zeros((k, k))
        m[: k // 2] = 1
        m[k // 2, : k // 2] = 1
        if mask == "B":
            m[k // 2, k // 2] = 1
    p = np.pad(x, ((k // 2, k // 2), (k // 2, k // 2), (0, 0)))
    y = np.zeros(x.shape[:2] + (w.shape[3],)) + b
    for r in range(k):
        for c in range(k):
            y += m[r, c] * (p[r:r + x.shape[0], c:c + x.shape[1]] @ w[r, c])
    return y


relu = lambda v: np.maximum(v, 0)


def logits(levels):
    h = relu(apply(levels[:, :, None] / LEVELS, first, "A"))
    for one, masked, two in blocks:
        h = h + relu(apply(relu(apply(relu(apply(h, one, None)), masked, "B")), two, None))
    for w in hidden:
        h = relu(apply(h, w, "B"))
    return apply(h, output, None)


def config(three):
    """The configuration; three: of Keras 3, else of TensorFlow 2.10."""
    layers, before, counts = [], None, {}

    def add(cls, snake, **more):
        nonlocal before
        n = counts[snake] = counts.get(snake, -1) + 1
        name = "%s_%d" % (snake, n) if n else snake
        policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None} if three else "float32"
        l = {"class_name": cls, "config": dict({"name": name, "trainable": True, "dtype": policy}, **more), "name": name, "inbound_nodes": []}
        if three:
            l.update(module=None, registered_name=cls, build_config={"input_shape": [None, SIDE, SIDE, F]})
        if before:
            history = {"class_name": "__keras_tensor__", "config": {"shape": [None, SIDE, SIDE, F], "dtype": "float32", "keras_history": [before, 0, 0]}}
            l["inbound_nodes"] = [{"args": [history], "kwargs": {}}] if three else [[[before, 0, 0, {}]]]
        layers.append(l)
        before = name
        return name

    shape = {"batch_shape" if three else "batch_input_shape": [None, SIDE, SIDE, 1], "sparse": False}
    start = add("InputLayer", "input_layer" if three else "input_1", **shape)
    del layers[0]["config"]["trainable"]
    add("MaskedConv2D", "masked_conv2d")
    for _ in blocks:
        add("ResidualBlock", "residual_block")
    if not three:
        counts["masked_conv2d"] += BLOCKS  # the names of those in the blocks
    add("MaskedConv2D", "masked_conv2d")
    add("MaskedConv2D", "masked_conv2d")
    add("Conv2D", "conv2d", filters=LEVELS, kernel_size=[1, 1], strides=[1, 1], padding="valid", data_format="channels_last", dilation_rate=[1, 1], groups=1,
        activation="softmax", use_bias=True, kernel_initializer={"class_name": "GlorotUniform", "config": {"seed": None}}, bias_initializer={"class_name": "Zeros", "config": {}})
    out = [before, 0, 0] if three else [[before, 0, 0]]
    names = [l["name"] for l in layers]
    return {"class_name": "Functional", "config": {"name": "model", "trainable": True, "layers": layers, "input_layers": [[start, 0, 0]], "output_layers": out}}, names


def weights_h5(target, **how):
    with h5py.File(target, "w", **how) as f:
        def put(path, w):
            for i in range(2):
                f.create_dataset("layers/%s/vars/%d" % (path, i), data=w[i])

        put("masked_conv2d/conv", first)
        for i, b in enumerate(blocks):
            for name, w in zip(["conv1", "pixel_conv/conv", "conv2"], b):
                put("residual_block%s/%s" % ("_%d" % i if i else "", name), w)
        for i, w in enumerate(hidden):
            put("masked_conv2d_%d/conv" % (i + 1), w)
        put("conv2d", output)
        f.create_dataset("optimizer/vars/0", data=np.zeros(3, np.float32))


three, _ = config(True)
b = io.BytesIO()
weights_h5(b, libver="latest")
with zipfile.ZipFile("pixels.keras", "w") as z:
    for name, text in ("metadata.json", json.dumps({"keras_version": "3.4.1"})), ("config.json", json.dumps(three)), ("model.weights.h5", b.getvalue()):
        z.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), text)

two, names = config(False)
with h5py.File("pixels.h5", "w", libver="latest") as f:
    f.attrs["keras_version"], f.attrs["backend"], f.attrs["model_config"] = "2.10.0", "tensorflow", json.dumps(two)
    top = f.create_group("model_weights")
    top.attrs["layer_names"] = [n.encode() for n in names]
    all_weights = [[]] + [[("", first)]] + [[("/conv2d_%d" % (3 * i + 1), x[0]), ("/masked_conv2d_%d" % (i + 1), x[1]), ("/conv2d_%d" % (3 * i + 3), x[2])] for i, x in enumerate(blocks)]
    all_weights += [[("", w)] for w in hidden] + [[("", output)]]
    for n, list_ in zip(names, all_weights):
        for inner, w in list_:
            top.create_dataset("%s/%s%s/kernel:0" % (n, n, inner), data=w[0])
            top.create_dataset("%s/%s%s/bias:0" % (n, n, inner), data=w[1])
    top.create_group("top_level_model_weights")
    f.create_dataset("optimizer_weights/Adam/iter:0", data=np.int64(5))

levels = rng.integers(0, LEVELS, (SIDE, SIDE))
closed = F * (KERNEL * KERNEL - KERNEL * KERNEL // 2) + BLOCKS * 4 * (F // 2) ** 2
json.dump({"levels": levels.flatten().tolist(), "logits": logits(levels).flatten().tolist(), "closed": closed}, open("keras_pixels.json", "w"))
