def load(path):
    """The tensors and the metadata of a safetensors file."""
    data = open(path, "rb").read()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    header, tensors = json.loads(data[8:start]), {}
    meta = header.pop("__metadata__", {})
    for name, t in header.items():
        a, b = t["data_offsets"]
        tensors[name] = torch.frombuffer(bytearray(data[start + a:start + b]), dtype=torch.float32).reshape(t["shape"])
    return tensors, meta


def save(path, tensors, meta):
    """Writes a file that autoreg reads; its checksum and record are not those of new weights."""
    meta = {k: v for k, v in meta.items() if k not in ("checksum", "training")}
    header, at, data = {"__metadata__": meta}, 0, []
    for name, t in sorted(tensors.items()):
        data.append(t.detach().cpu().float().contiguous().numpy().tobytes())
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [at, at + len(data[-1])]}
        at += len(data[-1])
    text = json.dumps(header, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with open(path + ".tmp", "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(data))
    os.replace(path + ".tmp", path)
