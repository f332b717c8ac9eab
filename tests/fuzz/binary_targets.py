"""Targets whose files are binary: streams, codec files, checkpoints, images."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from PIL import Image

from litcodec.bitstream import pack, read_header, unpack
from litcodec.codec_files import codec_bytes, load_codec
from litcodec.codecs import MeanScaleHyperprior
from litcodec.data import image_size, read_image
from litcodec.errors import LitcodecError
from litcodec.frozen import FrozenCodec, from_stream, to_stream
from litcodec.overfitted import FINGERPRINT as OVERFITTED
from litcodec.overfitted import FrozenOverfitted
from litcodec.types import Compressed
from tests.fuzz.cases import Target
from tests.fuzz.mutate import mutate_bytes, mutate_value, odd_value

GOLDEN = Path(__file__).parent.parent / "golden"
ZOO = Path(__file__).parent.parent.parent / "litcodec" / "zoo"
MAX_PIXELS, MAX_ROWS = 2**22, 2**13
SIDES = (1, 2, 15, 16, 17, 64, 127, 200, 1024, 2048, 2**13, 2**20, 2**26, 2**31 - 1)
SMALL = 48, 32  # H, W of images that make seeds


def codec_files() -> dict[str, Path]:
    """One tiny codec file of every class, the golden ones, and the packaged one."""
    golden = {path.stem: path for path in sorted(GOLDEN.glob("*.safetensors")) if "expected" not in path.stem}
    return {**golden, "packaged": ZOO / "cosine-2.safetensors"}


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


def codec_file_target(forge: Callable[[bytes], bytes]) -> Target:
    """Codec files of every class. ``forge`` makes fingerprint and checksum right, where it can."""
    golden = [path for name, path in codec_files().items() if name != "packaged"]
    seeds = [path.read_bytes() for path in golden] + [codec_bytes(load_codec(path)) for path in golden]
    return Target(".safetensors", partial(_codec_file, seeds, forge), _load_and_use)


def _codec_file(seeds: list[bytes], forge: Callable[[bytes], bytes], rng: Random) -> bytes:
    data = rng.choice(seeds)
    kind = rng.randrange(10)
    if kind == 0:
        return mutate_bytes(rng, data)
    start = 8 + int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8:start]), data[start:]
    about = json.loads(header["__metadata__"]["litcodec"])
    if kind < 5:
        about = mutate_value(rng, about)
    elif kind < 6:
        header = mutate_value(rng, header)
    else:
        name = rng.choice([key for key in header if key != "__metadata__"])
        begin, end = header[name]["data_offsets"]
        body = body[:begin] + _tensor_bytes(rng, body[begin:end]) + body[end:]
        if rng.random() < 0.2:
            header[name]["dtype"] = rng.choice(
                ("F32", "F16", "BF16", "I32", "I16", "I64", "BOOL", "F64", "C64")
            )
        if rng.random() < 0.2:
            header[name]["shape"] = rng.choice(([], [end - begin], *_shapes(rng, header[name]["shape"])))
    if isinstance(header, dict) and isinstance(header.get("__metadata__"), dict):
        header["__metadata__"]["litcodec"] = json.dumps(about)
    text = json.dumps(header, default=str).encode()
    made = len(text).to_bytes(8, "little") + text + body
    return forge(made) if rng.random() < 0.8 else made


def _tensor_bytes(rng: Random, data: bytes) -> bytes:
    """As many bytes as before, some of them NaN, infinite, huge, or of another sign."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 4, 64))):
        if len(changed) < 4:
            break
        at = rng.randrange(len(changed) // 4) * 4
        changed[at : at + 4] = rng.choice(
            (
                *(struct.pack("<f", v) for v in (float("nan"), float("inf"), 3e38, -1e30, 0.0)),
                rng.randbytes(4),
            )
        )
    return bytes(changed)


def _shapes(rng: Random, shape: list[int]) -> list[list[int]]:
    return [shape[::-1], [*shape, 1], [1, *shape], shape[1:], [2**40, *shape], [0, *shape]]


def _load_and_use(path: Path) -> None:
    codec = load_codec(path)
    again = path.with_suffix(".again")
    again.write_bytes(codec_bytes(codec))
    assert load_codec(again).fingerprint == codec.fingerprint, "what was loaded cannot be saved and loaded"
    x = torch.linspace(0, 1, 3 * 24 * 40).reshape(1, 3, 24, 40)
    x_hat = from_stream(codec, to_stream(codec, x))
    assert bool(((x_hat >= 0) & (x_hat <= 1)).all()), "pixels outside of 0..1"


def checkpoint_bytes() -> bytes:
    """A checkpoint of a tiny codec, with what Lightning and our module write into it."""
    from litcodec.training.module import CodecModule

    torch.manual_seed(0)
    module = CodecModule(MeanScaleHyperprior(N=4, M=4))
    checkpoint: dict[str, Any] = {"epoch": 0, "global_step": 3, "state_dict": module.state_dict()}
    module.on_save_checkpoint(checkpoint)
    file = io.BytesIO()
    torch.save(checkpoint, file)
    return file.getvalue()


def checkpoint_target(use: Callable[[Path], None]) -> Target:
    """Training checkpoints: values, tensors, pickles and the zip around them."""
    return Target(".ckpt", partial(_checkpoint, checkpoint_bytes()), use)


def _checkpoint(data: bytes, rng: Random) -> bytes:
    kind = rng.randrange(10)
    if kind == 0:
        return mutate_bytes(rng, data)
    if kind < 4:
        return _other_pickle(rng, data)
    found = torch.load(io.BytesIO(data), weights_only=True)
    if kind < 8:
        tensors = found.pop("state_dict")
        found = mutate_value(rng, found)
        if isinstance(found, dict) and rng.random() < 0.9:
            found["state_dict"] = tensors if rng.random() < 0.8 else odd_value(rng, tensors)
    else:
        name = rng.choice(list(found["state_dict"]))
        found["state_dict"][name] = _odd_tensor(rng, found["state_dict"][name])
    file = io.BytesIO()
    try:
        torch.save(found, file)
    except (RecursionError, UnicodeEncodeError):  # nested too deeply for pickle, or a lone surrogate
        return mutate_bytes(rng, data)
    return file.getvalue()


def _odd_tensor(rng: Random, tensor: torch.Tensor) -> object:
    wide = torch.zeros(1).expand(2**34)
    return rng.choice(
        (
            *(
                tensor.double(),
                tensor.half(),
                tensor.to(torch.int64),
                tensor.to(torch.complex64),
                tensor.flatten(),
            ),
            *(
                tensor * float("nan"),
                tensor * 1e38,
                tensor.to_sparse(),
                tensor.to("meta"),
                tensor[None],
                wide,
            ),
            *(torch.empty(0), torch.tensor(3.0), 0, None, "x", [1.0], torch.full_like(tensor, float("inf"))),
        )
    )


def _other_pickle(rng: Random, data: bytes) -> bytes:
    """The same zip with one changed member, its CRC right."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        chosen = rng.choice([*["/data.pkl"] * 6, rng.choice(old.namelist())])
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, mutate_bytes(rng, content) if name.endswith(chosen) else content)
    return made.getvalue()


def image_target(form: str) -> Target:
    """Small images in one of Pillow's formats, PNG with right checksums."""
    return Target(f".{form.lower()}", partial(_image, _images(form), form), _read)


def _images(form: str) -> list[bytes]:
    H, W = SMALL
    rows, columns = np.mgrid[0:H, 0:W]
    rgb = np.stack([rows * 5, columns * 7, (rows * columns) % 256], axis=2).astype(np.uint8)
    colour, grey = Image.fromarray(rgb), Image.fromarray(rgb[:, :, 2])
    exif = Image.Exif()
    exif[0x0112] = 6
    choices: dict[str, list[tuple[Image.Image, dict[str, Any]]]] = {
        "JPEG": [
            (colour, {}),
            (colour, {"progressive": True, "exif": exif}),
            (grey, {}),
            (colour.convert("CMYK"), {}),
        ],
        "PNG": [
            *((colour, {"exif": exif}), (grey, {}), (colour.convert("P"), {}), (colour.convert("RGBA"), {})),
            (Image.fromarray(rgb[:, :, 2].astype(np.uint16) * 257), {}),
        ],
        "WEBP": [(colour, {"lossless": True}), (colour, {}), (colour.convert("RGBA"), {"exif": exif})],
        "TIFF": [
            *(
                (colour, {}),
                (colour, {"compression": "tiff_lzw"}),
                (grey, {"compression": "tiff_adobe_deflate"}),
            ),
            *((colour.convert("1"), {"compression": "group4"}), (colour.convert("CMYK"), {})),
            (colour, {"compression": "jpeg"}),
        ],
        "GIF": [(colour.convert("P"), {}), (grey, {})],
        "BMP": [(colour, {}), (grey, {}), (colour.convert("RGBA"), {})],
        "AVIF": [(colour, {}), (colour.convert("RGBA"), {})],
    }
    made = []
    for image, options in choices[form]:
        file = io.BytesIO()
        image.save(file, format=form, **options)
        made.append(file.getvalue())
    return made


def _image(seeds: list[bytes], form: str, rng: Random) -> bytes:
    data = mutate_bytes(rng, rng.choice(seeds))
    return _png_with_sums(data) if form == "PNG" and rng.random() < 0.9 else data


def _png_with_sums(data: bytes) -> bytes:
    made, at = bytearray(data), 8
    while at + 12 <= len(made):
        length = int.from_bytes(made[at : at + 4], "big")
        if at + 12 + length > len(made):
            break
        made[at + 8 + length : at + 12 + length] = zlib.crc32(made[at + 4 : at + 8 + length]).to_bytes(
            4, "big"
        )
        at += 12 + length
    return bytes(made)


def _read(path: Path) -> None:
    x = read_image(path, max_pixels=MAX_PIXELS)
    assert x.dtype == torch.uint8
    assert x.ndim == 3
    assert x.shape[0] == 3
    assert x.numel() <= 3 * MAX_PIXELS
    assert image_size(path, max_pixels=MAX_PIXELS) == x.shape[1:], "image_size is another than read_image's"
