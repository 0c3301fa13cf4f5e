#!/usr/bin/python3
"""Writes the HDF5 files of this folder, and what h5py reads of them.

    /usr/bin/python3 make.py               rewrite the files and their lists
    /usr/bin/python3 make.py DIR > LIST    print the list of the .h5, .hdf5 and .keras files below DIR

The bytes of some files differ from run to run by the times in them, the lists do not.
Needs python3-h5py (written with h5py 3.7, HDF5 1.10.8). Each file F.h5.gz has a
list F.txt of what h5py reads, a line an object in the order in which h5py
iterates, its fields separated by tabs:

    group PATH NUMBER SHA256        of links, and of their names, each ended by a zero byte
    data PATH TYPE SHAPE SHA256     sha256 of the values as little-endian float32, or
                                    of the strings, each ended by a zero byte
    attr PATH NAME SHAPE SHA256     as float64 where they are numbers
    other PATH WHAT                 what must be refused
"""
import gzip
import hashlib
import io
import os
import sys
import zipfile

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def numbers(n, step=1.0):
    """n numbers of both signs, exact in float16."""
    i = np.arange(n)
    return ((i * 37 % 101) - 50) * step


def low_level(f, name, filetype, shape, values, memory=None, **settings):
    """Writes a data set with what h5py's own interface does not set; no times."""
    p = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    p.set_obj_track_times(False)
    for k, v in settings.items():
        getattr(p, "set_" + k)(*v)
    d = h5py.h5d.create(f.id, name, filetype, h5py.h5s.create_simple(shape), p)
    d.write(h5py.h5s.ALL, h5py.h5s.ALL, values, mtype=memory)


def types(f):
    v = numbers(7, 0.25)
    for t in "float16", "float32", "float64":
        for order in "<", ">":
            f.create_dataset(t + {"<": "_le", ">": "_be"}[order], data=v.astype(np.dtype(t).newbyteorder(order)))
    for t in "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64":
        info = np.iinfo(t)
        w = np.array([info.min, info.max, 1, 0, info.max // 3], dtype=t)
        f.create_dataset(t, data=w)
        f.create_dataset(t + "_be", data=w.astype(np.dtype(t).newbyteorder(">")))
    # Around halves of float32, and where two roundings by way of float64 give another result.
    f["rounded64"] = np.array([1 + 2**-24, 1 + 2**-24 + 2**-50, 1 + 3 * 2**-24, 2**-150, 1.5 * 2**-149, 1e39, 3.4028235677973366e38, np.nan, -np.inf, -0.0])
    f["roundedint"] = np.array([2**24 + 1, 2**24 + 3, 2**60 + 2**36 + 1, 2**63 - 1, -(2**53) - 2**29 - 1], dtype="int64")
    f["rounduint"] = np.array([2**64 - 1, 2**63 + 2**39 + 1, 2**63 + 2**39], dtype="uint64")
    f["halves"] = np.array([0, 0x8000, 1, 0x83FF, 0x400, 0x7BFF, 0x7C00, 0xFC00, 0x7E01, 0x3555], dtype="uint16").view("float16")
    f["bools"] = np.array([True, False, True])
    b = f.create_dataset("bfloat16", data=np.array([0x3F80, 0xC020, 0x7F80, 1, 0x8000], dtype="uint16").view("V2"))
    b.attrs["dtype"] = "bfloat16"
    t = h5py.h5t.IEEE_F32LE.copy()
    t.set_fields(15, 7, 8, 0, 7)
    t.set_size(2)
    t.set_ebias(127)
    t.set_precision(16)
    low_level(f, b"bfloat16_format", t, (3,), np.array([1, -2.5, 3], dtype="float32"))
    f["scalar"] = np.float32(2.5)
    f["int scalar"] = np.int64(-3)
    f["empty"] = np.zeros((0, 3), "float32")
    f["null"] = h5py.Empty("float32")
    d = f.create_dataset("arrays", (2,), np.dtype(("<f4", (3, 2))))
    d[...] = numbers(12).reshape(2, 3, 2)
    f["fixed strings"] = np.array([b"a", b"bcd", b""], dtype="S3")
    f.create_dataset("variable strings", data=["", "lstm/kernel:0", "Größe", "x" * 300], dtype=h5py.string_dtype())
    f["string"] = "one"
    f["unicode"] = "Größe"
    t = h5py.h5t.C_S1.copy()
    t.set_size(5)
    t.set_strpad(h5py.h5t.STR_SPACEPAD)
    low_level(f, b"space strings", t, (2,), np.array([b"ab   ", b"c de "], dtype="S5"), t)


def layouts(f):
    v = numbers(143, 0.5).astype("float32").reshape(13, 11)
    f["contiguous"] = v
    low_level(f, b"compact", h5py.h5t.IEEE_F32LE, v.shape, v, layout=(h5py.h5d.COMPACT,))
    f.create_dataset("unwritten", (3, 2), "float32")
    f.create_dataset("unwritten filled", (3, 2), "float64", fillvalue=-1.5)
    f.create_dataset("chunked", data=v, chunks=(4, 3))
    f.create_dataset("chunked3", data=numbers(210).reshape(5, 6, 7).astype("int16"), chunks=(2, 4, 3), shuffle=True)
    f.create_dataset("gzip", data=v, chunks=(4, 11), compression="gzip")
    f.create_dataset("shuffle gzip", data=v, chunks=(5, 5), compression="gzip", compression_opts=9, shuffle=True)
    f.create_dataset("fletcher", data=v, chunks=(5, 5), fletcher32=True)
    f.create_dataset("fletcher odd", data=numbers(35).astype("int8"), chunks=(7,), fletcher32=True)
    f.create_dataset("all filters", data=v.astype("float64"), chunks=(3, 11), compression="gzip", shuffle=True, fletcher32=True)
    f.create_dataset("single", data=v, chunks=v.shape)
    f.create_dataset("single gzip", data=v, chunks=v.shape, compression="gzip")
    d = f.create_dataset("holes", (10, 10), "float32", chunks=(3, 3), fillvalue=7)
    d[4, 5], d[9, 9] = 1, 2
    d = f.create_dataset("holes gzip", (10, 10), "float32", chunks=(3, 3), fillvalue=-7, compression="gzip")
    d[4, 5], d[9, 9] = 1, 2
    f.create_dataset("strings", data=["chunk %d" % i for i in range(9)], dtype=h5py.string_dtype(), chunks=(4,))
    f.create_dataset("fixed strings", data=np.array([b"%d" % i for i in range(9)], "S4"), chunks=(4,), compression="gzip")
    # Fletcher32 first: gzip gives more bytes than the chunk has.
    low_level(f, b"fletcher then gzip", h5py.h5t.IEEE_F32LE, v.shape, v, chunk=((4, 3),), fletcher32=(), deflate=(6,))
    # In latest: the implicit index.
    low_level(f, b"early", h5py.h5t.IEEE_F32LE, v.shape, v, chunk=((4, 3),), alloc_time=(h5py.h5d.ALLOC_TIME_EARLY,))


def paged(f):
    """Enough chunks for a fixed array in pages, or a B-tree of two levels."""
    f.create_dataset("many", data=numbers(2100).astype("int8"), chunks=(1,))
    d = f.create_dataset("many gzip", (1500,), "int8", chunks=(1,), compression="gzip", fillvalue=3)
    d[1100:1110] = np.arange(10)


def groups(f):
    for i in range(40):
        f["many/link %d" % (i * 7 % 40)] = np.float32(i)
    f["a/b/c/d"] = np.float32(1)
    f["a/b/e"] = np.float32(2)
    f["hard"] = f["a/b/e"]
    f.create_group("none")
    g = f.create_group("tracked", track_order=True)
    for k in "z", "a", "m":
        g[k] = np.float32(3)
    g = f.create_group("tracked many", track_order=True)
    for i in range(30):
        g["%d" % (i * 11 % 30)] = np.float32(i)
    f["long/" + "n" * 300] = np.float32(4)


def many(f):
    """Names for a fractal heap with indirect blocks in one another, and version 2 B-trees of three levels."""
    f["x"] = np.float32(1)
    g = f.create_group("g")
    for i in range(900):
        g["%d" % i + "_" * 900] = f["x"]
    g = f.create_group("tracked", track_order=True)
    for i in range(300):
        g["%d" % (i * 7 % 300)] = f["x"]


def attributes(f):
    f.attrs["model_config"] = '{"class_name": "Sequential"}'
    f.attrs["keras_version"] = np.bytes_(b"2.2.4")
    f.attrs["layer_names"] = np.array([b"lstm_1", b"dense_1"])
    f.attrs["variable"] = np.array(["a", "bc", "", "d"], dtype=h5py.string_dtype())
    f.attrs["nothing"] = []
    f.attrs["numbers"] = np.array([[1, 2], [3, -4]], "int32")
    f.attrs["half"] = np.float16(0.5)
    f.attrs["flag"] = True
    f.attrs["null"] = h5py.Empty("float32")
    f.attrs["big config"] = "{" + "x" * 20000 + "}"
    g = f.create_group("many")
    for i in range(30):
        g.attrs["attribute %d" % i] = i / 4
    g = f.create_group("tracked", track_order=True)
    for i in range(12):
        g.attrs["attribute %d" % (11 - i)] = "value %d" % i
    # As save_attributes_to_hdf5_group of Keras splits what exceeds 64 KiB.
    names = np.array([b"layer_%05d/kernel:0" % i + b"_" * 1000 for i in range(80 if f.name == "/" and h5py.h5i.get_file_id(f.id).get_create_plist().get_userblock() else 8)])
    for i, part in enumerate(np.array_split(names, 2)):
        f.attrs["weight_names%d" % i] = part
    d = f.create_dataset("d", data=np.float32(1))
    d.attrs["unit"] = "none"


def large(f):
    """Attributes that an object header does not hold."""
    f.attrs["large"] = np.arange(10000, dtype="float64")
    f.attrs["medium"] = np.arange(700, dtype="float64")
    for i in range(10):
        f.attrs["small %d" % i] = np.arange(i, dtype="int8")


def refused(f):
    f["good"] = numbers(4).astype("float32")
    f["soft"] = h5py.SoftLink("/good")
    f["dangling"] = h5py.SoftLink("/nowhere")
    f["external"] = h5py.ExternalLink("/etc/passwd", "/x")
    f["type"] = np.dtype("float32")
    f.create_dataset("of committed type", (3,), dtype=f["type"])
    f["compound"] = np.zeros(2, np.dtype([("a", "f4"), ("b", "i4")]))
    f["opaque"] = np.zeros(2, "V5")
    f["void"] = np.zeros(2, "V2")
    f.create_dataset("sequences", (2,), dtype=h5py.vlen_dtype("int32"))
    f.create_dataset("references", (2,), dtype=h5py.ref_dtype)
    f.create_dataset("lzf", data=numbers(40), compression="lzf", chunks=(10,))
    f.create_dataset("scaleoffset", data=np.arange(40), scaleoffset=0, chunks=(10,))
    f.create_dataset("external data", (4,), "float32", external=[("/etc/passwd", 0, 16)])
    g = f.create_group("loop")
    g["self"] = f["loop"]
    g["root"] = f["/"]


def grown(f):
    f.create_dataset("one", data=numbers(40), chunks=(10,), maxshape=(None,))
    f.create_dataset("two", data=numbers(40).reshape(8, 5), chunks=(3, 3), maxshape=(None, None))


def virtual(f):
    layout = h5py.VirtualLayout(shape=(4,), dtype="float32")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape=(4,))
    f.create_virtual_dataset("virtual", layout)


def small(f):
    """Everything else again, in a file with addresses and lengths of 4 bytes."""
    for maker in types, layouts, groups, attributes, paged:
        maker(f.create_group(maker.__name__))


FILES = [(m, v) for m in (types, layouts, paged, groups, attributes, refused, grown) for v in ("earliest", "latest")]
FILES += [(types, "v108"), (layouts, "v108"), (small, "earliest"), (small, "latest"), (many, "latest"), (large, "latest"), (virtual, "latest")]


def digest(v):
    v = np.asarray(v)
    if v.dtype.kind in "OSU":
        items = [x if isinstance(x, bytes) else x.encode() for x in v.ravel().tolist()]
        return hashlib.sha256(b"".join(x + b"\0" for x in items)).hexdigest()
    return hashlib.sha256(v.tobytes()).hexdigest()


def describe(f, out):
    seen = set()

    def attrs(path, o):
        for k in o.attrs:
            v = o.attrs[k]
            if isinstance(v, h5py.Empty):
                shape, v = "null", np.zeros(0)
            else:
                v = np.asarray(v)
                shape = "[" + ",".join(map(str, v.shape)) + "]"
            if v.dtype.kind not in "OSU":
                v = v.astype("<f8")
            if v.size == 0:
                v = np.zeros(0)
            out("attr", path or "/", k, shape, digest(v))

    def values(path, d):
        t, shape = d.dtype, list(d.shape or ())
        if t.subdtype:
            t, more = t.subdtype
            shape += more
        name = t.name
        if h5py.check_string_dtype(t):
            name = "string"
            v = np.zeros(0, "O") if d.shape is None else d[()]
        elif t.kind == "V" and d.attrs.get("dtype") == "bfloat16":
            name, v = "bfloat16", (d[()].view("uint16").astype("<u4") << 16).view("<f4")
        elif t.kind in "VO" or d.external or d.is_virtual or d.compression == "lzf" or d.scaleoffset is not None or \
                isinstance(d.id.get_type(), h5py.h5t.TypeID) and d.id.get_type().committed():
            return out("other", path, "data set")
        else:
            if d.id.get_type().get_size() == 2 and d.id.get_type().get_class() == h5py.h5t.FLOAT and d.id.get_type().get_fields()[2] == 8:
                name = "bfloat16"
            with np.errstate(over="ignore"):
                v = np.zeros(0, "<f4") if d.shape is None else np.asarray(d[()]).astype("<f4")
        if latest_grown(d):
            return out("other", path, "data set")
        out("data", path, name, "null" if d.shape is None else "[" + ",".join(map(str, shape)) + "]", digest(v))

    def latest_grown(d):
        return f.id.get_create_plist().get_version()[0] > 0 and d.maxshape and None in d.maxshape

    def walk(path, g):
        out("group", path or "/", len(g), digest(list(g)))
        attrs(path, g)
        if len(g) == 900:
            return  # all links lead to one data set
        for k in g:
            p = path + "/" + k if path else k
            link = g.get(k, getlink=True)
            if not isinstance(link, h5py.HardLink):
                out("other", p, "link")
                continue
            o = g[k]
            if isinstance(o, h5py.Dataset):
                values(p, o)
                attrs(p, o)
            elif not isinstance(o, h5py.Group):
                out("other", p, "committed datatype")
            elif h5py.h5o.get_info(o.id).addr in seen:
                out("other", p, "group again")
            else:
                seen.add(h5py.h5o.get_info(o.id).addr)
                walk(p, o)

    seen.add(h5py.h5o.get_info(f["/"].id).addr)
    walk("", f)


def foreign(root):
    for folder, _, names in sorted(os.walk(root)):
        for n in sorted(names):
            path = os.path.join(folder, n)
            if n.endswith((".h5", ".hdf5")):
                with open(path, "rb") as r:
                    b = r.read()
            elif n.endswith(".keras"):
                b = zipfile.ZipFile(path).read("model.weights.h5")
            else:
                continue
            print("file", os.path.relpath(path, root), sep="\t")
            describe(h5py.File(io.BytesIO(b), "r"), lambda *x: print(*x, sep="\t"))


def main():
    if len(sys.argv) > 1:
        return foreign(sys.argv[1])
    for maker, version in FILES:
        name = os.path.join(HERE, maker.__name__ + "_" + version)
        create = h5py.h5p.create(h5py.h5p.FILE_CREATE)
        if (maker, version) == (attributes, "earliest"):
            create.set_userblock(512)
        if maker is small:
            create.set_sizes(4, 4)
        access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
        bounds = {"earliest": (h5py.h5f.LIBVER_EARLIEST, h5py.h5f.LIBVER_LATEST), "latest": (h5py.h5f.LIBVER_LATEST,) * 2, "v108": (h5py.h5f.LIBVER_V18,) * 2}
        access.set_libver_bounds(*bounds[version])
        with h5py.File(h5py.h5f.create(name.encode() + b".h5", h5py.h5f.ACC_TRUNC, create, access)) as f:
            maker(f)
        with open(name + ".h5", "rb") as file:
            b = file.read()
        os.remove(name + ".h5")
        with open(name + ".h5.gz", "wb") as out:
            out.write(gzip.compress(b, mtime=0))
        with h5py.File(io.BytesIO(b), "r") as f, open(name + ".txt", "w") as out:
            describe(f, lambda *x: print(*x, sep="\t", file=out))


main()
