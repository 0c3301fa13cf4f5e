#!/usr/bin/python3
"""Prints the checksums of data_test.go: weights of DTLN's model.h5, of which model_1.onnx
is a part, in PyTorch's layouts.

    /usr/bin/python3 dtln.py DATA/models/dtln/model.h5

Keras' kernels are [in, 4u] with PyTorch's order of gates; its one bias is bias_ih. A
checksum is the first 16 digits of the SHA-256 of the float32, little-endian.
"""
import hashlib, sys

import h5py
import numpy as np

f = h5py.File(sys.argv[1])
for layer in "lstm", "lstm_1", "dense":
    for name, kernel in ("weight_ih_l0" if layer != "dense" else "weight", "kernel:0"), ("weight_hh_l0", "recurrent_kernel:0"), ("bias_ih_l0" if layer != "dense" else "bias", "bias:0"):
        if kernel in f[layer][layer]:
            a = np.ascontiguousarray(f[layer][layer][kernel][()].T, "<f4")
            print(layer, name, list(a.shape), hashlib.sha256(a.tobytes()).hexdigest()[:16])
