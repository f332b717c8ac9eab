"""Codec files whose fingerprint and checksum are right although their content was changed.

The one place of this folder that knows how a codec file is summed up.
"""

import json
import warnings

import torch
from safetensors import SafetensorError
from safetensors.torch import load

from litcodec.codec_files import build_codec
from litcodec.codec_files.description import parse
from litcodec.codec_files.safetensors_file import _encoder_checksum, widened


def forge(data: bytes) -> bytes:
    """``data`` with right sums; as it is, where no codec comes of it anyway."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tensors = {name: widened(tensor) for name, tensor in load(data).items()}
            start = 8 + int.from_bytes(data[:8], "little")
            header = json.loads(data[8:start])
            about = json.loads(header["__metadata__"]["litcodec"])
            description = parse(about)
            with torch.device("meta"):
                empty = build_codec(description.architecture)
            codec = empty.restore(tensors)
            codec.identity = description.identity or codec.identity
            about.update(fingerprint=codec.fingerprint.hex(), encoder_checksum=_encoder_checksum(codec))
    except (Exception, SafetensorError):
        return data
    header["__metadata__"]["litcodec"] = json.dumps(about)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data[start:]
