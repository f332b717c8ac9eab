"""Parameters of Gaussian mixtures to test with, symbols drawn from them, strings of these."""

import numpy as np
import torch

from litcodec.coding import MixtureBlockCoder
from litcodec.coding.range_coder import StringDecoder, StringEncoder
from litcodec.entropy import mixture_tables

GRID = 2**12
TABLES = mixture_tables()
BLOCKS = MixtureBlockCoder(TABLES)


def on_grid(logits, means, scales):
    """Parameters (n, 3 * K) of three (n, K) in floats."""
    stacked = np.stack([logits, means, scales], axis=1).reshape(len(logits), -1)
    return np.rint(stacked * GRID).clip(-(2**24), 2**24).astype(np.int32)


def mixtures(rng, n, K, scales):
    """As a network could tell them: the components some of their scales apart."""
    means = rng.normal(0, 20, (n, 1)) + rng.normal(0, 1, (n, K)) * scales
    return on_grid(rng.normal(0, 2, (n, K)), means, scales)


def log_uniform(rng, n, K, highest=256.0):
    return np.exp(rng.uniform(np.log(0.11), np.log(highest), (n, K)))


def drawn(rng, parameters):
    """A symbol from each mixture, and its exact information content in bits."""
    n = len(parameters)
    logits, means, scales = parameters.reshape(n, 3, -1).transpose(1, 0, 2) / GRID
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    k = (weights.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(0, weights.shape[1] - 1)
    each = np.arange(n)
    symbols = np.rint(means[each, k] + scales[each, k] * rng.normal(size=n)).astype(np.int32)
    off, scales = np.abs(symbols[:, None] - means), torch.from_numpy(scales)
    cdf = [torch.special.ndtr(torch.from_numpy(half - off) / scales).numpy() for half in (0.5, -0.5)]
    return symbols, -np.log2((weights * (cdf[0] - cdf[1])).sum(axis=1))


def extremes():
    """Means, scales and weights at both ends of what a network can tell, in all combinations."""
    far = (-4096.0, -0.4, 4096.0)
    rows = [
        ((0.0, heavy, -heavy), (a, b, 3.0), (s, t, 1.0))
        for heavy in (0.0, 30.0, 4096.0)
        for a in far
        for b in far
        for s in (-4096.0, 0.11, 256.0, 4096.0)
        for t in (0.2, 256.0)
    ]
    return on_grid(*(np.array(part) for part in zip(*rows, strict=True)))


def encode(symbols, parameters):
    encoder = StringEncoder(BLOCKS)
    encoder.encode(symbols, parameters)
    return encoder.finish()


def decode(data, parameters):
    decoder = StringDecoder(BLOCKS, data)
    symbols = decoder.decode(parameters)
    decoder.finish()
    return symbols
