"""Targets that decode ``.litc`` streams, of codec files and overfitted ones."""

from functools import partial
from pathlib import Path
from random import Random

import torch

from litcodec.bitstream import pack, read_header, unpack
from litcodec.codec_files import load_codec
from litcodec.errors import LitcodecError
from litcodec.frozen import FrozenCodec, from_stream, to_stream
from litcodec.overfitted import FINGERPRINT as OVERFITTED
from litcodec.overfitted import FrozenOverfitted
from litcodec.types import Compressed
from tests.fuzz.cases import Target
from tests.fuzz.mutate import mutate_bytes
from tests.fuzz.seed_files import GOLDEN, MAX_PIXELS, SMALL

MAX_ROWS = 2**13
SIDES = (1, 2, 15, 16, 17, 64, 127, 200, 1024, 2048, 2**13, 2**20, 2**26, 2**31 - 1)


def stream_target(codec_file: Path) -> Target:
    """``.litc`` streams of one codec; nine of ten mutants with a right checksum."""
    codec = load_codec(codec_file)
    seeds = [path.read_bytes() for path in sorted(GOLDEN.glob(f"{codec_file.stem}_*.litc"))]
    generator = torch.Generator().manual_seed(0)
    for H, W in ((1, 1), (16, 80), SMALL):
        coarse = torch.rand(1, 3, 4, 4, generator=generator)
        levels = (255 * torch.nn.functional.interpolate(coarse, (H, W), mode="bilinear")).round()
        seeds.append(to_stream(codec, levels / 255))
    return Target(".litc", partial(_stream, codec.fingerprint, seeds), partial(_decode, codec))


def overfitted_target() -> Target:
    """Overfitted streams, whose networks are hostile too."""
    seeds = [(GOLDEN / "overfitted_37x53.litc").read_bytes()]
    return Target(".litc", partial(_stream, OVERFITTED, seeds), partial(_decode, FrozenOverfitted()))


def _stream(fingerprint: bytes, seeds: list[bytes], rng: Random) -> bytes:
    data = rng.choice(seeds)
    if rng.random() < 0.1:
        return mutate_bytes(rng, data)
    strings, (H, W) = unpack(data, fingerprint=None)
    changed = list(strings)
    kind = rng.randrange(10)
    k = rng.randrange(len(changed))
    if kind < 6:
        changed[k] = mutate_bytes(rng, changed[k])
        changed[k] = changed[k][: len(changed[k]) // 4 * 4] if rng.random() < 0.5 else changed[k]
    elif kind == 6:
        changed[k] = rng.choice((b"", bytes(4), b"\xff" * 4, rng.randbytes(rng.randrange(400)), bytes(4000)))
    elif kind == 7:
        other = unpack(rng.choice(seeds), fingerprint=None)
        changed[k], H = rng.choice(other.strings), rng.choice((H, other.size[0]))
    elif kind == 8:
        changed = rng.choice((changed[::-1], changed[:-1] or changed, changed * 2, [b"", *changed]))[:16]
    else:
        H, W = rng.choice((H, rng.choice(SIDES))), rng.choice((W, rng.choice(SIDES)))
    return pack(Compressed(tuple(changed), (H, W)), fingerprint)


def refit(data: bytes, fingerprint: bytes) -> bytes:
    """A stream of another machine's codec as one of ``fingerprint``, if it is a stream at all."""
    try:
        compressed = unpack(data, fingerprint=None, max_pixels=2**62)
    except LitcodecError:
        return data
    return pack(compressed, fingerprint)


def _decode(codec: FrozenCodec, path: Path) -> None:
    data = path.read_bytes()
    # A wavefront through one column takes a step for each row: seconds, which are no fault.
    tall = read_header(data).size[0] > MAX_ROWS
    x_hat = from_stream(codec, data, max_pixels=MAX_ROWS if tall else MAX_PIXELS)
    assert x_hat.shape == (1, 3, *read_header(data).size), "the image has another size than the header"
    assert x_hat.dtype == torch.float32
    assert bool(((x_hat >= 0) & (x_hat <= 1)).all()), "pixels outside of 0..1"
