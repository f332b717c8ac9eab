"""The decoder that bitstream/SPEC.md specifies, written from its text alone."""

import numpy as np

TOTAL = 2**24


class SpecifiedDecoder:
    """Section 4 of bitstream/SPEC.md, to the letter."""

    def __init__(self, data):
        self.words = [int.from_bytes(data[k : k + 4], "little") for k in range(0, len(data), 4)]
        self.lower, self.range, self.point = 0, 2**64 - 1, 0
        for _ in range(2):
            self.shift()

    def shift(self):
        self.point = (self.point << 32 | (self.words.pop(0) if self.words else 0)) % 2**64

    def decode(self, masses):
        scale = self.range >> 24
        q = (self.point - self.lower) % 2**64 // scale
        borders = np.cumsum(masses)
        i = int(np.searchsorted(borders, q, side="right"))
        self.lower = (self.lower + scale * (int(borders[i]) - int(masses[i]))) % 2**64
        self.range = scale * int(masses[i])
        if self.range < 2**32:
            self.lower, self.range = self.lower * 2**32 % 2**64, self.range * 2**32
            self.shift()
        return i

    def uniform(self, count):
        return self.decode([TOTAL // count] * count)

    def at_end(self):
        return not self.words and (self.point - self.lower) % 2**64 < 2**33 - 1

    def escapes(self, escaped):
        """(at, symbol) for each of (at, first, last)."""
        heads = [self.uniform(32) for _ in escaped]
        for k in range(1, 17):
            for head, (at, first, last) in zip(heads, escaped, strict=True):
                if head // 2 + 1 == k:
                    v = 2 ** (k - 1) + (self.uniform(2 ** (k - 1)) if k > 1 else 0)
                    yield at, first - v if head % 2 else last + v
